//! The command line as people and pipes use it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{expect_file, iamra, iamra_path, root, run};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The commands that a help names.
fn named_commands(help: &str) -> Vec<String> {
    // Names are indented by two columns, and at least two are between them and their descriptions.
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_numeric());
    let lines = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
    let names = lines.map(|(name, _)| name).filter(|name| is_name(name) && !name.starts_with('-'));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The program and each of its commands, with its help.
fn helps() -> Vec<(Vec<String>, String)> {
    let mut helps = Vec::new();
    let mut commands = vec![Vec::<String>::new()];
    while let Some(command) = commands.pop() {
        let output = run(iamra(root()).args(&command).arg("--help").env("COLUMNS", "100"), b"");
        assert_eq!(output.exit, 0);
        commands.extend(named_commands(&output.stdout).into_iter().map(|name| [command.clone(), vec![name]].concat()));
        helps.push((command, output.stdout));
    }
    helps
}

#[test]
fn every_help_reads_as_recorded() {
    let folder = root().join("tests/data/help");
    let (mut failures, mut seen) = (Vec::new(), Vec::new());
    for (command, help) in helps() {
        let name = if command.is_empty() { "iamra".to_owned() } else { command.join("-") };
        failures.extend(expect_file(&folder.join(format!("{name}.txt")), &help).err());
        seen.push(format!("{name}.txt"));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let stale: Vec<_> = files.filter(|file| !seen.contains(file)).collect();
    assert!(stale.is_empty(), "no command has {stale:?}");
}

/// Tests that run every command have a list of them. Each has a row here: the text of its file, and the commands that are not
/// in its list.
const LISTS: &[(&str, &str, &[&str])] = &[
    // These read no input that could contain a key.
    (
        "words.rs",
        include_str!("words.rs"),
        &["completion", "credential-process", "demo", "install", "schema", "serve", "version"],
    ),
    // These read no declaration, or only one that kustomize has built from, or ask AWS.
    (
        "fields.rs",
        include_str!("fields.rs"),
        &[
            "argocd generate",
            "aws adopt",
            "aws apply",
            "aws export",
            "aws plan",
            "ca crl",
            "ca put-key",
            "ca rotate",
            "ca show",
            "completion",
            "credential-process",
            "demo",
            "destroy",
            "explain",
            "import",
            "install",
            "schema",
            "serve",
            "strip",
            "version",
        ],
    ),
];

#[test]
fn no_list_of_commands_forgets_one() {
    for (command, help) in helps().into_iter().filter(|(command, _)| !command.is_empty()) {
        if !named_commands(&help).is_empty() {
            continue;
        }
        let name = command.join(" ");
        let listed = format!("[\"{}\"", command.join("\", \""));
        for (file, text, without) in LISTS {
            let is_there = text.contains(&listed);
            assert_ne!(is_there, without.contains(&&*name), "`{name}` and the list of commands in tests/it/{file}");
        }
    }
}

#[test]
fn version_is_the_package_version() {
    let output = run(iamra(root()).arg("--version"), b"");
    assert_eq!((output.stdout.as_str(), output.exit), (concat!("iamra ", env!("CARGO_PKG_VERSION"), "\n"), 0));
}

#[test]
fn a_terminal_on_stdin_is_help_and_not_a_function() {
    // `script` gives its child a terminal.
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &iamra_path().display().to_string(), "/dev/null"]).stdin(Stdio::null());
    let output = command.output().expect("util-linux has `script`");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("iamra demo") && text.contains("Options of every command"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

/// Nobody types manifests: who forgot the pipe is told, with the call.
#[test]
fn a_terminal_is_not_read_as_manifests() {
    let folder = root().join("tests/cases/inject/no-namespace/input");
    for (args, call) in [
        (&["inject"][..], "`kustomize build . | iamra inject -`"),
        (&["strip", "-"], "`iamra build . | iamra strip -`"),
        (&["verify"], "`kustomize build . | iamra verify -`"),
        (&["import", "--from", "irsa"], "`iamra import --from TOOL FILE`"),
        (&["doctor", "--objects", "-"], "`--objects FILE`"),
    ] {
        // A terminal of its own.
        let terminal = File::options().read(true).write(true).open("/dev/ptmx").unwrap();
        let output = iamra(&folder).args(args).stdin(terminal).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: the command reads from stdin, which is a terminal\n"), "{args:?}: {stderr}");
        assert!(stderr.contains(call), "{args:?}: {stderr}");
    }
}

/// A program that is not there: which one, and nothing in the help that the command does not have.
#[test]
fn help_for_a_missing_program_names_options_that_exist() {
    let folder = root().join("tests/cases/inject/no-namespace/input");
    let nothing = tempfile::tempdir().unwrap();
    for (command, args, program) in [
        ("build", &["build"][..], "`kustomize build`"),
        ("build", &["build", "--kustomize", "./none"], "`./none build`"),
        ("install", &["install", "--with-kustomize", "DIR"], "`kustomize`"),
        ("argocd generate", &["argocd", "generate"], "`kustomize build`"),
        ("doctor", &["doctor", "--cluster"], "`kubectl get`"),
    ] {
        let args = args.iter().map(|arg| if *arg == "DIR" { nothing.path().to_str().unwrap() } else { arg });
        let output = run(iamra(&folder).args(args).env("PATH", nothing.path()), b"");
        assert_eq!(output.exit, 3, "{command}: {}", output.stderr);
        assert!(output.stderr.contains(&format!("{program} cannot be run")), "{command}: {}", output.stderr);
        let help = run(iamra(&folder).args(command.split(' ')).arg("--help"), b"").stdout;
        let advice = output.stderr.split("help: ").nth(1).unwrap_or_else(|| panic!("{command}: {}", output.stderr));
        let options: Vec<_> = advice.split('`').filter(|words| words.starts_with("--")).collect();
        assert!(!options.is_empty(), "{command}: {advice}");
        for option in options {
            let name = option.split(' ').next().unwrap();
            assert!(help.contains(&format!("{name} ")), "{command} has no {name}: {advice}");
        }
    }
}

#[test]
fn a_closed_stdout_is_an_error_and_not_a_success() {
    let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
    // Writing to this device fails as a full disk does.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = iamra(root());
    command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), list.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the output cannot be written"));
}

