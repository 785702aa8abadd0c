//! What followers are given: one state of all that they follow.

use crate::digest::Digest;
use bytes::Bytes;
use martlet_core::{Error, Position};
use martlet_store::Answer;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Instant;

/// One state of what is followed. Those who follow the same answer share it.
#[derive(Debug)]
pub struct Frame {
    /// Where its answers hold; where it is partial, or an answer was overtaken while it was read: they hold there or
    /// later.
    pub position: Position,
    /// One for each part, in order. An error here may pass: it is tried again.
    pub answers: Box<[Result<Answer, Error>]>,
    /// Of all that is in it.
    pub tag: FrameTag,
    /// Its answers may be of different moments: some of them are still being read again.
    pub is_partial: bool,
    /// When the first of the commits that it shows for the first time could be seen; none: it is no commit's doing.
    pub changed_at: Option<Instant>,
    rendered: OnceLock<Bytes>,
}

impl Frame {
    pub(super) fn new(
        position: Position,
        answers: Box<[Result<Answer, Error>]>,
        tag: FrameTag,
        is_partial: bool,
        changed_at: Option<Instant>,
    ) -> Self {
        Self { position, answers, tag, is_partial, changed_at, rendered: OnceLock::new() }
    }

    /// The form that a surface gives it, made by the first who asks. All who ask must want the same form.
    pub fn rendered(&self, render: impl FnOnce(&Self) -> Bytes) -> &Bytes {
        self.rendered.get_or_init(|| render(self))
    }
}

/// A short hash of what a frame says: equal where nothing has changed, also after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameTag(u64);

impl FrameTag {
    /// Of a part. Of a page: of its rows, before its cursor is sealed, for no two seals are the same.
    pub(super) fn of(result: &Result<Answer, Error>) -> Self {
        let digest = Digest::new("frame");
        let digest = match result {
            Ok(answer) => {
                let digest = digest.values(answer.last.as_deref().unwrap_or_default());
                match &answer.body {
                    Some(body) => digest.text("answer").bytes(body),
                    None => digest.text("nothing"),
                }
            }
            Err(error) => digest.text("error").text(&error.code).text(&error.message),
        };
        Self::cut(digest)
    }

    /// Of several parts together.
    pub(super) fn of_all(parts: impl Iterator<Item = FrameTag>) -> Self {
        Self::cut(parts.fold(Digest::new("frames"), |digest, part| digest.bytes(&part.0.to_be_bytes())))
    }

    fn cut(digest: Digest) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = digest.finish();
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

impl fmt::Display for FrameTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The text is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tag: 16 hexadecimal digits")]
pub struct ParseFrameTagError;

impl FromStr for FrameTag {
    type Err = ParseFrameTagError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_canonical = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match u64::from_str_radix(text, 16) {
            Ok(tag) if is_canonical => Ok(Self(tag)),
            _ => Err(ParseFrameTagError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::{Value, code};

    fn answer(body: Option<&'static str>, last: Option<i64>) -> Result<Answer, Error> {
        let last = last.map(|last| [Value::Integer(last)].into());
        Ok(Answer { body: body.map(Into::into), rows: 1, position: Position::default(), last, keys: None })
    }

    #[test]
    fn a_tag_tells_apart_what_is_not_the_same() {
        let error = |message: &str| Err(Error::new(&code::DEADLINE, message));
        let all = [
            answer(None, None),
            answer(Some(""), None),
            answer(Some("[]"), None),
            answer(Some("[]"), Some(1)),
            answer(Some("[]"), Some(2)),
            error("[]"),
            error("late"),
        ];
        for (index, one) in all.iter().enumerate() {
            for (other_index, other) in all.iter().enumerate() {
                assert_eq!(FrameTag::of(one) == FrameTag::of(other), index == other_index, "{one:?} {other:?}");
            }
        }
        let (one, other) = (FrameTag::of(&all[0]), FrameTag::of(&all[1]));
        assert_ne!(FrameTag::of_all([one, other].into_iter()), FrameTag::of_all([other, one].into_iter()));
    }

    #[test]
    fn a_tag_is_read_as_it_is_written_and_no_other_text_is_one() {
        let tag = FrameTag(0x00ab_cdef_0123_4567);
        assert_eq!(tag.to_string(), "00abcdef01234567");
        assert_eq!(tag.to_string().parse(), Ok(tag));
        for text in ["", "0", "00ABCDEF01234567", "+0abcdef01234567", "00abcdef012345678", "00abcdef0123456é"] {
            assert_eq!(text.parse::<FrameTag>(), Err(ParseFrameTagError), "{text}");
        }
    }
}
