//! The engine from outside: folders on disk, and calls over a real store.

mod beside;
mod cache;
mod calls;
mod check;
mod flights;
mod folder;
mod follow;
mod hotel;
mod pages;
mod renew;
mod stale;
mod support;
