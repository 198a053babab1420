//! Which client finds credentials by which delivery, with iamra as the helper and exactly the variables that a golden gives the
//! application's container: the table in `docs/clients.md`. `make clients` runs it, because its clients are 400 MB.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::aws_peers::moto;
use crate::cache::cache;
use crate::cluster::{goldens, pod_specs};
use crate::peers::{of_cache, peer};
use crate::roles_anywhere_peers::Anywhere;
use crate::serve_goldens::{Pod, Running, process};
use crate::support::{expect_file, root, run};

/// A client: its name, its release or how that is told, and how it is started.
struct Client {
    name: &'static str,
    release: &'static str,
    /// A program or a script of the peers `sdks`, `sdks-java`, `sdks-ruby` and `python`, and its arguments.
    words: &'static [&'static str],
}

/// A variable that names the program of a release that no registry has.
const NEWEST: &str = "AWS_CLI_V2";

const fn client(name: &'static str, release: &'static str, words: &'static [&'static str]) -> Client {
    Client { name, release, words }
}

/// `tests/peers/build`, `sdks/go.mod`, `sdks/old.mod` and `python/requirements.txt` have these releases.
const CLIENTS: &[Client] = &[
    client("AWS CLI v1", "1.46.3", &["bin/aws", "sts"]),
    client("AWS CLI v1", "1.29.5", &["python-old", "-m", "awscli", "sts"]),
    client("AWS CLI v2", "2.36.7", &[NEWEST, "sts"]),
    client("AWS CLI v2", "2.9.19", &["bin/aws-v2", "sts"]),
    client("boto3", "1.43.62", &["python", "boto3_key.py"]),
    client("boto3", "1.28.5", &["python-old", "boto3_key.py"]),
    client("JavaScript v3", "3.896.0", &["node", "v3"]),
    client("JavaScript v3", "3.388.0", &["node-old", "v3"]),
    client("JavaScript v2", "2.1693.0", &["node", "v2"]),
    client("JavaScript v2", "2.1200.0", &["node-old", "v2"]),
    client("Java v2", "2.57.8", &["bin/sdks-java", "v2"]),
    client("Java v2", "2.20.0", &["bin/sdks-java-old", "v2"]),
    client("Java v1", "1.12.797", &["bin/sdks-java", "v1"]),
    client("Java v1", "1.12.400", &["bin/sdks-java-old", "v1"]),
    client("Ruby v3", "3.168.1", &["bin/sdks-ruby"]),
    client("Go v2", "config 1.31.0", &["bin/sdks-go", "v2"]),
    client("Go v2", "config 1.18.0", &["bin/sdks-go-old", "v2"]),
    client("Go v1", "1.55.8", &["bin/sdks-go", "v1"]),
    client("Go v1", "1.44.0", &["bin/sdks-go-old", "v1"]),
    client("minio-go", "7.0.95", &["bin/sdks-go", "minio"]),
    client("minio-go", "7.0.30", &["bin/sdks-go-old", "minio"]),
];

impl Client {
    /// Why it cannot run here, if it is not the peers' fault: AWS publishes the AWS CLI v2 in no registry, and only Debian 12 has
    /// this older release, and the SDK for Ruby.
    fn is_absent(&self) -> Option<String> {
        let Self { name, release, words } = self;
        match words {
            [NEWEST, ..] => match std::env::var(NEWEST) {
                Err(_) => Some(format!("{name} {release}: did not run, as {NEWEST} does not name it")),
                Ok(program) => {
                    let version = run(Command::new(program).arg("--version"), b"").stdout;
                    assert!(
                        version.starts_with(&format!("aws-cli/{release} ")),
                        "{NEWEST} is not {release}: {version}"
                    );
                    None
                }
            },
            [program @ ("bin/aws-v2" | "bin/sdks-ruby"), ..] if !cache().join(program).exists() => {
                Some(format!("{name} {release}: did not run, as this system's packages do not have it"))
            }
            _ => None,
        }
    }

