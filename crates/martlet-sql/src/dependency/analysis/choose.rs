//! What each table's rows are found by: values that are given, or those of other rows.

use super::super::keys::{Chain, Cut, Link};
use super::super::{KeysStatement, Shape, Source, Term, Tuples, words};
use super::Analysis;
use super::member::Member;
use crate::ir::{self, CompareOperator, Relation, RelationId};
use std::collections::BTreeSet;

impl<'a> Analysis<'a> {
    /// Decides for each table what its rows are found by.
    pub(super) fn choose(&mut self, cut: &Cut<'_, 'a>, members: &[Member<'a>]) {
        let relations = cut.relations;
        for relation in relations {
            if let Some(facts) = self.facts.get_mut(&relation.id)
                && matches!(relation.source, ir::Source::Table(_))
            {
                facts.is_bounded = facts.fixed.values().any(|fixed| !fixed.is_constant());
            }
        }
        self.reach_all(relations);
        for member in members {
            if self.facts.get(&member.relation).is_some_and(|facts| !facts.is_bounded) {
                self.link_member(member);
                self.reach_all(relations);
            }
        }
        for relation in relations {
            if let ir::Source::Table(table) = &relation.source {
                self.shape(relation, table, cut);
            }
        }
    }

    /// A relation is reached from one that is bounded already: so no chain goes in a circle.
    fn reach_all(&mut self, relations: &[&Relation]) {
        while let Some((reached, link)) = relations.iter().find_map(|relation| self.reach(relation)) {
            if let Some(facts) = self.facts.get_mut(&reached) {
                facts.chain = Some(link);
                facts.is_bounded = true;
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

    fn shape(&mut self, relation: &Relation, table: &str, cut: &Cut<'_, 'a>) {
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
                if fixed.is_empty()
                    && residual.is_empty()
                    && let Some(table) = self.catalogue.table(table)
                {
                    coarse.push(words::coarse(table, self.links_of(relation.id)));
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

    fn keys_statement(&mut self, statement: KeysStatement) -> usize {
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
