//! A chart as SVG: no scripts, no embedded fonts, readable on light and dark backgrounds.

use std::fmt::Write as _;

use super::Roster;
use super::chart::{COLUMNS, Chart, Column, Line, Node, Section};
use super::style::style;

/// Width of a character of the monospaced font, in pixels at 12 pixels.
const CHAR: usize = 7;
/// The longest label that is not cut, in characters.
const LONGEST: usize = 26;
/// The space between two columns, for the arrow and its verb.
const GAP: usize = 48;
const MARGIN: usize = 28;
/// The space above the rows of a section, for its heading and those of the columns.
const HEAD: usize = 68;
/// From this many rows on, a row is one line high.
const MANY: usize = 24;
/// After how many rows the name of a high box is repeated.
const REPEAT: usize = 20;
/// How many problems are listed below the picture.
const FEW: usize = 12;

/// The chart as one SVG document.
pub fn svg(roster: &Roster) -> String {
    let chart = Chart::of(roster);
    let rows = chart.sections.iter().map(|section| section.lines.len()).sum();
    Canvas::new(&chart, rows).draw(&chart)
}

/// Where things are.
struct Canvas {
    /// The left side and the width of each column.
    columns: [(usize, usize); COLUMNS.len()],
    width: usize,
    /// The height of a row with the space below it, and of a box in it.
    row: (usize, usize),
    out: String,
}

impl Canvas {
    #[expect(
        clippy::indexing_slicing,
        reason = "a line has a place for every column, and rows are counted along the lines"
    )]
    fn new(chart: &Chart, rows: usize) -> Self {
        let row = if rows >= MANY { (26, 20) } else { (50, 40) };
        let mut left = MARGIN;
        let columns = std::array::from_fn(|column| {
            // Where rows are low, only what several of them share has room for more than its name.
            let has_details =
                rows < MANY || !(Column::Certificate as usize..=Column::Workload as usize).contains(&column);
            let nodes =
                chart.sections.iter().flat_map(|section| &section.lines).filter_map(|line| line[column].as_ref());
            let longest = |node: &Node| width(&node.label).max(if has_details { width(&node.detail) } else { 0 });
            let longest = nodes.map(longest).max().unwrap_or(0).max(COLUMNS[column].0.len()).min(LONGEST);
            let at = (left, longest * CHAR + 26);
            left += at.1 + GAP;
            at
        });
        Self { columns, width: left - GAP + MARGIN, row, out: String::new() }
    }

    fn draw(mut self, chart: &Chart) -> String {
        let mut top = MARGIN;
        for section in &chart.sections {
            self.section(section, top);
            top += HEAD + section.lines.len() * self.row.0 + 18;
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
        let (width, height) = (self.width, top + MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"workloads and their AWS identities\">\n<style>{}</style>\n\
             <rect width=\"100%\" height=\"100%\" rx=\"8\" class=\"ground\"/>\n{}</svg>\n",
            style(),
            self.out
        )
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a line has a place for every column, and rows are counted along the lines"
    )]
    fn section(&mut self, section: &Section, top: usize) {
        if let Some(heading) = &section.heading {
            self.text(MARGIN, top + 14, "cluster", heading);
        }
        let used = |column: usize| section.lines.iter().any(|line| line[column].is_some());
        for (column, (name, verb)) in COLUMNS.iter().enumerate() {
            let (left, width) = self.columns[column];
            if used(column) {
                self.text(left, top + 50, "head", name);
            }
            if used(column) && column + 1 < COLUMNS.len() && used(column + 1) {
                let middle = left + width + GAP / 2;
                let _ = writeln!(
                    self.out,
                    "<text x=\"{middle}\" y=\"{}\" class=\"verb\" text-anchor=\"middle\">{verb}</text>",
                    top + 50
                );
            }
        }
        let top = top + HEAD;
        self.arrows(&section.lines, top);
        for column in 0..COLUMNS.len() {
            for (first, last) in runs(&section.lines, column) {
                if let Some(node) = &section.lines[first][column] {
                    self.node(node, column, top + first * self.row.0, last - first + 1);
                }
            }
        }
    }

    /// One arrow for each pair of boxes that stand beside each other, over places where nothing is.
    #[expect(
        clippy::indexing_slicing,
        reason = "a line has a place for every column, and rows are counted along the lines"
    )]
    fn arrows(&mut self, lines: &[Line], top: usize) {
        for column in 0..COLUMNS.len() {
            for after in column + 1..COLUMNS.len() {
                let joined = |line: &Line| {
                    line[column].is_some()
                        && line[after].is_some()
                        && line[column + 1..after].iter().all(Option::is_none)
                };
                let mut first = 0;
                for index in 0..lines.len() {
                    let is_last = lines.get(index + 1).is_none_or(|next| {
                        (&next[column], &next[after]) != (&lines[index][column], &lines[index][after])
                            || joined(next) != joined(&lines[index])
                    });
                    if !is_last {
                        continue;
                    }
                    if joined(&lines[index]) {
                        let middle = top + (first + index) * self.row.0 / 2 + self.row.1 / 2;
                        let (left, width) = self.columns[column];
                        let (from, to) = (left + width, self.columns[after].0);
                        let _ = writeln!(
                            self.out,
                            "<path class=\"arrow\" d=\"M{from} {middle}H{}\"/><path class=\"tip\" d=\"M{to} {middle}l-7 -4v8z\"/>",
                            to - 6
                        );
                    }
                    first = index + 1;
                }
            }
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a line has a place for every column, and rows are counted along the lines"
    )]
    fn node(&mut self, node: &Node, column: usize, top: usize, rows: usize) {
        let (left, width) = self.columns[column];
        let (row, one) = self.row;
        let height = (rows - 1) * row + one;
        let kind = match column {
            column if column < Column::Ca as usize || column > Column::Workload as usize => "aws",
            column if column == Column::Workload as usize => "pod",
            _ => "trust",
        };
        let class = node.severity.map_or_else(|| kind.to_owned(), |severity| format!("{kind} {}", severity.word()));
        let _ = write!(self.out, "<g class=\"{class}\">");
        self.titled(&node.title, |canvas| {
            let _ = write!(
                canvas.out,
                "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>\
                 <rect class=\"bar\" x=\"{left}\" y=\"{top}\" width=\"4\" height=\"{height}\" rx=\"2\"/>"
            );
            let fits = (width - 20) / CHAR;
            // In the middle of a low box; in a high one at the top, and again below.
            let two = height.min(40);
            let spans = if rows > REPEAT {
                (0..rows).step_by(REPEAT).map(|at| at * row).filter(|at| at + two <= height).collect()
            } else {
                vec![(height - two) / 2]
            };
            for at in spans {
                let middle = top + at + two / 2;
                if two == 40 {
                    canvas.text(left + 13, middle - 4, "", &cut(&node.label, fits));
                    canvas.text(left + 13, middle + 12, "soft", &cut(&node.detail, fits));
                } else {
                    canvas.text(left + 13, middle + 4, "", &cut(&node.label, fits));
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

/// First and last rows of the boxes of a column.
#[expect(
    clippy::indexing_slicing,
    reason = "a line has a place for every column, and rows are counted along the lines"
)]
fn runs(lines: &[Line], column: usize) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match runs.last_mut() {
            // What belongs to one workload is never shared, whatever it is called.
            Some((_, last)) if line[column].is_some() && lines[*last][column] == line[column] => *last = index,
            _ => runs.push((index, index)),
        }
    }
    runs
}

/// The text within so many columns, with `…` for what does not fit.
fn cut(text: &str, columns: usize) -> String {
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
fn escaped(text: &str) -> String {
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
