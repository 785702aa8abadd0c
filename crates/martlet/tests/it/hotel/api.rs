use super::{Hotel, service, token, user, user_id};
use serde_json::{Value, json};

fn stay(room_type_id: i64, check_in: &str, check_out: &str) -> Value {
    json!({"room_type_id": room_type_id, "check_in": check_in, "check_out": check_out})
}

/// Status and code of a refusal.
fn refused(reply: &martlet_testkit::Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn queries_answer_by_get_head_and_post() {
    let hotel = Hotel::start();
    let types = hotel.query("room_types", "", "");
    assert_eq!(types.status, 200);
    assert_eq!(types.json().as_array().map(Vec::len), Some(40));
    assert_eq!(
        types.json()[0],
        json!({"id": 1, "name": "Room type 1", "description": "A quiet room to the courtyard", "price_cents": 5500,
               "rooms": 40, "capacity": 2})
    );
    let by_get = hotel.query("availability", "check_in=2026-03-01&check_out=2026-03-04", "");
    let by_post = hotel.act("availability", &json!({"check_in": "2026-03-01", "check_out": "2026-03-04"}), "");
    assert_eq!((by_get.status, &by_get.body), (200, &by_post.body));
}

#[test]
fn a_stay_is_booked_paid_and_cancelled() {
    let hotel = Hotel::start();
    let (ana, ben) = (user(1), user(2));
    let before = hotel.free(3, "2030-07-02", "2030-07-03");
    let booked = hotel.act("book_room", &stay(3, "2030-07-01", "2030-07-04"), &ana);
    assert_eq!(booked.status, 200, "{}", booked.body);
    let booking = booked.json();
    assert_eq!(
        (&booking["nights"], &booking["total_cents"], &booking["status"]),
        (&json!(3), &json!(19_500), &json!("confirmed"))
    );
    assert_eq!(hotel.free(3, "2030-07-02", "2030-07-03"), before - 1);
    assert_eq!(hotel.free(3, "2030-07-04", "2030-07-05"), before, "the day of departure is free");

    let id = json!({"booking_id": booking["id"]});
    let card = json!({"booking_id": booking["id"], "method": "card"});
    assert_eq!(refused(&hotel.act("cancel_booking", &id, &ben)), (404, "unknown_booking".into()));
    assert_eq!(refused(&hotel.act("pay_booking", &card, &ben)), (404, "unknown_booking".into()));
    assert_eq!(hotel.act("pay_booking", &card, &ana).json()["status"], "paid");
    assert_eq!(refused(&hotel.act("pay_booking", &card, &ana)), (409, "already_paid".into()));
    let mine = hotel.query("my_bookings", "", &ana).json();
    assert_eq!(
        (&mine["items"][0]["room_type"], &mine["items"][0]["payment_status"]),
        (&json!("Room type 3"), &json!("paid"))
    );
    assert_eq!(hotel.query("my_bookings", "", &ben).body, r#"{"items":[],"next_cursor":null,"has_more":false}"#);
    assert_eq!(hotel.act("cancel_booking", &id, &ana).json()["status"], "cancelled");
    assert_eq!(refused(&hotel.act("cancel_booking", &id, &ana)), (409, "already_cancelled".into()));
    assert_eq!(refused(&hotel.act("pay_booking", &card, &ana)), (409, "booking_cancelled".into()));
    assert_eq!(hotel.free(3, "2030-07-02", "2030-07-03"), before);
}

#[test]
fn a_stay_lasts_one_to_thirty_nights() {
    let hotel = Hotel::start();
    let ana = user(1);
    let book = |check_in: &str, check_out: &str| hotel.act("book_room", &stay(3, check_in, check_out), &ana);
    let invalid = (422, "invalid_stay".to_owned());
    assert_eq!(refused(&book("2030-01-02", "2030-01-01")), invalid);
    assert_eq!(refused(&book("2030-01-02", "2030-01-02")), invalid);
    assert_eq!(book("2030-01-01", "2030-01-02").status, 200);
    assert_eq!(book("2030-01-01", "2030-01-31").status, 200);
    assert_eq!(refused(&book("2030-01-01", "2030-02-01")), invalid);
    assert_eq!(
        refused(&hotel.act("book_room", &stay(41, "2030-01-01", "2030-01-02"), &ana)),
        (404, "unknown_room_type".into())
    );
    for (pairs, status) in [
        ("check_in=2030-01-01&check_out=2030-01-01", 400),
        ("check_in=2030-01-01&check_out=2030-01-02", 200),
        ("check_in=2030-01-01&check_out=2030-01-31", 200),
        ("check_in=2030-01-01&check_out=2030-02-01", 400),
    ] {
        assert_eq!(hotel.query("availability", pairs, "").status, status, "{pairs}");
    }
}

#[test]
fn every_wrong_argument_is_told() {
    let hotel = Hotel::start();
    let reply = hotel.act(
        "book_room",
        &json!({"room_type_id": "three", "chekc_in": "2030-01-01", "check_out": null}),
        &user(1),
    );
    assert_eq!(refused(&reply), (400, "MRT001".into()));
    let details = reply.json()["details"].clone();
    let told: Vec<_> = details
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["parameter"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("room_type_id", "type"), ("check_in", "missing"), ("check_out", "missing"), ("chekc_in", "unknown")]
    );
    assert_eq!(reply.json()["message"], details[0]["message"]);
    let cheque = json!({"booking_id": 1, "method": "cheque"});
    assert_eq!(hotel.act("pay_booking", &cheque, &user(1)).json()["details"][0]["code"], "choice");
}

#[test]
fn each_caller_may_what_is_allowed_and_no_more() {
    let hotel = Hotel::start();
    let stay = stay(3, "2030-07-01", "2030-07-04");
    assert_eq!(refused(&hotel.act("book_room", &stay, "")), (401, "42501".into()));
    assert_eq!(refused(&hotel.query("my_bookings", "", "")), (401, "42501".into()));
    assert_eq!(refused(&hotel.query("report", "", "")), (401, "42501".into()));
    assert_eq!(refused(&hotel.query("report", "", &user(1))), (403, "42501".into()));
    assert_eq!(hotel.query("report", "", &service()).status, 200);
    let expired = token(json!({"sub": user_id(1), "role": "authenticated"}), -3_600);
    assert_eq!(refused(&hotel.query("room_types", "", &expired)).0, 401, "a bad token is never anonymous");
    assert_eq!(refused(&hotel.query("book_room", "", &user(1))), (405, "25006".into()));
    assert_eq!(refused(&hotel.query("room_type", "", "")), (404, "PGRST202".into()));
}

#[test]
fn a_batch_sees_one_state() {
    let hotel = Hotel::start();
    let batch = json!({"queries": [
        {"name": "my_bookings"},
        {"name": "availability", "args": {"check_in": "2030-07-01", "check_out": "2030-07-04"}},
        {"name": "report"},
    ]});
    let reply = hotel.server.post("/rest/v1/batch", &batch.to_string(), &user(1));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let statuses: Vec<_> = reply.json().as_array().unwrap().iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, [200, 200, 403]);
}

