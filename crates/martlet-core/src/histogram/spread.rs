//! What a [`super::Percentiles`] has counted, to be kept: few numbers, and two of them add up exactly.

use super::{BUCKETS, percentile, upper_of};

/// How values spread over the buckets of [`super::Percentiles`]: only buckets that are not empty, rising.
///
/// Two of them merge into what one would have counted of all values: percentiles of an hour are read from its minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread(Vec<(u16, u64)>);

impl Spread {
    /// From a count for each bucket.
    pub(super) fn of(counts: impl Iterator<Item = u64>) -> Self {
        let counts = (0..).zip(counts).filter(|(_, count)| *count > 0);
        Self(counts.collect())
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As [`super::Percentiles::at`].
    pub fn at<const N: usize>(&self, shares: [f64; N]) -> [u64; N] {
        let total = self.count();
        shares.map(|share| {
            let counts = self.0.iter().map(|(bucket, count)| (usize::from(*bucket), *count));
            percentile(counts, total, share)
        })
    }

    /// The upper end of the highest bucket: the greatest value, an eighth too high at most; 0 where nothing was counted.
    pub fn greatest(&self) -> u64 {
        self.0.last().map_or(0, |(bucket, _)| upper_of(usize::from(*bucket)))
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            match self.0.binary_search_by_key(bucket, |(bucket, _)| *bucket) {
                Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(*count),
                Err(place) => self.0.insert(place, (*bucket, *count)),
            }
        }
    }

    /// What was counted since `before`; none where that is no earlier state of the same counts: they began anew.
    pub fn since(&self, before: &Self) -> Option<Self> {
        let mut counts = self.0.clone();
        for (bucket, count) in &before.0 {
            let place = counts.binary_search_by_key(bucket, |(bucket, _)| *bucket).ok()?;
            counts[place].1 = counts[place].1.checked_sub(*count)?;
        }
        counts.retain(|(_, count)| *count > 0);
        Some(Self(counts))
    }

    /// A few bytes: each bucket's distance from the one before and its count, seven bits a byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut last = 0;
        for (bucket, count) in &self.0 {
            write_number(&mut bytes, u64::from(bucket - last));
            write_number(&mut bytes, *count);
            last = *bucket;
        }
        bytes
    }

    /// From [`Spread::to_bytes`]; none for other bytes.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut counts: Vec<(u16, u64)> = Vec::new();
        while !bytes.is_empty() {
            let distance = u16::try_from(read_number(&mut bytes)?).ok()?;
            let count = read_number(&mut bytes)?;
            let bucket = match counts.last() {
                Some(_) if distance == 0 => return None,
                Some((last, _)) => last.checked_add(distance)?,
                None => distance,
            };
            if usize::from(bucket) >= BUCKETS || count == 0 {
                return None;
            }
            counts.push((bucket, count));
        }
        Some(Self(counts))
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part > u64::MAX >> shift {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Percentiles;
    use super::*;

    fn spread(values: impl IntoIterator<Item = u64>) -> Spread {
        let percentiles = Percentiles::default();
        values.into_iter().for_each(|value| percentiles.observe(value));
        percentiles.spread()
    }

    #[test]
    fn parts_merge_into_the_spread_of_all() {
        let all = spread((0..10_000).map(|value| value * value));
        let mut merged = Spread::default();
        for part in 0..60 {
            merged.merge(&spread((0..10_000).filter(|value| value % 60 == part).map(|value| value * value)));
        }
        assert_eq!(merged, all);
        assert_eq!(merged.count(), 10_000);
        let percentiles = Percentiles::default();
        (0..10_000).for_each(|value| percentiles.observe(value * value));
        assert_eq!(merged.at([0.0, 0.5, 0.95, 0.99, 1.0]), percentiles.at([0.0, 0.5, 0.95, 0.99, 1.0]));
        assert_eq!(merged.greatest(), merged.at([1.0])[0]);
        assert_eq!((Spread::default().at([0.5]), Spread::default().greatest()), ([0], 0));
    }

    #[test]
    fn what_came_since_is_told_and_counts_that_began_anew_are_noticed() {
        let (before, later) = (spread([1, 5, 5, 900]), spread([1, 5, 5, 900, 5, 7_000]));
        assert_eq!(later.since(&before), Some(spread([5, 7_000])));
        assert_eq!(later.since(&later), Some(Spread::default()));
        assert_eq!(spread([5]).since(&before), None);
        assert_eq!(before.since(&spread([1, 5, 5, 5])), None);
    }

    #[test]
    fn bytes_give_it_back_and_other_bytes_give_none() {
        for values in [vec![], vec![0], vec![0, 7, 8, 1 << 20, u64::MAX], (0..5_000).collect()] {
            let spread = spread(values);
            assert_eq!(Spread::from_bytes(&spread.to_bytes()), Some(spread));
        }
        let most = Spread(vec![(3, u64::MAX)]);
        assert_eq!(Spread::from_bytes(&most.to_bytes()), Some(most));
        for wrong in [&[1][..], &[0x80], &[1, 0], &[1, 1, 0, 1], &[0xff, 0xff, 0x7f, 1], &[1; 3], &[0xff; 20]] {
            assert_eq!(Spread::from_bytes(wrong), None, "{wrong:?}");
        }
    }
}
