//! `iamra graph`: the picture in the documentation is the one that is drawn, and none has boxes over boxes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::k8s::Tree;
use crate::peers::{of_cache, peer};
use crate::support::{Output, expect_file, iamra, root, run};

fn graph(dir: &Path, format: &str) -> Output {
    graph_by("workload", dir, format)
}

fn graph_by(view: &str, dir: &Path, format: &str) -> Output {
    run(iamra(dir).args(["graph", "--format", format, "--by", view]), b"")
}

#[test]
fn the_picture_in_the_documentation_is_what_is_drawn() {
    let dir = root().join("tests/data/graph");
    for (view, format, file) in [
        ("workload", "svg", "docs/graph.svg"),
        ("workload", "mermaid", "tests/data/graph/graph.mmd"),
        ("role", "svg", "docs/graph-by-role.svg"),
        ("role", "mermaid", "tests/data/graph/by-role.mmd"),
    ] {
        let output = graph_by(view, &dir, format);
        assert_eq!(output.exit, 0, "{}", output.stderr);
        assert!(output.stderr.contains("[late-renewal]"), "{}", output.stderr);
        expect_file(&root().join(file), &output.stdout).unwrap();
    }
}

/// librsvg, which draws for GNOME, Wikipedia and ImageMagick, knows no variables of CSS: the plain colours are for it.
#[test]
fn librsvg_draws_it_in_the_colours_of_light_backgrounds() {
    let picture = graph(&root().join("tests/data/graph"), "svg").stdout;
    let light = picture.split_once(":root{").unwrap().1.split_once('}').unwrap().0;
    let colours = light.split(';').filter_map(|variable| variable.strip_prefix("--")?.split_once(':'));
    // The picture shows no errors, so it lacks their colours.
    let colours = colours.filter(|(name, _)| !name.starts_with("error"));
    let number = |colour: &str, at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap().to_string();
    let expected: BTreeSet<_> = colours.map(|(_, colour)| [1, 3, 5].map(|at| number(colour, at))).collect();
    let drawn = run(Command::new(peer("rsvg-convert")).args(["--format", "svg"]), picture.as_bytes());
    assert_eq!(drawn.exit, 0, "{}", drawn.stderr);
    let written = drawn.stdout.split("rgb(").skip(1).map(|rest| rest.split(')').next().unwrap());
    let percent = |part: &str| part.trim().trim_end_matches('%').parse::<f64>().unwrap();
    let numbers = |colour: &str| {
        let numbers: Vec<_> = colour.split(',').map(|part| format!("{:.0}", percent(part) * 2.55)).collect();
        <[String; 3]>::try_from(numbers).unwrap()
    };
    let found: BTreeSet<_> = written.map(numbers).collect();
    assert_eq!(found, expected);
}

/// A declaration with so many workloads in six namespaces with nine roles.
fn many(workloads: usize) -> Tree {
    let roles: String = (0..9).fold(String::new(), |mut text, n| {
        let _ = write!(text, "role-{n}: {{}}, ");
        text
    });
    let mut text = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles: {{{roles}}}\n  clusters: {{prod: {{}}, staging: {{}}}}\n  workloads:\n"
    );
    for n in 0..workloads {
        let cluster = if n % 5 == 0 { "staging" } else { "prod" };
        let long = if n % 7 == 0 { "-with-a-name-that-is-rather-long-for-a-box" } else { "" };
        let _ = writeln!(
            text,
            "    workload-{n}{long}: {{role: role-{}, namespace: ns-{}, clusters: [{cluster}]}}",
            n * 5 % 9,
            n % 6
        );
    }
    Tree::new(Some(text.as_bytes()))
}

/// Left, top, right and bottom of every box.
fn boxes(svg: &str) -> Vec<[usize; 4]> {
    let number = |tag: &str, name: &str| -> usize {
        let rest = &tag[tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3..];
        rest[..rest.find('"').unwrap()].parse().unwrap()
    };
    let tags = svg.split("<rect class=\"box\"").skip(1).map(|rest| rest.split("/>").next().unwrap());
    let sides = |tag: &str| {
        let (left, top) = (number(tag, "x"), number(tag, "y"));
        [left, top, left + number(tag, "width"), top + number(tag, "height")]
    };
    tags.map(sides).collect()
}

