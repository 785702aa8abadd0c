//! The page in Chromium, by examples/events/tests/page.mjs.

#[test]
fn people_can_click_through_it() {
    crate::support::click_through("events");
}
