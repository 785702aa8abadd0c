//! The page in Chromium, by examples/hotel/tests/page.mjs.

#[test]
fn a_person_can_click_through_it() {
    crate::support::click_through("hotel");
}
