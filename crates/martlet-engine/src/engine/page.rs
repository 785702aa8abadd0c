//! Pages: from `cursor` and `size` to the arguments of the plan, and from its rows to `{items, next_cursor, has_more}`.

use crate::cursor::{CursorKey, QueryScope, Scope};
use bytes::Bytes;
use martlet_core::{Caller, Error, Timestamp, Value, code};
use martlet_sql::Query;
use martlet_store::{Answer, Demand, Form};
use std::sync::Arc;

/// What must be known of a page's call when its rows are there.
#[derive(Debug, Clone)]
pub(super) struct PageCall {
    scope: Scope,
    now: Timestamp,
}

impl PageCall {
    /// The same call for a page that is given at another time.
    pub(super) fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }
}

/// Takes the arguments of a call apart: the declared ones, then what the page's plan wants.
///
/// Errors: MRT010 for a cursor that is not good for this call.
pub(super) fn begin(
    query: &Query,
    scope: &QueryScope,
    key: &CursorKey,
    caller: &Caller,
    values: &[Value],
    now: Timestamp,
) -> Result<(Arc<[Value]>, Option<PageCall>), Error> {
    let Some(page) = &query.page else { return Ok((values.into(), None)) };
    let (declared, paging) = values.split_at(query.declaration.params.len().min(values.len()));
    let scope = Scope::new(scope, declared, caller);
    let size = match paging.first() {
        Some(Value::Integer(size)) => *size,
        _ => return Err(Error::internal("a page without a size")),
    };
    let mut arguments = declared.to_vec();
    // One more than the page shows tells whether another follows.
    arguments.push(Value::Integer(size + 1));
    if let Some(Value::Text(cursor)) = paging.get(1) {
        arguments.extend(key.open(&scope, cursor, page.keys.len(), now)?);
    }
    Ok((arguments.into(), Some(PageCall { scope, now })))
}

/// What a page can be demanded as: it is one object already, and has no rows of its own.
pub(super) fn demand(demand: Demand) -> Result<Demand, Error> {
    if demand.form == Form::Csv {
        let error = Error::new(&code::NOT_ACCEPTABLE, "a query with pages does not answer with text/csv");
        return Err(Error { status: Some(406), ..error }.hint("accept application/json"));
    }
    Ok(Demand { is_single: false, ..demand })
}

/// Wraps the rows of a page.
pub(super) fn end(call: &PageCall, key: &CursorKey, answer: Answer) -> Result<Answer, Error> {
    let next = answer.last.as_deref().map(|last| key.seal(&call.scope, last, call.now)).transpose()?;
    let items = answer.body.as_deref().unwrap_or(b"[]");
    let mut body = Vec::with_capacity(items.len() + 600);
    body.extend_from_slice(b"{\"items\":");
    body.extend_from_slice(items);
    match next {
        // A cursor has no character that JSON would escape.
        Some(cursor) => {
            body.extend_from_slice(b",\"next_cursor\":\"");
            body.extend_from_slice(cursor.as_bytes());
            body.extend_from_slice(b"\",\"has_more\":true}");
        }
        None => body.extend_from_slice(b",\"next_cursor\":null,\"has_more\":false}"),
    }
    Ok(Answer { body: Some(Bytes::from(body)), last: None, ..answer })
}
