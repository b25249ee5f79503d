//! Charts as drawings inside the page: bars that take their colours from the style sheet, with their
//! numbers in a table beside them.

use maud::{Markup, html};
use plotters::prelude::*;

use super::{parts::drawn, words as w};

/// A chart's size in its own units; the style sheet makes it as wide as its place.
const SIZE: (u32, u32) = (640, 220);
/// Labels below the bars, at most.
const LABELS: usize = 8;

/// Bars with their labels, and the same as a table.
pub(super) fn bars(title: &str, rows: &[(String, u64)]) -> Markup {
    html! {
        figure.chart-box {
            figcaption { (title) }
            @if let Some(svg) = draw(rows) { (drawn(named(&svg, title))) }
            details { summary { (w::AS_TABLE) }
                div.scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (w::WHAT) } th scope="col" { (w::COUNT) } } }
                    tbody { @for (label, count) in rows { tr { td { (label) } td { (count) } } } }
                } }
            }
        }
    }
}

/// The drawing under a name that screen readers tell.
fn named(svg: &str, title: &str) -> String {
    let name = html! { title { (title) } }.into_string();
    match svg.split_once('>') {
        Some((start, rest)) => {
            format!("{} class=\"chart\" role=\"img\">{name}{rest}", start.trim_end_matches('/'))
        }
        None => String::new(),
    }
}

/// Draws; `None` when there is nothing to draw.
fn draw(rows: &[(String, u64)]) -> Option<String> {
    let most = rows.iter().map(|(_, count)| *count).max().filter(|most| *most > 0)?;
    let count = u32::try_from(rows.len()).ok()?;
    let top = u32::try_from(most).ok()?;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(40)
            .build_cartesian_2d((0..count - 1).into_segmented(), 0..top + top.div_ceil(10))
            .ok()?;
        let label = |place: &SegmentValue<u32>| match place {
            SegmentValue::CenterOf(index) | SegmentValue::Exact(index) => {
                let row = usize::try_from(*index).ok().and_then(|index| rows.get(index));
                row.map(|(label, _)| label.clone()).unwrap_or_default()
            }
            SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(LABELS.min(rows.len()))
            .y_labels(4)
            .x_label_formatter(&label)
            .label_style(("sans-serif", 17))
            .draw()
            .ok()?;
        // A few bars need not be as wide as their place.
        let margin = SIZE.0 / count / if count < 5 { 4 } else { 12 };
        let values = (0..count)
            .zip(rows)
            .map(|(index, (_, count))| (index, u32::try_from(*count).unwrap_or(u32::MAX)));
        chart
            .draw_series(Histogram::vertical(&chart).style(BLUE.filled()).margin(margin).data(values))
            .ok()?;
        area.present().ok()?;
    }
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_a_named_drawing_without_styles_or_scripts() {
        let rows = [("Mon".to_owned(), 3), ("Tue".to_owned(), 0), ("Wed <b>".to_owned(), 7)];
        let markup = bars("Handovers & more", &rows).into_string();
        assert!(markup.contains("<title>Handovers &amp; more</title>"), "{markup}");
        assert!(markup.contains("role=\"img\"") && markup.matches("<rect").count() >= 2, "{markup}");
        assert!(
            !markup.contains("style=") && !markup.contains("<b>") && !markup.contains("script"),
            "{markup}"
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(draw(&[]), None);
        assert_eq!(draw(&[("Mon".to_owned(), 0)]), None);
        assert!(draw(&[("Mon".to_owned(), 1)]).is_some());
    }
}
