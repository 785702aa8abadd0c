//! The nearest name, as a hint.

pub(crate) use martlet_core::nearest;

/// "did you mean `x`?", or another hint where nothing is near.
pub(crate) fn did_you_mean<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> Option<String>,
) -> Option<String> {
    nearest(wanted, names).map(|name| format!("did you mean `{name}`?")).or_else(otherwise)
}
