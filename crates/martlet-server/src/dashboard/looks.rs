//! Looks at the app and its database, kept for a while: however often a page is asked for, plans are made once a minute.

use crate::front::Shared;
use martlet_engine::Look;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a look is good. Plans change with the app, which is seen at once, or with ANALYZE, which is not.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// The last look.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<Option<Seen>>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    /// None: the database could not be looked at.
    look: Option<Arc<Look>>,
}

impl Looks {
    /// The last look, or another where that is too old or of another app. Who comes meanwhile waits for it.
    pub(crate) async fn get(&self, shared: &Shared) -> Option<Arc<Look>> {
        let mut last = self.0.lock().await;
        if let Some(seen) = &*last {
            let app = shared.engine.app();
            let is_of_app = seen.look.as_ref().is_none_or(|look| Arc::ptr_eq(&look.app, &app));
            if is_of_app && seen.at.elapsed() < GOOD_FOR {
                return seen.look.clone();
            }
        }
        let engine = Arc::clone(&shared.engine);
        let look = match shared.compressor.run(move || engine.look()).await {
            Ok(Ok(look)) => Some(Arc::new(look)),
            Ok(Err(error)) | Err(error) => {
                tracing::warn!(code = %error.code, operator = error.operator, "cannot look at the database");
                None
            }
        };
        *last = Some(Seen { at: Instant::now(), look: look.clone() });
        look
    }
}
