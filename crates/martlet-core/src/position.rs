//! The place of a commit in commit order.

use std::fmt;
use std::str::FromStr;

/// (epoch, number), written `epoch-number`: the epoch in 16 hexadecimal digits, the number in decimal.
///
/// The epoch is random at each start of a store; the number counts its commits from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Position {
    /// Which run of the store.
    pub epoch: u64,
    /// Which commit of it.
    pub number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.number)
    }
}

/// The text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position: write `epoch-number`")]
pub struct ParsePositionError;

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, number) = text.split_once('-').ok_or(ParsePositionError)?;
        let is_canonical = epoch.len() == 16
            && epoch.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit());
        if !is_canonical {
            return Err(ParsePositionError);
        }
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(|_| ParsePositionError)?,
            number: number.parse().map_err(|_| ParsePositionError)?,
        })
    }
}
