//! What people have at a terminal: completions in their shell, manual pages, colours, and lines that fit.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::peers::peer;
use crate::support::{Output, iamra, iamra_path, path_with_iamra, root, run};

/// What a shell says to these commands, with iamra on PATH.
fn said(shell: &Path, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(shell);
    command.args(args).current_dir(home.path()).env_clear().env("PATH", path_with_iamra()).env("HOME", home.path());
    run(command.env("TERM", "xterm"), b"")
}

/// What is typed, and what completes it.
const TYPED: &[(&str, &str)] = &[
    ("iamra dem", "demo"),
    ("iamra k8s onb", "onboard"),
    ("iamra build --outp", "--output"),
    ("iamra list --format renew", "renewals"),
    ("iamra role create x --with", "--without-aws"),
];

#[test]
fn bash_completes() {
    let script = r#"source <(iamra completion bash)
        for typed; do
          read -ra COMP_WORDS <<<"$typed"
          COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$typed COMP_POINT=${#typed}
          _iamra iamra "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
          echo "${COMPREPLY[*]}"
        done"#;
    let typed = TYPED.iter().map(|(typed, _)| *typed);
    let args: Vec<_> = ["-euc", script, "bash"].into_iter().chain(typed).collect();
    let output = said(Path::new("/bin/bash"), &args);
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    let expected: Vec<_> = TYPED.iter().map(|(_, completed)| *completed).collect();
    assert_eq!(output.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn fish_completes() {
    for (typed, completed) in TYPED {
        let script = format!("iamra completion fish | source; complete -C '{typed}'");
        let output = said(&peer("fish"), &["--no-config", "-c", &script]);
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{typed}");
        let names: Vec<_> = output.stdout.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert!(
            names.iter().any(|name| name.trim_start_matches("--format=") == *completed),
            "{typed}: {}",
            output.stdout
        );
    }
}

/// In an interactive zsh, the tabulator completes the word, and what is then run shows it.
#[test]
fn zsh_completes() {
    for (typed, completed) in TYPED {
        let script = format!(
            r#"mkdir functions; iamra completion zsh > functions/_iamra
            zmodload zsh/zpty
            zpty shell "$ZSH" -i
            zpty -w shell 'PS1= PS2= fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -D; iamra() {{ print -r -- "<$*>" }}; print read""y'
            zpty -r -m shell line '*ready*'
            zpty -w -n shell '{typed}'$'\t\n'
            zpty -r -m shell line '*<*>*'
            print -r -- "$line""#
        );
        let output = said(&peer("zsh"), &["-c", &script]);
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{typed}");
        let ran = output.stdout.rsplit('<').next().unwrap().split('>').next().unwrap().trim_end();
        assert!(ran.ends_with(completed), "{typed}: {}", output.stdout);
    }
}

/// Each command that people see has a page, which `man` shows without a complaint.
#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let written = run(iamra(dir.path()).args(["man", "man1"]), b"");
    assert_eq!((written.exit, written.stdout.as_str(), written.stderr.as_str()), (0, "", ""));
    let mut pages = 0;
    for entry in std::fs::read_dir(root().join("tests/data/help")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".txt");
        let file = if name == "iamra" { "iamra.1".to_owned() } else { format!("iamra-{name}.1") };
        if name == "help" {
            continue;
        }
        let text = std::fs::read_to_string(dir.path().join("man1").join(&file)).unwrap_or_else(|_| panic!("{file}"));
        assert!(text.contains("\n.SH NAME\n") && text.contains("\n.SH SYNOPSIS\n"), "{file}: {text}");
        assert!(text.contains("Examples:") || text.contains(".SH SUBCOMMANDS"), "{file}");
        pages += 1;
    }
    assert_eq!(pages, std::fs::read_dir(dir.path().join("man1")).unwrap().count());
}

const DEMO: &str = "iamra-demo";

/// The demo's folder, where a file is missing that the declaration needs.
fn broken_demo() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", DEMO]), b"").exit, 0);
    std::fs::remove_file(dir.path().join(DEMO).join("iamra.lock")).unwrap();
    dir
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let dir = broken_demo();
    let render = |args: &[&str], color: Option<&str>| {
        let mut command = iamra(dir.path());
        command.args(args).envs(color.map(|variable| (variable, "1")));
        run(&mut command, b"").stderr
    };
    let plain = render(&["render", DEMO], None);
    assert!(plain.starts_with("error[unresolved-reference]: "), "{plain}");
    let painted = render(&["render", DEMO, "--color", "always"], None);
    assert!(painted.starts_with("\u{1b}[1m\u{1b}[31merror[unresolved-reference]:\u{1b}[0m "), "{painted:?}");
    for same in [&["--color=always", "render", DEMO][..], &["render", "--color=always", DEMO]] {
        assert_eq!(render(same, Some("NO_COLOR")), painted);
    }
    assert_eq!(render(&["render", DEMO], Some("CLICOLOR_FORCE")), painted);
    assert_eq!(render(&["render", DEMO, "--color", "never"], Some("CLICOLOR_FORCE")), plain);
    // What is not shown in colours is the same.
    let mut stripped = String::new();
    for (index, part) in painted.split('\u{1b}').enumerate() {
        stripped.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
    // Errors of the command line, too.
    assert!(render(&["--color", "always", "--nonsense"], None).starts_with("\u{1b}["));
    assert!(render(&["rendre"], None).starts_with("error: "));
}

#[test]
fn data_has_no_colours() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", DEMO]), b"").exit, 0);
    for command in ["render", "list", "status", "check"] {
        let plain = run(iamra(dir.path()).args([command, DEMO]), b"");
        let painted = run(iamra(dir.path()).args(["--color", "always", command, DEMO]), b"");
        assert_eq!((plain.exit, plain.stdout), (0, painted.stdout), "{command}");
    }
}