#[test]
fn boxes_are_beside_each_other_and_in_the_picture() {
    for (workloads, view) in
        [0, 1, 5, 23, 24, 200].map(|it| ["workload", "namespace", "role"].map(|view| (it, view))).concat()
    {
        let tree = many(workloads);
        let output = graph_by(view, tree.dir(), "svg");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        assert_eq!(output, graph_by(view, tree.dir(), "svg"), "it is not always the same");
        let found = boxes(&output.stdout);
        let least = if view == "namespace" { 2 * workloads.min(6) } else { workloads };
        assert!(found.len() > least || workloads == 0, "{workloads}: {} boxes", found.len());
        let size: Vec<usize> = output.stdout.split('"').filter_map(|word| word.parse().ok()).take(2).collect();
        for (index, one) in found.iter().enumerate() {
            assert!(one[2] < size[0] && one[3] < size[1], "{workloads}: {one:?} is not in {size:?}");
            for other in &found[index + 1..] {
                let apart = one[2] < other[0] || other[2] < one[0] || one[3] < other[1] || other[3] < one[1];
                assert!(apart, "{workloads}: {one:?} and {other:?} meet");
            }
        }
    }
}

/// A role is one box in each cluster, whichever namespaces share it, and one box in all if it is read by role.
#[test]
fn a_node_is_one_box_however_many_workloads_share_it() {
    for (view, sections) in [("workload", 2), ("role", 1)] {
        let picture = graph_by(view, many(200).dir(), "svg").stdout;
        for role in 0..9 {
            let titles = picture.matches(&format!("<title>role-{role}&#10;ARN not known yet")).count();
            assert_eq!(titles, sections, "{view}: role-{role}");
        }
    }
}

/// As Mermaid's own parser sees it.
fn read_by_mermaid(flowchart: &str) -> serde_json::Value {
    let output = run(&mut Command::new(peer("mermaid")), flowchart.as_bytes());
    assert_eq!(output.exit, 0, "{}\n{flowchart}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

/// How many nodes have a text in their label.
fn labelled(flowchart: &serde_json::Value, text: &str) -> usize {
    let labels = flowchart["labels"].as_array().unwrap();
    labels.iter().filter(|label| label.as_str().unwrap().contains(text)).count()
}

#[test]
fn mermaid_draws_any_number_of_workloads_without_being_told_otherwise() {
    let limits = "Mermaid draws at most 500 arrows and 50000 characters; left out: ";
    let svg = "; `--format svg` draws everything\n";
    for (workloads, view, missing) in [
        (20, "workload", ""),
        (20, "role", ""),
        (200, "workload", ""),
        (200, "role", ""),
        (1000, "workload", "trust anchor, issuer, CA, 500 of 1000 workloads"),
        (1000, "role", "trust anchor, 500 of 1000 workloads"),
    ] {
        let output = graph_by(view, many(workloads).dir(), "mermaid");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        let words = if missing.is_empty() { String::new() } else { format!("{limits}{missing}{svg}") };
        assert_eq!(output.stderr, words, "{workloads} by {view}");
        let flowchart = read_by_mermaid(&output.stdout);
        assert_eq!(labelled(&flowchart, "workload-"), workloads.min(500), "{workloads} by {view}");
        assert_eq!(labelled(&flowchart, "and 500 more workloads"), usize::from(workloads > 500));
        let directions = flowchart["directions"].as_array().unwrap();
        assert_eq!(directions.is_empty(), view == "role", "{flowchart}");
        assert!(directions.iter().all(|direction| direction == "LR"), "{flowchart}");
    }
}

/// GitHub shows a README at 830 pixels: a wider picture is made smaller, and its text with it.
#[test]
fn a_picture_is_as_wide_as_a_readme_and_few_screens_long() {
    for (workloads, longest) in [(6, 1000), (30, 1200), (50, 2000), (51, 2000), (200, 2000)] {
        let picture = run(iamra(many(workloads).dir()).arg("graph"), b"").stdout;
        let size: Vec<usize> = picture.split('"').filter_map(|word| word.parse().ok()).take(2).collect();
        // The names of `many` are cut, so no picture is wider.
        assert!(size[0] <= 920 && size[1] <= longest, "{workloads}: {size:?}");
    }
}

#[test]
fn many_workloads_are_drawn_by_namespace_and_each_of_them_in_detail() {
    let (few, tree) = (many(50), many(51));
    let whole = run(iamra(few.dir()).arg("graph"), b"");
    assert_eq!((whole.stderr.as_str(), whole.exit), ("", 0));
    assert_eq!(whole, graph(few.dir(), "svg"));
    let overview = run(iamra(tree.dir()).arg("graph"), b"");
    assert_eq!(
        overview.stderr,
        "51 workloads, drawn by namespace: `--namespace NAME` draws those of one, `--by workload` all\n"
    );
    assert_eq!(overview.stdout, graph_by("namespace", tree.dir(), "svg").stdout);
    assert!(
        overview.stdout.contains("<title>ns-3&#10;2 workloads&#10;workload-15&#10;workload-45<"),
        "{}",
        overview.stdout
    );
    assert!(!overview.stdout.contains(">workload-15</text>"));
    let inside = run(iamra(tree.dir()).args(["graph", "--namespace", "ns-3"]), b"");
    assert_eq!((inside.stderr.as_str(), inside.exit), ("", 0));
    for n in 0..51 {
        let long = if n % 7 == 0 { "-with-a-name-that-is-rather-long-for-a-box" } else { "" };
        let title = format!("<title>workload-{n}{long}&#10;");
        assert_eq!(inside.stdout.matches(&title).count(), usize::from(n % 6 == 3), "workload-{n}");
    }
    let wrong = run(iamra(tree.dir()).args(["graph", "--namespace", "ns3"]), b"");
    assert_eq!((wrong.stdout.as_str(), wrong.exit), ("", 1));
    let said = "error[unknown-workload]: no workload is in namespace `ns3`\n";
    assert!(wrong.stderr.starts_with(said) && wrong.stderr.contains("did you mean `ns-3`?"), "{}", wrong.stderr);
}

/// Roles that only one namespace has are one box if there are many, except for those with problems.
#[test]
fn an_overview_folds_roles_that_nobody_shares() {
    let roles: Vec<_> =
        (0..8).map(|n| format!("r{n}: {{{}}}", if n == 7 { "sessionDuration: 20h" } else { "" })).collect();
    let workloads: String = (0..8).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "    a{n}: {{role: r{n}, namespace: a}}");
        text
    });
    let text = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles: {{{}}}\n  workloads:\n{workloads}    b0: {{role: \
         r0, namespace: b}}\n",
        roles.join(", ")
    );
    let tree = Tree::new(Some(text.as_bytes()));
    let picture = graph_by("namespace", tree.dir(), "svg");
    let has = |words: &str| picture.stdout.contains(words);
    assert!(has(">6 roles</text>") && has("<title>6 roles&#10;of a alone&#10;r1&#10;"), "{}", picture.stdout);
    assert!(has(">r0</text>") && !has(">r1</text>"), "{}", picture.stdout);
    assert!(picture.exit == 1 && has("<g class=\"aws error\"><g><title>r7&#10;"), "{}", picture.stdout);
}

