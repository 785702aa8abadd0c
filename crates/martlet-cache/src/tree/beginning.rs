//! The beginning of a value in eight bytes: enough to tell most ends of intervals apart without a look at them.

use crate::packed::Packed;
use martlet_core::Value;

/// Characters of a text: a date is whole.
const CHARACTERS: u32 = 10;
const BITS: u32 = 6;
/// What stands for more than one byte.
const LOWEST: u8 = 0;
const HIGHEST: u8 = (1 << BITS) - 1;

/// Of two values of one kind: the one with the lesser beginning is less; the same beginning tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Beginning(u64);

impl Beginning {
    pub(super) fn of(value: Packed<'_>) -> Self {
        match value {
            Packed::Integer(value) => Self::of_integer(value),
            Packed::Text(text) => Self::of_text(text),
            Packed::Boolean(value) => Self(value.into()),
            Packed::Null | Packed::Double | Packed::List { .. } => Self::default(),
        }
    }

    pub(super) fn of_cell(cell: &Value) -> Self {
        match cell {
            Value::Integer(value) => Self::of_integer(*value),
            Value::Text(text) => Self::of_text(text.as_bytes()),
            Value::Boolean(value) => Self((*value).into()),
            Value::Null | Value::Double(_) | Value::List(_) => Self::default(),
        }
    }

    fn of_integer(value: i64) -> Self {
        // From the least to the greatest.
        Self(value.cast_unsigned() ^ (1 << 63))
    }

    /// Digits, capitals and most signs have a number of their own. At a character that shares its number with others
    /// the beginning ends: what follows must not tell two apart that differ here.
    fn of_text(text: &[u8]) -> Self {
        let mut bits = 0;
        let mut is_over = false;
        for place in 0..CHARACTERS {
            let number = match text.get(place as usize) {
                Some(byte) if !is_over => byte.saturating_sub(b' ').min(HIGHEST),
                _ => LOWEST,
            };
            is_over |= number == LOWEST || number == HIGHEST;
            bits = bits << BITS | u64::from(number);
        }
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Beginning {
        Beginning::of_text(text.as_bytes())
    }

    #[test]
    fn a_date_is_told_from_the_next() {
        assert!(text("2026-03-09") < text("2026-03-10"));
        assert!(text("2026-12-31") < text("2027-01-01"));
        assert_eq!(text("2026-03-09T10:00"), text("2026-03-09T11:00"), "to be looked at");
    }

    #[test]
    fn what_follows_a_shared_number_tells_nothing() {
        assert_eq!(text("a9"), text("b1"));
        assert_eq!(text(" 9"), text("\n1"));
        assert_eq!(text(""), text(" "));
    }

    proptest! {
        #[test]
        fn the_lesser_beginning_is_of_the_lesser_value(
            numbers: (i64, i64),
            texts in ("[ -b\u{0}\u{1f}\u{7f}é]{0,12}", "[ -b\u{0}\u{1f}\u{7f}é]{0,12}"),
        ) {
            let integer = |value: i64| Beginning::of(Packed::Integer(value));
            prop_assert_eq!(integer(numbers.0).cmp(&integer(numbers.1)), numbers.0.cmp(&numbers.1));
            let (one, other) = (texts.0.as_bytes(), texts.1.as_bytes());
            let order = Beginning::of(Packed::Text(one)).cmp(&Beginning::of_cell(&Value::Text(texts.1.as_str().into())));
            prop_assert!(order.is_eq() || order == one.cmp(other), "{:?} {:?}", texts.0, texts.1);
        }
    }
}
