//! Pages while others write: every row that was there throughout comes exactly once.

use super::{Workloads, user};
use martlet_testkit::write_folder;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PLAYER: i64 = 7;
/// Songs that the player's seeded plays do not name: one for each writer, so that no play is like another.
const SONGS: [i64; 3] = [1, 4, 5];
/// Of each writer.
const WRITTEN_MAX: usize = 400;
const PATIENCE: Duration = Duration::from_secs(20);

const PLAY: &[(&str, &str)] = &[(
    "actions/play.sql",
    "-- @allow user\n-- @param song_id bigint\n-- @param played_at timestamptz\n\
     insert into recently_played (user_id, song_id, played_at)\n\
     values ((auth.jwt() ->> 'sub')::bigint, :song_id, :played_at)\n",
)];

/// When a writer's play number `n` was: before all others, between them, at the very moment of one, after all.
fn moment(n: usize, seeded: &[Value]) -> String {
    match n % 4 {
        0 => format!("2026-02-01T00:00:00.{n:06}+00:00"),
        1 => format!("2026-01-01T0{}:{:02}:17.{n:06}+00:00", n % 8, n % 60),
        2 if n / 4 < seeded.len() => seeded[n / 4]["played_at"].as_str().expect("a time").to_owned(),
        2 => format!("2026-03-01T00:00:00.{n:06}+00:00"),
        _ => format!("2025-12-31T00:00:00.{n:06}+00:00"),
    }
}

/// Waits until somebody has written since the last page, or all have written all they have.
fn wait_for_a_write(written: &AtomicUsize) {
    let (before, start) = (written.load(Ordering::Relaxed), Instant::now());
    while before < WRITTEN_MAX * SONGS.len() && written.load(Ordering::Relaxed) == before {
        assert!(start.elapsed() < PATIENCE, "nobody writes");
        thread::sleep(Duration::from_micros(200));
    }
}

fn walk(workloads: &Workloads, token: &str, size: usize, between: impl Fn()) -> Vec<Value> {
    let (mut plays, mut path) = (Vec::new(), format!("recent?size={size}"));
    loop {
        let page = workloads.read(&path, token);
        let items = page["items"].as_array().expect("items");
        plays.extend(items.iter().cloned());
        assert_eq!(page["has_more"], !page["next_cursor"].is_null());
        let Some(cursor) = page["next_cursor"].as_str() else { return plays };
        assert_eq!(items.len(), size);
        path = format!("recent?size={size}&cursor={cursor}");
        between();
    }
}

#[test]
fn a_walk_under_concurrent_inserts_gives_every_row_that_was_there_once() {
    let workloads = Workloads::start_with(|folder| write_folder(folder, PLAY));
    let token = user(PLAYER);
    let seeded = Workloads::ROWS.recent(PLAYER);
    assert!(seeded.iter().all(|play| !SONGS.contains(&play["song_id"].as_i64().expect("a number"))));

    let (stop, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Barrier::new(SONGS.len() + 1);
    let walks: Vec<(usize, Vec<Value>)> = thread::scope(|scope| {
        for song_id in SONGS {
            let (workloads, token, seeded, stop, written, start) =
                (&workloads, &token, &seeded, &stop, &written, &start);
            scope.spawn(move || {
                start.wait();
                for n in (0..WRITTEN_MAX).take_while(|_| !stop.load(Ordering::Relaxed)) {
                    let play = json!({"song_id": song_id, "played_at": moment(n, seeded)});
                    assert_eq!(workloads.act("play", &play, token).status, 204);
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        start.wait();
        let walks = [1, 2, 3, 7, 20].map(|size| {
            (written.load(Ordering::Relaxed), walk(&workloads, &token, size, || wait_for_a_write(&written)))
        });
        stop.store(true, Ordering::Relaxed);
        walks.into()
    });

    let is_seeded = |play: &&Value| !SONGS.contains(&play["song_id"].as_i64().expect("a number"));
    for (number, (_, walk)) in walks.iter().enumerate() {
        // Once, and in their order.
        assert_eq!(walk.iter().filter(is_seeded).cloned().collect::<Vec<_>>(), seeded, "walk {number}");
        let different: HashSet<String> = walk.iter().map(Value::to_string).collect();
        assert_eq!(different.len(), walk.len(), "walk {number} gives a play twice");
        let times: Vec<&str> = walk.iter().map(|play| play["played_at"].as_str().expect("a time")).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "walk {number} is out of order");
    }
    // The inserts were concurrent: some came during the first walk, and walks met them.
    assert!(walks[1].0 > 10, "{} plays during the first walk", walks[1].0);
    assert!(walks[0].1.len() > seeded.len(), "the first walk met no play of the writers");
    let all = workloads.number(&format!("select count(*) as n from recently_played where user_id = {PLAYER}"));
    assert_eq!(walk(&workloads, &token, 100, || {}).len(), usize::try_from(all).expect("a count"));
}
