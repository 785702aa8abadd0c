//! From a resolved query to its dependencies: each table that it reads, wherever, becomes a shape.
//!
//! First every condition is given to the relations that it tells of. Then what is fixed flows along equalities, into
//! subqueries too. What is reached only by an equality with another row's column gets its keys from a statement of our
//! own over the rows that lead to it.

use super::keys::{self, Chain, Link};
use super::rule::{Rule, Rules};
use super::scope::{self, Conjunct};
use super::terms::{self, Values};
use super::{Dependencies, Operand, Shape, Source, Term, Tuples};
use crate::Catalogue;
use crate::ir::{
    self, Body, Command, CompareOperator, Core, Cte, CteId, Distinct, Expr, ExprKind, Part, Relation, RelationId,
    Select,
};
use martlet_core::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The dependencies of a statement; of one that is no SELECT none are asked for.
pub(super) fn of(statement: &ir::Statement, catalogue: &Catalogue, rules: Rules) -> Dependencies {
    let Command::Select(select) = &statement.command else { return Dependencies::default() };
    let mut analysis = Analysis {
        catalogue,
        rules,
        reads: columns_read(select, rules),
        values: Values::new(rules),
        facts: HashMap::new(),
        ctes: Vec::new(),
        bounded_ctes: BTreeSet::new(),
        found: Dependencies::default(),
    };
    analysis.select(select, &BTreeMap::new());
    let Analysis { mut found, values, .. } = analysis;
    found.values = keys::values_statement(values.exprs);
    found
}

/// The columns of each relation that stand anywhere in the statement.
fn columns_read(select: &Select, rules: Rules) -> HashMap<RelationId, BTreeSet<usize>> {
    let mut reads: HashMap<RelationId, BTreeSet<usize>> = HashMap::new();
    let unordered = (!rules.hold(Rule::Order)).then(|| Select { order_by: Vec::new(), ..select.clone() });
    unordered.as_ref().unwrap_or(select).any(&mut |expr| {
        if let ExprKind::Column { relation, column } = expr.kind {
            reads.entry(relation).or_default().insert(column);
        }
        false
    });
    reads
}

/// What is known of one relation.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    /// What it is; none of a relation without a place in FROM.
    pub(super) relation: Option<&'a Relation>,
    /// Columns with known values, and the conditions that say so, over this relation alone.
    pub(super) fixed: BTreeMap<usize, Fixed>,
    /// Other conditions on it alone.
    pub(super) terms: Vec<Term>,
    /// The conditions on it alone as they are written.
    pub(super) conditions: Vec<&'a Expr>,
    /// Its columns that equal another relation's.
    pub(super) links: Vec<Link>,
    /// Where its keys come from, if they stand in other rows.
    pub(super) chain: Option<Link>,
    /// Whether its rows are a small part of its table.
    pub(super) is_bounded: bool,
}

/// A column's known value.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    pub(super) source: Source,
    /// The value or values as expressions.
    pub(super) values: FixedValues,
    /// Known by an equality with another relation's column, not by a condition of its own.
    pub(super) is_derived: bool,
}

/// See [`Fixed`].
#[derive(Debug, Clone)]
pub(super) enum FixedValues {
    /// One of these.
    Exprs(Vec<Expr>),
    /// One of a list parameter's items.
    List(usize, martlet_core::Type),
}

impl Fixed {
    fn is_constant(&self) -> bool {
        let is_constant = |operand: &Operand| matches!(operand, Operand::Constant(_));
        match &self.source {
            Source::One(operand) => is_constant(operand),
            Source::Any(operands) => operands.iter().all(is_constant),
            Source::List(_) => false,
        }
    }
}

/// What a subquery's result columns are fixed to by the query around it.
type Given = BTreeMap<usize, Fixed>;

