//! The engine from outside: folders on disk, and calls over a real store.

mod calls;
mod folder;
mod hotel;
mod pages;
mod support;
