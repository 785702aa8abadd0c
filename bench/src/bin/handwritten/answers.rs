//! What is answered, member by member in the order of the JSON.

use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Profile {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) avatar: String,
}

#[derive(Serialize)]
pub(crate) struct RoomType {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) price_cents: i64,
    pub(crate) free: i64,
}

#[derive(Serialize)]
pub(crate) struct Play {
    pub(crate) song_id: i64,
    pub(crate) title: String,
    pub(crate) artist: String,
    pub(crate) played_at: String,
    #[serde(skip)]
    pub(crate) id: i64,
}

#[derive(Serialize)]
pub(crate) struct Page {
    pub(crate) items: Vec<Play>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) has_more: bool,
}

#[derive(Serialize)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) created_at: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) participants: Vec<Participant>,
}

#[derive(Serialize)]
pub(crate) struct Block {
    pub(crate) id: i64,
    pub(crate) starts_at: String,
    pub(crate) ends_at: String,
    pub(crate) available: i64,
}

#[derive(Serialize)]
pub(crate) struct Participant {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Serialize)]
pub(crate) struct Month {
    pub(crate) month: String,
    pub(crate) room_type_id: i64,
    pub(crate) revenue_cents: i64,
    pub(crate) nights: i64,
    pub(crate) bookings: i64,
}

#[derive(Serialize)]
pub(crate) struct Booked {
    pub(crate) id: i64,
    pub(crate) total_cents: i64,
}
