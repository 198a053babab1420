//! A chart as SVG: no scripts, no embedded fonts, readable on light and dark backgrounds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Roster;
use super::chart::{Chart, Column, Line, Node, Section, View};
use super::layout::{Arrow, Rows, arrows, boxes};
use super::style::style;

/// Width of a character of the monospaced font, in pixels at 12 pixels.
const CHAR: usize = 7;
/// The longest label that is not cut, in characters.
const LONGEST: usize = 26;
/// The space between two columns, for the arrow and its verb.
const GAP: usize = 44;
const MARGIN: usize = 20;
/// The space beside the text of a box.
const PADDING: usize = 26;
/// The height of a line of text.
const TEXT: usize = 16;
/// The space between two sections.
const BETWEEN: usize = 18;
/// The space for the heading of a section.
const HEADING: usize = 36;
/// The space for the headings of its columns.
const HEAD: usize = 32;
/// From this many rows on, a row is one line high.
const MANY: usize = 24;
/// After how many rows the name of a high box is repeated.
const REPEAT: usize = 20;
/// How many problems are listed below the picture.
const FEW: usize = 12;

/// The chart as one SVG document.
pub fn svg(roster: &Roster, view: View) -> String {
    let chart = Chart::of(roster, view);
    let lines: Vec<_> = chart.sections.iter().flat_map(|section| &section.lines).collect();
    Canvas::new(view, &lines).draw(&chart)
}

/// Where things are.
struct Canvas {
    view: View,
    /// The left side and the width of each column.
    columns: BTreeMap<Column, (usize, usize)>,
    width: usize,
    /// The height of a row with the space below it, and of a box in it.
    row: (usize, usize),
    out: String,
}

impl Canvas {
    fn new(view: View, lines: &[&Line]) -> Self {
        let is_low = lines.len() >= MANY;
        let mut left = MARGIN;
        let mut columns = BTreeMap::new();
        for (column, _) in view.columns() {
            // In low rows, only nodes that several rows share have room for more than a name.
            let has_details = !is_low || *column != Column::Workload;
            let is_line = is_one_line(view, is_low, *column);
            let longest = |node: &Node| {
                let details = node.details.iter().map(|detail| width(detail)).max().unwrap_or(0);
                match width(&node.label) {
                    label if is_line => label + 1 + node.details.first().map_or(0, |detail| width(detail)),
                    label if has_details => label.max(details),
                    label => label,
                }
            };
            let longest = lines.iter().filter_map(|line| line.get(*column)).map(longest).max().unwrap_or(0);
            let most = if is_line { 2 * LONGEST } else { LONGEST };
            let width = longest.max(column.heading().len()).min(most) * CHAR + PADDING;
            columns.insert(*column, (left, width));
            left += width + GAP;
        }
        let nodes = lines.iter().flat_map(|line| view.columns().iter().filter_map(|(column, _)| line.get(*column)));
        let most = nodes.map(|node| node.details.len()).max().unwrap_or(1);
        let row = if is_low { (26, 20) } else { (TEXT * most + 34, TEXT * most + 24) };
        Self { view, columns, width: left - GAP + MARGIN, row, out: String::new() }
    }

    fn draw(mut self, chart: &Chart) -> String {
        let mut top = MARGIN;
        for section in &chart.sections {
            top = self.section(section, top) + BETWEEN;
        }
        if chart.sections.is_empty() {
            self.text(MARGIN, top + 12, "soft", "no workload is declared");
            top += 30;
        }
        let fits = (self.width - 2 * MARGIN) / CHAR;
        for (severity, words) in chart.problems.iter().take(FEW) {
            self.titled(words, |canvas| canvas.text(MARGIN, top + 12, severity.word(), &cut(words, fits)));
            top += 20;
        }
        if chart.problems.len() > FEW {
            self.text(MARGIN, top + 12, "soft", &format!("and {} more", chart.problems.len() - FEW));
            top += 20;
        }
        // What is below the last section is for what follows it.
        let is_last = chart.problems.is_empty() && !chart.sections.is_empty();
        let below = if is_last { BETWEEN + self.row.0 - self.row.1 } else { 0 };
        let (width, height) = (self.width, top - below + MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"workloads and their AWS identities\">\n<style>{}</style>\n\
             <rect width=\"100%\" height=\"100%\" rx=\"8\" class=\"ground\"/>\n{}</svg>\n",
            style(),
            self.out
        )
    }

