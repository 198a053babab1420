//! A picture of what several commands print: the objects of each in a column, with what one before it does not have in blue.

use std::fmt::Write as _;

const COLUMN: usize = 210;
const GAP: usize = 50;
const MARGIN: usize = 20;
const TOP: usize = 52;
const HEIGHT: usize = 62;

/// As `iamra graph` draws, for light pages and for dark ones; the plain colours are for readers that know no variables.
const STYLE: &str = ":root{--ground:#ffffff;--text:#1f2328;--soft:#59636e;--line:#9aa4af;--box:#f6f8fa;--edge:#d1d9e0;--new:#ddf4ff;\
    --new-edge:#54aeff}@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--text:#e6edf3;--soft:#9198a1;--line:#656c76;\
    --box:#151b23;--edge:#3d444d;--new:#0c2d4d;--new-edge:#1f6feb}}\
    text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;fill:var(--text)}\
    .soft{font-size:11px;fill:#59636e;fill:var(--soft)}.ground{fill:#ffffff;fill:var(--ground)}\
    rect.box{fill:#f6f8fa;fill:var(--box);stroke:#d1d9e0;stroke:var(--edge)}\
    rect.new{fill:#ddf4ff;fill:var(--new);stroke:#54aeff;stroke:var(--new-edge)}\
    path{fill:none;stroke:#9aa4af;stroke:var(--line);stroke-width:1.5}";

/// What an object is called, and how many lines it has.
fn objects(output: &str) -> Vec<(String, String, usize)> {
    let of = |document: &str| {
        let value: serde_yaml::Value = serde_yaml::from_str(document).unwrap();
        let text = |value: &serde_yaml::Value| value.as_str().unwrap().to_owned();
        (text(&value["kind"]), text(&value["metadata"]["name"]), document.trim().lines().count())
    };
    output.split("---\n").filter(|document| !document.trim().is_empty()).map(of).collect()
}

/// The outputs by the commands that print them, in their order.
pub(crate) fn drawn(stages: &[(&str, String)]) -> String {
    let columns: Vec<_> = stages.iter().map(|(command, output)| (*command, objects(output))).collect();
    let most = columns.iter().map(|(_, objects)| objects.len()).max().unwrap();
    let width = 2 * MARGIN + columns.len() * COLUMN + (columns.len() - 1) * GAP;
    let height = TOP + most * (HEIGHT + 10) + 10;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"the objects that each command prints\">\n<style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    let first = &columns[0].1;
    for (at, (command, objects)) in columns.iter().enumerate() {
        let left = MARGIN + at * (COLUMN + GAP);
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"32\">{command}</text>");
        if at > 0 {
            let (from, to, y) = (left - GAP + 8, left - 8, TOP + HEIGHT / 2);
            let _ = writeln!(svg, "<path d=\"M{from} {y}H{to}m-5 -4l5 4l-5 4\"/>");
        }
        for (row, object) in objects.iter().enumerate() {
            let (kind, name, lines) = object;
            let class = if first.contains(object) { "box" } else { "box new" };
            let (top, x) = (TOP + row * (HEIGHT + 10), left + 12);
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{COLUMN}\" height=\"{HEIGHT}\" rx=\"4\"/>\n\
                 <text x=\"{x}\" y=\"{}\">{kind}</text>\n<text class=\"soft\" x=\"{x}\" y=\"{}\">{name}</text>\n\
                 <text class=\"soft\" x=\"{x}\" y=\"{}\">{lines} lines</text>",
                top + 18,
                top + 35,
                top + 52
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
