use super::*;
use proptest::prelude::*;

const START: i64 = 1_800_000_000_000_000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(START + micros)
}

fn rate(calls: u64, window_ms: u64) -> Rate {
    Rate { calls, window_ms, is_count: false }
}

fn count(calls: u64, window_ms: u64) -> Rate {
    Rate { calls, window_ms, is_count: true }
}

#[test]
fn a_rate_is_written_as_in_the_tag() {
    assert_eq!("100/s".parse(), Ok(rate(100, 1_000)));
    assert_eq!("1000/15m".parse(), Ok(count(1_000, 900_000)));
    assert_eq!("1/2d".parse(), Ok(count(1, 172_800_000)));
    for wrong in
        ["", "/", "1", "1/", "/s", "0/s", "1/0s", "+1/s", "1/+1s", "1/w", "1/ms", "1 /s", "9999999999/s", "-1/s"]
    {
        assert_eq!(wrong.parse::<Rate>(), Err(ParseRateError), "{wrong}");
    }
}

#[test]
fn a_rate_gives_a_burst_and_then_one_at_a_time() {
    let limiter = RateLimiter::new(rate(10, 1_000));
    for left in (0..10).rev() {
        let standing = limiter.take(&"ana", at(0));
        assert_eq!((standing.is_allowed, standing.remaining), (true, left));
    }
    let refused = limiter.take(&"ana", at(0));
    let expected = Standing { is_allowed: false, remaining: 0, reset_us: 1_000_000, retry_us: 100_000 };
    assert_eq!(refused, expected);
    assert!(!limiter.take(&"ana", at(99_999)).is_allowed);
    assert!(limiter.take(&"ana", at(100_000)).is_allowed);
    assert!(!limiter.take(&"ana", at(100_000)).is_allowed);
    assert!(limiter.take(&"bo", at(0)).is_allowed, "others are counted apart");
    let rested = limiter.take(&"ana", at(60_000_000));
    assert_eq!((rested.is_allowed, rested.remaining), (true, 9));
}

#[test]
fn a_count_is_never_passed_in_any_window() {
    let limiter = RateLimiter::new(count(1_000, 900_000));
    let minute = 60_000_000;
    assert_eq!((0..2_000).filter(|_| limiter.take(&1, at(14 * minute)).is_allowed).count(), 1_000);
    let refused = limiter.take(&1, at(15 * minute));
    assert_eq!((refused.is_allowed, refused.remaining), (false, 0));
    assert!(!limiter.take(&1, at(28 * minute + 59_000_000)).is_allowed);
    let again = 15 * minute + i64::try_from(refused.retry_us).unwrap();
    assert!(!limiter.take(&1, at(again - 1)).is_allowed && limiter.take(&1, at(again)).is_allowed);
}

#[test]
fn abuse_a_full_table_never_resets_a_limit() {
    let limiter = RateLimiter::with_room(rate(2, 60_000), 100);
    assert!(limiter.take(&"victim", at(0)).is_allowed && limiter.take(&"victim", at(0)).is_allowed);
    assert!(!limiter.take(&"victim", at(0)).is_allowed);
    for attacker in 0..50_000 {
        limiter.take(&attacker, at(1));
    }
    assert!(!limiter.take(&"victim", at(2)).is_allowed, "it is still known");
    let table = limiter.table.lock().unwrap();
    assert_eq!((table.cells.len(), table.shared.len()), (100, SHARED_CELLS));
    drop(table);
    // Who has called enough is refused, whether the table is full or not.
    assert!((0..50_000).any(|attacker| !limiter.take(&attacker, at(3)).is_allowed));
    // Later the table is free again.
    assert!(limiter.take(&"late", at(200_000_000)).is_allowed);
    assert_eq!(limiter.table.lock().unwrap().cells.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out_for_long() {
    for limit in [rate(1, 1_000), count(1, 1_000)] {
        let limiter = RateLimiter::new(limit);
        assert!(limiter.take(&1, at(3_600_000_000)).is_allowed);
        let refused = limiter.take(&1, at(0));
        assert!(refused.is_allowed || refused.retry_us <= 1_100_000, "{refused:?}");
    }
}

proptest! {
    #[test]
    fn abuse_http_19_no_window_holds_more_than_the_limit_allows(
        calls in 1_u64..50, window_ms in 20_u64..5_000, is_count: bool,
        steps in prop::collection::vec(0_i64..400_000, 1..400),
    ) {
        let limiter = RateLimiter::new(Rate { calls, window_ms, is_count });
        let window_us = i64::try_from(window_ms).unwrap() * 1_000;
        let mut now = 0;
        let mut admitted: Vec<i64> = Vec::new();
        for step in steps {
            now += step;
            let standing = limiter.take(&0, at(now));
            if standing.is_allowed {
                admitted.push(now);
            } else {
                // Who waits as told is let in.
                prop_assert!(standing.retry_us > 0);
                now += i64::try_from(standing.retry_us).unwrap();
                prop_assert!(limiter.take(&0, at(now)).is_allowed);
                admitted.push(now);
            }
            prop_assert!(standing.remaining <= calls);
        }
        for (index, from) in admitted.iter().enumerate() {
            let inside = admitted[index..].iter().take_while(|at| **at < from + window_us).count() as u64;
            // A rate gives its burst and what flows in meanwhile.
            let most = if is_count { calls } else { calls * 2 };
            prop_assert!(inside <= most, "{inside} in a window, {most} allowed");
        }
    }
}
