//! Fifty people at once: everybody is in, and every count is right.

use super::Events;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

const PEOPLE: usize = 50;
const BLOCKS: usize = 20;

/// What person `number` says in the end; before that he says something else, which it replaces.
fn suits(number: usize, index: usize) -> bool {
    index.is_multiple_of(number % 5 + 1)
}

#[test]
fn fifty_join_and_mark_at_once() {
    let events = Events::start();
    let token = events.make(BLOCKS);
    let blocks = events.blocks(&token);
    let together = Barrier::new(PEOPLE);
    let keys: Vec<String> = thread::scope(|scope| {
        let person = |number: usize| {
            let (events, token, blocks, together) = (&events, &token, &blocks, &together);
            scope.spawn(move || {
                together.wait();
                let key = events.join(token, &format!("Person {number}"));
                assert_eq!(events.mark(&key, &blocks[number % BLOCKS..]).status, 200);
                let suit: Vec<i64> =
                    blocks.iter().enumerate().filter(|(index, _)| suits(number, *index)).map(|(_, id)| *id).collect();
                let marked = events.mark(&key, &suit);
                assert_eq!((marked.status, &marked.json()["marked"]), (200, &json!(suit.len())), "{}", marked.body);
                key
            })
        };
        let people: Vec<_> = (0..PEOPLE).map(person).collect();
        people.into_iter().map(|person| person.join().expect("a person")).collect()
    });
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), PEOPLE);

    let expected: Vec<i64> = (0..BLOCKS)
        .map(|index| i64::try_from((0..PEOPLE).filter(|number| suits(*number, index)).count()).unwrap())
        .collect();
    assert_eq!(events.available(&token), expected);
    let event = events.event(&token).json();
    let names: HashSet<&str> =
        event["participants"].as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), PEOPLE);
}

#[test]
fn an_event_has_an_end_of_places() {
    let events = Events::start();
    let token = events.make(1);
    thread::scope(|scope| {
        for part in 0..8 {
            let (events, token) = (&events, &token);
            scope.spawn(move || {
                (0..65).for_each(|number| {
                    let joined = events.act("join_event", &json!({"token": token, "name": format!("{part}-{number}")}));
                    assert!(joined.status == 200 || joined.json()["code"] == "event_full", "{}", joined.body);
                })
            });
        }
    });
    assert_eq!(events.event(&token).json()["participants"].as_array().map(Vec::len), Some(500));
}