/// Everything that prints without reading stdin, in the folder of the demo.
const PRINTING: &[&str] = &[
    "--help",
    "-h",
    "--version",
    "render --help",
    "k8s setup --help",
    "schema",
    "completion bash",
    "version",
    "help build",
    "explain",
    "explain late-renewal",
    "demo other",
    "render",
    "inject deployment.yaml",
    "strip deployment.yaml",
    "list",
    "list --format renewals",
    "graph",
    "graph --format mermaid",
    "trust-policy",
    "can-assume payment-service payments",
    "matrix",
    "matrix --format svg",
    "report",
    "aws permissions apply",
    "role list",
    "role list --json",
    "role create other --without-aws --dry-run",
    "status",
    "status --format json",
    "doctor",
    "check iamra.yaml --format json",
    "check iamra.yaml --format sarif",
    "verify deployment.yaml --format junit",
    "k8s onboard other --role payments --dry-run",
    "argocd parameters",
];

/// What every command does with a stdout that takes nothing: `full` as a full disk does, else as a reader that went away.
fn with_stdout(dir: &Path, words: &str, full: bool) -> std::process::Output {
    let stdout: Stdio = if full {
        File::options().write(true).open("/dev/full").unwrap().into()
    } else {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    };
    iamra(dir).args(words.split(' ')).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn whoever_prints_to_a_full_disk_says_so() {
    let dir = scratch();
    let _ = run(iamra(dir.path()).arg("demo"), b"");
    let tree = dir.path().join("iamra-demo");
    for words in PRINTING {
        let output = with_stdout(&tree, words, true);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words}: {stderr}");
        assert!(stderr.contains("error: the output cannot be written: No space left on device"), "{words}: {stderr}");
    }
}

#[test]
fn whoever_has_read_enough_of_the_help_ends_nothing() {
    for words in ["--help", "--version", "render --help"] {
        let output = with_stdout(root(), words, false);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{words}");
    }
}

