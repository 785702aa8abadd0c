use super::{Workloads, edit_seed, service, user};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;

const ROOMS: usize = 40;

/// Runs `call` so many times at once and gives the results.
fn together<T: Send>(times: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(times);
    thread::scope(|scope| {
        let run = |number| {
            let (call, start) = (&call, &start);
            scope.spawn(move || {
                start.wait();
                call(number)
            })
        };
        let threads: Vec<_> = (0..times).map(run).collect();
        threads.into_iter().map(|thread| thread.join().expect("a caller")).collect()
    })
}

fn free(workloads: &Workloads, room_type_id: usize) -> i64 {
    let rooms = workloads.read("availability?check_in=2030-07-01&check_out=2030-07-04", "");
    rooms[room_type_id - 1]["free"].as_i64().expect("a number")
}

#[test]
fn fifty_parallel_bookings_never_take_more_rooms_than_there_are() {
    let workloads = Workloads::start();
    let stay = json!({"room_type_id": 3, "check_in": "2030-07-01", "check_out": "2030-07-04"});
    let replies = together(50, |number| {
        let reply = workloads.act("book", &stay, &user(i64::try_from(number).unwrap() + 1));
        (reply.status, reply.json())
    });
    let (booked, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|(status, _)| *status == 200);
    assert_eq!((booked.len(), refused.len()), (ROOMS, 50 - ROOMS));
    assert!(
        refused.iter().all(|(status, body)| (*status, body["code"].as_str()) == (409, Some("sold_out"))),
        "{refused:?}"
    );
    assert!(booked.iter().all(|(_, body)| body["total_cents"] == 3 * (5_000 + 500 * 3)), "{booked:?}");
    assert_eq!(free(&workloads, 3), 0);
    assert_eq!(free(&workloads, 4), 40);

    let too_long = json!({"room_type_id": 3, "check_in": "2030-07-01", "check_out": "2030-08-01"});
    assert_eq!(workloads.act("book", &too_long, &user(1)).status, 400);
    assert_eq!(workloads.act("book", &stay, "").status, 401);

    // The next run finds the seed's rows: 200 at this scale.
    assert_eq!(workloads.act("reset_bookings", &json!({"keep": 200}), &service()).status, 204);
    assert_eq!(free(&workloads, 3), 40);
    assert_eq!(workloads.number("select count(*) as n from bookings"), 200);
    assert_eq!(workloads.read("report", &service()), Workloads::ROWS.report());
    // As the load calls it, at scale 1.
    assert_eq!(workloads.act("reset_bookings", &json!({}), &service()).status, 204);
    assert_eq!(workloads.number("select count(*) as n from bookings"), 200);
}

/// What the reels pay, told from their names.
fn payout(bet_cents: i64, symbols: &Value) -> i64 {
    let mut reels: Vec<&str> =
        symbols.as_array().expect("reels").iter().map(|it| it.as_str().expect("a name")).collect();
    assert_eq!(reels.len(), 3);
    reels.sort_unstable();
    reels.dedup();
    match reels.len() {
        1 => bet_cents * 12,
        2 => bet_cents * 14 / 10,
        _ => 0,
    }
}

#[test]
fn spins_in_parallel_lose_and_make_no_money() {
    const SPINS: i64 = 40;
    let workloads = Workloads::start();
    // Ten callers with three wallets between them.
    let balances = together(10, |number| {
        let token = user(i64::try_from(number).unwrap() % 3 + 1);
        (0..SPINS)
            .map(|spin| {
                let bet_cents = 100 + spin;
                let reply = workloads.act("spin", &json!({"bet_cents": bet_cents}), &token);
                assert_eq!(reply.status, 200, "{}", reply.body);
                let answer = reply.json();
                assert_eq!(answer["payout_cents"], payout(bet_cents, &answer["symbols"]), "{answer}");
                answer["balance_cents"].as_i64().expect("a balance")
            })
            .collect::<Vec<_>>()
    });
    assert!(balances.concat().iter().all(|balance| *balance >= 0));
    assert_eq!(workloads.number("select count(*) as n from game_rounds"), 10 * SPINS);
    for (sql, n) in [
        // Every wallet is its start and its movements.
        (
            "select count(*) as n from wallets w where w.balance_cents <> 1000000 + coalesce((select sum(t.amount_cents) \
             from transactions t where t.user_id = w.user_id), 0)",
            0,
        ),
        // Every round has its bet, and its payout where there is one.
        (
            "select count(*) as n from game_rounds g where g.payout_cents - g.bet_cents <> \
             (select sum(t.amount_cents) from transactions t where t.round_id = g.id)",
            0,
        ),
        ("select count(distinct symbols) > 20 as n from game_rounds", 1),
    ] {
        assert_eq!(workloads.number(sql), n, "{sql}");
    }
}

#[test]
fn a_bet_that_the_wallet_does_not_cover_changes_nothing() {
    let workloads = Workloads::start_with(|folder| edit_seed(folder, "select g.i, 1000000\n", "select g.i, 250\n"));
    let token = user(9);
    for _ in 0..2 {
        let refused = workloads.act("spin", &json!({"bet_cents": 251}), &token);
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (402, Some("balance_too_low")),
            "{}",
            refused.body
        );
    }
    for bet_cents in [0, -100, 100_001] {
        assert_eq!(workloads.act("spin", &json!({"bet_cents": bet_cents}), &token).status, 400);
    }
    for table in ["game_rounds", "transactions"] {
        assert_eq!(workloads.number(&format!("select count(*) as n from {table}")), 0, "{table}");
    }
    assert_eq!(workloads.number("select sum(balance_cents) as n from wallets"), 250 * 100);
    assert_eq!(workloads.act("spin", &json!({"bet_cents": 250}), &token).status, 200, "all that is in it");
    assert_eq!(workloads.number("select count(*) as n from game_rounds"), 1);
}
