//! Two hundred buyers of the last room: one gets it.

use super::{Hotel, service, user};
use serde_json::json;
use std::sync::Barrier;
use std::thread;

const BUYERS: usize = 200;
const ROOMS: usize = 40;

#[test]
fn the_last_room_is_sold_once() {
    let hotel = Hotel::start();
    let stay = json!({"room_type_id": 3, "check_in": "2030-07-01", "check_out": "2030-07-04"});
    for number in 1..ROOMS {
        assert_eq!(hotel.act("book_room", &stay, &user(number)).status, 200);
    }
    assert_eq!(hotel.free(3, "2030-07-01", "2030-07-04"), 1);

    let together = Barrier::new(BUYERS);
    let replies: Vec<_> = thread::scope(|scope| {
        let buy = |number: usize| {
            let (hotel, together, stay) = (&hotel, &together, &stay);
            scope.spawn(move || {
                let token = user(number);
                together.wait();
                let reply = hotel.act("book_room", stay, &token);
                (reply.status, reply.json()["code"].as_str().unwrap_or("booked").to_owned())
            })
        };
        let buyers: Vec<_> = (1..=BUYERS).map(|number| buy(ROOMS + number)).collect();
        buyers.into_iter().map(|buyer| buyer.join().expect("a buyer")).collect()
    });
    let of = |status: u16, code: &str| replies.iter().filter(|it| **it == (status, code.to_owned())).count();
    assert_eq!((of(200, "booked"), of(409, "sold_out")), (1, BUYERS - 1), "{replies:?}");
    assert_eq!(hotel.free(3, "2030-07-01", "2030-07-04"), 0);

    // A refused action leaves nothing behind: the report counts the stays that were sold.
    let report = hotel.query("report", "", &service()).json();
    let july = report.as_array().unwrap().iter().find(|row| row["month"] == "2030-07-01" && row["room_type_id"] == 3);
    assert_eq!(july.unwrap()["bookings"], ROOMS);
}