/// Names that are not names are shown, in red, and end nothing.
#[test]
fn whatever_is_written_is_shown_as_text() {
    let text = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles:\n    \"</title><script>alert(1)</script>\": {}\n    \
                \"q\\\"]; n1 --> n2 %%{init: {}}%%\\u0007\": {}\n    ok: {sessionDuration: 20h}\n  workloads:\n    \
                api: {role: \"</title><script>alert(1)</script>\"}\n    web: {role: \"q\\\"]; n1 --> n2 %%{init: {}}%%\\u0007\"}\n    \
                'a&b<c>': {role: ok}\n    支払い: {role: missing}\n    ok: {}\n";
    let tree = Tree::new(Some(text.as_bytes()));
    let svg = graph(tree.dir(), "svg");
    assert_eq!(svg.exit, 1, "{}", svg.stderr);
    let mut python = Command::new(of_cache(Path::new("python/bin/python")));
    let script = "import sys, xml.dom.minidom as m\nd = m.parse(sys.stdin)\n\
                  print(len(d.getElementsByTagName('script')), 'a&b<c>' in [t.firstChild.data for t in d.getElementsByTagName('text')])";
    let parsed = run(python.args(["-c", script]), svg.stdout.as_bytes());
    assert_eq!((parsed.stdout.as_str(), parsed.exit), ("0 True\n", 0), "{}", parsed.stderr);
    assert!(svg.stdout.matches(" error\"><g>").count() >= 4, "red are the roles and what names a missing one");
    let mermaid = graph(tree.dir(), "mermaid").stdout;
    read_by_mermaid(&mermaid);
    let labels = mermaid.lines().filter(|line| line.contains("[\""));
    for line in labels {
        let label = line.split_once("[\"").unwrap().1.rsplit_once("\"]").unwrap().0;
        assert!(!label.contains(['"', '`', '%', ']']) && !label.replace("<br/>", "").contains('<'), "{line}");
    }
}
