use super::*;
use std::sync::atomic::AtomicBool;
use std::task::{Wake, Waker};

/// A task that notes that it was woken.
#[derive(Default)]
struct Task(AtomicBool);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

fn strict(target: Duration) -> Admission {
    let settings = AdmissionSettings { target, patience: Duration::ZERO, waiting_min: 1, waiting_max: 1 };
    Admission::new(Some(settings), 1)
}

#[test]
fn a_connection_waits_from_its_bytes_to_its_turn() {
    let line = Arc::new(Line::new());
    let turn = Arc::new(Turn::new(Arc::clone(&line)));
    let task = Arc::new(Task::default());
    let mut kept = None;
    let waker = Relay::of(&mut kept, &turn, &Waker::from(Arc::clone(&task))).clone();
    let again = Relay::of(&mut kept, &turn, &Waker::from(Arc::clone(&task)));
    assert!(again.will_wake(&waker), "one relay for one task");
    assert!(turn.came().is_none());
    let before = Instant::now();
    waker.wake_by_ref();
    waker.wake_by_ref();
    assert!(task.0.load(Relaxed), "the task is told");
    assert_eq!(line.waiting(), 1, "one place, however often it is woken");
    turn.take();
    turn.take();
    assert_eq!(line.waiting(), 0);
    let came = turn.came().expect("it has waited");
    assert!((before..=Instant::now()).contains(&came));
    assert!(turn.came().is_none(), "told once");
}

#[test]
fn a_connection_that_ends_leaves_the_line() {
    let line = Arc::new(Line::new());
    let turn = Arc::new(Turn::new(Arc::clone(&line)));
    let mut kept = None;
    let waker = Relay::of(&mut kept, &turn, Waker::noop()).clone();
    waker.wake_by_ref();
    drop((turn, kept));
    assert_eq!(line.waiting(), 1, "the driver has still its waker");
    // Also where it wakes once more.
    waker.wake();
    assert_eq!(line.waiting(), 0);
}

#[test]
fn the_excess_is_refused_and_counted() {
    let admission = strict(Duration::from_millis(50));
    let now = Instant::now();
    admission.line.waiting.store(1, Relaxed);
    assert_eq!(admission.admit(now, Duration::ZERO, false), Ok(()));
    admission.line.waiting.store(2, Relaxed);
    assert_eq!(admission.admit(now, Duration::ZERO, false), Err(Shed::Limit));
    admission.line.waiting.store(0, Relaxed);
    assert_eq!(admission.admit(now, Duration::from_secs(60), false), Ok(()), "alone it may have waited for ever");
    assert_eq!((admission.shed(Shed::Limit), admission.shed(Shed::QueueAge)), (1, 0));
    assert_eq!(admission.line.delay().counts().count(), 3);

    let off = Admission::new(None, 1);
    off.line.waiting.store(1_000_000, Relaxed);
    assert_eq!(off.admit(now, Duration::from_secs(60), false), Ok(()));
    assert_eq!(off.limit(), None);
}

#[test]
fn what_is_too_old_is_refused_without_patience() {
    let settings =
        AdmissionSettings { patience: Duration::from_secs(3600), waiting_min: 1, waiting_max: 1, ..Default::default() };
    let admission = Admission::new(Some(settings), 1);
    admission.line.waiting.store(2, Relaxed);
    assert_eq!(admission.admit(Instant::now(), Duration::from_millis(999), false), Ok(()));
    assert_eq!(admission.admit(Instant::now(), Duration::from_secs(1), false), Err(Shed::QueueAge));
    assert_eq!((admission.shed(Shed::Limit), admission.shed(Shed::QueueAge)), (0, 1));
}

#[test]
fn a_client_that_left_while_it_waited_is_not_served() {
    let admission = strict(Duration::from_millis(50));
    assert_eq!(admission.admit(Instant::now(), Duration::from_millis(49), true), Ok(()), "it may have closed its half");
    assert_eq!(admission.admit(Instant::now(), Duration::from_millis(50), true), Err(Shed::Gone));
    assert_eq!(admission.shed(Shed::Gone), 1);
}

#[test]
fn a_refusal_has_the_shape_of_its_surface_and_says_when_to_come_back() {
    let admission = strict(Duration::ZERO);
    let mut seconds = std::collections::BTreeSet::new();
    admission.line.waiting.store(2, Relaxed);
    for _ in 0..100 {
        assert!(admission.admit(Instant::now(), Duration::ZERO, false).is_err());
        let response = admission.refuse(Surface::Rest);
        assert_eq!(response.status(), 503);
        seconds.insert(response.headers()[header::RETRY_AFTER].to_str().unwrap().to_owned());
        let Body::Full(Some(body)) = response.into_body() else { panic!("no body") };
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["code"], &body["hint"]), (&"MRT053".into(), &serde_json::Value::Null));
    }
    assert_eq!(seconds.into_iter().collect::<Vec<_>>(), ["1", "2", "3"], "not all at once");
    let problem = admission.refuse(Surface::Other);
    assert_eq!(problem.headers()[header::CONTENT_TYPE], "application/problem+json");
}
