//! `with`.

use super::query::Unknowns;
use super::scope::{CteItem, CteName};
use super::{Resolved, Resolver};
use crate::ir::{Cte, RelationColumn};
use crate::{Volatility, catalogue};
use sqlparser::ast;

impl Resolver<'_> {
    /// The items of `with`; they stay in scope until the caller cuts [`Resolver::ctes`] back.
    pub(super) fn with(&mut self, with: Option<&ast::With>) -> Resolved<Vec<Cte>> {
        let Some(with) = with else { return Ok(Vec::new()) };
        if with.recursive {
            let span = self.span_of(with.with_token.0.span);
            let hint = "join as many levels as there are, or use generate_series";
            let name = |cte: &ast::Cte| CteName { name: catalogue::ident(&cte.alias.name), item: None };
            self.ctes.extend(with.cte_tables.iter().map(name));
            return self.unsupported(span, "WITH RECURSIVE", hint);
        }
        let first = self.ctes.len();
        self.each(&with.cte_tables, |this, cte| {
            let name = this.ident(&cte.alias.name)?;
            let span = this.span_of(cte.alias.name.span);
            let resolved = match this.ctes[first..].iter().any(|known| known.name == name) {
                true => this.fail("duplicate_alias", span, format!("`{name}` stands twice in WITH"), "rename one"),
                false => this.cte(cte, &name),
            };
            let item = resolved.as_ref().ok().map(|cte| CteItem {
                id: cte.id,
                columns: cte.columns.clone(),
                rows_max: cte.query.rows_max,
            });
            this.ctes.push(CteName { name, item });
            resolved
        })
    }

    fn cte(&mut self, cte: &ast::Cte, name: &str) -> Resolved<Cte> {
        let span = self.span_of(cte.alias.name.span);
        if cte.from.is_some() {
            return self.unsupported(span, "this form of WITH", "write with x as (select ..)");
        }
        let query = self.query(&cte.query, Unknowns::BecomeText)?;
        let is_volatile = query.volatility == Volatility::Volatile;
        let is_materialized = match cte.materialized {
            Some(ast::CteAsMaterialized::NotMaterialized) if is_volatile => {
                let hint = "leave out `not materialized`: its values must be drawn once";
                return self.unsupported(span, "a volatile WITH item that is not materialized", hint);
            }
            Some(ast::CteAsMaterialized::Materialized) => true,
            _ => is_volatile,
        };
        let columns = self.renamed(&query.columns, &cte.alias, name)?;
        Ok(Cte { id: self.next_cte(), name: name.to_owned(), query, columns, is_materialized })
    }

    /// Columns under the names that an alias gives them: `as x(a, b)`.
    pub(super) fn renamed(
        &mut self,
        columns: &[RelationColumn],
        alias: &ast::TableAlias,
        name: &str,
    ) -> Resolved<Vec<RelationColumn>> {
        let span = self.span_of(alias.name.span);
        if alias.columns.len() > columns.len() {
            let message = format!("`{name}` has {} columns, but {} names", columns.len(), alias.columns.len());
            return self.fail("column_names", span, message, "give it as many names as columns");
        }
        if alias.columns.iter().any(|column| column.data_type.is_some()) || alias.at.is_some() {
            return self.unsupported(span, "types in this alias", "only jsonb_to_recordset takes them");
        }
        let mut columns = columns.to_vec();
        for (column, given) in columns.iter_mut().zip(&alias.columns) {
            column.name = self.ident(&given.name)?;
        }
        Ok(columns)
    }
}
