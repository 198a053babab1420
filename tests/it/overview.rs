//! The picture at the top of README.md, drawn from a table, once for light backgrounds and once for dark ones: whoever shows
//! the page chooses, and readers of SVG that know no variables of CSS draw both.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use crate::peers::peer;
use crate::support::{expect_file, root, run};

struct Colours {
    file: &'static str,
    page: &'static str,
    text: &'static str,
    faint: &'static str,
    frame: &'static str,
    fill: &'static str,
    ours: &'static str,
}

const LIGHT: Colours = Colours {
    file: "docs/overview.svg",
    page: "#ffffff",
    text: "#1f2328",
    faint: "#59636e",
    frame: "#d1d9e0",
    fill: "#f6f8fa",
    ours: "#ddf4ff",
};
const DARK: Colours = Colours {
    file: "docs/overview-dark.svg",
    page: "#0d1117",
    text: "#f0f6fc",
    faint: "#9198a1",
    frame: "#3d444d",
    fill: "#151b23",
    ours: "#0c2d4d",
};

const SIZE: (u32, u32) = (830, 340);

/// What is around others: x, y, width, height and name.
const FRAMES: &[(u32, u32, u32, u32, &str)] = &[
    (10, 10, 190, 320, "Git"),
    (270, 10, 300, 320, "Cluster, anywhere"),
    (410, 50, 145, 265, "Pod"),
    (660, 10, 160, 320, "AWS"),
];

/// A box: x, y, width, height, whether iamra adds it, and its lines, of which the first is its name.
type Labelled = (u32, u32, u32, u32, bool, &'static [&'static str]);

const BOXES: &[Labelled] = &[
    (25, 50, 160, 62, false, &["iamra.yaml", "which workload", "has which role"]),
    (25, 130, 160, 46, false, &["iamra.lock", "ARNs, if looked up"]),
    (25, 194, 160, 46, false, &["overlays/prod", "Deployment, Service, …"]),
    (25, 268, 160, 46, false, &["iamra build", "adds what is blue"]),
    (285, 50, 110, 46, false, &["cert-manager", "signs, renews"]),
    (285, 120, 110, 46, true, &["Issuer", "with your CA"]),
    (285, 190, 110, 46, true, &["Certificate", "of 24 hours"]),
    (285, 260, 110, 46, true, &["ConfigMap", "the ARNs"]),
    (422, 90, 121, 62, true, &["sidecar", "AWS's credential", "helper"]),
    (422, 232, 121, 62, false, &["your container", "any AWS SDK,", "unchanged"]),
    (675, 50, 130, 110, false, &["Roles Anywhere", "trust anchor, for", "your CA; profile", "", "IAM role payments"]),
    (675, 232, 130, 62, false, &["S3, SQS, …", "what the role", "may do"]),
];

type Point = (u32, u32);

/// An arrow: its points, whether it goes in both directions, and words at a point.
type Arrow = (&'static [Point], bool, Point, &'static str);

const ARROWS: &[Arrow] = &[
    (&[(185, 291), (270, 291)], false, (235, 284), "GitOps"),
    (&[(340, 120), (340, 96)], false, (0, 0), ""),
    (&[(340, 190), (340, 166)], false, (0, 0), ""),
    (&[(395, 73), (408, 73), (408, 110), (422, 110)], false, (0, 0), ""),
    (&[(543, 105), (675, 105)], false, (615, 98), "certificate"),
    (&[(675, 135), (543, 135)], false, (615, 150), "credentials"),
    (&[(482, 152), (482, 232)], true, (482, 196), "127.0.0.1"),
    (&[(543, 263), (675, 263)], false, (615, 256), "calls"),
];

fn picture(colours: &Colours) -> String {
    let Colours { page, text, faint, frame, fill, ours, .. } = colours;
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>iamra renders a sidecar, a certificate and ARNs into the manifests in Git; in the cluster, cert-manager signs \
         the certificate, and the sidecar trades it for credentials of AWS</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\" fill=\"{faint}\"/></marker></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{page}\"/>\n"
    );
    for (x, y, w, h, name) in FRAMES {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"none\" stroke=\"{frame}\"/>\n\
             <text x=\"{}\" y=\"{}\" fill=\"{faint}\" font-weight=\"bold\">{name}</text>",
            x + 12,
            y + 22
        );
    }
    for (x, y, w, h, is_ours, lines) in BOXES {
        let fill = if *is_ours { ours } else { fill };
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"5\" fill=\"{fill}\" stroke=\"{frame}\"/>"
        );
        for (line, row) in lines.iter().zip(0..).filter(|(line, _)| !line.is_empty()) {
            let look = if row == 0 {
                format!("fill=\"{text}\" font-weight=\"bold\"")
            } else {
                format!("fill=\"{faint}\" font-size=\"11\"")
            };
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" {look}>{line}</text>", x + 9, y + 19 + 16 * row);
        }
    }
    for (points, both, (x, y), words) in ARROWS {
        let points = points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
        let start = if *both { " marker-start=\"url(#tip)\"" } else { "" };
        let _ = writeln!(
            svg,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{faint}\" stroke-width=\"1.5\" marker-end=\"url(#tip)\"{start}/>"
        );
        if !words.is_empty() {
            let _ = writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" fill=\"{text}\" font-size=\"11\" text-anchor=\"middle\" paint-order=\"stroke\" \
                 stroke=\"{page}\" stroke-width=\"4\">{words}</text>"
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_overview_is_what_is_drawn() {
    for colours in [&LIGHT, &DARK] {
        expect_file(&root().join(colours.file), &picture(colours)).unwrap();
    }
}

/// Another reader of SVG than browsers draws it, in these colours.
#[test]
fn librsvg_draws_the_overview() {
    for colours in [&LIGHT, &DARK] {
        let drawn = run(Command::new(peer("rsvg-convert")).args(["--format", "svg"]), picture(colours).as_bytes());
        assert_eq!((drawn.exit, drawn.stderr.as_str()), (0, ""));
        let written: BTreeSet<_> =
            drawn.stdout.split("rgb(").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
        // Page, text, faint text, frame, and both kinds of boxes.
        assert_eq!(written.len(), 6, "{written:?}");
    }
}
