//! The hotel as a library: its rules without HTTP.

use crate::support::{TestEngine, anonymous, body, refusal, user};
use martlet_core::Caller;
use martlet_engine::load_folder;
use std::path::Path;
use std::sync::Arc;

fn hotel() -> TestEngine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hotel");
    let compiled = load_folder(&folder).expect("read the hotel");
    let app = compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    let seed = app.seed.clone().expect("the hotel has a seed");
    let test = TestEngine::new(app);
    test.engine.store().seed(&seed, 0.001, &mut |_| {}).expect("seed");
    test
}

const STAY: &str = r#"{"room_type_id": 3, "check_in": "2030-07-01", "check_out": "2030-07-04"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_is_booked_paid_and_cancelled_by_its_guest_only() {
    let test = hotel();
    let (ana, ben) = (user(1), user(2));
    let booked = body(test.act(&ana, "book_room", STAY).await);
    assert_eq!(
        booked,
        r#"{"id":201,"room_type_id":3,"check_in":"2030-07-01","check_out":"2030-07-04","nights":3,"status":"confirmed","total_cents":19500}"#
    );
    let id = r#"{"booking_id": 201}"#;
    assert_eq!(refusal(test.act(&ben, "cancel_booking", id).await), "unknown_booking: You have no such booking.");
    let card = r#"{"booking_id": 201, "method": "card"}"#;
    assert_eq!(refusal(test.act(&ben, "pay_booking", card).await), "unknown_booking: You have no such booking.");
    assert!(
        body(test.act(&ana, "pay_booking", card).await)
            .contains(r#""amount_cents":19500,"method":"card","status":"paid""#)
    );
    assert!(refusal(test.act(&ana, "pay_booking", card).await).starts_with("already_paid"));
    assert!(body(test.query(&ana, "my_bookings", "").await).contains(r#""payment_status":"paid""#));
    assert_eq!(body(test.act(&ana, "cancel_booking", id).await), r#"{"id":201,"status":"cancelled"}"#);
    assert!(refusal(test.act(&ana, "cancel_booking", id).await).starts_with("already_cancelled"));
    assert!(refusal(test.act(&ana, "pay_booking", card).await).starts_with("booking_cancelled"));
    assert!(body(test.query(&ana, "my_bookings", "").await).contains(r#""payment_status":"refunded""#));
    assert_eq!(body(test.query(&ben, "my_bookings", "").await), r#"{"items":[],"next_cursor":null,"has_more":false}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_lasts_one_to_thirty_nights() {
    let test = hotel();
    let ana = user(1);
    let book = async |check_in: &str, check_out: &str| {
        let stay = format!(r#"{{"room_type_id":3,"check_in":"{check_in}","check_out":"{check_out}"}}"#);
        match test.act(&ana, "book_room", &stay).await {
            Ok(_) => (200, "booked".to_owned()),
            Err(error) => (error.status.unwrap_or_default(), error.code.into_owned()),
        }
    };
    let invalid = || (422, "invalid_stay".to_owned());
    assert_eq!(book("2030-01-02", "2030-01-01").await, invalid());
    assert_eq!(book("2030-01-01", "2030-01-01").await, invalid());
    assert_eq!(book("2030-01-01", "2030-01-02").await.0, 200);
    assert_eq!(book("2030-01-01", "2030-01-31").await.0, 200);
    assert_eq!(book("2030-01-01", "2030-02-01").await, invalid());
    let nowhere = r#"{"room_type_id":41,"check_in":"2030-01-01","check_out":"2030-01-02"}"#;
    assert!(refusal(test.act(&ana, "book_room", nowhere).await).starts_with("unknown_room_type"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_of_forty_rooms_get_forty() {
    let test = Arc::new(hotel());
    let mut buyers = tokio::task::JoinSet::new();
    for number in 0..200 {
        let test = test.clone();
        buyers.spawn(async move { test.act(&user(number + 1), "book_room", STAY).await.map_err(|it| it.code) });
    }
    let outcomes = buyers.join_all().await;
    let sold_out = outcomes.iter().filter(|it| it.as_ref().is_err_and(|code| code == "sold_out")).count();
    assert_eq!((outcomes.iter().filter(|it| it.is_ok()).count(), sold_out), (40, 160));
    let stay = r#"{"check_in": "2030-07-01", "check_out": "2030-07-02"}"#;
    let free = body(test.query(&anonymous(), "availability", stay).await);
    assert!(free.contains(r#"{"id":3,"name":"Room type 3","price_cents":6500,"free":0}"#), "{free}");
    // The next guest may arrive when the others leave.
    let next = r#"{"room_type_id": 3, "check_in": "2030-07-04", "check_out": "2030-07-05"}"#;
    assert!(test.act(&user(1), "book_room", next).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_the_services_and_adds_up() {
    let test = hotel();
    assert_eq!(test.query(&user(1), "report", "").await.unwrap_err().code, "42501");
    let report: serde_json::Value =
        serde_json::from_str(&body(test.query(&Caller::service(), "report", "").await)).unwrap();
    let sum = |key: &str| report.as_array().unwrap().iter().map(|row| row[key].as_i64().unwrap()).sum::<i64>();
    // By the formulas of the seed: 200 bookings, of which those with i / 40 % 11 = 0 are cancelled.
    let confirmed = (1..=200_i64).filter(|i| i / 40 % 11 != 0);
    let nights = |i: i64| i / 40 % 7 + 1;
    assert_eq!(sum("bookings"), confirmed.clone().count() as i64);
    assert_eq!(sum("nights"), confirmed.clone().map(nights).sum::<i64>());
    assert_eq!(sum("revenue_cents"), confirmed.map(|i| nights(i) * (5000 + 500 * (i % 40 + 1))).sum::<i64>());
}
