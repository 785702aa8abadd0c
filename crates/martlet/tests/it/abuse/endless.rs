//! One who asks for endlessly many things, through the real binary.

use super::crowds::{put, start};
use crate::history::client::Client;
use std::net::SocketAddr;

#[test]
fn abuse_cache_13_endless_kinds_of_keys_take_no_more_than_they_may() {
    const MIB: u64 = 1024 * 1024;
    let (arguments, size) =
        if std::env::var_os("MARTLET_TEST_LONG").is_some() { (2_000_000, 64 * MIB) } else { (20_000, 2 * MIB) };
    let watched = start(&[("MARTLET_CACHE_SIZE", &format!("{}MiB", size / MIB))]);
    put(&watched, 1, "one");
    let address: SocketAddr = watched.server.url().trim_start_matches("http://").parse().unwrap();
    let clients = 4;
    let (hot, hits): (u64, u64) = std::thread::scope(|scope| {
        let threads = (0..clients).map(|thread| {
            scope.spawn(move || {
                let mut client = Client::connect(address).unwrap();
                let (mut hot, mut hits) = (0, 0);
                for number in 0..arguments / clients {
                    let id = 1_000_000 + number * clients + thread;
                    assert_eq!(client.get(&format!("/rest/v1/rpc/thing?id={id}")).unwrap().status, 200);
                    // What many ask for, again and again: a hundred of them.
                    let popular = client.get(&format!("/rest/v1/rpc/thing?id={}", number % 100)).unwrap();
                    assert_eq!(popular.status, 200);
                    if number > 2_000 {
                        hot += 1;
                        hits += u64::from(popular.is_from_memory);
                    }
                }
                // Keys as long as they may be.
                let word = "w".repeat(4_000);
                for number in 0..arguments / clients / 40 {
                    let path = format!("/rest/v1/rpc/thing?id=1&word={word}{}", number * clients + thread);
                    assert_eq!(client.get(&path).unwrap().status, 200);
                }
                (hot, hits)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1))
    });
    assert!(hits * 100 > hot * 80, "{hits} hits of {hot}");
    let metrics = watched.get_as("/metrics", &watched.service_token()).body;
    let bytes = metrics.lines().filter(|line| line.starts_with("martlet_cache_size_bytes"));
    let bytes: Vec<f64> = bytes.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(!bytes.is_empty(), "no size in the metrics");
    assert!(bytes.iter().sum::<f64>() <= size as f64 * 1.1, "{bytes:?} of {size}");
    watched.ends_as_before();
}
