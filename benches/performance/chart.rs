//! Cost against size as SVG, on two logarithmic axes: a straight line at 45 degrees is a linear cost. No scripts, no fonts,
//! readable on light and dark backgrounds and in programs that know no variables of CSS.

use std::fmt::Write as _;

/// A line: how many objects, and the seconds that they took.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Each colour: its class, on light and on dark backgrounds. The first is that of the ground, the next three those of the axes,
/// the others those of the lines.
const COLOURS: [(&str, &str, &str); 9] = [
    ("ground", "#ffffff", "#0d1117"),
    ("text", "#1f2328", "#e6edf3"),
    ("soft", "#59636e", "#9198a1"),
    ("grid", "#d1d9e0", "#3d444d"),
    ("a", "#59636e", "#9198a1"),
    ("b", "#0f766e", "#39c5bb"),
    ("c", "#2563eb", "#6cb6ff"),
    ("d", "#c2570c", "#f0883e"),
    ("e", "#cf222e", "#f85149"),
];
const LINES: usize = 4;

/// The picture, and the plot in it: left, top, width, height.
const SIZE: (f64, f64) = (800.0, 460.0);
const PLOT: (f64, f64, f64, f64) = (84.0, 64.0, 520.0, 336.0);
/// The least distance of two names, in pixels.
const APART: f64 = 16.0;

/// The picture.
pub(crate) fn draw(series: &[Series]) -> String {
    let all = || series.iter().flat_map(|it| &it.points);
    let decades = |numbers: &mut dyn Iterator<Item = f64>| {
        let (least, most) = numbers.fold((f64::MAX, f64::MIN), |(least, most), it| (it.min(least), it.max(most)));
        (least.log10().floor(), most.log10().ceil())
    };
    let (left, right) = decades(&mut all().map(|point| point.0));
    let (bottom, top) = decades(&mut all().map(|point| point.1));
    let x = |objects: f64| PLOT.0 + (objects.log10() - left) / (right - left) * PLOT.2;
    let y = |seconds: f64| PLOT.1 + (top - seconds.log10()) / (top - bottom) * PLOT.3;
    let mut out = head();
    for decade in steps(left, right) {
        let at = x(decade);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{at:.0}\" y1=\"{:.0}\" x2=\"{at:.0}\" y2=\"{:.0}\"/>",
            PLOT.1,
            PLOT.1 + PLOT.3
        );
        let _ = writeln!(
            out,
            "<text class=\"soft\" x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            PLOT.1 + PLOT.3 + 20.0,
            grouped(decade)
        );
    }
    for decade in steps(bottom, top) {
        let at = y(decade);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{:.0}\" y1=\"{at:.0}\" x2=\"{:.0}\" y2=\"{at:.0}\"/>",
            PLOT.0,
            PLOT.0 + PLOT.2
        );
        let label = if decade >= 0.999 { format!("{decade:.0} s") } else { format!("{:.0} ms", decade * 1e3) };
        let _ = writeln!(
            out,
            "<text class=\"soft\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{label}</text>",
            PLOT.0 - 10.0,
            at + 4.0
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"soft\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">objects</text>",
        PLOT.0 + PLOT.2 / 2.0,
        PLOT.1 + PLOT.3 + 42.0
    );
    for (it, (class, ..)) in series.iter().zip(&COLOURS[LINES..]) {
        let points: Vec<_> =
            it.points.iter().map(|(objects, seconds)| format!("{:.1},{:.1}", x(*objects), y(*seconds))).collect();
        let _ = writeln!(out, "<polyline class=\"line {class}\" points=\"{}\"/>", points.join(" "));
        for (objects, seconds) in &it.points {
            let _ = writeln!(
                out,
                "<circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                x(*objects),
                y(*seconds)
            );
        }
    }
    names(series, x, y, &mut out);
    out + "</svg>\n"
}

/// Beside the end of its line, and not over another; above it, if it ends before others do.
fn names(series: &[Series], x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64, out: &mut String) {
    let ends = series.iter().zip(&COLOURS[LINES..]);
    let ends = ends.filter_map(|(it, (class, ..))| it.points.last().map(|end| (it.name, class, x(end.0), y(end.1))));
    let mut ends: Vec<_> = ends.collect();
    ends.sort_by(|one, other| one.3.total_cmp(&other.3));
    let right = ends.iter().map(|end| end.2).fold(f64::MIN, f64::max);
    let mut free = f64::MIN;
    for (name, class, at, height) in ends {
        if at < right {
            // Others go on below it.
            let height = height - 12.0;
            let _ = writeln!(
                out,
                "<text class=\"name {class}\" x=\"{at:.1}\" y=\"{height:.1}\" text-anchor=\"middle\">{name}</text>"
            );
            continue;
        }
        let height = height.max(free);
        free = height + APART;
        let _ = writeln!(
            out,
            "<text class=\"name {class}\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            at + 10.0,
            height + 4.0
        );
    }
}

fn steps(first: f64, last: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(first), |it| Some(it + 1.0)).take_while(move |it| *it <= last).map(|it| 10_f64.powf(it))
}

/// `10 000`
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let split = digits.len().saturating_sub(3);
    let (thousands, rest) = digits.split_at(split);
    format!("{thousands} {rest}").trim_start().to_owned()
}

fn head() -> String {
    let variables = |colour: fn(&(&'static str, &'static str, &'static str)) -> &'static str| -> String {
        COLOURS.iter().map(|it| format!("--{}:{};", it.0, colour(it))).collect()
    };
    let mut style = format!(
        ":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}text{{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}}.title{{font-weight:600;font-size:15px}}.line{{fill:none;stroke-width:2}}",
        variables(|colour| colour.1),
        variables(|colour| colour.2)
    );
    let mut paint = |selector: &str, property: &str, colour: &(&str, &str, &str)| {
        let _ = write!(style, "{selector}{{{property}:{};{property}:var(--{})}}", colour.1, colour.0);
    };
    paint(".ground", "fill", &COLOURS[0]);
    paint(".title", "fill", &COLOURS[1]);
    paint(".soft", "fill", &COLOURS[2]);
    paint(".grid", "stroke", &COLOURS[3]);
    for colour in &COLOURS[LINES..] {
        paint(&format!(".line.{}", colour.0), "stroke", colour);
        paint(&format!(".dot.{0},.name.{0}", colour.0), "fill", colour);
    }
    let (width, height) = SIZE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"CPU time by number of objects\">\n<style>{style}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n<text class=\"title\" x=\"28\" y=\"34\">CPU time of the whole process by number of objects in a ResourceList</text>\n"
    )
}
