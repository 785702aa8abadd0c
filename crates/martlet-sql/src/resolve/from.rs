//! FROM: tables, views in place, subqueries, functions, and how they are joined.

use super::predicate::compared;
use super::query::Unknowns;
use super::scope::{RelationInfo, Scope};
use super::{Clause, RELATIONS_MAX, Reported, Resolved, Resolver};
use crate::ir::{CompareOperator, Expr, ExprKind, From, JoinKind, RelationColumn, RelationId, Source, TableFunction};
use crate::nearest::nearest;
use crate::{Span, Volatility, catalogue};
use martlet_core::Type;
use sqlparser::ast;

/// A part of FROM and the names that it brings; these are there even where it could not be resolved.
type Joined = (Resolved<From>, Scope);

impl Resolver<'_> {
    /// The whole clause.
    pub(super) fn relations_of(&mut self, items: &[ast::TableWithJoins]) -> (Resolved<Option<From>>, Scope) {
        let mut all: Option<Joined> = None;
        for item in items {
            let before = all.as_ref().map(|(_, scope)| scope.clone()).unwrap_or_default();
            let next = self.joined(item, &before);
            all = Some(match all {
                None => next,
                Some(left) => self.join(left, next, JoinKind::Inner, None),
            });
        }
        match all {
            None => (Ok(None), Scope::default()),
            Some((from, scope)) => (from.map(Some), scope),
        }
    }

    /// One item with its joins; `before`: what its functions may refer to.
    fn joined(&mut self, item: &ast::TableWithJoins, before: &Scope) -> Joined {
        let mut left = self.factor(&item.relation, before);
        for join in &item.joins {
            let visible = before.clone().join(left.1.clone());
            let right = self.factor(&join.relation, &visible);
            left = self.joined_by(left, right, join);
        }
        left
    }

    fn joined_by(&mut self, left: Joined, right: Joined, join: &ast::Join) -> Joined {
        let span = self.span(&join.relation);
        let (kind, constraint) = match &join.join_operator {
            ast::JoinOperator::Join(constraint) | ast::JoinOperator::Inner(constraint) => (JoinKind::Inner, constraint),
            ast::JoinOperator::Left(constraint) | ast::JoinOperator::LeftOuter(constraint) => {
                (JoinKind::Left, constraint)
            }
            ast::JoinOperator::CrossJoin(ast::JoinConstraint::None) => {
                return self.join(left, right, JoinKind::Inner, None);
            }
            other => {
                let (what, hint) = match other {
                    ast::JoinOperator::Right(_) | ast::JoinOperator::RightOuter(_) => {
                        ("RIGHT JOIN", "swap the two sides and write left join")
                    }
                    ast::JoinOperator::FullOuter(_) => {
                        ("FULL JOIN", "write a left join, union all the right rows without a partner")
                    }
                    _ => ("this kind of join", "write join .. on, or left join .. on"),
                };
                let refused = self.unsupported(span, what, hint);
                return (refused, left.1.join(right.1));
            }
        };
        match constraint {
            ast::JoinConstraint::On(condition) => {
                self.scopes.push(left.1.clone().join(right.1.clone()));
                let on = self.within(Clause::On, |this| this.condition(condition));
                self.scopes.pop();
                self.join(left, right, kind, Some(on))
            }
            ast::JoinConstraint::Using(columns) => self.join_using(left, right, kind, columns, span),
            ast::JoinConstraint::Natural => {
                let refused = self.unsupported(span, "NATURAL JOIN", "name the columns: join t using (id)");
                (refused, left.1.join(right.1))
            }
            ast::JoinConstraint::None => {
                let refused = self.fail("no_condition", span, "this join has no condition", "add on a.x = b.y");
                (refused, left.1.join(right.1))
            }
        }
    }

    fn join(&mut self, left: Joined, right: Joined, kind: JoinKind, on: Option<Resolved<Expr>>) -> Joined {
        let clash = self.require_new_aliases(&left.1, &right.1);
        if kind == JoinKind::Left {
            for id in &right.1.relations {
                self.info_mut(*id).is_nulled = true;
            }
        }
        let scope = left.1.join(right.1);
        let from = match (left.0, right.0, on.transpose(), clash) {
            (Ok(left), Ok(right), Ok(on), Ok(())) => {
                Ok(From::Join { kind, left: Box::new(left), right: Box::new(right), on })
            }
            _ => Err(Reported),
        };
        (from, scope)
    }

    fn require_new_aliases(&mut self, left: &Scope, right: &Scope) -> Resolved<()> {
        for id in &right.relations {
            let alias = self.info(*id).alias.clone();
            if left.relations.iter().any(|other| self.info(*other).alias == alias) {
                let place = self.place;
                let message = format!("`{alias}` stands twice in FROM");
                return self.fail("duplicate_alias", place, message, format!("give one an alias: {alias} as other"));
            }
        }
        Ok(())
    }

    /// `using (a, b)`: equalities, and each column once among the names.
    fn join_using(
        &mut self,
        left: Joined,
        right: Joined,
        kind: JoinKind,
        columns: &[ast::ObjectName],
        span: Span,
    ) -> Joined {
        let pairs = self.each(columns, |this, name| {
            let place = this.span(name);
            let Some(ident) = name.0.first().and_then(|part| part.as_ident()) else {
                return this.unsupported(place, "this name", "name a column of both sides");
            };
            let name = this.ident(ident)?;
            let of_left = this.using_column(&left.1, &name, place)?;
            let of_right = this.using_column(&right.1, &name, place)?;
            Ok((of_left, of_right, place))
        });
        let Ok(pairs) = pairs else { return (Err(Reported), left.1.join(right.1)) };
        let on = self.each(&pairs, |this, (of_left, of_right, place)| {
            let left = this.column(of_left.0, of_left.1, *place)?;
            let right = this.column(of_right.0, of_right.1, *place)?;
            if left.ty != right.ty {
                let message = format!("the two columns are {} and {}", left.ty, right.ty);
                return this.fail("type_mismatch", *place, message, "write on a.x = b.x::type");
            }
            this.require_ordered(&left, "USING")?;
            Ok(compared(CompareOperator::Equal, left, right, *place))
        });
        let on = on.map(|mut all| match (all.len(), all.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                all.extend(last);
                let is_nullable = all.iter().any(|expr| expr.is_nullable);
                Expr::new(ExprKind::And(all), Type::Boolean, is_nullable, span)
            }
        });
        let merged: Vec<(RelationId, usize)> = pairs.iter().map(|pair| pair.0).collect();
        let hidden: Vec<(RelationId, usize)> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
        let (from, mut scope) = self.join(left, right, kind, Some(on));
        let others = scope.visible.iter().copied().filter(|column| !hidden.contains(column));
        scope.visible = merged.iter().copied().chain(others).collect();
        (from, scope)
    }

    fn using_column(&mut self, scope: &Scope, name: &str, span: Span) -> Resolved<(RelationId, usize)> {
        let found: Vec<(RelationId, usize)> =
            scope.visible.iter().copied().filter(|(id, column)| self.info(*id).columns[*column].name == name).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            _ if scope.relations.iter().any(|id| self.info(*id).is_poisoned) => Err(Reported),
            [] => {
                let message = format!("one side of the join has no column `{name}`");
                self.fail("unknown_column", span, message, "write on a.x = b.y")
            }
            _ => {
                self.fail("ambiguous_column", span, format!("`{name}` may mean several columns"), "write on a.x = b.y")
            }
        }
    }

    fn factor(&mut self, factor: &ast::TableFactor, before: &Scope) -> Joined {
        let around = self.place;
        self.place = self.span(factor);
        let place = self.place;
        let joined = match factor {
            ast::TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins, before),
            ast::TableFactor::NestedJoin { alias: Some(alias), .. } => {
                let refused = self.unsupported(place, "an alias of a join", "name its tables instead");
                self.named(refused, Some(alias), "")
            }
            _ => {
                let alias = alias_of(factor);
                let name = name_of(factor);
                let relation = self.relation_of(factor, before);
                self.named(relation, alias, &name)
            }
        };
        self.place = around;
        joined
    }

    /// The relation with its scope; one that could not be resolved still has its name.
    fn named(&mut self, from: Resolved<From>, alias: Option<&ast::TableAlias>, name: &str) -> Joined {
        if let Ok(From::Relation(relation)) = &from {
            let scope = Scope::of(&[relation.id], &self.relations);
            return (from, scope);
        }
        let alias = alias.map_or_else(|| name.to_owned(), |alias| catalogue::ident(&alias.name));
        let poisoned = self.add_relation(RelationInfo { alias, is_poisoned: true, ..RelationInfo::default() });
        let scope = poisoned.map(|id| Scope::of(&[id], &self.relations)).unwrap_or_default();
        (Err(Reported), scope)
    }

    fn relation_of(&mut self, factor: &ast::TableFactor, before: &Scope) -> Resolved<From> {
        let place = self.place;
        match factor {
            ast::TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                let [part] = name.0.as_slice() else {
                    return self.unsupported(place, "a schema before a table", "write the table's name alone");
                };
                let Some(ident) = part.as_ident() else {
                    return self.unsupported(place, "this name of a table", "write the table's name");
                };
                let name = self.ident(ident)?;
                if let Some(alias) = alias {
                    self.ident(&alias.name)?;
                }
                match args {
                    Some(args) if args.settings.is_none() => {
                        self.table_function(&name, &args.args, alias.as_ref(), before)
                    }
                    Some(_) => self.unsupported(place, "this form of call", "write f(a, b)"),
                    None => self.table_named(&name, alias.as_ref()),
                }
            }
            ast::TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset: false,
                with_offset_alias: None,
                with_ordinality: false,
            } => self.unnest(array_exprs, alias.as_ref()),
            ast::TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let Some(alias) = alias else {
                    return self.fail("no_alias", place, "a subquery in FROM needs a name", "write (select ..) as s");
                };
                let query = self.query(subquery, Unknowns::BecomeText)?;
                self.subquery_relation(query, alias)
            }
            ast::TableFactor::Derived { lateral: true, .. } | ast::TableFactor::Function { lateral: true, .. } => {
                self.unsupported(place, "LATERAL", "join a subquery, or write (select ..) in the select list")
            }
            ast::TableFactor::Table { with_ordinality: true, .. }
            | ast::TableFactor::UNNEST { with_ordinality: true, .. } => {
                self.unsupported(place, "WITH ORDINALITY", "use row_number() over (order by ..)")
            }
            _ => self.unsupported(place, "this item of FROM", "name a table, a view, a subquery or a function"),
        }
    }

    fn subquery_relation(&mut self, query: crate::ir::Select, alias: &ast::TableAlias) -> Resolved<From> {
        let name = self.ident(&alias.name)?;
        let columns = self.renamed(&query.columns, alias, &name)?;
        self.derived(query, name, columns)
    }

    fn derived(&mut self, query: crate::ir::Select, alias: String, columns: Vec<RelationColumn>) -> Resolved<From> {
        let rows_max = query.rows_max;
        let id = self.add_relation(RelationInfo { alias, columns, rows_max, ..RelationInfo::default() })?;
        let is_materialized = query.volatility == Volatility::Volatile;
        let source = Source::Subquery { query: Box::new(query), is_materialized };
        Ok(From::Relation(Box::new(self.relation(id, source))))
    }

    /// A `with` item, a table or a view.
    fn table_named(&mut self, name: &str, alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let shown = alias.map_or_else(|| name.to_owned(), |alias| catalogue::ident(&alias.name));
        if let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == name) {
            let item = cte.item.clone().ok_or(Reported)?;
            let columns = match alias {
                Some(alias) => self.renamed(&item.columns, alias, &shown)?,
                None => item.columns,
            };
            let rows_max = item.rows_max;
            let id = self.add_relation(RelationInfo { alias: shown, columns, rows_max, ..RelationInfo::default() })?;
            return Ok(From::Relation(Box::new(self.relation(id, Source::Cte(item.id)))));
        }
        if let Some(table) = self.env.catalogue.table(name) {
            if alias.is_some_and(|alias| !alias.columns.is_empty()) {
                let place = self.place;
                return self.unsupported(
                    place,
                    "new names for a table's columns",
                    "name them with as in the select list",
                );
            }
            let id = self.add_table(table, &shown, true)?;
            return Ok(From::Relation(Box::new(self.relation(id, Source::Table(name.to_owned())))));
        }
        if self.env.catalogue.views.contains_key(name) {
            return self.view(name, shown, alias);
        }
        let catalogue = self.env.catalogue;
        let place = self.place;
        let known = || catalogue.tables.keys().chain(catalogue.views.keys()).map(String::as_str);
        let hint = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known().next().is_none() => "no migration creates a table yet".to_owned(),
            None => "a migration creates it: create table ..".to_owned(),
        };
        self.fail("unknown_table", place, format!("there is no table or view `{name}`"), hint)
    }

    /// A view in place: its query is resolved again, seeing nothing of the query around it.
    fn view(&mut self, name: &str, shown: String, alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let catalogue = self.env.catalogue;
        let Some(view) = catalogue.views.get(name) else { return Err(Reported) };
        // Views of views may double at each step: once there are too many relations, nothing more is taken apart.
        if self.relations.len() >= RELATIONS_MAX as usize {
            return Err(self.too_many_relations());
        }
        let scopes = std::mem::take(&mut self.scopes);
        let ctes = std::mem::take(&mut self.ctes);
        let outer = self.view;
        self.view = Some(outer.unwrap_or(self.place));
        let query = self.query(&view.query, Unknowns::BecomeText);
        self.view = outer;
        self.ctes = ctes;
        self.scopes = scopes;
        let query = query?;
        let mut columns = query.columns.clone();
        for (column, given) in columns.iter_mut().zip(&view.column_names) {
            column.name.clone_from(given);
        }
        if let Some(alias) = alias {
            columns = self.renamed(&columns, alias, &shown)?;
        }
        self.derived(query, shown, columns)
    }

    fn table_function(
        &mut self,
        name: &str,
        args: &[ast::FunctionArg],
        alias: Option<&ast::TableAlias>,
        before: &Scope,
    ) -> Resolved<From> {
        let place = self.place;
        let args = self.each(args, |this, arg| match arg {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Ok(expr),
            _ => this.unsupported(place, "a named argument", "give the arguments in order"),
        })?;
        if name == "unnest" {
            return self.unnest_of(&args, alias);
        }
        if !matches!(name, "generate_series" | "jsonb_array_elements" | "jsonb_to_recordset") {
            let hint = "generate_series, unnest(:list), jsonb_array_elements and jsonb_to_recordset may stand in FROM";
            return self.unsupported(place, &format!("{name} in FROM"), hint);
        }
        // A function may refer to what stands before it.
        self.scopes.push(before.clone());
        let args = self.within(Clause::FunctionInFrom, |this| this.each(args, Self::expr));
        self.scopes.pop();
        let args = args?;
        match (name, args.len()) {
            ("generate_series", 2 | 3) => self.series(args, alias),
            ("jsonb_array_elements", 1) => {
                let document = self.only_jsonb(args)?;
                let column = RelationColumn { name: "value".to_owned(), ty: Type::Jsonb, is_nullable: false };
                self.function_relation(TableFunction::JsonbArrayElements(document), name, column, alias)
            }
            ("jsonb_to_recordset", 1) => {
                let document = self.only_jsonb(args)?;
                self.recordset(document, alias)
            }
            _ => self.arguments(name, "", place),
        }
    }

    fn only_jsonb(&mut self, args: Vec<Expr>) -> Resolved<Expr> {
        match args.into_iter().next() {
            Some(document) => self.coerce(document, Type::Jsonb),
            None => Err(Reported),
        }
    }

    fn series(&mut self, args: Vec<Expr>, alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let is_of_days = args.iter().any(|arg| matches!(arg.ty, Type::Date | Type::Timestamptz | Type::Timestamp));
        let mut args = args.into_iter();
        let (Some(start), Some(stop), step) = (args.next(), args.next(), args.next()) else { return Err(Reported) };
        let (ty, start, stop, step) = if is_of_days {
            let (start, stop) = (self.coerce(start, Type::Timestamptz), self.coerce(stop, Type::Timestamptz));
            let Some(step) = step else {
                let place = self.place;
                return self.arguments("generate_series", "give a step: interval '1 day'", place);
            };
            let step = self.coerce(step, Type::Interval);
            (Type::Timestamptz, start?, stop?, Some(step?))
        } else {
            let mut all = vec![start, stop];
            all.extend(step);
            let (ty, all) = self.unify(all, "the arguments of generate_series")?;
            if !matches!(ty, Type::Integer | Type::Bigint) {
                let place = self.place;
                return self.arguments("generate_series", "cast the arguments to bigint", place);
            }
            let mut all = all.into_iter();
            let (Some(start), Some(stop), step) = (all.next(), all.next(), all.next()) else { return Err(Reported) };
            (ty, start, stop, step)
        };
        let series =
            TableFunction::GenerateSeries { start: Box::new(start), stop: Box::new(stop), step: step.map(Box::new) };
        let name = alias.map_or_else(|| "generate_series".to_owned(), |alias| catalogue::ident(&alias.name));
        let column = RelationColumn { name, ty, is_nullable: false };
        self.function_relation(series, "generate_series", column, alias)
    }

    fn unnest(&mut self, lists: &[ast::Expr], alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let lists: Vec<&ast::Expr> = lists.iter().collect();
        self.unnest_of(&lists, alias)
    }

    fn unnest_of(&mut self, lists: &[&ast::Expr], alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let place = self.place;
        if let Some(alias) = alias {
            self.ident(&alias.name)?;
        }
        let [ast::Expr::Value(value)] = lists else {
            let hint = "write unnest(:list) as u(x) with one list parameter";
            return self.unsupported(place, "unnest of this", hint);
        };
        let ast::Value::Placeholder(text) = &value.value else {
            return self.unsupported(place, "unnest of this", "write unnest(:list) as u(x) with a list parameter");
        };
        let span = self.span_of(value.span);
        let (parameter, ty) = self.list_placeholder(text, span)?;
        let name = alias.map_or_else(|| "unnest".to_owned(), |alias| catalogue::ident(&alias.name));
        // A list may hold nulls.
        let column = RelationColumn { name, ty, is_nullable: true };
        self.function_relation(TableFunction::Unnest(parameter), "unnest", column, alias)
    }

    fn recordset(&mut self, document: Expr, alias: Option<&ast::TableAlias>) -> Resolved<From> {
        let place = self.place;
        let hint = "name the columns and their types: jsonb_to_recordset(x) as r(a integer, b text)";
        let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) else {
            return self.fail("no_alias", place, "jsonb_to_recordset needs its columns", hint);
        };
        let columns = self.each(&alias.columns, |this, column| {
            let span = this.span_of(column.name.span);
            let Some(data_type) = &column.data_type else {
                return this.fail("no_type", span, "this column has no type", hint);
            };
            let ty = this.scalar_type(data_type, span)?;
            if !ty.is_storable() {
                let message = format!("a column of {ty} cannot be read from JSON");
                return this.fail("not_storable", span, message, "read it as text and cast it");
            }
            Ok(RelationColumn { name: this.ident(&column.name)?, ty, is_nullable: true })
        })?;
        let alias = catalogue::ident(&alias.name);
        let id = self.add_relation(RelationInfo { alias, columns, ..RelationInfo::default() })?;
        let source = Source::Function(TableFunction::JsonbToRecordset(document));
        Ok(From::Relation(Box::new(self.relation(id, source))))
    }

    fn function_relation(
        &mut self,
        function: TableFunction,
        name: &str,
        column: RelationColumn,
        alias: Option<&ast::TableAlias>,
    ) -> Resolved<From> {
        let columns = match alias {
            Some(alias) => self.renamed(&[column], alias, name)?,
            None => vec![column],
        };
        let alias = alias.map_or_else(|| name.to_owned(), |alias| catalogue::ident(&alias.name));
        let id = self.add_relation(RelationInfo { alias, columns, ..RelationInfo::default() })?;
        Ok(From::Relation(Box::new(self.relation(id, Source::Function(function)))))
    }
}

fn alias_of(factor: &ast::TableFactor) -> Option<&ast::TableAlias> {
    match factor {
        ast::TableFactor::Table { alias, .. }
        | ast::TableFactor::Derived { alias, .. }
        | ast::TableFactor::UNNEST { alias, .. }
        | ast::TableFactor::Function { alias, .. } => alias.as_ref(),
        _ => None,
    }
}

fn name_of(factor: &ast::TableFactor) -> String {
    match factor {
        ast::TableFactor::Table { name, .. } | ast::TableFactor::Function { name, .. } => {
            name.0.last().and_then(|part| part.as_ident()).map(catalogue::ident).unwrap_or_default()
        }
        _ => String::new(),
    }
}
