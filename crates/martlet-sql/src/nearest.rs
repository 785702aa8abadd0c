//! The nearest name, as a hint.

pub(crate) use martlet_core::nearest;

/// "did you mean `x`?", or another hint where nothing is near.
pub(crate) fn did_you_mean<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> Option<String>,
) -> Option<String> {
    // Any letter is near to any other: that is no hint.
    let found = if wanted.chars().count() > 1 { nearest(wanted, names) } else { None };
    found.map(|name| format!("did you mean `{name}`?")).or_else(otherwise)
}
