//! Names as they are written: where PostgreSQL wants quotes or AS, so do we.

use super::{Resolved, Resolver};
use crate::{catalogue, keyword};
use sqlparser::ast::Ident;

impl Resolver<'_> {
    /// The name that an identifier means.
    pub(super) fn ident(&mut self, ident: &Ident) -> Resolved<String> {
        let name = self.quoted(ident)?;
        if self.view.is_none() && ident.quote_style.is_none() && keyword::is_reserved(&ident.value) {
            let span = self.span_of(ident.span);
            let hint = format!("write it in double quotes, \"{name}\", or use another name");
            return self.fail("reserved_word", span, format!("`{name}` is a word of SQL"), hint);
        }
        Ok(name)
    }

    /// The name given to a column: behind AS any word, without it none that begins a clause.
    pub(super) fn label(&mut self, ident: &Ident) -> Resolved<String> {
        let name = self.quoted(ident)?;
        let start = self.span_of(ident.span).start;
        let touches_number =
            self.env.source.text().get(..start).is_some_and(|text| text.ends_with(|c: char| c.is_ascii_digit()));
        if self.view.is_none() && touches_number {
            let place = self.place;
            return self.unsupported(place, "a name right behind a number", "put a blank between them, and `as`");
        }
        if self.view.is_some() || ident.quote_style.is_some() || keyword::is_bare_label(&ident.value) {
            return Ok(name);
        }
        let span = self.span_of(ident.span);
        let before = self.env.source.text().get(..span.start).unwrap_or("").trim_end();
        let has_as = before.len() >= 2
            && before.is_char_boundary(before.len() - 2)
            && before[before.len() - 2..].eq_ignore_ascii_case("as")
            && !before[..before.len() - 2].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if has_as {
            return Ok(name);
        }
        self.fail("reserved_word", span, format!("`{name}` is a word of SQL"), format!("write `as {name}`"))
    }

    /// Refuses a text where a name should be.
    fn quoted(&mut self, ident: &Ident) -> Resolved<String> {
        match ident.quote_style {
            None | Some('"') => Ok(catalogue::ident(ident)),
            Some(_) => {
                let span = self.span_of(ident.span);
                let hint = format!("write \"{}\", or without quotes", ident.value);
                self.fail("quoted_name", span, "a name stands in double quotes, a text in single ones", hint)
            }
        }
    }
}
