//! Refusals that SQLite would not make itself.

use super::{Raise, Registry};
use martlet_core::code;
use rusqlite::types::{Value, ValueRef};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    // INTEGER PRIMARY KEY would make an id of a null.
    registry.lenient("not_null", 3, |arguments| match arguments.raw(0) {
        ValueRef::Null => {
            let (table, column) = (arguments.text(1)?, arguments.text(2)?);
            let message =
                format!("null value in column \"{column}\" of relation \"{table}\" violates not-null constraint");
            Err(Raise::new(&code::NOT_NULL, message))
        }
        value => Value::try_from(value).map_err(|_| super::wrong_class()),
    })
}
