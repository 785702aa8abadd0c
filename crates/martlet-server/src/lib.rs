//! HTTP: hyper's first stage in front, axum behind it.
//!
//! Owns: headers, bodies, limits of both, the mapping from `core::Kind` to a status, tokens' signatures, static files.
//! Must not know: SQL, tables. It calls the engine and nothing below it.
//! In reading order: how it is set, the server, the way of a request, who asks, what it is answered, what is behind.

#![warn(missing_docs)]

mod settings;

mod admission;
mod early;
mod guarded_io;
mod raw_head;
mod server;
mod tasks;
mod wire;
mod wire_refusal;

mod first_stage;
mod front;
mod panic_guard;
mod request_id;
mod router;

mod identity;
pub mod tokens;

mod admin;
mod alias;
mod answer;
mod dressed;
mod metrics;
mod openapi;

mod batch;
mod coding;
mod compression;
mod entity_tag;
mod negotiation;
mod preferences;
mod query_string;
mod request_body;
mod routes;
mod rpc;
mod streams;
mod surrogates;

mod body;
mod cors;
mod failure;
mod headers;
mod rate_fields;
mod refusal;

mod dashboard;
mod dev;
mod health;
mod history;
mod static_files;

pub use admission::AdmissionSettings;
pub use history::HistorySettings;
pub use metrics::{FAMILIES, Family, FamilyKind};
pub use server::{BindError, Server, ServerHandle, Summary};
pub use settings::{
    AddressRange, CONTENT_SECURITY_POLICY, HEADER_SIZE_CAP, HealthPart, LiveSettings, ParseAddressRangeError,
    ServerSettings,
};
pub use tasks::{Slot, Tasks, TasksFull};
