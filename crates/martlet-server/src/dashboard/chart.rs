//! Small charts, drawn here: lines of the last hour as SVG, with the same figures as a table behind them.

use super::html::Html;
use std::fmt::Write as _;

/// Units of the drawing; it is stretched to its place.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 48.0;
/// Points that are drawn: more are merged, for nobody sees them at this size.
const DRAWN_MAX: usize = 80;
/// Rows of the table behind.
const ROWS_MAX: usize = 12;

/// One line of a chart.
pub(super) struct Line {
    /// What it tells; said where a chart has several.
    pub(super) name: &'static str,
    /// At a share of the chart's width, from 0 to 1, rising: a value; none where nothing is known.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// The lines over one another, from 0 to the greatest value or `least`, if that is more.
pub(super) fn draw(html: &mut Html, label: &str, lines: &[Line], least: f64) {
    html.raw("<svg class=\"chart\" viewBox=\"0 0 240 48\" preserveAspectRatio=\"none\" role=\"img\"");
    html.attribute("aria-label", label).raw(">");
    let lines: Vec<Vec<(f64, Option<f64>)>> = lines.iter().map(|line| merged(&line.points)).collect();
    let values = lines.iter().flatten().filter_map(|(_, value)| *value);
    let greatest = values.fold(least, f64::max);
    for (index, points) in lines.iter().enumerate() {
        let path = path(points, greatest);
        if index == 0 && lines.len() == 1 {
            html.raw("<path class=\"area\"").attribute("d", area(points, greatest)).raw("/>");
        }
        html.raw(match index {
            0 => "<path class=\"line a\"",
            1 => "<path class=\"line b\"",
            _ => "<path class=\"line c\"",
        });
        html.attribute("d", path).raw("/>");
    }
    html.raw("</svg>");
}

/// The table behind a chart: some rows, the newest first.
pub(super) fn table(html: &mut Html, caption: &str, names: &[&'static str], rows: &[(String, Vec<String>)]) {
    html.raw("<table><caption class=\"unseen\">").text(caption).raw("</caption><thead><tr><th scope=\"col\">Time</th>");
    for name in names {
        html.raw("<th scope=\"col\" class=\"n\">").text(name).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    for (at, values) in rows {
        html.raw("<tr><th scope=\"row\">").text(at).raw("</th>");
        for value in values {
            html.raw("<td class=\"n\">").text(value).raw("</td>");
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table>");
}

/// Which of so many points stand in the table, the newest first.
pub(super) fn rows_of(points: usize) -> impl Iterator<Item = usize> {
    let step = points.div_ceil(ROWS_MAX).max(1);
    (0..points).rev().step_by(step)
}

/// So few points that each is seen: of those that fall together the greatest counts, or a peak would vanish.
fn merged(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    let size = points.len().div_ceil(DRAWN_MAX).max(1);
    let of = |together: &[(f64, Option<f64>)]| {
        let greatest = together.iter().filter_map(|(_, value)| *value).reduce(f64::max);
        together.last().map(|(at, _)| (*at, greatest))
    };
    points.chunks(size).filter_map(of).collect()
}

fn place((at, value): (f64, f64), greatest: f64) -> (f64, f64) {
    let share = if greatest > 0.0 { (value / greatest).clamp(0.0, 1.0) } else { 0.0 };
    // A pixel of room at both ends, so that no line is cut.
    (at.clamp(0.0, 1.0) * WIDTH, HEIGHT - 1.0 - share * (HEIGHT - 3.0))
}

fn path(points: &[(f64, Option<f64>)], greatest: f64) -> String {
    let mut path = String::new();
    let mut is_open = false;
    for (at, value) in points {
        let Some(value) = value else {
            is_open = false;
            continue;
        };
        let (x, y) = place((*at, *value), greatest);
        let _ = write!(path, "{}{x:.1} {y:.1}", if is_open { 'L' } else { 'M' });
        // A point alone is seen too.
        if !is_open {
            let _ = write!(path, "h.1");
        }
        is_open = true;
    }
    path
}

/// What lies under a line, piece by piece.
fn area(points: &[(f64, Option<f64>)], greatest: f64) -> String {
    let mut path = String::new();
    for piece in points.split(|(_, value)| value.is_none()).filter(|piece| piece.len() > 1) {
        let mut ends = (0.0, 0.0);
        for (index, (at, value)) in piece.iter().enumerate() {
            let (x, y) = place((*at, value.unwrap_or(0.0)), greatest);
            if index == 0 {
                ends.0 = x;
                let _ = write!(path, "M{x:.1} {HEIGHT}");
            }
            ends.1 = x;
            let _ = write!(path, "L{x:.1} {y:.1}");
        }
        let _ = write!(path, "L{:.1} {HEIGHT}Z", ends.1);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_nothing_is_known() {
        let points = [(0.0, Some(0.0)), (0.5, Some(10.0)), (0.6, None), (1.0, Some(5.0))];
        assert_eq!(path(&points, 10.0), "M0.0 47.0h.1L120.0 2.0M240.0 24.5h.1");
        assert_eq!(area(&points, 10.0), "M0.0 48L0.0 47.0L120.0 2.0L120.0 48Z");
        assert_eq!(path(&[(0.5, Some(f64::NAN))], 0.0), "M120.0 47.0h.1");
    }

    #[test]
    fn many_points_are_few_and_peaks_stay() {
        let points: Vec<_> =
            (0..360).map(|index| (f64::from(index) / 359.0, Some(f64::from(u8::from(index == 7))))).collect();
        let drawn = merged(&points);
        assert!(drawn.len() <= DRAWN_MAX && drawn.iter().any(|(_, value)| *value == Some(1.0)), "{}", drawn.len());
        assert_eq!(rows_of(360).count(), 12);
        assert_eq!(rows_of(3).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(rows_of(0).count(), 0);
    }
}
