//! Pages of docs/ whose commands are run as they stand there, in a copy of an example, and the pipelines that they show.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::book::pages_below;
use crate::kustomize::copy;
use crate::peers::peer;
use crate::support::{Output, iamra_path, root, run};
use crate::walk::walk;

/// Pages, and what is in the folder where they begin.
const PAGES: &[(&str, &str)] = &[
    ("start.md", ""),
    ("terraform.md", ""),
    ("objects.md", "examples/01-one-workload"),
    ("flux.md", "examples/09-monorepo"),
    ("from-irsa.md", "examples/07-from-irsa"),
    ("from-access-keys.md", "tests/data/pages/from-access-keys"),
];

/// A folder with a copy of an example, and programs on PATH before those of the system.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new(example: &str, programs: &[(&str, PathBuf)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["bin", "home", "work"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        symlink(iamra_path(), dir.path().join("bin/iamra")).unwrap();
        symlink(peer("kustomize-5.8.2"), dir.path().join("bin/kustomize")).unwrap();
        for name in ["jq", "openssl"] {
            symlink(peer(name), dir.path().join("bin").join(name)).unwrap();
        }
        for (name, program) in programs {
            symlink(program, dir.path().join("bin").join(name)).unwrap();
        }
        let desk = Self { dir };
        if !example.is_empty() {
            copy(&root().join(example), &desk.work());
            // An example is a repository of its own.
            fs::create_dir(desk.work().join(".git")).unwrap();
        }
        desk
    }

    fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    fn bash(&self) -> Command {
        let mut command = Command::new("/usr/bin/bash");
        let path = format!("{}:/usr/bin:/bin", self.dir.path().join("bin").display());
        command.current_dir(self.work()).env_clear().env("PATH", path).env("HOME", self.dir.path().join("home"));
        command.env("LC_ALL", "C.UTF-8").env("GIT_CEILING_DIRECTORIES", self.dir.path());
        command
    }

    fn does(&self, script: &str) -> Output {
        run(self.bash().args(["-euo", "pipefail", "-c", script]), b"")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A repository whose manifests are rendered, on a branch where one workload is new.
    fn with_a_branch() -> Self {
        let desk = Self::new("examples/08-production-and-staging", &[]);
        let whole = fs::read_to_string(desk.work().join("iamra.yaml")).unwrap();
        let (rest, _) = whole.split_once("    report: {role").unwrap();
        desk.write("iamra.yaml", &rest.replace("        report: null ", "        # report: null "));
        let commit = "git add -A && git -c user.name=ci -c user.email=ci@example.com commit -qm";
        let base = "git init -q -b main && iamra build 'apps/*/overlays/prod' --output rendered/prod";
        let started = desk.does(&format!("{base} && {commit} base && git update-ref refs/remotes/origin/main HEAD"));
        assert_eq!(started.exit, 0, "{}", started.stderr);
        desk.write("iamra.yaml", &whole);
        let branch = desk.does(&format!(
            "git checkout -qb more && iamra build 'apps/*/overlays/prod' --output rendered/prod && {commit} more"
        ));
        assert_eq!(branch.exit, 0, "{}", branch.stderr);
        desk
    }
}

#[test]
fn what_pages_show_is_what_happens() {
    for (page, example) in PAGES {
        let desk = Desk::new(example, &[]);
        walk(&root().join("docs").join(page), |_| desk.bash());
    }
}

#[test]
#[ignore = "Helm takes minutes to build: `make helm` does that and this"]
fn what_the_page_about_helm_shows_is_what_happens() {
    let desk = Desk::new("", &[("helm3", peer("helm-3")), ("helm4", peer("helm-4"))]);
    walk(&root().join("docs/helm.md"), |_| desk.bash());
}

/// No registry has kpt: `tests/peers/report` says whether it is there.
#[test]
fn what_the_page_about_kpt_shows_is_what_happens() {
    let desk = Desk::new("tests/data/kpt", &[]);
    if desk.does("kpt version").exit == 0 {
        walk(&root().join("docs/kpt.md"), |_| desk.bash());
    }
}

/// The blocks in a page that are files, which their first line names in a comment.
fn files_in(page: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let named = blocks.filter_map(|(_, text)| Some((text.strip_prefix("# ")?.split_once('\n')?.0.to_owned(), text)));
    named.map(|(name, text)| (name, text.to_owned())).collect()
}

