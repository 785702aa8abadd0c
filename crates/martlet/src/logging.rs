//! Logs on stderr: JSON lines for machines in `serve`, readable lines in `dev`.
//!
//! One object a line, UTC, as `ts`, `level`, `msg`, then the fields of the event and of the spans around it. A field and
//! a record have a largest size, control characters are escaped, and a slow reader of stderr costs records, counted,
//! never a request's time.

mod line;
mod sink;

use line::{Fields, Line};
use sink::Sink;
use std::sync::Arc;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
}

/// Writes out what is still queued when it is dropped.
#[derive(Debug)]
pub(crate) struct LogGuard(Arc<Sink>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// Starts logging for the whole process. A second start changes nothing.
pub(crate) fn start(format: Format, level: &str) -> LogGuard {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    let sink = Arc::new(Sink::start());
    let lines = Lines { format, sink: Arc::clone(&sink) };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(level));
    let _ = tracing::subscriber::set_global_default(subscriber);
    LogGuard(sink)
}

struct Lines {
    format: Format,
    sink: Arc<Sink>,
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::of(event);
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.add(fields);
            }
        }
        self.sink.send(match self.format {
            Format::Json => line.json(),
            Format::Text => line.text(),
        });
    }
}
