//! From a resolved query to its dependencies: each table that it reads, wherever, becomes a shape.
//!
//! First every condition is given to the relations that it tells of. Then what is fixed flows along equalities, into
//! subqueries too. What is reached only by an equality with another row's column gets its keys from a statement of our
//! own over the rows that lead to it.
//! In reading order: what is known of a relation, the conditions that say so, what each table is found by.

mod choose;
mod conditions;
mod facts;
mod member;
mod walk;

pub(super) use facts::{Fixed, FixedValues};
pub(super) use walk::{only_relation, outer_side};

use super::rule::{Rule, Rules};
use super::scope;
use super::terms::{self, Values};
use super::{Dependencies, keys};
use crate::ir::{self, Body, Command, Core, Cte, CteId, Distinct, ExprKind, Relation, RelationId, Select};
use crate::{Catalogue, Volatility};
use facts::{Facts, Given};
use member::Member;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The dependencies of a statement; of one that is no SELECT none are asked for.
pub(super) fn of(statement: &ir::Statement, catalogue: &Catalogue, rules: Rules) -> Dependencies {
    let Command::Select(select) = &statement.command else { return Dependencies::default() };
    let mut analysis = Analysis {
        catalogue,
        rules,
        is_volatile: statement.volatility == Volatility::Volatile,
        reads: walk::columns_read(select, rules),
        values: Values::new(rules),
        facts: HashMap::new(),
        ctes: Vec::new(),
        bounded_ctes: BTreeSet::new(),
        met: HashSet::new(),
        found: Dependencies::default(),
    };
    analysis.select(select, &BTreeMap::new());
    let Analysis { mut found, values, .. } = analysis;
    found.values = keys::values_statement(values.exprs);
    found
}

pub(super) struct Analysis<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) rules: Rules,
    /// It draws values, so that nothing in it gives the same again.
    pub(super) is_volatile: bool,
    reads: HashMap<RelationId, BTreeSet<usize>>,
    values: Values,
    pub(super) facts: HashMap<RelationId, Facts<'a>>,
    /// All that have been met.
    pub(super) ctes: Vec<&'a Cte>,
    bounded_ctes: BTreeSet<CteId>,
    /// Subqueries in conditions that have been analysed before their turn, by address.
    met: HashSet<*const Select>,
    pub(super) found: Dependencies,
}

impl<'a> Analysis<'a> {
    /// Analyses a query; whether each of its tables is read in a small part.
    pub(super) fn select(&mut self, select: &'a Select, given: &Given) -> bool {
        let mut is_bounded = true;
        for cte in &select.ctes {
            self.ctes.push(cte);
            if self.select(&cte.query, &Given::new()) {
                self.bounded_ctes.insert(cte.id);
            }
        }
        match &select.body {
            Body::Core(core) => is_bounded &= self.core(core, select, given),
            Body::SetOperation { left, right, .. } => {
                is_bounded &= self.select(left, &Given::new());
                is_bounded &= self.select(right, &Given::new());
            }
            Body::Values(rows) => rows.iter().flatten().for_each(|expr| self.subqueries(expr)),
        }
        let ends = select.order_by.iter().map(|item| &item.expr).chain(&select.limit).chain(&select.offset);
        ends.for_each(|expr| self.subqueries(expr));
        is_bounded
    }

    fn core(&mut self, core: &'a Core, select: &'a Select, given: &Given) -> bool {
        let (relations, conjuncts) = scope::of(core, self.rules);
        for relation in &relations {
            self.facts.insert(relation.id, Facts { relation: Some(Cow::Borrowed(*relation)), ..Facts::default() });
        }
        let own: BTreeSet<RelationId> = relations.iter().map(|relation| relation.id).collect();
        self.give(core, select, given, &own);
        let mut members = Vec::new();
        for conjunct in &conjuncts {
            self.note(conjunct, &own);
            members.extend(Member::of(conjunct, &own, self.rules));
        }
        self.flow(&relations);
        // Inside first: whether a subquery in FROM is bounded decides what may be reached from it.
        for relation in &relations {
            self.of_source(relation);
        }
        self.choose(&keys::Cut { core, select, relations: &relations, conjuncts: &conjuncts }, &members);
        self.inner_queries(core);
        let mut is_bounded = true;
        for relation in &relations {
            is_bounded &= self.facts.get(&relation.id).is_some_and(|facts| facts.is_bounded);
        }
        is_bounded
    }

    /// What the query around fixes of the result's columns holds for the columns behind them, unless rows that are
    /// not shown have a part in those that are.
    fn give(&mut self, core: &Core, select: &Select, given: &Given, own: &BTreeSet<RelationId>) {
        let is_cut = select.limit.is_some() || select.offset.is_some() || matches!(core.distinct, Distinct::On(_));
        let has_window = core
            .projection
            .iter()
            .any(|output| output.expr.any(&mut |expr| matches!(expr.kind, ExprKind::Window { .. })));
        let is_whole = !is_cut && !has_window;
        if !is_whole && self.rules.hold(Rule::Reach) {
            return;
        }
        let missing = outer_side(core);
        for (index, fixed) in given {
            let Some(output) = core.projection.get(*index) else { continue };
            if core.is_grouped && !core.group_by.contains(&output.expr) && self.rules.hold(Rule::Reach) {
                continue;
            }
            if let Some((relation, column)) = terms::column(&output.expr)
                && own.contains(&relation)
                && (!missing.contains(&relation) || !self.rules.hold(Rule::Reach))
                && let Some(facts) = self.facts.get_mut(&relation)
            {
                facts.fixed.entry(column).or_insert_with(|| Fixed { is_derived: true, ..fixed.clone() });
            }
        }
    }

    /// What stands behind a relation that is no table.
    fn of_source(&mut self, relation: &'a Relation) {
        let is_bounded = match &relation.source {
            ir::Source::Table(_) => return,
            ir::Source::Cte(id) => self.bounded_ctes.contains(id),
            ir::Source::Subquery { query, .. } => {
                let given = self.facts.get(&relation.id).map(|facts| facts.fixed.clone()).unwrap_or_default();
                self.select(query, &given)
            }
            ir::Source::Function(function) => {
                let mut is_closed = true;
                let whole = ir::From::Relation(Box::new(relation.clone()));
                whole.parts(&mut |part| {
                    is_closed &= !part.any(&mut |expr| matches!(expr.kind, ExprKind::Column { .. }));
                });
                is_closed && !matches!(function, ir::TableFunction::GenerateSeries { .. })
            }
        };
        if let Some(facts) = self.facts.get_mut(&relation.id) {
            facts.is_bounded = is_bounded;
        }
    }
}
