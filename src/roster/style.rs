//! The look of a picture: plain colours for programs that know no variables of CSS, such as librsvg, and variables for
//! those that know dark backgrounds.

/// Each colour: its name, on light and on dark backgrounds.
const COLOURS: [(&str, &str, &str); 13] = [
    ("ground", "#ffffff", "#0d1117"),
    ("text", "#1f2328", "#e6edf3"),
    ("soft", "#59636e", "#9198a1"),
    ("line", "#9aa4af", "#656c76"),
    ("box", "#f6f8fa", "#151b23"),
    ("edge", "#d1d9e0", "#3d444d"),
    ("aws", "#c2570c", "#f0883e"),
    ("trust", "#2563eb", "#6cb6ff"),
    ("pod", "#0f766e", "#39c5bb"),
    ("error", "#cf222e", "#f85149"),
    ("error-box", "#ffebe9", "#3a1518"),
    ("warning", "#9a6700", "#d29922"),
    ("warning-box", "#fff8c5", "#2e2410"),
];

/// What has which colour. Of equal selectors, the later one wins.
const PAINT: [(&str, &str, &str); 20] = [
    (".ground", "fill", "ground"),
    ("text", "fill", "text"),
    (".soft", "fill", "soft"),
    (".head", "fill", "soft"),
    (".verb", "fill", "soft"),
    (".box", "fill", "box"),
    (".box", "stroke", "edge"),
    (".error .box", "fill", "error-box"),
    (".error .box", "stroke", "error"),
    (".warning .box", "fill", "warning-box"),
    (".warning .box", "stroke", "warning"),
    (".aws .bar", "fill", "aws"),
    (".trust .bar", "fill", "trust"),
    (".pod .bar", "fill", "pod"),
    (".error .bar", "fill", "error"),
    (".warning .bar", "fill", "warning"),
    (".arrow", "stroke", "line"),
    (".tip", "fill", "line"),
    ("text.error", "fill", "error"),
    ("text.warning", "fill", "warning"),
];

const SHAPE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}.soft{font-size:11px}\
.head{font:600 12px system-ui,-apple-system,'Segoe UI',sans-serif}\
.verb{font:italic 10px system-ui,-apple-system,'Segoe UI',sans-serif}\
.cluster{font:600 15px system-ui,-apple-system,'Segoe UI',sans-serif}\
.error .box,.warning .box{stroke-width:2}.arrow{fill:none}";

/// A style sheet.
pub(crate) fn style() -> String {
    let variables = |colour: fn(&(&str, &'static str, &'static str)) -> &'static str| -> String {
        COLOURS.iter().map(|it| format!("--{}:{};", it.0, colour(it))).collect()
    };
    let paint = PAINT.iter().filter_map(|(selector, property, name)| {
        let plain = COLOURS.iter().find(|colour| colour.0 == *name)?.1;
        Some(format!("{selector}{{{property}:{plain};{property}:var(--{name})}}"))
    });
    format!(
        ":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}{SHAPE}{}",
        variables(|colour| colour.1),
        variables(|colour| colour.2),
        paint.collect::<String>()
    )
}