    /// Draws a section, and gives the place below it.
    fn section(&mut self, section: &Section, mut top: usize) -> usize {
        if let Some(heading) = &section.heading {
            self.text(MARGIN, top + 14, "cluster", heading);
            top += HEADING;
        }
        let used = |column: Column| section.lines.iter().any(|line| line.get(column).is_some());
        let mut columns = self.view.columns().iter().peekable();
        while let Some((column, verb)) = columns.next() {
            let (left, width) = self.place(*column);
            if used(*column) {
                self.text(left, top + 14, "head", column.heading());
            }
            if used(*column) && columns.peek().is_some_and(|next| used(next.0)) {
                let middle = left + width + GAP / 2;
                let _ = writeln!(
                    self.out,
                    "<text x=\"{middle}\" y=\"{}\" class=\"verb\" text-anchor=\"middle\">{verb}</text>",
                    top + 14
                );
            }
        }
        let top = top + HEAD;
        let columns: Vec<_> = self.view.columns().iter().map(|(column, _)| *column).collect();
        for arrow in arrows(&section.lines, &columns) {
            self.arrow(&arrow, top);
        }
        for column in columns {
            let mut boxes: Vec<_> = boxes(&section.lines, column).into_iter().collect();
            boxes.sort_by_key(|(_, rows)| *rows);
            for (node, rows) in boxes {
                self.node(node, column, top + rows.0 * self.row.0, rows.1 - rows.0 + 1);
            }
        }
        top + section.lines.len() * self.row.0
    }

    /// The left side and the width of a column.
    fn place(&self, column: Column) -> (usize, usize) {
        self.columns.get(&column).copied().unwrap_or_default()
    }

    fn arrow(&mut self, arrow: &Arrow, top: usize) {
        let middle = |(first, last): Rows| top + (first + last) * self.row.0 / 2 + self.row.1 / 2;
        let (start, end) = (middle(arrow.from), middle(arrow.to));
        let (left, width) = self.place(arrow.columns.0);
        let (from, to) = (left + width, self.place(arrow.columns.1).0);
        let tip = to - 6;
        let line = if start == end {
            format!("H{tip}")
        } else {
            let half = usize::midpoint(from, to);
            format!("C{half} {start} {half} {end} {tip} {end}")
        };
        let _ = writeln!(
            self.out,
            "<path class=\"arrow\" d=\"M{from} {start}{line}\"/><path class=\"tip\" d=\"M{to} {end}l-7 -4v8z\"/>"
        );
    }

    fn node(&mut self, node: &Node, column: Column, top: usize, rows: usize) {
        let (left, width) = self.place(column);
        let (row, one) = self.row;
        let height = (rows - 1) * row + one;
        let kind = match column {
            Column::Anchor | Column::Role => "aws",
            Column::Issuer => "trust",
            Column::Workload | Column::Namespace => "pod",
        };
        let class = node.severity.map_or_else(|| kind.to_owned(), |severity| format!("{kind} {}", severity.word()));
        let _ = write!(self.out, "<g class=\"{class}\">");
        self.titled(&node.title, |canvas| {
            let _ = write!(
                canvas.out,
                "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>\
                 <rect class=\"bar\" x=\"{left}\" y=\"{top}\" width=\"4\" height=\"{height}\" rx=\"2\"/>"
            );
            let fits = (width - PADDING + 4) / CHAR;
            // A low box has its text in the middle; a high one has it at the top, and repeats it below.
            let all = (1 + node.details.len()).min(height.saturating_sub(4) / TEXT).max(1);
            let text = all * TEXT + 4;
            let spans = if rows > REPEAT {
                (0..rows).step_by(REPEAT).map(|at| at * row).filter(|at| at + text <= height).collect()
            } else {
                vec![height.saturating_sub(text) / 2]
            };
            for at in spans {
                let base = top + at + TEXT - 2;
                if is_one_line(canvas.view, all == 1, column) {
                    let detail = node.details.first().map_or("", String::as_str);
                    canvas.text(left + 13, base, "", &cut(&format!("{} {detail}", node.label), fits));
                    continue;
                }
                canvas.text(left + 13, base, "", &cut(&node.label, fits));
                for (index, detail) in node.details.iter().take(all - 1).enumerate() {
                    canvas.text(left + 13, base + TEXT * (index + 1), "soft", &cut(detail, fits));
                }
            }
        });
        self.out.push_str("</g>\n");
    }

    /// Draws something with a tooltip.
    fn titled(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.out, "<g><title>{}</title>", escaped(title));
        draw(self);
        self.out.push_str("</g>\n");
    }

    fn text(&mut self, left: usize, base: usize, class: &str, words: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = write!(self.out, "<text x=\"{left}\" y=\"{base}\"{class}>{}</text>", escaped(words));
    }
}

/// Whether a box has its details behind its name: of a role, it says little to read only the names of its workloads.
fn is_one_line(view: View, is_low: bool, column: Column) -> bool {
    view == View::Role && is_low && column == Column::Workload
}

/// The text within so many columns, with `…` for what does not fit.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let fits = char_width(*c) <= left;
        left = left.saturating_sub(char_width(*c));
        fits
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{kept}…")
}

fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Two columns for the scripts of East Asia and for pictures.
/// <https://www.unicode.org/reports/tr11/>
fn char_width(c: char) -> usize {
    let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}');
    if wide { 2 } else { 1 }
}

/// Text between tags. XML has no place for most control characters, not even escaped.
/// <https://www.w3.org/TR/xml/#charsets>
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
