//! The one writer of the pages' markup.
//!
//! Markup is what stands in this program's text and nothing else: `raw` takes only `&'static str`. Every value goes
//! through `text` or `attribute`, which escape. So a name, a comment or an answer can never become markup, whoever
//! wrote it, and no reviewer has to look for the place where somebody forgot. A template language would be one more
//! thing to learn and to trust for three pages.

use std::fmt::{self, Display, Write as _};

/// Markup under construction.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A value between tags.
    pub(super) fn text(&mut self, value: impl Display) -> &mut Self {
        // Writing into a string does not fail.
        let _ = write!(Escaping(&mut self.0), "{value}");
        self
    }

    /// A value as an attribute, within an open tag.
    pub(super) fn attribute(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// What was made apart.
    pub(super) fn part(&mut self, part: &Html) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

struct Escaping<'a>(&'a mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.0.push_str(&rest[..at]);
            self.0.push_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            });
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_never_markup() {
        let mut html = Html::new();
        html.raw("<a").attribute("title", "\"><script>'&").raw(">").text("</a><b>&amp;").raw("</a>");
        assert_eq!(html.finish(), "<a title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">&lt;/a&gt;&lt;b&gt;&amp;amp;</a>");
    }

    proptest! {
        #[test]
        fn no_value_has_a_character_that_markup_is_made_of(value: String) {
            let mut html = Html::new();
            html.text(&value);
            let escaped = html.finish();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
            prop_assert_eq!(back.replace("&amp;", "&"), value);
        }
    }
}