/// The commands of the jobs in a workflow.
fn commands_of(workflow: &str) -> Vec<String> {
    let read: Value = serde_yaml::from_str(workflow).unwrap();
    let jobs = read["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    steps.filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_workflows_of_the_page_about_github_do_what_it_says() {
    let files = files_in("github-actions.md");
    assert_eq!(files.len(), 4, "{:?}", files.keys());
    let desk = Desk::with_a_branch();
    for (name, text) in &files {
        desk.write(name, text);
    }
    let linted = run(Command::new(peer("actionlint")).current_dir(desk.work()), b"");
    assert_eq!((linted.exit, linted.stdout.as_str()), (0, ""), "{}", linted.stderr);
    let step = |command: &str| {
        let mut bash = desk.bash();
        bash.env("GITHUB_BASE_REF", "main").env("GITHUB_STEP_SUMMARY", desk.work().join("summary.md"));
        run(bash.args(["-e", "-c", command]), b"")
    };
    let commands = commands_of(&files[".github/workflows/identities.yaml"]);
    assert_eq!(commands.len(), 4);
    for command in &commands {
        let done = step(command);
        assert_eq!(done.exit, 0, "{command}: {}{}", done.stdout, done.stderr);
    }
    let summary = fs::read_to_string(desk.work().join("summary.md")).unwrap();
    assert!(summary.contains("role-gained") && summary.contains("report"), "{summary}");
    assert!(fs::read_to_string(desk.work().join("report.html")).unwrap().contains("role-gained"));
    let [escalations] = &commands_of(&files[".github/workflows/escalations.yaml"])[..] else { panic!("one command") };
    assert_eq!(step(escalations).exit, 4);
    let [scanning] = &commands_of(&files[".github/workflows/scanning.yaml"])[..] else { panic!("one command") };
    assert_eq!(step(scanning).exit, 0);
    assert!(fs::read_to_string(desk.work().join("iamra.sarif")).unwrap().contains("\"2.1.0\""));
    // A render that was forgotten, and a mistake.
    assert_eq!(desk.does("rm rendered/prod/front/*deployment*").exit, 0);
    assert_eq!(step(&commands[1]).exit, 4);
    assert_eq!(desk.does("sed -i 's/role: readonly/role: readonl/' iamra.yaml").exit, 0);
    let wrong = step(&commands[0]);
    assert!(wrong.exit == 1 && wrong.stdout.contains("::error file=iamra.yaml,line="), "{}", wrong.stdout);
}

#[test]
fn the_pipeline_of_the_page_about_gitlab_does_what_it_says() {
    let files = files_in("gitlab.md");
    let desk = Desk::with_a_branch();
    desk.write("codequality.jq", &files["codequality.jq"]);
    let pipeline: Value = serde_yaml::from_str(&files[".gitlab-ci.yml"]).unwrap();
    let job = |name: &str| {
        let lines = pipeline[name]["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let mut bash = desk.bash();
        bash.env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main").env("CI_DEFAULT_BRANCH", "main");
        run(bash.args(["-eo", "pipefail", "-c", &lines.collect::<Vec<_>>().join("\n")]), b"")
    };
    let read = |name: &str| fs::read_to_string(desk.work().join(name)).unwrap();
    let right = job("identities");
    assert_eq!(right.exit, 0, "{}{}", right.stdout, right.stderr);
    assert_eq!(serde_json::from_str::<Value>(&read("codequality.json")).unwrap(), Value::Array(Vec::new()));
    assert!(read("junit.xml").contains("failures=\"0\"") && read("report.html").contains("role-gained"));
    assert_eq!(job("escalations").exit, 4);
    assert_eq!(desk.does("sed -i 's/role: readonly/role: readonl/' iamra.yaml").exit, 0);
    assert_eq!(job("identities").exit, 1);
    assert!(read("junit.xml").contains("unknown-role"));
    let quality: Value = serde_json::from_str(&read("codequality.json")).unwrap();
    let found = &quality[0];
    assert_eq!((&found["check_name"], &found["severity"]), (&"unknown-role".into(), &"major".into()), "{quality}");
    assert_eq!(found["location"]["path"], "iamra.yaml");
    assert!(found["location"]["lines"]["begin"].is_u64() && found["fingerprint"].is_string(), "{quality}");
}

/// What Renovate looks for in a declaration, found by Python's reader of regular expressions, which writes names differently.
#[test]
fn renovate_finds_the_image_in_a_declaration() {
    let page = fs::read_to_string(root().join("docs/renovate.md")).unwrap();
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let config: Value = serde_json::from_str(&block("json")).unwrap();
    let manager = &config["customManagers"][0];
    let script = "import sys, json, re\n\
                  pattern, file, tags = [it.replace('(?<', '(?P<') for it in json.loads(sys.argv[1])]\n\
                  assert re.search(file[1:-1], 'apps/front/iamra.yaml') and not re.search(file[1:-1], 'my-iamra.yaml.txt')\n\
                  found = [it.groupdict() for it in re.finditer(pattern, sys.stdin.read())]\n\
                  print(json.dumps([found, [bool(re.match(tags[1:-1], it['currentValue'])) for it in found]]))";
    let rules = [
        &manager["matchStrings"][0],
        &manager["managerFilePatterns"][0],
        &config["packageRules"][0]["allowedVersions"],
    ];
    let rules = serde_json::to_string(&rules).unwrap();
    let digest = "a".repeat(64);
    let more = format!(
        "a: {{image: \"registry.example.com:5000/aws/helper:1.8.5-amd64-2026.08.24.20.52@sha256:{digest}\", style: native}}\n\
         b: {{image: public.ecr.aws/rolesanywhere/credential-helper:latest}}\n"
    );
    let read = run(Command::new("python3").args(["-c", script, &rules]), (block("yaml") + &more).as_bytes());
    assert_eq!(read.exit, 0, "{}", read.stderr);
    let read: Value = serde_json::from_str(&read.stdout).unwrap();
    let helper = "public.ecr.aws/rolesanywhere/credential-helper";
    assert_eq!(
        read[0][0],
        serde_json::json!({"depName": helper, "currentValue": "1.8.1-2026.04.09.16.01", "currentDigest": null})
    );
    assert_eq!(read[0][1]["depName"], "registry.example.com:5000/aws/helper");
    assert_eq!(read[0][1]["currentDigest"], format!("sha256:{digest}"));
    assert_eq!((&read[0][2]["currentValue"], read[0].as_array().unwrap().len()), (&"latest".into(), 3));
    assert_eq!(read[1], serde_json::json!([true, false, false]));
}

/// The commands of iamra in a page: in code font, and the lines of its blocks.
fn named_in(text: &str) -> Vec<String> {
    let parts = text.split("```").enumerate();
    let code = parts.flat_map(|(index, part)| {
        if index % 2 == 0 {
            return part.split('`').skip(1).step_by(2).collect::<Vec<_>>();
        }
        let lines = part.lines().map(str::trim_start);
        // Where commands have a prompt, the others are what they print.
        let has_prompts = lines.clone().any(|line| line.starts_with("$ "));
        let typed = lines.filter(|line| !has_prompts || line.starts_with(['$', '>']));
        typed.map(|line| line.trim_start_matches(['$', '>', ' ']).trim_start_matches("! ")).collect()
    });
    // What stands for something is not typed: `[DIR]`, `CODE`, `…`.
    let is_typed = |word: &&str| word.starts_with(|first: char| first == '-' || first.is_lowercase());
    let ends = |word: &&str| {
        ["|", "--", "#", "&&", "\\", "||"].contains(word) || word.starts_with(['>', '(']) || word.ends_with([';', ')'])
    };
    let commands = code.filter_map(|code| code.strip_prefix("iamra "));
    let commands = commands.filter(|rest| rest.starts_with(|first: char| first == '-' || first.is_lowercase()));
    commands
        .map(|rest| {
            rest.split_whitespace().take_while(|word| !ends(word)).filter(is_typed).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn every_command_that_pages_name_is_one() {
    let mut pages: BTreeMap<_, _> = ["docs", "examples", "kustomize"]
        .iter()
        .flat_map(|folder| pages_below(&root().join(folder)))
        .map(|page| (fs::read_to_string(&page).unwrap(), page))
        .collect();
    let readme = root().join("README.md");
    pages.insert(fs::read_to_string(&readme).unwrap(), readme);
    let mut seen = BTreeMap::new();
    for (text, page) in &pages {
        for command in named_in(text) {
            seen.entry(command).or_insert(page);
        }
    }
    assert!(seen.len() > 200, "{}", seen.len());
    let mut wrong = Vec::new();
    for (command, page) in seen {
        let words = command.split(' ').filter(|word| *word != "help");
        let asked = run(Command::new(iamra_path()).args(words).arg("--help").env_clear(), b"");
        let first = asked.stderr.lines().next().unwrap_or_default();
        if ["unexpected argument", "unrecognized subcommand"].iter().any(|it| first.contains(it)) {
            wrong.push(format!("{}: `iamra {command}`: {first}", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
