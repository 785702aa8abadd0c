//! What is different each time: from the operating system's strong source, always.

use super::{Raise, Registry, cast};
use martlet_core::code;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.volatile("gen_random_uuid", 0, |_| {
        let drawn = (u128::from(draw()?) << 64 | u128::from(draw()?)) & !(0xf << 76) & !(0b11 << 62);
        let digits = format!("{:032x}", drawn | 4 << 76 | 0b10 << 62);
        Ok(cast::hyphenated(digits.as_bytes()))
    })?;
    // 53 bits, every one of which a double can tell apart.
    registry.volatile("random", 0, |_| Ok((draw()? >> 11) as f64 / 2_f64.powi(53)))?;
    registry.volatile("random_int", 2, |arguments| {
        let (low, high) = (arguments.integer(0)?, arguments.integer(1)?);
        if low > high {
            let message = "random_int: the lower end is above the upper end";
            return Err(Raise::new(&code::INVALID_PARAMETER, message));
        }
        let span = i128::from(high) - i128::from(low) + 1;
        let offset = below(span.unsigned_abs())?;
        i64::try_from(i128::from(low) + offset).map_err(|_| super::arithmetic::bigint_out_of_range())
    })
}

/// A number from 0 to `span - 1`, each as likely: draws that would favour small ones are drawn again.
fn below(span: u128) -> Result<i128, Raise> {
    let space = 1_u128 << 64;
    let unbiased = space - space % span;
    loop {
        let drawn = u128::from(draw()?);
        if drawn < unbiased {
            return Ok((drawn % span) as i128);
        }
    }
}

fn draw() -> Result<u64, Raise> {
    getrandom::u64().map_err(|_| Raise::new(&code::INTERNAL, "the system gives no random bytes"))
}
