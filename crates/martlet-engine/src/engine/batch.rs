//! Several queries at one snapshot. They do not ask the cache: each kept answer is of the moment it is looked up at,
//! and a batch is of one moment.

use super::loaded::Loaded;
use super::page::PageCall;
use super::{BatchItem, Callable, Engine, read_only};
use martlet_core::{Caller, Error, Timestamp, code};
use martlet_store::{Demand, Read, Snapshot};
use std::time::{Duration, Instant};

impl Engine {
    /// Runs several queries at one snapshot, in one turn; each has its own answer or error, in order.
    ///
    /// A bad item (unknown, forbidden, wrong arguments, an action) is an error in its place and costs the others
    /// nothing. The deadline is the latest of the queries' own.
    /// Errors: MRT004 for more items than `batch_queries_max`; 57014 and those of the store for all together.
    /// Dropped at its await: the statements are stopped, nothing is left.
    pub async fn run_batch(
        &self,
        caller: &Caller,
        items: &[BatchItem<'_>],
        arrival: Instant,
    ) -> Result<Snapshot, Error> {
        let items_max = self.settings.batch_queries_max;
        if items.len() > items_max {
            return Err(Error::new(&code::TOO_MANY_PARTS, format!("a batch takes at most {items_max} queries")));
        }
        let loaded = self.loaded.load_full();
        let now = self.clock.now();
        let mut deadline = arrival;
        let mut reads = Vec::with_capacity(items.len());
        let mut pages = Vec::with_capacity(items.len());
        let mut refused = Vec::with_capacity(items.len());
        for item in items {
            match self.batch_read(&loaded, caller, item, now) {
                Ok((read, page, timeout)) => {
                    pages.push(page);
                    deadline = deadline.max(arrival + timeout);
                    reads.push(read);
                    refused.push(None);
                }
                Err(error) => refused.push(Some(error)),
            }
        }
        if reads.is_empty() {
            let answers = refused.into_iter().flatten().map(Err).collect();
            return Ok(Snapshot { position: self.store.position(), answers });
        }
        let snapshot = self.store.read(reads, deadline).await?;
        let mut answered = snapshot.answers.into_iter().zip(pages);
        let answers = refused.into_iter().map(|refusal| match refusal {
            Some(error) => Err(error),
            None => match answered.next() {
                Some((answer, page)) => answer.and_then(|answer| match &page {
                    Some(page) => self.end_page(page, answer),
                    None => Ok(answer),
                }),
                None => Err(Error::internal("the store gave too few answers")),
            },
        });
        Ok(Snapshot { position: snapshot.position, answers: answers.collect() })
    }

    fn batch_read(
        &self,
        loaded: &Loaded,
        caller: &Caller,
        item: &BatchItem<'_>,
        now: Timestamp,
    ) -> Result<(Read, Option<PageCall>, Duration), Error> {
        let entry = loaded.permitted(item.name, item.arguments, &caller.identity)?;
        let Callable::Query(query) = &entry.callable else {
            return Err(read_only(item.name));
        };
        let (inputs, page) =
            self.inputs(entry, caller, item.arguments, now, Demand::default(), Some(&mut Vec::new()))?;
        Ok((Read { query: query.clone(), inputs, wants_keys: false }, page, self.timeout(&entry.callable)))
    }
}
