//! What is asked: kinds of requests, how often each comes, and where its bytes come from.

use crate::random::{Random, Zipf};

/// The requests of one kind.
pub trait Requests {
    /// Appends request `number` of the whole load, head and body, to the empty `buffer`.
    fn write(&mut self, number: u64, random: &mut Random, buffer: &mut Vec<u8>);
}

impl<F: FnMut(u64, &mut Random, &mut Vec<u8>)> Requests for F {
    fn write(&mut self, number: u64, random: &mut Random, buffer: &mut Vec<u8>) {
        self(number, random, buffer);
    }
}

/// How a pool chooses.
#[derive(Debug, Clone)]
pub enum Draw {
    /// One after the other, from the start again at the end.
    InTurn,
    /// Each as likely as any other.
    Uniform,
    /// The first most often; made for as many as the pool holds.
    Zipf(Zipf),
}

/// Requests that are made before the load begins.
#[derive(Debug, Clone)]
pub struct Pool {
    requests: Vec<Vec<u8>>,
    draw: Draw,
    turn: usize,
}

impl Pool {
    /// Keeps the requests; an empty pool writes nothing, which is told as a fault.
    pub fn new(requests: Vec<Vec<u8>>, draw: Draw) -> Self {
        Self { requests, draw, turn: 0 }
    }
}

impl Requests for Pool {
    fn write(&mut self, _: u64, random: &mut Random, buffer: &mut Vec<u8>) {
        let count = self.requests.len();
        let index = match &self.draw {
            Draw::InTurn => {
                let turn = self.turn;
                self.turn = (turn + 1) % count.max(1);
                turn
            }
            Draw::Uniform => random.below(count as u64) as usize,
            Draw::Zipf(zipf) => zipf.draw(random),
        };
        if let Some(request) = self.requests.get(index) {
            buffer.extend_from_slice(request);
        }
    }
}

/// All that is asked: one kind, or several by their weights.
pub struct Workload {
    random: Random,
    number: u64,
    kinds: Vec<Weighed>,
}

struct Weighed {
    name: String,
    /// The sum of the weights up to and with this one.
    weight_end: f64,
    requests: Box<dyn Requests>,
}

impl Workload {
    /// Begins without a kind; the seed decides every draw.
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), number: 0, kinds: Vec::new() }
    }

    /// Adds a kind that makes `weight` out of the sum of all weights of the requests.
    #[must_use]
    pub fn kind(mut self, name: impl Into<String>, weight: f64, requests: impl Requests + 'static) -> Self {
        let before = self.kinds.last().map_or(0.0, |kind| kind.weight_end);
        let weight_end = before + weight.max(0.0);
        self.kinds.push(Weighed { name: name.into(), weight_end, requests: Box::new(requests) });
        self
    }

    /// The kinds' names in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(|kind| kind.name.as_str())
    }

    /// Whether no request can come of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.last().is_none_or(|kind| kind.weight_end <= 0.0)
    }

    /// Writes the next request into `buffer`, which is emptied first; gives the index of its kind.
    pub(crate) fn write(&mut self, buffer: &mut Vec<u8>) -> usize {
        buffer.clear();
        let index = match self.kinds.as_slice() {
            [] => return 0,
            [_] => 0,
            [.., last] => {
                let at = self.random.unit() * last.weight_end;
                self.kinds.partition_point(|kind| kind.weight_end <= at).min(self.kinds.len() - 1)
            }
        };
        self.kinds[index].requests.write(self.number, &mut self.random, buffer);
        self.number += 1;
        index
    }
}

impl Default for Workload {
    fn default() -> Self {
        Self::new(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(texts: &[&str], draw: Draw) -> Pool {
        Pool::new(texts.iter().map(|text| text.as_bytes().to_vec()).collect(), draw)
    }

    #[test]
    fn kinds_come_by_their_weights() {
        let mut workload = Workload::new(3)
            .kind("often", 9.0, pool(&["a"], Draw::InTurn))
            .kind("never", 0.0, pool(&["b"], Draw::InTurn))
            .kind("seldom", 1.0, |number: u64, _: &mut Random, buffer: &mut Vec<u8>| {
                buffer.extend_from_slice(number.to_string().as_bytes());
            });
        let mut counts = [0; 3];
        let mut buffer = Vec::new();
        for _ in 0..10_000 {
            counts[workload.write(&mut buffer)] += 1;
            assert!(!buffer.is_empty());
        }
        assert_eq!(counts[1], 0);
        assert!((8_800..9_200).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn a_pool_is_drawn_in_turn_evenly_or_by_zipf() {
        let take = |draw| {
            let mut workload = Workload::new(1).kind("k", 1.0, pool(&["a", "b", "c"], draw));
            let mut buffer = Vec::new();
            let mut counts = [0; 3];
            let mut text = String::new();
            for _ in 0..3_000 {
                workload.write(&mut buffer);
                counts[usize::from(buffer[0] - b'a')] += 1;
                text.push(char::from(buffer[0]));
            }
            (text, counts)
        };
        assert!(take(Draw::InTurn).0.starts_with("abcabc"));
        assert!(take(Draw::Uniform).1.iter().all(|count| (900..1_100).contains(count)));
        let (_, counts) = take(Draw::Zipf(Zipf::new(3, 1.1)));
        assert!(counts[0] > counts[1] && counts[1] > counts[2], "{counts:?}");
    }

    #[test]
    fn an_empty_pool_and_a_workload_without_kinds_write_nothing() {
        let mut buffer = vec![1];
        Workload::new(1).kind("k", 1.0, pool(&[], Draw::InTurn)).write(&mut buffer);
        assert!(buffer.is_empty());
        assert!(Workload::new(1).is_empty() && Workload::new(1).kind("k", 0.0, pool(&["a"], Draw::InTurn)).is_empty());
    }
}
