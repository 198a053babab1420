//! Running the program, and the cases it is run on.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// What the program did.
#[must_use = "look at what came out, or at least at the exit code"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: i32,
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder, by their paths in it, with their texts as far as they are text.
pub(crate) fn files_below(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                found.insert(name, String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
            }
        }
    }
    found
}

/// The program under test.
pub(crate) fn iamra_path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_iamra"))
}

/// The program in a folder, with none of the caller's settings. A case is in no repository, as what a user would not commit: its
/// values file may hold a key.
pub(crate) fn iamra(dir: &Path) -> Command {
    let mut command = Command::new(iamra_path());
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("GIT_CEILING_DIRECTORIES", root().join("tests"));
    command
}

/// PATH with the program under test before everything else, for those who start it by its name.
pub(crate) fn path_with_iamra() -> String {
    format!("{}:{}", iamra_path().parent().unwrap().display(), std::env::var("PATH").unwrap())
}

/// A port of 127.0.0.1 for a program to listen on. One that the kernel chooses is free only until it is let go: before the
/// program listens, another test's connection may get it. These are below those that the kernel chooses from
/// (`ip_local_port_range` begins at 32768), and in a block of which no other run of the tests takes any: who listens on its
/// first has all of it.
pub(crate) fn free_port() -> u16 {
    const BLOCK: u16 = 1024;
    static HELD: LazyLock<TcpListener> = LazyLock::new(|| {
        let block = (12..32).find_map(|block| TcpListener::bind(("127.0.0.1", block * BLOCK)).ok());
        block.expect("a block of ports that nobody uses")
    });
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = HELD.local_addr().unwrap().port();
    let next = || first + 1 + GIVEN.fetch_add(1, Ordering::Relaxed) % (BLOCK - 1);
    let mut ports = std::iter::repeat_with(next).take(BLOCK.into());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a port that nobody uses")
}

/// Runs a command to its end with this stdin.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let input = stdin.to_vec();
    // A program may close its stdin without reading it, which is not an error.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends");
    Output {
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        exit: output.status.code().unwrap_or(-1),
    }
}

/// One folder under `tests/cases`.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `group/name`
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) args: Vec<String>,
    /// Variables that the program sees, beside PATH.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) exit: i32,
    /// What is piped in; nothing when there is no such file.
    pub(crate) stdin: Option<Vec<u8>>,
    /// The laws that do not hold for it, and why.
    pub(crate) except: BTreeMap<String, String>,
}

impl Case {
    pub(crate) fn input(&self) -> PathBuf {
        self.dir.join("input")
    }

    /// Whether the program is run as a KRM function.
    pub(crate) fn is_function(&self) -> bool {
        self.args.is_empty()
    }

    /// What it gives. However many tests ask, it is run once: that it gives the same again is a law of its own.
    pub(crate) fn run(&self) -> Output {
        static RUNS: LazyLock<Mutex<BTreeMap<String, Arc<OnceLock<Output>>>>> = LazyLock::new(Mutex::default);
        let run = Arc::clone(RUNS.lock().expect("nobody panics with it").entry(self.name.clone()).or_default());
        run.get_or_init(|| self.run_on(self.stdin.as_deref().unwrap_or_default())).clone()
    }

    /// Runs it with something else on stdin.
    pub(crate) fn run_on(&self, stdin: &[u8]) -> Output {
        run(iamra(&self.input()).args(&self.args).envs(&self.environment), stdin)
    }
}

/// Every case, or those whose name contains `CASE`.
pub(crate) fn cases() -> Vec<Case> {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(read_all);
    CASES.clone()
}

fn read_all() -> Vec<Case> {
    let filter = std::env::var("CASE").unwrap_or_default();
    let mut cases: Vec<_> = folders(&root().join("tests/cases"))
        .iter()
        .flat_map(|group| folders(group))
        .map(|dir| read(&dir))
        .filter(|case| case.name.contains(&filter))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "no case is named `{filter}`");
    cases
}

fn read(dir: &Path) -> Case {
    let text =
        std::fs::read_to_string(dir.join("case.yaml")).unwrap_or_else(|_| panic!("{} has no case.yaml", dir.display()));
    let settings: serde_yaml::Value = serde_yaml::from_str(&text).expect("case.yaml is YAML");
    assert!(
        settings["why"].as_str().is_some_and(|why| !why.is_empty()),
        "{}: a case says why it is there",
        dir.display()
    );
    let args = settings["args"].as_sequence().into_iter().flatten().map(|arg| arg.as_str().unwrap().to_owned());
    let name = dir.strip_prefix(root().join("tests/cases")).unwrap().display().to_string();
    let texts = |field: &str| {
        let entries = settings[field].as_mapping().into_iter().flatten();
        entries.map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())).collect()
    };
    let stdin = ["list.yaml", "manifests.yaml", "manifests.json"];
    let stdin = stdin.iter().find_map(|name| std::fs::read(dir.join("input").join(name)).ok());
    Case {
        name,
        dir: dir.to_owned(),
        args: args.collect(),
        environment: texts("environment"),
        exit: settings["exit"].as_i64().map_or(0, |exit| i32::try_from(exit).unwrap()),
        stdin,
        except: texts("except"),
    }
}

pub(crate) fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Compares with the file, or writes it when `BLESS` is set.
pub(crate) fn expect_file(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if actual.is_empty() {
            let _ = std::fs::remove_file(path);
        } else {
            std::fs::write(path, actual).unwrap();
        }
        return Ok(());
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return Ok(());
    }
    let line = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count() + 1;
    Err(format!(
        "{} differs from line {line} on\n  expected: {}\n  actual:   {}\n(BLESS=1 accepts what the program does now)",
        path.display(),
        expected.lines().nth(line - 1).unwrap_or("<end>"),
        actual.lines().nth(line - 1).unwrap_or("<end>"),
    ))
}
