//! From one version of the app to the next, under the calls.

use super::Engine;
use super::loaded::Loaded;
use martlet_core::Error;
use martlet_sql::App;
use std::sync::{Arc, PoisonError};

impl Engine {
    /// Serves another version of the app from the next call on; calls under way end with the old one.
    ///
    /// Prepares every statement first; on an error the app that is served stays. Answers of the old app are neither
    /// given nor kept from then on: nothing is kept while the store goes over from one app to the other.
    pub fn replace_app(&self, app: App) -> Result<(), Error> {
        let _alone = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = self.replace(app);
        // On an error, too: while it was tried nothing was told.
        self.live.app_replaced();
        replaced
    }

    fn replace(&self, app: App) -> Result<(), Error> {
        let before = self.loaded.load_full();
        let loaded = Loaded::new(Arc::new(app), Some(&before))?;
        let cache = self.settings.cache.as_deref();
        if let Some(cache) = cache {
            cache.pause();
        }
        if let Err(error) = self.store.prepare(&loaded.app) {
            self.go_back(&before);
            return Err(error);
        }
        loaded.begin(cache);
        self.loaded.store(Arc::new(loaded));
        if let Some(cache) = cache {
            cache.renewals.loaded.notify_one();
        }
        Ok(())
    }

    /// The app that was served is served on. If the store cannot be made ready for it either, nothing is kept.
    fn go_back(&self, before: &Arc<Loaded>) {
        let Some(cache) = self.settings.cache.as_deref() else { return };
        let again = Loaded::new(Arc::clone(&before.app), Some(before));
        if let Ok(again) = again
            && self.store.prepare(&again.app).is_ok()
        {
            again.begin(Some(cache));
            self.loaded.store(Arc::new(again));
            cache.renewals.loaded.notify_one();
        }
    }
}
