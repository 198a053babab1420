//! Argo CD's own plugin server, started with our plugin.yaml, and asked as its repo server asks.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::{APPLY, CLUSTER, TRY};
use crate::peers::{cmp_image, of_cache, peer};
use crate::support::{Output, iamra, iamra_path, root, run};

/// The server, and the folders that it has. It is killed with this.
pub(crate) struct Server {
    process: Child,
    container: Option<String>,
    dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(name) = &self.container {
            let _ = run(Command::new("docker").args(["kill", name]), b"");
        }
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Server {
    /// On this machine, as a user without a home whose PATH has iamra and this kustomize.
    pub(crate) fn start(kustomize: &Path, environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for (program, name) in [(iamra_path(), "iamra"), (kustomize, "kustomize")] {
            std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
        }
        let mut command = Command::new(peer("argocd-cmp-server"));
        command.arg("--config-dir-path").arg(root().join("kustomize/argo-cd/sidecar")).env_clear();
        command.env("PATH", &bin).env("ARGOCD_PLUGINSOCKFILEPATH", dir.path()).env("ARGOCD_CMP_WORKDIR", dir.path());
        command.envs(environment.iter().copied());
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Self { process, container: None, dir };
        wait_for(&server.socket());
        server
    }

    /// In our image, as the repo server's pod has it: user 999, nothing writable but /tmp and the sockets' volume.
    fn in_our_image() -> Self {
        let image = cmp_image();
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let name = format!("iamra-cmp-test-{}", std::process::id());
        let plugin = root().join("kustomize/argo-cd/sidecar/plugin.yaml");
        let mount = |from: &Path, to: &str| format!("type=bind,src={},dst={to}", from.display());
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--name", &name, "--read-only", "--tmpfs", "/tmp", "--network", "none"]);
        command.args(["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--mount"]);
        command.arg(mount(&peer("argocd-cmp-server"), "/var/run/argocd/argocd-cmp-server,readonly")).arg("--mount");
        command.arg(mount(&plugin, "/home/argocd/cmp-server/config/plugin.yaml,readonly")).arg("--mount");
        command.arg(mount(dir.path(), "/home/argocd/cmp-server/plugins")).arg(image);
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Self { process, container: Some(name), dir };
        wait_for(&server.socket());
        server
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("iamra.sock")
    }

    pub(crate) fn ask(&self, method: &str, repository: &Path, app: &str, plugin: &str, timeout: &str) -> Output {
        ask(&self.socket(), method, repository, app, plugin, timeout)
    }

    fn generate(&self, repository: &Path, app: &str) -> Vec<Value> {
        manifests(&self.ask("generate", repository, app, "{}", "60s"))
    }
}

pub(crate) fn ask(socket: &Path, method: &str, repository: &Path, app: &str, plugin: &str, timeout: &str) -> Output {
    let mut command = Command::new(peer("argocd-cmp-client"));
    command.args(["-namespace", "shop", "-timeout", timeout, "-plugin", plugin]).arg(socket).arg(method);
    run(command.arg(repository).arg(app), b"")
}

pub(crate) fn wait_for(socket: &Path) {
    let since = Instant::now();
    while std::os::unix::net::UnixStream::connect(socket).is_err() {
        assert!(since.elapsed() < Duration::from_secs(20), "the plugin server does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn manifests(output: &Output) -> Vec<Value> {
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    let texts = answer["manifests"].as_array().unwrap().iter();
    texts.map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap()).collect()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// A repository with the applications `apps/0` and up, and an overlay of the first.
pub(crate) fn repository(apps: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let data = root().join("tests/data/kpt");
    let [deployment, declaration, lock] =
        ["deployment.yaml", "iamra.yaml", "iamra.lock"].map(|name| fs::read_to_string(data.join(name)).unwrap());
    for app in 0..apps {
        let folder = dir.path().join(format!("apps/{app}"));
        write(&folder.join("base/deployment.yaml"), &deployment.replace("payment-service", &format!("payment-{app}")));
        write(&folder.join("iamra.yaml"), &declaration.replace("payment-service", &format!("payment-{app}")));
        write(&folder.join("iamra.lock"), &lock);
        write(&folder.join("base/kustomization.yaml"), &format!("{KUSTOMIZATION}resources: [deployment.yaml]\n"));
        write(&folder.join("kustomization.yaml"), &format!("{KUSTOMIZATION}resources: [base]\n"));
    }
    let overlay =
        format!("{KUSTOMIZATION}namespace: shop\nresources: [../../base]\nlabels: [{{pairs: {{tier: paid}}}}]\n");
    write(&dir.path().join("apps/0/overlays/prod/kustomization.yaml"), &overlay);
    dir
}

fn kinds(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["kind"].as_str().unwrap()).collect()
}

const ALL_KINDS: [&str; 4] = ["Deployment", "Issuer", "Certificate", "ConfigMap"];

fn has_sidecar(objects: &[Value]) -> bool {
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").unwrap();
    deployment["spec"]["template"]["spec"]["initContainers"][0]["name"] == "iam-ra-sidecar"
}

fn newest() -> PathBuf {
    peer("kustomize-5.8.2")
}

#[test]
fn two_apps_and_an_overlay_with_every_kustomize() {
    let repository = repository(2);
    for kustomize in ["kustomize-5.0.3", "kustomize-5.4.3", "kustomize-5.8.2"] {
        let server = Server::start(&peer(kustomize), &[]);
        for app in ["apps/0", "apps/1", "apps/0/overlays/prod"] {
            let objects = server.generate(repository.path(), app);
            assert_eq!(kinds(&objects), ALL_KINDS, "{kustomize} {app}");
            assert!(has_sidecar(&objects), "{kustomize} {app}");
            let namespaces: Vec<_> = objects.iter().map(|object| &object["metadata"]["namespace"]).collect();
            // Our objects are where Argo CD puts the Deployment, which names no namespace.
            assert!(namespaces[1..].iter().all(|namespace| *namespace == "shop"), "{namespaces:?}");
        }
    }
}

#[test]
fn in_our_image_with_nothing_writable() {
    let repository = repository(2);
    let server = Server::in_our_image();
    for app in ["apps/0", "apps/1", "apps/0/overlays/prod"] {
        let objects = server.generate(repository.path(), app);
        assert!(kinds(&objects) == ALL_KINDS && has_sidecar(&objects), "{app}");
    }
    let announced = server.ask("parameters", repository.path(), "apps/0", "{}", "60s");
    assert!(announced.exit == 0 && announced.stdout.contains("\"lock\""), "{}", announced.stderr);
    fs::remove_file(repository.path().join("apps/1/iamra.yaml")).unwrap();
    let without = server.ask("generate", repository.path(), "apps/1", "{}", "60s");
    assert!(without.stderr.contains("failed exit status 2: error: there is no `iamra.yaml`"), "{}", without.stderr);
}

#[test]
fn the_plugin_is_found_by_the_declaration() {
    let repository = repository(1);
    let server = Server::start(&newest(), &[]);
    let found = |app| server.ask("match", repository.path(), app, "{}", "60s").stdout;
    assert_eq!(found("apps/0"), "{\"isSupported\":true,\"isDiscoveryEnabled\":true}\n");
    assert_eq!(found("apps"), "{\"isDiscoveryEnabled\":true}\n");
}

#[test]
fn parameters_are_announced() {
    let repository = repository(1);
    let declaration = repository.path().join("apps/0/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, format!("{text}      clusters: [prod]\n  clusters: {{prod: {{}}, staging: {{}}}}\n"))
        .unwrap();
    let server = Server::start(&newest(), &[]);
    let announced = |plugin: &str| -> Value {
        let output = server.ask("parameters", repository.path(), "apps/0", plugin, "60s");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let open = &announced("{}")["parameterAnnouncements"];
    let names: Vec<_> = open.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cluster", "mode", "workloads", "lock"]);
    // No cluster is chosen yet, and this parameter is where to choose one.
    assert_eq!((&open[0]["required"], open[0]["tooltip"].as_str()), (&true.into(), Some("declared: prod, staging")));
    let plugin = r#"{"parameters": [{"name": "cluster", "string": "prod"}]}"#;
    let chosen = &announced(plugin)["parameterAnnouncements"];
    assert_eq!((&chosen[0]["string"], &chosen[1]["string"]), (&"prod".into(), &"all".into()));
    let role = chosen[2]["map"]["payment-0"].as_str().unwrap();
    assert!(role.starts_with("role payments, arn:aws:iam::"), "{role}");
    assert_eq!(chosen[3]["string"], "iamra.lock: 3 references recorded");
    assert!(has_sidecar(&manifests(&server.ask("generate", repository.path(), "apps/0", plugin, "60s"))));
}

#[test]
fn twenty_apps_at_once() {
    let repository = repository(20);
    let server = Server::start(&newest(), &[]);
    let (server, repository) = (&server, repository.path());
    std::thread::scope(|scope| {
        let apps: Vec<_> = (0..20)
            .map(|app| scope.spawn(move || (app, server.generate(repository, &format!("apps/{app}")))))
            .collect();
        for app in apps {
            let (app, objects) = app.join().unwrap();
            assert_eq!(kinds(&objects), ALL_KINDS);
            assert!(has_sidecar(&objects) && objects[0]["metadata"]["name"] == format!("payment-{app}"));
        }
    });
}

#[test]
fn a_broken_declaration_is_told_as_argo_cd_shows_it() {
    let repository = repository(1);
    let declaration = repository.path().join("apps/0/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, text.replace("role: payments", "role: paymants")).unwrap();
    let server = Server::start(&newest(), &[]);
    let output = server.ask("generate", repository.path(), "apps/0/overlays/prod", "{}", "60s");
    assert_eq!(
        output.stderr,
        "plugin sidecar failed. error generating manifests in cmp: rpc error: code = Unknown desc = error generating \
         manifests: `iamra argocd generate` failed exit status 1: error[unknown-role]: workload `payment-0` names role \
         `paymants`, which is not declared\n  --> ../../iamra.yaml:12:13\n  help: did you mean `payments`?\n"
    );
}

#[test]
fn what_kustomize_refuses_is_told_without_folders_that_change() {
    let repository = repository(1);
    let kustomization = repository.path().join("apps/0/kustomization.yaml");
    let server = Server::start(&newest(), &[]);
    let said = |text: &str| {
        fs::write(&kustomization, text).unwrap();
        let output = server.ask("generate", repository.path(), "apps/0", "{}", "60s");
        assert!(output.exit == 1 && !output.stderr.contains("_cmp_server"), "{}", output.stderr);
        output.stderr.split_once("failed exit status ").unwrap().1.to_owned()
    };
    let missing = said(&format!("{KUSTOMIZATION}resources: [nowhere.yaml]\n"));
    assert!(missing.starts_with("3: error: kustomize cannot build the application: accumulating"), "{missing}");
    let plugin = said(&format!("{KUSTOMIZATION}resources: [base]\ntransformers: [iamra.yaml]\n"));
    assert!(plugin.contains("external plugins disabled") && plugin.contains("help: remove iamra from"), "{plugin}");
    let nothing = said(&format!("{KUSTOMIZATION}resources: []\n"));
    assert!(nothing.starts_with("1: error[no-objects]"), "{nothing}");
}

/// An application's author can write what he wants into parameters, environment and files, and gets no further.
#[test]
fn hostile_parameters_environment_and_files() {
    let repository = repository(2);
    let server = Server::start(&newest(), &[("AWS_SECRET_ACCESS_KEY", "of-the-operator")]);
    let refused = |plugin: &str, app: &str| {
        let output = server.ask("generate", repository.path(), app, plugin, "60s");
        assert!(output.exit == 1 && output.stdout.is_empty(), "{plugin}: {}", output.stdout);
        output.stderr
    };
    let parameters = r#"{"parameters": [{"name": "cluster", "string": "$(touch /tmp/x); ../../etc"}]}"#;
    assert!(
        refused(parameters, "apps/0").contains("error[invalid-parameter]: parameter `cluster` is not a valid name")
    );
    let flags = r#"{"parameters": [{"name": "--kustomize", "string": "/bin/sh"}]}"#;
    assert!(refused(flags, "apps/0").contains("unknown parameter `--kustomize`"));

    // kustomize fills bare names from its environment, which has neither the author's nor the operator's variables.
    let folder = repository.path().join("apps/0");
    let kustomization =
        format!("{KUSTOMIZATION}resources: [base]\nconfigMapGenerator:\n- name: stolen\n  envs: [names.env]\n");
    write(&folder.join("kustomization.yaml"), &kustomization);
    write(&folder.join("names.env"), "AWS_SECRET_ACCESS_KEY\nARGOCD_ENV_PATH\nPARAM_MODE\nARGOCD_APP_PARAMETERS\n");
    let plugin = r#"{"env": [{"name": "PATH", "value": "/evil"}, {"name": "IAMRA_KUSTOMIZE", "value": "/bin/sh"}],
        "parameters": [{"name": "mode", "string": "all"}]}"#;
    let objects = manifests(&server.ask("generate", repository.path(), "apps/0", plugin, "60s"));
    let stolen =
        objects.iter().find(|object| object["metadata"]["name"].as_str().unwrap().starts_with("stolen")).unwrap();
    for (name, value) in stolen["data"].as_object().unwrap() {
        assert_eq!(value, "", "{name} reached kustomize");
    }

    // A lock may be below the declaration, but not elsewhere on the machine or in another application.
    let declaration = folder.join("iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    let with_lock = |path: &str| {
        let annotations = format!("annotations:\n    iamra.dev/lock: {path}");
        fs::write(&declaration, text.replacen("annotations:", &annotations, 1)).unwrap();
    };
    write(&folder.join("locks/prod.lock"), &fs::read_to_string(folder.join("iamra.lock")).unwrap());
    with_lock("locks/prod.lock");
    assert!(has_sidecar(&server.generate(repository.path(), "apps/0")));
    // Files that block when opened are refused too, and missing files are refused like existing ones.
    let paths =
        ["/etc/passwd", "/etc/nothing", "/dev/stderr", "/dev/stdin", "/dev/zero", "/proc/self/fd/0", "../1/iamra.lock"];
    let refusals = paths.iter().chain(&["../../../../../../../../../../../../etc/passwd"]).map(|path| {
        with_lock(path);
        refused("{}", "apps/0")
    });
    let refusals: Vec<_> = refusals.collect();
    assert!(refusals[0].contains("error[outside-repository]: the path of the lock is absolute"), "{}", refusals[0]);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    let through_a_link = |target: &str| {
        let link = folder.join("linked.lock");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(target, link).unwrap();
        with_lock("linked.lock");
        refused("{}", "apps/0")
    };
    for (there, missing) in [("/etc/passwd", "/etc/nothing"), ("../../../../etc/passwd", "../../../../etc/nothing")] {
        assert_eq!(through_a_link(there).replace("passwd", "nothing"), through_a_link(missing));
    }
    fs::remove_file(folder.join("linked.lock")).unwrap();
    // A template that would take forever, or all memory, is refused before it is filled.
    let loops = "{% for a in workload %}{% for b in workload %}x{% endfor %}{% endfor %}".to_owned();
    for template in
        [loops, "{% set a = 'xx' %}{% set a = a ~ a %}".to_owned(), format!("{{{{ {}true }}}}", "not ".repeat(50_000))]
    {
        let defaults = format!("spec:\n  defaults: {{certificate: {{commonName: \"{template}\"}}}}\n");
        fs::write(&declaration, text.replacen("spec:\n", &defaults, 1)).unwrap();
        let refusal = refused("{}", "apps/0");
        let said = refusal.split_once("error[invalid-value]: ").map_or("", |(_, said)| said);
        let is_of_template = ["statements such as", "a name or its template can have at most"];
        assert!(is_of_template.iter().any(|words| said.starts_with(words)), "{refusal}");
        assert!(refusal.len() < 2_000, "{refusal}");
    }
    // Argo CD itself refuses folders outside the repository.
    let outside = refused("{}", "../../etc");
    assert!(outside.contains("full path does not contain base path"), "{outside}");
}

/// The lesson about Argo CD shows what its plugin server answers.
#[test]
fn the_example_is_what_argo_cd_gets() {
    let server = Server::start(&newest(), &[]);
    let example = root().join("examples/05-argo-cd");
    let plugin = r#"{"parameters": [{"name": "cluster", "string": "prod"}]}"#;
    let answered = manifests(&server.ask("generate", &example, "apps/payment-service", plugin, "60s"));
    let shown = fs::read_to_string(example.join("expected/manifests.yaml")).unwrap();
    let shown: Vec<Value> = shown.split("\n---\n").map(|object| serde_yaml::from_str(object).unwrap()).collect();
    assert_eq!(answered, shown);
}

/// A declaration at the root of the repository, for all applications and clusters.
#[test]
fn an_application_of_a_fleet() {
    let fleet = crate::fleet::fleet(6, &["prod", "staging"]);
    let server = Server::start(&newest(), &[]);
    for cluster in ["prod", "staging"] {
        let app = crate::fleet::overlay(3, cluster).display().to_string();
        let objects = server.generate(fleet.path(), &app);
        assert!(kinds(&objects) == ALL_KINDS && has_sidecar(&objects), "{app}");
        let built = run(iamra(fleet.path()).arg("build").arg(&app).env("IAMRA_KUSTOMIZE", newest()), b"");
        let built: Vec<Value> = built.stdout.split("---\n").map(|it| serde_yaml::from_str(it).unwrap()).collect();
        assert_eq!(objects, built, "{app}");
    }
}

/// Programs that stand for a kustomize that takes its time.
fn slow_kustomize(dir: &Path) -> PathBuf {
    let path = dir.join("slow");
    let script = format!("#!/bin/sh\necho $$ >>{}\nexec /bin/sleep 60\n", dir.join("pids").display());
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The slow kustomize that was started, once it was.
fn started(dir: &Path) -> u32 {
    let since = Instant::now();
    loop {
        let pid = fs::read_to_string(dir.join("pids")).ok().and_then(|pids| pids.trim().parse().ok());
        if let Some(pid) = pid {
            return pid;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "kustomize was not started");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn ends(pid: u32) {
    let since = Instant::now();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(since.elapsed() < Duration::from_secs(10), "kustomize is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_deadline_in_the_middle_ends_kustomize_too() {
    let repository = repository(1);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&slow_kustomize(dir.path()), &[]);
    let output = server.ask("generate", repository.path(), "apps/0", "{}", "1500ms");
    assert!(output.exit == 1 && output.stdout.is_empty(), "{}", output.stdout);
    ends(started(dir.path()));
}

#[test]
fn a_signal_to_us_alone_ends_kustomize_and_prints_nothing() {
    let repository = repository(1);
    let dir = tempfile::tempdir().unwrap();
    let kustomize = slow_kustomize(dir.path());
    let mut command = iamra(&repository.path().join("apps/0"));
    command.args(["argocd", "generate", "--kustomize"]).arg(kustomize);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = started(dir.path());
    let stopped = run(Command::new("kill").arg(child.id().to_string()), b"");
    assert_eq!(stopped.exit, 0);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(143), 0));
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "error: stopped by signal 15 before the manifests were written\n");
    ends(pid);
}

fn yaml(path: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Argo CD's own installation with one of our components.
fn installation(component: &str, kustomize: &str) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(of_cache(Path::new("argocd/install.yaml")), dir.path().join("install.yaml")).unwrap();
    let source = root().join("kustomize/argo-cd").join(component);
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        fs::create_dir_all(dir.path().join("component")).unwrap();
        fs::copy(entry.path(), dir.path().join("component").join(entry.file_name())).unwrap();
    }
    let kustomization = format!(
        "{KUSTOMIZATION}namespace: argocd\nresources: [install.yaml]\ncomponents: [component]\nimages: [{{name: iamra-cmp, newName: \
         registry.example/iamra-cmp, newTag: 0.1.0}}]\n"
    );
    fs::write(dir.path().join("kustomization.yaml"), kustomization).unwrap();
    let output = run(Command::new(peer(kustomize)).arg("build").arg(dir.path()), b"");
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{kustomize} {component}");
    let documents = output.stdout.split("\n---\n").map(|document| serde_yaml::from_str(document).unwrap());
    documents.collect()
}

#[test]
fn the_components_fit_argo_cd_s_own_installation() {
    CLUSTER.namespace("argocd");
    for component in ["sidecar", "functions"] {
        for kustomize in ["kustomize-5.0.3", "kustomize-5.4.3", "kustomize-5.8.2"] {
            let objects = installation(component, kustomize);
            let named = |name: &str| {
                objects.iter().find(|object| object["metadata"]["name"].as_str().unwrap().starts_with(name)).unwrap()
            };
            let server =
                objects.iter().find(|it| it["kind"] == "Deployment" && it["metadata"]["name"] == "argocd-repo-server");
            let server = server.unwrap();
            let pod = &server["spec"]["template"]["spec"];
            if component == "sidecar" {
                let sidecar = &pod["containers"].as_array().unwrap().iter().find(|it| it["name"] == "iamra").unwrap();
                assert_eq!(sidecar["image"], "registry.example/iamra-cmp:0.1.0");
                let plugin = named("iamra-plugin-");
                let volume = pod["volumes"].as_array().unwrap().iter().find(|it| it["name"] == "iamra-plugin").unwrap();
                assert_eq!(volume["configMap"]["name"], plugin["metadata"]["name"]);
                CLUSTER.accepts(TRY, &plugin.to_string(), "the plugin");
            } else {
                let config =
                    objects.iter().find(|it| it["kind"] == "ConfigMap" && it["metadata"]["name"] == "argocd-cm");
                assert_eq!(config.unwrap()["data"]["kustomize.buildOptions"], "--enable-alpha-plugins --enable-exec");
            }
            CLUSTER.accepts(TRY, &server.to_string(), component);
        }
    }
}

/// Three ways to say the same sidecar must not drift apart.
#[test]
fn the_helm_values_are_the_sidecar() {
    let dir = root().join("kustomize/argo-cd");
    let (values, patch, plugin) = (
        yaml(&dir.join("values.yaml")),
        yaml(&dir.join("sidecar/repo-server.yaml")),
        yaml(&dir.join("sidecar/plugin.yaml")),
    );
    assert_eq!(values["configs"]["cmp"]["plugins"]["iamra"], plugin["spec"]);
    // The chart makes the ConfigMap, with a key for each plugin.
    let ours = patch["spec"]["template"]["spec"]["containers"][0].to_string();
    let ours = ours
        .replace("\"iamra-plugin\"", "\"argocd-cmp-cm\"")
        .replace("\"subPath\":\"plugin.yaml\"", "\"subPath\":\"iamra.yaml\"");
    assert_eq!(values["repoServer"]["extraContainers"][0], serde_json::from_str::<Value>(&ours).unwrap());
}

#[test]
fn what_argo_cd_gets_makes_a_certificate_ready() {
    let dir = tempfile::tempdir().unwrap();
    let demo = run(iamra(dir.path()).arg("demo"), b"").stdout;
    let secret = demo.split("---\n").find(|document| document.contains("kind: Secret")).unwrap();
    CLUSTER.namespace("argo-app");
    CLUSTER.accepts(APPLY, &secret.replace("namespace: shop", "namespace: argo-app"), "somebody else's CA Secret");
    let repository = repository(1);
    let prod = repository.path().join("apps/0/overlays/prod/kustomization.yaml");
    let text = fs::read_to_string(&prod).unwrap();
    fs::write(&prod, text.replace("namespace: shop", "namespace: argo-app")).unwrap();
    let server = Server::start(&newest(), &[]);
    for object in server.generate(repository.path(), "apps/0/overlays/prod") {
        CLUSTER.accepts(APPLY, &object.to_string(), "an object from Argo CD");
    }
    CLUSTER.becomes_ready("argo-app", "issuer/iam-ra");
    CLUSTER.becomes_ready("argo-app", "certificate/payment-0-cert");
}