    fn command(&self) -> Command {
        let sdks = |name: &str| of_cache(Path::new("sdks/key.js")).with_file_name(name);
        let (first, rest) = self.words.split_first().unwrap();
        let mut command = match *first {
            "python" | "python-old" => {
                let mut command = Command::new(of_cache(Path::new("python/bin/python")));
                if *first == "python-old" {
                    // Without the packages of that environment.
                    command = Command::new("python3");
                    command.env("PYTHONPATH", sdks("python-old"));
                }
                command.args(rest.iter().map(|it| if *it == "boto3_key.py" { sdks(it) } else { PathBuf::from(it) }));
                command
            }
            "node" | "node-old" => {
                let mut command = Command::new(peer("sdks-node"));
                command.args([sdks("key.js"), sdks(first)]).args(rest);
                command
            }
            NEWEST => {
                let mut command = Command::new(std::env::var(NEWEST).unwrap());
                command.args(rest);
                command
            }
            program => {
                let mut command = Command::new(peer(program.trim_start_matches("bin/")));
                command.args(rest);
                command
            }
        };
        if self.words.last() == Some(&"sts") {
            command.args(["get-caller-identity", "--endpoint-url", &moto().url(), "--query", "Arn"]);
        }
        command
    }

    /// Whether it finds credentials with these variables and no others, or its last words.
    fn finds(&self, environment: &BTreeMap<String, String>, anywhere: &Anywhere) -> Result<(), String> {
        let home = tempfile::tempdir().unwrap();
        let mut command = self.command();
        let path: Vec<_> =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command.env_clear().envs(path).env("HOME", home.path()).envs(environment);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // For those that start iamra themselves.
        command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http);
        let output = run(&mut command, b"");
        let found = output.stdout.trim().trim_matches('"');
        let is_session = found.starts_with("arn:aws:sts::111122223333:assumed-role/app/") || found.starts_with("ASIA");
        if !is_session {
            let words = output.stderr.lines().last().unwrap_or_default();
            return Err(format!("{} {}: {found} {words}", self.name, self.release));
        }
        Ok(())
    }
}

/// A golden's sidecar, running, and the variables of its application.
fn served(golden: &str) -> (Pod, Running, Anywhere, BTreeMap<String, String>) {
    let objects = goldens().into_iter().find(|(name, _)| name == golden).expect("the golden").1;
    let pod = Pod::of(golden, pod_specs(&objects[0]).remove(0));
    let anywhere = pod.world();
    let running = Running::start(&pod, &anywhere);
    assert!(Running::opens(&pod), "{golden}");
    let environment = pod.environment(&pod.spec["containers"][0]);
    (pod, running, anywhere, environment)
}

#[test]
#[ignore = "`make clients` runs it"]
fn the_table_in_the_documentation_is_what_clients_find() {
    let (_endpoint, _serves, anywhere, endpoint) = served("sidecar/iamra");
    let mut slash = endpoint.clone();
    slash.get_mut("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap().push('/');
    let (_container, _runs, anywhere_of_container, container) = served("sidecar/iamra-container");
    let folder = tempfile::tempdir().unwrap();
    let (pod, process) = process(folder.path());
    let anywhere_of_process = pod.world();
    let ways = [
        (&endpoint, &anywhere),
        (&slash, &anywhere),
        (&container, &anywhere_of_container),
        (&process, &anywhere_of_process),
    ];
    let page = root().join("docs/clients.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let mut rows = Vec::new();
    for client in CLIENTS {
        let start = format!("| {} | {} |", client.name, client.release);
        if let Some(why) = client.is_absent() {
            println!("{why}; its row is as it was");
            let row = text.lines().find(|line| line.starts_with(&start));
            rows.push(format!("{}\n", row.expect("its row")));
            continue;
        }
        rows.push(start);
        for (environment, anywhere) in ways {
            let found = client.finds(environment, anywhere).inspect_err(|words| println!("{words}"));
            rows.push(if found.is_ok() { " yes |" } else { " **no** |" }.to_owned());
        }
        rows.push("\n".to_owned());
    }
    let (head, rest) = text.split_once("|---|---|---|---|---|---|\n").expect("the table");
    let tail = rest.split_once("\n\n").map_or("", |(_, tail)| tail);
    let wanted = format!("{head}|---|---|---|---|---|---|\n{}\n{tail}", rows.concat());
    expect_file(&page, &wanted).unwrap_or_else(|why| panic!("{why}"));
}