/// Options stand with the commands that they mean something to: whoever asks for more is told, and a variable that is set for
/// other commands, or a word in the declaration, makes nobody ask AWS.
#[test]
fn who_never_asks_aws_has_no_option_for_it() {
    let dir = scratch();
    let _ = run(iamra(dir.path()).arg("demo"), b"");
    let tree = dir.path().join("iamra-demo");
    std::fs::remove_file(tree.join("iamra.lock")).unwrap();
    let declaration = tree.join("iamra.yaml");
    let text = std::fs::read_to_string(&declaration).unwrap();
    let asking = text.replacen("annotations: {", "annotations: {iamra.dev/live: \"true\", ", 1);
    assert_ne!(text, asking);
    for args in [&["check", "iamra.yaml"][..], &["verify", "deployment.yaml"]] {
        let plain = run(iamra(&tree).args(args), b"");
        std::fs::write(&declaration, &asking).unwrap();
        let mut command = iamra(&tree);
        // No server listens there.
        command.args(args).envs([("IAMRA_LIVE", "true"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
        let asked = run(&mut command, b"");
        assert_eq!((asked.exit, &asked.stdout), (plain.exit, &plain.stdout), "{args:?}: {}", asked.stderr);
        assert!(asked.stderr.contains("unresolved-reference") && !asked.stderr.contains("aws"), "{}", asked.stderr);
        std::fs::write(&declaration, &text).unwrap();
    }
    let offboard = ["--live", "--timeout=1", "--values=x", "--lock=x", "--policy=x"];
    for (command, options) in [
        ("check", &["--live", "--timeout=1"][..]),
        ("verify", &["--live", "--timeout=1"]),
        ("diff HEAD", &["--live", "--timeout=1"]),
        ("k8s offboard app", &offboard),
        ("k8s teardown app", &offboard),
    ] {
        for option in options {
            let output = run(iamra(&tree).args(command.split(' ')).arg(option), b"");
            assert_eq!(output.exit, 2, "{command} {option}: {}", output.stderr);
            assert!(output.stderr.contains("unexpected argument"), "{command} {option}: {}", output.stderr);
        }
    }
}

#[test]
fn a_missing_declaration_is_wrong_usage() {
    let dir = scratch();
    let output = run(iamra(dir.path()).arg("render"), b"");
    assert_eq!(output.exit, 2, "{}", output.stderr);
    assert!(output.stderr.contains("there is no `iamra.yaml`") && output.stderr.contains("help:"), "{}", output.stderr);
    assert_eq!(output.stdout, "");
}

#[test]
fn the_demo_shows_five_kinds_and_leaves_a_tree_that_works() {
    let dir = scratch();
    let output = run(iamra(dir.path()).arg("demo"), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    for kind in ["Secret", "Issuer", "Certificate", "ConfigMap", "Deployment"] {
        assert!(output.stdout.contains(&format!("\nkind: {kind}\n")), "no {kind}");
        assert!(output.stderr.contains(kind), "the explanation does not mention {kind}");
    }
    let tree: PathBuf = dir.path().join("iamra-demo");
    let deployment = std::fs::read_to_string(tree.join("deployment.yaml")).unwrap();
    let stripped = run(iamra(dir.path()).args(["strip", "-"]), output.stdout.as_bytes());
    assert_eq!(stripped.stdout, deployment);
    let inject = ["inject", "--workloads-only", "--declaration", "iamra-demo", "iamra-demo/deployment.yaml"];
    let injected = run(iamra(dir.path()).args(inject), b"");
    assert_eq!(injected.exit, 0, "{}", injected.stderr);
    assert!(output.stdout.starts_with(&injected.stdout));
    // The next commands can be pasted: they need no AWS and print no warnings.
    let mut lines = output.stderr.lines();
    let mut commands = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("  # ") {
            commands.push(lines.next().expect("a command follows its comment").trim());
        }
    }
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(crate::peers::peer("kustomize-5.8.2"), bin.join("kustomize")).unwrap();
    let mut seen = BTreeSet::new();
    for line in commands {
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", line]).current_dir(dir.path()).env_clear();
        shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("HOME", "/nonexistent");
        let said = run(&mut shell, b"");
        let expected = if line.starts_with("diff ") {
            1
        } else if line.contains(" diff HEAD ") {
            4
        } else {
            0
        };
        assert_eq!(said.exit, expected, "{line}: {}", said.stderr);
        assert!(!said.stderr.contains("warning["), "{line}: {}", said.stderr);
        let words = line.split(iamra_path().to_str().unwrap()).skip(1);
        seen.extend(words.filter_map(|words| words.split_whitespace().next().map(str::to_owned)));
    }
    let serve = iamra::serve::IS_HERE.then_some("demo");
    let expected = ["build", "check", "diff", "inject", "list", "render", "strip"];
    let expected: BTreeSet<_> = expected.into_iter().chain(serve).collect();
    assert_eq!(seen.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    // A second run succeeds, but does not overwrite a user's own file.
    assert_eq!(run(iamra(dir.path()).arg("demo"), b"").exit, 0);
    std::fs::write(tree.join("iamra.yaml"), "mine: true\n").unwrap();
    let refused = run(iamra(dir.path()).arg("demo"), b"");
    assert_eq!(refused.exit, 2, "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(tree.join("iamra.yaml")).unwrap(), "mine: true\n");
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    let file = root().join("fn-config/iamra.v1alpha1.schema.json");
    let generated = serde_json::to_string_pretty(&iamra::config::generated_schema()).unwrap();
    expect_file(&file, &format!("{generated}\n")).unwrap();
    // The program has the file of when it was built.
    if std::env::var_os("BLESS").is_none() {
        assert_eq!(run(iamra(root()).arg("schema"), b"").stdout, std::fs::read_to_string(file).unwrap());
    }
}

#[test]
fn it_installs_itself_and_kustomize() {
    let dir = scratch();
    let tools = dir.path().join("new/tools");
    let installed =
        run(iamra(dir.path()).args(["install", "--with-kustomize", "--kustomize"]).arg("nowhere").arg(&tools), b"");
    assert_eq!((installed.exit, tools.exists()), (3, false), "{}", installed.stderr);
    let mut command = iamra(dir.path());
    command.args(["install", "--with-kustomize", "--kustomize"]).arg(crate::peers::peer("kustomize-5.8.2")).arg(&tools);
    // Twice, like a container that restarts.
    for _ in 0..2 {
        let installed = run(&mut command, b"");
        assert_eq!((installed.exit, installed.stdout.as_str()), (0, ""), "{}", installed.stderr);
    }
    let version = run(std::process::Command::new(tools.join("iamra")).arg("--version").env_clear(), b"");
    assert_eq!(version.stdout, concat!("iamra ", env!("CARGO_PKG_VERSION"), "\n"));
    let version = run(std::process::Command::new(tools.join("kustomize")).arg("version"), b"");
    assert!(version.stdout.contains("v5.8.2"), "{}", version.stdout);
}

#[test]
fn every_code_is_explained() {
    use iamra::diag::Code;
    let listed = run(iamra(root()).arg("explain"), b"");
    for code in Code::all() {
        let name = code.name();
        assert!(listed.stdout.contains(&format!("{name} ")), "{name} is not listed");
        let page = run(iamra(root()).args(["explain", name]), b"");
        assert_eq!((page.exit, page.stderr.as_str()), (0, ""), "{name}");
        assert!(page.stdout.starts_with(&format!("# {name}\n\n")), "{name}: {}", page.stdout);
        for part in ["\n## Why it matters\n\n", "\n## How to fix it\n\n"] {
            assert!(page.stdout.contains(part), "{name} lacks `{}`", part.trim());
        }
    }
    let pages = std::fs::read_dir(root().join("docs/diagnostics")).unwrap();
    for page in pages.map(|page| page.unwrap().path()) {
        let name = page.file_stem().unwrap().to_str().unwrap();
        assert!(name == "README" || Code::find(name).is_some(), "{} explains no code", page.display());
    }
}

#[test]
fn a_code_that_is_not_one_is_answered_with_the_nearest() {
    let output = run(iamra(root()).args(["explain", "late-renewel"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (2, ""));
    assert!(output.stderr.contains("late-renewal"), "{}", output.stderr);
}