#[test]
fn who_wants_quiet_reads_only_errors() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", DEMO]), b"").exit, 0);
    std::fs::remove_file(dir.path().join(DEMO).join("kustomization.yaml")).unwrap();
    let usual = run(iamra(dir.path()).args(["check", DEMO]), b"");
    assert_eq!((usual.exit, usual.stderr.as_str()), (0, "iamra-demo/iamra.yaml: no problem\n"));
    let quiet = run(iamra(dir.path()).args(["-q", "check", DEMO]), b"");
    assert_eq!((quiet.exit, quiet.stdout.as_str(), quiet.stderr.as_str()), (0, usual.stdout.as_str(), ""));
    let loud = run(iamra(dir.path()).args(["check", DEMO, "--verbose"]), b"");
    assert!(loud.stderr.starts_with("read iamra-demo/iamra.yaml\nread iamra-demo/iamra.lock\n"), "{}", loud.stderr);
    assert!(loud.stderr.ends_with(&usual.stderr), "{}", loud.stderr);
    let both = run(iamra(dir.path()).args(["check", DEMO, "-q", "-v"]), b"");
    assert_eq!(both.exit, 2, "{}", both.stderr);
    let dir = broken_demo();
    let [usual, quiet] =
        [&["render", DEMO][..], &["render", DEMO, "-q"]].map(|args| run(iamra(dir.path()).args(args), b""));
    assert_eq!((quiet.exit, quiet.stderr), (usual.exit, usual.stderr));
}

/// What a command shows on a terminal with so many columns.
fn on_terminal(dir: &Path, columns: u16, words: &str) -> String {
    let mut command = Command::new("script");
    let line = format!("stty rows 24 columns {columns}; '{}' {words}", iamra_path().display());
    command.args(["-qec", &line, "/dev/null"]).current_dir(dir).stdin(Stdio::null()).env_remove("NO_COLOR");
    let output = command.env("TERM", "xterm").env_remove("COLUMNS").output().expect("util-linux has `script`");
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

#[test]
fn tables_fit_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", DEMO]), b"").exit, 0);
    let piped = run(iamra(dir.path()).args(["list", DEMO]), b"").stdout;
    assert_eq!(on_terminal(dir.path(), 200, "list iamra-demo"), piped);
    let narrow = on_terminal(dir.path(), 80, "list iamra-demo");
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    // There is no cluster, and what else is left out is said.
    let arn = "arn:aws:iam::111122223333:role/payments";
    let rows = ["NAMESPACE  ROLE      ROLE ARN\n".to_owned(), format!("shop       payments  {arn}\n")];
    assert!(rows.iter().all(|row| narrow.contains(row)), "{narrow}");
    assert!(narrow.contains("a wider terminal, or `--format json`, has TARGET and CERTIFICATE too"), "{narrow}");
    // Then each row is a block of lines, in which everything is.
    let cells: Vec<_> = piped.lines().nth(1).unwrap().split("  ").filter(|cell| !cell.is_empty()).collect();
    let narrow = on_terminal(dir.path(), 60, "list iamra-demo");
    assert!(cells.iter().all(|cell| narrow.contains(cell.trim())), "{narrow}");
}

