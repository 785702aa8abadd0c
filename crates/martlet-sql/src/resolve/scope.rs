//! What a name can mean: relations in scope, their columns, and what is read of them.

use super::{RELATIONS_MAX, Reported, Resolved, Resolver};
use crate::catalogue::Table;
use crate::ir::{CteId, Expr, ExprKind, Relation, RelationColumn, RelationId, Source};
use crate::nearest::nearest;
use crate::{Span, catalogue};
use martlet_core::Type;
use sqlparser::ast::Ident;

/// A relation of the statement.
#[derive(Debug, Clone, Default)]
pub(super) struct RelationInfo {
    pub(super) alias: String,
    pub(super) columns: Vec<RelationColumn>,
    /// Its reads are counted under this table.
    pub(super) reads_as: Option<String>,
    /// The table, for keys.
    pub(super) table: Option<String>,
    /// An outer join may leave it without a row.
    pub(super) is_nulled: bool,
    /// What it is could not be resolved: every name may be one of its columns.
    pub(super) is_poisoned: bool,
    /// At most so many rows.
    pub(super) rows_max: Option<u64>,
}

/// The relations of one query that names may refer to.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<RelationId>,
    /// What a name without a relation, and `*`, may mean, in order; a USING column stands once.
    pub(super) visible: Vec<(RelationId, usize)>,
}

/// A `with` item in scope.
#[derive(Debug, Clone)]
pub(super) struct CteName {
    pub(super) name: String,
    /// None: its query could not be resolved.
    pub(super) item: Option<CteItem>,
}

/// What users of a `with` item see.
#[derive(Debug, Clone)]
pub(super) struct CteItem {
    pub(super) id: CteId,
    pub(super) columns: Vec<RelationColumn>,
    pub(super) rows_max: Option<u64>,
}

impl Scope {
    pub(super) fn of(ids: &[RelationId], relations: &[RelationInfo]) -> Self {
        let visible = ids.iter().flat_map(|id| {
            let count = relations.get(id.0 as usize).map_or(0, |info| info.columns.len());
            (0..count).map(|column| (*id, column))
        });
        Self { relations: ids.to_vec(), visible: visible.collect() }
    }

    pub(super) fn join(mut self, other: Scope) -> Self {
        self.relations.extend(other.relations);
        self.visible.extend(other.visible);
        self
    }
}

