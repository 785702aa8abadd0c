use super::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Tells one who leads to end, and with what.
type End = oneshot::Sender<Option<u32>>;

/// Callers of one key on one thread, each at its turn told what it is to do.
#[derive(Clone, Default)]
struct Scene {
    flights: Rc<Flights<u32>>,
    kept: Rc<Cell<Option<&'static str>>>,
    /// Those who lead, by name, until they are told to end and with what.
    leading: Rc<RefCell<Vec<(u32, End)>>>,
    /// What each was given, in order.
    told: Rc<RefCell<Vec<(u32, String)>>>,
}

impl Scene {
    fn call(&self, set: &LocalSet, name: u32, deadline: Instant) -> tokio::task::JoinHandle<()> {
        let Scene { flights, kept, leading, told } = self.clone();
        set.spawn_local(async move {
            let seat = flights.join(b"key");
            let told_of = match seat.turn(deadline, || kept.get()).await {
                Ok(Turn::Found(found)) => format!("found {found}"),
                Ok(Turn::Given(value)) => format!("given {value}"),
                Ok(Turn::Lead(lead)) => {
                    let (end, ended) = oneshot::channel();
                    leading.borrow_mut().push((name, end));
                    if let Some(value) = ended.await.unwrap_or(None) {
                        lead.give(value);
                    }
                    "led".to_owned()
                }
                Err(error) => error.code.to_string(),
            };
            told.borrow_mut().push((name, told_of));
        })
    }

    /// Ends the run of the only one who leads, whose name it tells.
    fn end(&self, value: Option<u32>) -> u32 {
        let (name, end) = self.leading.borrow_mut().pop().expect("one leads");
        assert!(self.leading.borrow().is_empty(), "one leads at a time");
        let _ = end.send(value);
        name
    }

    fn told(&self) -> Vec<(u32, String)> {
        std::mem::take(&mut self.told.borrow_mut())
    }
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

fn run(test: impl AsyncFnOnce(&LocalSet, Scene)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let set = LocalSet::new();
    let scene = Scene::default();
    runtime.block_on(set.run_until(test(&set, scene.clone())));
    assert_eq!(scene.flights.len(), 0, "nothing is left of what has ended");
}

#[test]
fn what_was_kept_is_found_by_all_who_waited() {
    run(async |set, scene| {
        for name in 0..100 {
            scene.call(set, name, soon());
        }
        settle().await;
        scene.kept.set(Some("it"));
        assert_eq!(scene.end(Some(7)), 0);
        settle().await;
        let told = scene.told();
        assert_eq!(told.len(), 100);
        assert_eq!(told.iter().filter(|(_, told)| told == "found it").count(), 99);
    });
}

#[test]
fn what_was_not_kept_is_given_to_those_who_asked_before_the_run_began() {
    run(async |set, scene| {
        scene.call(set, 0, soon());
        settle().await;
        for name in 1..100 {
            scene.call(set, name, soon());
        }
        settle().await;
        assert_eq!(scene.end(Some(7)), 0);
        settle().await;
        assert_eq!(scene.told(), [(0, "led".to_owned())], "the run had begun before the others asked");
        let second = scene.end(Some(8));
        settle().await;
        let told = scene.told();
        assert_eq!(told.len(), 99);
        assert!(told.iter().all(|(name, told)| *told == if *name == second { "led" } else { "given 8" }), "{told:?}");
    });
}

#[test]
fn another_leads_where_the_first_has_nothing_to_give_or_goes_away() {
    run(async |set, scene| {
        let first = scene.call(set, 0, soon());
        settle().await;
        for name in 1..4 {
            scene.call(set, name, soon());
        }
        settle().await;
        // Its future is dropped.
        first.abort();
        scene.leading.borrow_mut().clear();
        settle().await;
        let failed = scene.end(None);
        assert_ne!(failed, 0);
        settle().await;
        assert_eq!(scene.told(), [(failed, "led".to_owned())]);
        let third = scene.end(Some(3));
        settle().await;
        let told = scene.told();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|(name, told)| *told == if *name == third { "led" } else { "given 3" }), "{told:?}");
    });
}

#[test]
fn a_crowd_whose_runs_all_fail_comes_to_its_end() {
    run(async |set, scene| {
        let callers: Vec<_> = (0..100).map(|name| scene.call(set, name, soon())).collect();
        settle().await;
        for round in 0..50 {
            // Now and then the one who was to lead next goes away instead.
            if round % 3 == 0 {
                callers[99 - round].abort();
            }
            scene.end(None);
            settle().await;
        }
        assert_eq!(scene.told().len(), 50);
        scene.kept.set(Some("it"));
        scene.end(None);
        settle().await;
        assert!(callers.iter().all(|caller| caller.is_finished()));
    });
}

#[test]
fn nobody_waits_past_its_deadline() {
    run(async |set, scene| {
        scene.call(set, 0, soon());
        settle().await;
        scene.call(set, 1, Instant::now());
        let short = scene.call(set, 2, Instant::now() + Duration::from_millis(20));
        short.await.unwrap();
        assert_eq!(scene.told(), [(1, "57014".to_owned()), (2, "57014".to_owned())]);
        assert_eq!(scene.end(Some(1)), 0);
        settle().await;
    });
}

#[test]
fn keys_do_not_wait_for_each_other() {
    run(async |_, scene| {
        let (one, other) = (scene.flights.join(b"one"), scene.flights.join(b"other"));
        let nothing = || None::<()>;
        let first = one.turn(soon(), nothing).await.unwrap();
        let second = other.turn(soon(), nothing).await.unwrap();
        assert!(matches!((first, second), (Turn::Lead(_), Turn::Lead(_))));
    });
}
