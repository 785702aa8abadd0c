//! The compiler's middle by itself: one query's typed tree, and what is written from it. For tools and measurements;
//! whoever wants a plan compiles the folder.

use crate::app::SourceFile;
use crate::catalogue::Catalogue;
use crate::header::{self, FileKind};
use crate::resolve::{self, Context, Environment};
use crate::source::Source;
use crate::{EngineText, ir, lower, stack, token};

/// The typed tree of a query's SELECT; none where the file has a mistake.
pub fn typed_tree(file: &SourceFile, catalogue: &Catalogue) -> Option<ir::Statement> {
    stack::with_deep_stack(|| {
        let source = Source::of_file(file);
        let mut sink = Vec::new();
        let text = token::split(&source, &mut sink);
        let header = header::read(&source, &text, FileKind::Query, "query", &mut sink);
        let ast = token::parse_statement(&source, text.statements.first()?, &mut sink)?;
        let params = &header.declaration.params;
        let env = Environment { catalogue, params, steps: &[], context: Context::Query, source: &source };
        resolve::statement(&ast, &env, &mut sink)
    })
    .flatten()
}

/// The text for SQLite of a typed tree.
pub fn lowered(tree: &ir::Statement) -> EngineText {
    lower::statement(tree)
}