/// The index gives the order, and each booking has few payments: nothing is sorted, on no page.
#[test]
fn own_bookings_are_never_sorted() {
    let hotel = Hotel::start();
    let ana = user(424_242);
    for day in 1..=3 {
        let stay = json!({"room_type_id": 1, "check_in": format!("2031-07-0{day}"), "check_out": format!("2031-07-0{}", day + 1)});
        let booked = hotel.act("book_room", &stay, &ana).json();
        assert_eq!(hotel.act("pay_booking", &json!({"booking_id": booked["id"], "method": "card"}), &ana).status, 200);
    }
    let first = hotel.query("my_bookings", "size=2", &ana).json();
    assert_eq!(first["items"][0]["payment_status"], "paid");
    let cursor = first["next_cursor"].as_str().expect("a cursor").to_owned();
    let second = hotel.query("my_bookings", &format!("size=2&cursor={cursor}"), &ana).json();
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    let statistics = hotel.server.get_as("/admin/v1/stats", &service()).json();
    let mine = statistics["statistics"].as_array().expect("a list").iter().find(|it| it["name"] == "my_bookings");
    let mine = mine.expect("it was called");
    assert_eq!((&mine["calls"], &mine["sorts"], &mine["full_scans"]), (&json!(2), &json!(0), &json!(0)), "{mine}");
}