pub(super) struct Analysis<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) rules: Rules,
    reads: HashMap<RelationId, BTreeSet<usize>>,
    values: Values,
    pub(super) facts: HashMap<RelationId, Facts<'a>>,
    /// All that have been met.
    pub(super) ctes: Vec<&'a Cte>,
    bounded_ctes: BTreeSet<CteId>,
    pub(super) found: Dependencies,
}

impl<'a> Analysis<'a> {
    /// Analyses a query; whether each of its tables is read in a small part.
    fn select(&mut self, select: &'a Select, given: &Given) -> bool {
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
            self.facts.insert(relation.id, Facts { relation: Some(relation), ..Facts::default() });
        }
        let own: BTreeSet<RelationId> = relations.iter().map(|relation| relation.id).collect();
        self.give(core, select, given, &own);
        conjuncts.iter().for_each(|conjunct| self.note(conjunct, &own));
        self.flow(&relations);
        // Inside first: whether a subquery in FROM is bounded decides what may be reached from it.
        for relation in &relations {
            self.of_source(relation);
        }
        self.choose(core, select, &relations, &conjuncts);
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

    /// Gives a condition to the relations that it tells of.
    fn note(&mut self, conjunct: &Conjunct<'a>, own: &BTreeSet<RelationId>) {
        let expr = conjunct.expr;
        if let ExprKind::Compare { operator: CompareOperator::Equal, left, right } = &expr.kind
            && let (Some(left), Some(right)) = (terms::column(left), terms::column(right))
            && left.0 != right.0
        {
            for ((of, column), (other, other_column)) in [(left, right), (right, left)] {
                if conjunct.tells_of(of, true)
                    && let Some(facts) = self.facts.get_mut(&of)
                {
                    facts.links.push(Link { column, other, other_column });
                }
            }
            return;
        }
        let Some(relation) = only_relation(expr).filter(|relation| own.contains(relation)) else { return };
        let Some(term) = self.values.term(expr, relation) else { return };
        let rejects_nulls = term.rejects_nulls() || !self.rules.hold(Rule::Nulls);
        if !conjunct.tells_of(relation, rejects_nulls) {
            return;
        }
        let fixed = fixed_by(&term, expr);
        let Some(facts) = self.facts.get_mut(&relation) else { return };
        facts.conditions.push(expr);
        match fixed {
            Some((column, fixed)) if !facts.fixed.contains_key(&column) => {
                facts.fixed.insert(column, fixed);
            }
            _ => facts.terms.push(term),
        }
    }