impl Resolver<'_> {
    pub(super) fn info(&self, id: RelationId) -> &RelationInfo {
        &self.relations[id.0 as usize]
    }

    pub(super) fn info_mut(&mut self, id: RelationId) -> &mut RelationInfo {
        &mut self.relations[id.0 as usize]
    }

    /// Takes in a relation under the next id.
    pub(super) fn add_relation(&mut self, info: RelationInfo) -> Resolved<RelationId> {
        let id = self.next_relation();
        if id.0 >= RELATIONS_MAX {
            return Err(self.too_many_relations());
        }
        self.relations.push(info);
        Ok(id)
    }

    pub(super) fn too_many_relations(&mut self) -> Reported {
        let place = self.place;
        let message = format!("the statement uses more than {RELATIONS_MAX} relations, views taken apart");
        self.report("too_complex", place, message, "make it simpler, or split it")
    }

    /// Takes in a table; `is_read`: columns named later count as read.
    pub(super) fn add_table(&mut self, table: &Table, alias: &str, is_read: bool) -> Resolved<RelationId> {
        let columns = columns_of(table);
        if is_read {
            self.reads.entry(table.name.clone()).or_default();
        }
        self.add_relation(RelationInfo {
            alias: alias.to_owned(),
            columns,
            reads_as: is_read.then(|| table.name.clone()),
            table: Some(table.name.clone()),
            ..RelationInfo::default()
        })
    }

    /// The relation as a node, under its present columns.
    pub(super) fn relation(&self, id: RelationId, source: Source) -> Relation {
        let info = self.info(id);
        Relation { id, alias: info.alias.clone(), source, columns: info.columns.clone() }
    }

    /// A column, counted as read.
    pub(super) fn column(&mut self, relation: RelationId, column: usize, span: Span) -> Resolved<Expr> {
        let info = self.info(relation);
        let found = &info.columns[column];
        let (ty, is_nullable) = (found.ty, found.is_nullable || info.is_nulled);
        if ty == Type::Unknown {
            return Err(Reported);
        }
        if let Some(table) = info.reads_as.clone() {
            let name = found.name.clone();
            self.reads.entry(table).or_default().insert(name);
        }
        Ok(Expr { kind: ExprKind::Column { relation, column }, ty, is_nullable, span })
    }

    /// Resolves `name`.
    pub(super) fn plain_name(&mut self, ident: &Ident) -> Resolved<Expr> {
        let name = self.ident(ident)?;
        let span = self.span_of(ident.span);
        if let Some((relation, column)) = self.find_plain(&name, span)? {
            return self.column(relation, column, span);
        }
        if let Some(alias) = self.relation_named(&name) {
            let first = self.info(alias).columns.first().map_or("id", |column| &column.name).to_owned();
            return self.unsupported(
                span,
                "a whole row as a value",
                format!("name its columns: {name}.{first}, or json_build_object('{first}', {name}.{first})"),
            );
        }
        self.unknown_column(&name, None, span)
    }

    /// Looks for a column by its name alone, from the innermost query out.
    pub(super) fn find_plain(&mut self, name: &str, span: Span) -> Resolved<Option<(RelationId, usize)>> {
        for index in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[index];
            let found: Vec<(RelationId, usize)> = scope
                .visible
                .iter()
                .copied()
                .filter(|(relation, column)| self.info(*relation).columns[*column].name == name)
                .collect();
            match found.as_slice() {
                [] if scope.relations.iter().any(|id| self.info(*id).is_poisoned) => return Err(Reported),
                [] => {}
                [one] => return Ok(Some(*one)),
                several => {
                    let owners: Vec<String> =
                        several.iter().map(|(id, _)| format!("{}.{name}", self.info(*id).alias)).collect();
                    return self.fail(
                        "ambiguous_column",
                        span,
                        format!("`{name}` may mean several columns"),
                        format!("write {}", owners.join(" or ")),
                    );
                }
            }
        }
        Ok(None)
    }

    fn relation_named(&self, alias: &str) -> Option<RelationId> {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.relations.iter())
            .copied()
            .find(|id| self.info(*id).alias == alias)
    }

    /// Resolves `relation.name`.
    pub(super) fn qualified_name(&mut self, idents: &[Ident], span: Span) -> Resolved<Expr> {
        let [relation, column] = idents else {
            return self.unsupported(span, "a name of more than two parts", "write alias.column, without a schema");
        };
        let (alias, name) = (self.ident(relation)?, catalogue::ident(column));
        let Some(id) = self.relation_named(&alias) else {
            if self.scopes.iter().any(|scope| scope.relations.iter().any(|id| self.info(*id).is_poisoned)) {
                return Err(Reported);
            }
            return self.unknown_relation(&alias, span);
        };
        let found: Vec<usize> =
            self.info(id).columns.iter().enumerate().filter(|(_, c)| c.name == name).map(|(index, _)| index).collect();
        match found.as_slice() {
            [one] => self.column(id, *one, span),
            [] if self.info(id).is_poisoned => Err(Reported),
            [] => self.unknown_column(&name, Some(id), span),
            _ => self.fail(
                "ambiguous_column",
                span,
                format!("`{alias}` has several columns `{name}`"),
                "give them different names with `as`",
            ),
        }
    }

    pub(super) fn unknown_relation<T>(&mut self, alias: &str, span: Span) -> Resolved<T> {
        let aliases = self.scopes.iter().flat_map(|scope| &scope.relations).map(|id| self.info(*id).alias.as_str());
        let hidden = self.relations.iter().any(|info| info.table.as_deref() == Some(alias));
        let hint = match nearest(alias, aliases) {
            Some(name) => format!("did you mean `{name}`?"),
            None if hidden => "use its alias here; a subquery in FROM sees no other item of FROM".to_owned(),
            None => "name a table or alias of this query's FROM".to_owned(),
        };
        self.fail("unknown_relation", span, format!("`{alias}` is not in FROM"), hint)
    }

    fn unknown_column(&mut self, name: &str, relation: Option<RelationId>, span: Span) -> Resolved<Expr> {
        let mut names: Vec<&str> = Vec::new();
        for scope in self.scopes.iter().rev() {
            for id in scope.relations.iter().filter(|id| relation.is_none_or(|only| only == **id)) {
                names.extend(self.info(*id).columns.iter().map(|column| column.name.as_str()));
            }
        }
        let is_param = self.env.params.iter().any(|param| param.name == name);
        let hint = if is_param {
            format!("the parameter is written `:{name}`")
        } else if let Some(near) = nearest(name, names.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if names.is_empty() {
            "there is no FROM here; a text is written in single quotes".to_owned()
        } else {
            names.dedup();
            let more = if names.len() > 12 { ", ..." } else { "" };
            names.truncate(12);
            format!("columns here: {}{more}", names.join(", "))
        };
        let of = relation.map(|id| format!(" in `{}`", self.info(id).alias)).unwrap_or_default();
        self.fail("unknown_column", span, format!("there is no column `{name}`{of}"), hint)
    }
}

/// A table's columns as a relation has them.
pub(super) fn columns_of(table: &Table) -> Vec<RelationColumn> {
    let columns = table.columns.iter();
    columns
        .map(|column| RelationColumn { name: column.name.clone(), ty: column.ty, is_nullable: column.is_nullable })
        .collect()
}
