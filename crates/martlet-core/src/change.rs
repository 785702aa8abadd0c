//! What a commit has written, row by row.

use crate::Value;

/// One row written: its values before and after, of the columns that any declared query reads.
///
/// Of an insert there is no old row, of a delete no new one. Captured changes are a superset: a statement that
/// failed midway may have left some for rows that are as they were.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Index into the tracked tables of the app.
    pub table: usize,
    /// Values before, in the order of the table's tracked columns.
    pub old: Option<Box<[Value]>>,
    /// Values after, in the same order.
    pub new: Option<Box<[Value]>>,
}
