//! Medians, and ratios of what was measured in turn.

/// A ratio over several rounds: each round's own first, for the machine drifts between rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Ratio {
    /// `ours` to `theirs`, round by round; nothing where a round lacks one of both.
    pub(crate) fn of(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        if ours.is_empty() || ours.len() != theirs.len() || theirs.iter().any(|value| *value <= 0.0) {
            return None;
        }
        let mut ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        Some(Self { median: median(&ratios)?, least: ratios[0], most: ratios[ratios.len() - 1] })
    }

    /// As `5.2 (4.9 to 5.3)`, or as percent where ours is the smaller.
    pub(crate) fn text(self) -> String {
        let Self { median, least, most } = self;
        if median < 1.0 {
            return format!("{:.0} % ({:.0} to {:.0})", median * 100.0, least * 100.0, most * 100.0);
        }
        let digits = if median < 10.0 { 2 } else { 1 };
        format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_any_order() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn each_round_has_its_own_ratio() {
        // The machine halved its speed in the second round: the ratio does not see it.
        let ratio = Ratio::of(&[100.0, 50.0, 110.0], &[10.0, 5.0, 10.0]).unwrap();
        assert_eq!((ratio.least, ratio.median, ratio.most), (10.0, 10.0, 11.0));
        assert_eq!(ratio.text(), "10.0 (10.0 to 11.0)");
        assert_eq!(Ratio::of(&[1.0], &[4.0]).unwrap().text(), "25 % (25 to 25)");
    }

    #[test]
    fn what_was_not_measured_has_no_ratio() {
        assert!(Ratio::of(&[], &[]).is_none());
        assert!(Ratio::of(&[1.0, 2.0], &[1.0]).is_none());
        assert!(Ratio::of(&[1.0], &[0.0]).is_none());
    }
}