/// What is new comes first, in outline, and the explanation is what is left on the screen; `--full` and pipes have everything.
#[test]
fn the_demo_explains_itself_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let plain = |text: &str| -> String {
        let parts = text.split('\u{1b}').enumerate();
        parts.map(|(at, part)| if at == 0 { part } else { part.split_once('m').unwrap().1 }).collect()
    };
    let shown = on_terminal(dir.path(), 90, "demo iamra-demo");
    assert!(shown.contains("\u{1b}[32m+       - name: iam-ra-sidecar\u{1b}[0m\n"), "{shown:?}");
    assert!(shown.contains("\u{1b}[36m  "), "{shown:?}");
    let shown = plain(&shown);
    let (outline, explanation) = shown.split_once("\nWhat the cluster needs is above, in outline: ").unwrap();
    assert!(outline.lines().count() < 100 && outline.lines().all(|line| line.chars().count() <= 90), "{outline}");
    for new in ["+   annotations:", "+         args: …", "+ kind: Certificate", "+ kind: ConfigMap"] {
        assert!(outline.lines().any(|line| line == new), "{new}: {outline}");
    }
    assert!(explanation.contains("\n  # ") && !explanation.contains("\n+ "), "{explanation}");
    // What it begins with is the Deployment, by name.
    let start: Vec<_> = outline.lines().take(5).collect();
    assert_eq!(start, ["  …", "  kind: Deployment", "  metadata:", "    name: payment-service", "    …"], "{outline}");
    // A terminal that does not say how wide it is has 80 columns.
    let [unknown, usual] = [0, 80].map(|columns| {
        let shown = plain(&on_terminal(dir.path(), columns, "demo iamra-demo"));
        // Each run makes a CA.
        shown.lines().filter(|line| !line.starts_with("+   tls.")).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(unknown, usual);
    let full = on_terminal(dir.path(), 90, "demo iamra-demo --full --color never");
    let piped = run(iamra(dir.path()).args(["demo", "iamra-demo"]), b"");
    // Each run makes a CA.
    let lines = |text: &str| text.split("\ndata:\n  tls.crt").next().unwrap().to_owned();
    assert_eq!(lines(&full), lines(&piped.stdout));
    assert!(
        !piped.stdout.contains("What the cluster") && piped.stderr.starts_with("\nWhat the cluster needs is above.\n")
    );
    let quiet = run(iamra(dir.path()).args(["--quiet", "demo", "iamra-demo"]), b"");
    assert_eq!((quiet.exit, quiet.stderr.as_str()), (0, ""));
}

/// A kustomize that takes its time is waited for with a line, which is gone afterwards; a quick one without.
#[test]
fn what_takes_long_is_said_on_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", DEMO]), b"").exit, 0);
    let slow = dir.path().join("slow");
    let script =
        format!("#!/bin/sh\nsleep \"$SECONDS_OF_SLEEP\"\ncat '{}'/deployment.yaml\n", dir.path().join(DEMO).display());
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let build = |sleep: &str, quiet: &str| {
        let words = format!("build {DEMO} --kustomize ./slow {quiet} > rendered.yaml");
        let mut command = Command::new("script");
        let line = format!("SECONDS_OF_SLEEP={sleep} '{}' {words}", iamra_path().display());
        command.args(["-qec", &line, "/dev/null"]).current_dir(dir.path()).stdin(Stdio::null()).env("TERM", "xterm");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let shown = build("2", "");
    assert!(shown.contains("kustomize build iamra-demo"), "{shown:?}");
    assert_eq!(build("0", ""), "");
    assert_eq!(build("2", "--quiet"), "");
}

/// Groups and descriptions take one line each where terminals are narrow.
#[test]
fn the_list_of_commands_fits_eighty_columns() {
    let help = run(iamra(root()).arg("-h").env("COLUMNS", "80"), b"").stdout;
    let listed = help.split("\nOptions of every command:").next().unwrap();
    assert!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    for (one, other) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "k8s", "setup"], &["k8s", "setup", "--help"]),
        (&["help", "build"], &["build", "--help"]),
    ] {
        let [one, other] = [one, other].map(|args| run(iamra(root()).args(args), b""));
        assert_eq!((one.exit, one.stdout), (0, other.stdout));
    }
}

#[test]
fn the_version_names_the_helper() {
    let text = run(iamra(root()).arg("version"), b"");
    assert_eq!(text.exit, 0);
    let first = concat!("iamra ", env!("CARGO_PKG_VERSION"), "\ncommit: ");
    assert!(text.stdout.starts_with(first), "{}", text.stdout);
    assert!(text.stdout.contains(&format!("\ncredential helper: {}\n", iamra::helper::IMAGE)), "{}", text.stdout);
    let json = run(iamra(root()).args(["version", "--format", "json"]), b"");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["credentialHelper"], iamra::helper::IMAGE);
}
