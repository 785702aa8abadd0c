//! Draws that a seed repeats: uniform and by Zipf's law. SplitMix64 is enough to choose requests by; nothing secret
//! comes from here.

/// A source of numbers; the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Gives the next number, each of 2^64 as likely as any other.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Gives a number from 0 to `end`, without it; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product; what is uneven in it is below one in 2^32 for any count of requests.
        ((u128::from(self.number()) * u128::from(end)) >> 64) as u64
    }

    /// Gives a number from 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Zipf's law over so many ranks: the first is drawn most often, rank `r` in proportion to `1 / r^exponent`.
#[derive(Debug, Clone)]
pub struct Zipf {
    /// The share of all draws that falls on a rank or one before it.
    cumulative: Vec<f64>,
}

impl Zipf {
    /// Prepares draws from 0 to `count`, without it.
    pub fn new(count: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=count)
            .map(|rank| {
                sum += (rank as f64).powf(-exponent);
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|share| *share /= sum);
        Self { cumulative }
    }

    /// Draws an index; 0 is the most frequent.
    pub fn draw(&self, random: &mut Random) -> usize {
        let unit = random.unit();
        self.cumulative.partition_point(|share| *share <= unit).min(self.cumulative.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 100_000;

    #[test]
    fn a_seed_repeats_its_numbers_and_another_gives_others() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn uniform_draws_are_even_and_stay_below_their_end() {
        let mut random = Random::new(1);
        let mut counts = [0_usize; 10];
        for _ in 0..DRAWS {
            counts[usize::try_from(random.below(10)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!((random.below(1), random.below(0)), (0, 0));
    }

    #[test]
    fn zipf_draws_follow_its_law() {
        let (zipf, mut random) = (Zipf::new(1000, 1.1), Random::new(1));
        let mut counts = vec![0_usize; 1000];
        for _ in 0..DRAWS {
            counts[zipf.draw(&mut random)] += 1;
        }
        let norm: f64 = (1..=1000).map(|rank| f64::from(rank).powf(-1.1)).sum();
        for rank in [1_usize, 2, 10] {
            let wanted = DRAWS as f64 * (rank as f64).powf(-1.1) / norm;
            let got = counts[rank - 1] as f64;
            assert!((got - wanted).abs() < wanted * 0.1, "rank {rank}: {got}, wanted {wanted}");
        }
    }
}
