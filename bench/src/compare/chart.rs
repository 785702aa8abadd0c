//! Bars as SVG: a panel for each workload, a bar for each system, and beside it the figure and Martlet's ratio to it.
//!
//! Written here, as text: a library of charts would be the largest dependency of all, for a few rectangles. The
//! picture has its own background, light or dark as the reader's system is, so that it is legible on any page.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 210.0;
const BARS: f64 = 330.0;
const BAR: f64 = 16.0;
const GAP: f64 = 6.0;
const TITLE: f64 = 44.0;
const PANEL_TITLE: f64 = 26.0;
const PANEL_GAP: f64 = 18.0;
const MARGIN: f64 = 16.0;

const STYLE: &str = "\
  .ground { fill: #ffffff; stroke: #d0d7de }
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .panel { font-weight: 600 }
  .ratio { font-weight: 600 }
  .own { fill: #0b6bcb }
  .other { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .own { fill: #4ea1f7 }
    .other { fill: #6e7681 }
  }
";

/// A whole picture.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
}

/// The bars that are drawn to one scale.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) name: String,
    pub(crate) bars: Vec<Bar>,
}

/// One system.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) text: String,
    /// How Martlet compares with it.
    pub(crate) ratio: Option<String>,
    pub(crate) is_own: bool,
}

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let panel_height = |panel: &Panel| PANEL_TITLE + panel.bars.len() as f64 * (BAR + GAP) + PANEL_GAP;
        let height = MARGIN + TITLE + self.panels.iter().map(panel_height).sum::<f64>();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
             <rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
            escaped(&self.title),
            WIDTH - 1.0,
            height - 1.0
        );
        text(&mut svg, "title", MARGIN, MARGIN + 16.0, &self.title);
        let mut y = MARGIN + TITLE;
        for panel in &self.panels {
            text(&mut svg, "panel", MARGIN, y, &panel.name);
            y += PANEL_TITLE - 10.0;
            let most = panel.bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
            for bar in &panel.bars {
                bar.draw(&mut svg, y, most);
                y += BAR + GAP;
            }
            y += PANEL_GAP + 10.0;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, y: f64, most: f64) {
        let class = if self.is_own { "own" } else { "other" };
        // Even nothing shows where its bar is.
        let length = (self.value / most * BARS).max(1.0);
        text(svg, "label", MARGIN, y + BAR - 3.0, &self.label);
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\" rx=\"2\"/>"
        );
        let ratio = self
            .ratio
            .as_ref()
            .map_or_else(String::new, |ratio| format!(" <tspan class=\"ratio\">{}</tspan>", escaped(ratio)));
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}{ratio}</text>",
            LABELS + length + 8.0,
            y + BAR - 3.0,
            escaped(&self.text)
        );
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(words));
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64, ratio: Option<&str>) -> Bar {
        let is_own = ratio.is_none();
        Bar { label: label.into(), value, text: format!("{value}/s"), ratio: ratio.map(str::to_owned), is_own }
    }

    fn svg() -> String {
        let bars = vec![bar("Martlet", 900.0, None), bar("slow & <old>", 90.0, Some("x 10")), bar("none", 0.0, None)];
        Chart { title: "Answers a second".into(), panels: vec![Panel { name: "recent".into(), bars }] }.svg()
    }

    #[test]
    fn the_longest_bar_fills_the_room_and_the_others_are_to_scale() {
        let svg = svg();
        for wanted in ["width=\"330.0\"", "width=\"33.0\"", "width=\"1.0\""] {
            assert_eq!(svg.matches(wanted).count(), 1, "{wanted}: {svg}");
        }
        assert!(svg.contains("90/s <tspan class=\"ratio\">x 10</tspan>"), "{svg}");
    }

    #[test]
    fn it_is_well_formed_and_shows_in_the_dark() {
        let svg = svg();
        assert!(svg.contains("slow &amp; &lt;old&gt;") && !svg.contains("<old>"));
        assert!(svg.contains("prefers-color-scheme: dark"));
        for tag in ["svg", "text", "style", "title"] {
            let open = svg.matches(&format!("<{tag}")).count();
            assert_eq!(open, svg.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        // Nothing lies below the picture's edge.
        let height: f64 = svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let lowest = svg.split(" y=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap());
        assert!(lowest.fold(0.0, f64::max) + BAR < height);
    }
}