    /// What is fixed of one relation is fixed of what equals it.
    fn flow(&mut self, relations: &[&Relation]) {
        loop {
            let mut news = Vec::new();
            for relation in relations {
                let Some(facts) = self.facts.get(&relation.id) else { continue };
                for link in facts.links.iter().filter(|link| !facts.fixed.contains_key(&link.column)) {
                    let known = self.facts.get(&link.other).and_then(|other| other.fixed.get(&link.other_column));
                    if let Some(fixed) = known {
                        news.push((relation.id, link.column, Fixed { is_derived: true, ..fixed.clone() }));
                    }
                }
            }
            if news.is_empty() {
                return;
            }
            for (relation, column, fixed) in news {
                if let Some(facts) = self.facts.get_mut(&relation) {
                    facts.fixed.entry(column).or_insert(fixed);
                }
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

    /// Decides for each table what its rows are found by.
    fn choose(&mut self, core: &'a Core, select: &'a Select, relations: &[&'a Relation], conjuncts: &[Conjunct<'a>]) {
        for relation in relations {
            if let Some(facts) = self.facts.get_mut(&relation.id)
                && matches!(relation.source, ir::Source::Table(_))
            {
                facts.is_bounded = facts.fixed.values().any(|fixed| !fixed.is_constant());
            }
        }
        // A relation is reached from one that is bounded already: so no chain goes in a circle.
        while let Some((reached, link)) = relations.iter().find_map(|relation| self.reach(relation)) {
            if let Some(facts) = self.facts.get_mut(&reached) {
                facts.chain = Some(link);
                facts.is_bounded = true;
            }
        }
        for relation in relations {
            if let ir::Source::Table(table) = &relation.source {
                let cut = keys::Cut { core, select, relations, conjuncts };
                self.shape(relation, table, &cut);
            }
        }
    }

    fn reach(&self, relation: &Relation) -> Option<(RelationId, Link)> {
        let facts = self.facts.get(&relation.id)?;
        if facts.is_bounded || !matches!(relation.source, ir::Source::Table(_)) {
            return None;
        }
        let is_bounded = |link: &&Link| self.facts.get(&link.other).is_some_and(|other| other.is_bounded);
        let link = facts.links.iter().filter(is_bounded).find(|link| self.can_chain(link.other))?;
        Some((relation.id, link.clone()))
    }

    fn shape(&mut self, relation: &Relation, table: &str, cut: &keys::Cut<'_, 'a>) {
        let Some(facts) = self.facts.get(&relation.id) else { return };
        let chain = facts.chain.as_ref().and_then(|_| Chain::of(self, relation.id));
        let mut residual = facts.terms.clone();
        let mut fixed: Vec<(usize, Source)> =
            facts.fixed.iter().map(|(column, fixed)| (*column, fixed.source.clone())).collect();
        let mut reads = self.reads.get(&relation.id).cloned().unwrap_or_default();
        let mut coarse = Vec::new();
        let (key, tuples) = match chain.and_then(|chain| chain.statement(self, cut)) {
            Some((columns, statement)) => {
                // What is fixed by constants narrows what the keys have found.
                residual.extend(fixed.drain(..).map(|(column, source)| Term::of(column, source)));
                (columns, Tuples::Selected(self.keys_statement(statement)))
            }
            None => {
                if fixed.is_empty() {
                    coarse.push(super::words::coarse(table, self.links_of(relation.id)));
                }
                let (columns, sources) = fixed.into_iter().unzip();
                (columns, Tuples::Given(sources))
            }
        };
        reads.extend(&key);
        residual.iter().for_each(|term| term.columns(&mut reads));
        self.add(Shape { table: table.to_owned(), key, tuples, residual, reads, coarse });
    }

    fn links_of(&self, relation: RelationId) -> &[Link] {
        self.facts.get(&relation).map_or(&[], |facts| &facts.links)
    }

    fn keys_statement(&mut self, statement: super::KeysStatement) -> usize {
        let known = self.found.keys.iter().position(|known| *known == statement);
        known.unwrap_or_else(|| {
            self.found.keys.push(statement);
            self.found.keys.len() - 1
        })
    }

    /// Adds a shape; one that is there already reads more.
    fn add(&mut self, shape: Shape) {
        let is_same = |known: &&mut Shape| {
            known.table == shape.table
                && known.key == shape.key
                && known.tuples == shape.tuples
                && known.residual == shape.residual
        };
        match self.found.shapes.iter_mut().find(is_same) {
            Some(known) => known.reads.extend(shape.reads),
            None => self.found.shapes.push(shape),
        }
    }

    /// The subqueries in the expressions of a core; those in FROM have been met.
    fn inner_queries(&mut self, core: &'a Core) {
        if let Distinct::On(on) = &core.distinct {
            on.iter().for_each(|expr| self.subqueries(expr));
        }
        core.projection.iter().for_each(|output| self.subqueries(&output.expr));
        core.filter.iter().chain(&core.group_by).chain(&core.having).for_each(|expr| self.subqueries(expr));
        if let Some(from) = &core.from {
            self.conditions_and_arguments(from);
        }
    }

    fn conditions_and_arguments(&mut self, from: &'a ir::From) {
        match from {
            ir::From::Relation(relation) if matches!(relation.source, ir::Source::Function(_)) => {
                let mut parts = Vec::new();
                from.parts(&mut |part| parts.push(part));
                parts.into_iter().for_each(|part| self.part(part));
            }
            ir::From::Relation(_) => {}
            ir::From::Join { left, right, on, .. } => {
                self.conditions_and_arguments(left);
                self.conditions_and_arguments(right);
                on.iter().for_each(|on| self.subqueries(on));
            }
        }
    }

    fn subqueries(&mut self, expr: &'a Expr) {
        self.part(Part::Expr(expr));
    }

    fn part(&mut self, part: Part<'a>) {
        match part {
            Part::Select(select) => {
                self.select(select, &Given::new());
            }
            Part::Expr(expr) => {
                let mut parts = Vec::new();
                expr.parts(&mut |part| parts.push(part));
                parts.into_iter().for_each(|part| self.part(part));
            }
        }
    }
}

impl Term {
    /// `column = ..` or `column in (..)`.
    fn of(column: usize, source: Source) -> Self {
        match source {
            Source::One(operand) => Term::Compare { column, operator: CompareOperator::Equal, operand },
            source => Term::Among { column, source },
        }
    }

    /// Adds the columns that it looks at.
    fn columns(&self, columns: &mut BTreeSet<usize>) {
        match self {
            Term::Compare { column, .. } | Term::IsNull(column) | Term::Among { column, .. } => {
                columns.insert(*column);
            }
            Term::And(terms) | Term::Or(terms) => terms.iter().for_each(|term| term.columns(columns)),
            Term::Not(term) => term.columns(columns),
        }
    }
}

/// The one relation whose columns stand in a condition without a subquery.
pub(super) fn only_relation(expr: &Expr) -> Option<RelationId> {
    let mut relations = BTreeSet::new();
    let has_subquery = expr.any(&mut |part| {
        if let ExprKind::Column { relation, .. } = part.kind {
            relations.insert(relation);
        }
        matches!(part.kind, ExprKind::Exists(_) | ExprKind::Scalar(_) | ExprKind::InSubquery { .. })
    });
    if has_subquery || relations.len() != 1 { None } else { relations.first().copied() }
}

/// The column that a term fixes.
fn fixed_by(term: &Term, expr: &Expr) -> Option<(usize, Fixed)> {
    let (column, source) = match term {
        Term::Compare { column, operator: CompareOperator::Equal, operand } => (*column, Source::One(operand.clone())),
        Term::Among { column, source } => (*column, source.clone()),
        _ => return None,
    };
    let values = match &expr.kind {
        ExprKind::Compare { left, right, .. } => {
            let value = if terms::column(left).is_some() { right } else { left };
            FixedValues::Exprs(vec![(**value).clone()])
        }
        ExprKind::InList { list, .. } => FixedValues::Exprs(list.clone()),
        ExprKind::AnyList { parameter, item, .. } => FixedValues::List(*parameter, *item),
        ExprKind::Column { .. } => {
            let kind = ExprKind::Literal(Value::Boolean(true));
            FixedValues::Exprs(vec![Expr { kind, ty: expr.ty, is_nullable: false, span: expr.span }])
        }
        ExprKind::Or(items) => {
            let mut values = Vec::new();
            for item in items {
                match fixed_by(&Term::Among { column, source: source.clone() }, item)?.1.values {
                    FixedValues::Exprs(more) => values.extend(more),
                    FixedValues::List(..) => return None,
                }
            }
            FixedValues::Exprs(values)
        }
        _ => return None,
    };
    Some((column, Fixed { source, values, is_derived: false }))
}

/// Relations that may be missing in a core's rows.
pub(super) fn outer_side(core: &Core) -> BTreeSet<RelationId> {
    fn walk(from: &ir::From, is_missing: bool, missing: &mut BTreeSet<RelationId>) {
        match from {
            ir::From::Relation(relation) => {
                if is_missing {
                    missing.insert(relation.id);
                }
            }
            ir::From::Join { kind, left, right, .. } => {
                walk(left, is_missing, missing);
                walk(right, is_missing || *kind == ir::JoinKind::Left, missing);
            }
        }
    }
    let mut missing = BTreeSet::new();
    core.from.iter().for_each(|from| walk(from, false, &mut missing));
    missing
}
