//! What the server keeps with a kept answer: its digest, and its compressed forms once they are asked for.

use crate::coding::Coding;
use crate::entity_tag::BodyDigest;
use bytes::Bytes;
use martlet_engine::{Attached, KeptAnswer};
use std::any::Any;
use std::sync::OnceLock;

/// Goes with the answer, and counts as a part of it.
#[derive(Debug)]
pub(crate) struct Dressed {
    pub(crate) digest: BodyDigest,
    compressed: [OnceLock<Bytes>; Coding::COMPRESSING.len()],
}

impl Dressed {
    pub(crate) fn new(digest: BodyDigest) -> Self {
        Self { digest, compressed: Default::default() }
    }

    /// What is kept with an answer.
    pub(crate) fn of(kept: &KeptAnswer) -> Option<&Self> {
        let attached: &dyn Any = kept.attached()?;
        attached.downcast_ref()
    }

    /// The body in this coding, if somebody has asked for it.
    pub(crate) fn compressed(&self, coding: Coding) -> Option<&Bytes> {
        self.place(coding)?.get()
    }

    /// Keeps the body in this coding; whether it was the first.
    pub(crate) fn keep(&self, coding: Coding, body: &Bytes) -> bool {
        self.place(coding).is_some_and(|place| place.set(body.clone()).is_ok())
    }

    fn place(&self, coding: Coding) -> Option<&OnceLock<Bytes>> {
        let index = Coding::COMPRESSING.iter().position(|it| *it == coding)?;
        self.compressed.get(index)
    }
}

impl Attached for Dressed {
    fn weight(&self) -> usize {
        let compressed = self.compressed.iter().filter_map(OnceLock::get);
        size_of::<Self>() + compressed.map(Bytes::len).sum::<usize>()
    }
}
