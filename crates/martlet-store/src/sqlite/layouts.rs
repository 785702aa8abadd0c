//! How each plan's answers are written, made once on each connection: next to its prepared statement.

use crate::canonical::AnswerLayout;
use martlet_core::limits;
use martlet_sql::Query;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

#[derive(Debug, Default)]
pub(super) struct Layouts(RefCell<HashMap<usize, Kept>>);

#[derive(Debug)]
struct Kept {
    /// Keeps the plan's address from being used again while the layout stands.
    plan: Weak<Query>,
    layout: Arc<AnswerLayout>,
}

impl Layouts {
    /// The layout of the query's answers.
    pub(super) fn of(&self, query: &Arc<Query>) -> Arc<AnswerLayout> {
        let key = Arc::as_ptr(query) as usize;
        let mut layouts = self.0.borrow_mut();
        if let Some(kept) = layouts.get(&key) {
            return Arc::clone(&kept.layout);
        }
        if layouts.len() >= limits::STATEMENTS_KEPT_MAX {
            layouts.retain(|_, kept| kept.plan.strong_count() > 0);
        }
        if layouts.len() >= limits::STATEMENTS_KEPT_MAX {
            layouts.clear();
        }
        let layout = Arc::new(AnswerLayout::new(query.declaration.returns, &query.statement.columns));
        layouts.insert(key, Kept { plan: Arc::downgrade(query), layout: Arc::clone(&layout) });
        layout
    }
}
