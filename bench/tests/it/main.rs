//! What is compared answers alike: the hand-written server beside the engine, on the same rows.

mod handwritten;
