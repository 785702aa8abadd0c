//! The engine from outside: folders on disk, and calls over a real store.

mod folder;
