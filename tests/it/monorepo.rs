//! A company's repository, 60 applications in three clusters, through every way that iamra has: the same objects come out,
//! with the ARNs of the cluster's account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::argocd;
use crate::aws_peers::{Server, parameter, state};
use crate::fleet::{fleet, overlay};
use crate::kustomize::{add_component, check_references, copy, objects};
use crate::peers::peer;
use crate::support::{iamra, path_with_iamra, root, run};

const APPS: usize = 60;

/// A cluster, its AWS profile, and the account and region of that. Two share an account, in different regions.
const CLUSTERS: [(&str, &str, &str, &str); 3] = [
    ("prod", "prod", "222233334444", "eu-central-1"),
    ("staging", "stage", "333344445555", "eu-central-1"),
    ("dev", "stage", "333344445555", "eu-west-1"),
];

const UUID: &str = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";

fn trust_anchor(account: &str, region: &str) -> String {
    format!("arn:aws:rolesanywhere:{region}:{account}:trust-anchor/{UUID}")
}

fn profile(account: &str, region: &str, app: usize) -> String {
    format!("arn:aws:rolesanywhere:{region}:{account}:profile/0d1e2f30-4152-4637-8495-{app:012}")
}

fn role(account: &str, app: usize) -> String {
    format!("arn:aws:iam::{account}:role/app-{app}")
}

/// The one declaration: every value is looked up, in the account and region of its cluster.
fn declaration() -> String {
    let mut text = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: acme\n  annotations: \
                    {config.kubernetes.io/local-config: \"true\"}\nspec:\n  parameterPrefix: /iam-ra/{{ cluster }}\n  \
                    roles:\n"
        .to_owned();
    (0..APPS).for_each(|app| writeln!(text, "    app-{app}: {{}}").unwrap());
    text += "  clusters:\n";
    for (cluster, profile, _, region) in CLUSTERS {
        writeln!(text, "    {cluster}: {{region: {region}, aws: {{profile: {profile}}}}}").unwrap();
    }
    text += "  workloads:\n";
    (0..APPS).for_each(|app| writeln!(text, "    app-{app}: {{clusters: [prod, staging, dev]}}").unwrap());
    text
}

/// What Parameter Store has, in each account and region.
fn parameters() -> Vec<Value> {
    let mut parameters = Vec::new();
    for (cluster, _, account, region) in CLUSTERS {
        let mut put = |name: &str, value: &str| {
            let mut one = parameter(&format!("/iam-ra/{cluster}/{name}"), value);
            (one["account"], one["region"]) = (account.into(), region.into());
            parameters.push(one);
        };
        put("scopes/default/trust-anchor-arn", &trust_anchor(account, region));
        for app in 0..APPS {
            put(&format!("roles/app-{app}/role-arn"), &role(account, app));
            put(&format!("roles/app-{app}/profile-arn"), &profile(account, region, app));
        }
    }
    parameters
}

/// Writes the lock, and checks that each account and region is asked for ten names a call.
fn lock(repository: &Path) {
    let (mut keys, mut credentials) = (serde_json::Map::new(), String::new());
    for (_, profile, account, _) in &CLUSTERS[..2] {
        let id = format!("AKIA{account:0>16}");
        keys.insert(id.clone(), json!({"account": account, "secret": "example"}));
        writeln!(credentials, "[{profile}]\naws_access_key_id = {id}\naws_secret_access_key = example").unwrap();
    }
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("credentials");
    fs::write(&file, credentials).unwrap();
    let mut state = state(&parameters());
    state["keys"] = keys.into();
    let double = Server::double(&state);
    let mut command = double.iamra(repository);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let locked = run(command.env("AWS_SHARED_CREDENTIALS_FILE", file).arg("lock"), b"");
    assert_eq!(locked.exit, 0, "{}", locked.stderr);
    let mut calls: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for call in double.calls() {
        let whose = format!("{} {}", call["account"].as_str().unwrap(), call["region"].as_str().unwrap());
        calls.entry(whose).or_default().push(call["names"].as_array().unwrap().len());
    }
    let expected: BTreeSet<_> = CLUSTERS.iter().map(|(_, _, account, region)| format!("{account} {region}")).collect();
    assert_eq!(calls.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let names = 2 * APPS + 1;
    for sizes in calls.values() {
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (names.div_ceil(10), names), "{calls:?}");
    }
}

type Objects = BTreeMap<String, serde_yaml::Value>;

/// `kustomize build … | iamra inject`, in the folder of the build.
fn piped(repository: &Path, app: &Path, cluster: &str) -> Objects {
    let folder = repository.join(app);
    let plain = run(Command::new(peer("kustomize-5.8.2")).arg("build").arg(&folder), b"");
    assert_eq!(plain.exit, 0, "{}", plain.stderr);
    let injected = run(iamra(&folder).args(["inject", "--cluster", cluster, "-"]), plain.stdout.as_bytes());
    assert_eq!(injected.exit, 0, "{}", injected.stderr);
    objects(&injected.stdout)
}

/// The component as `kustomize/README.md` changes it for a declaration of many builds, with the same declaration and lock:
/// kustomize takes no file above the build.
fn component(repository: &Path) {
    let readme = fs::read_to_string(root().join("kustomize/README.md")).unwrap();
    let (_, section) = readme.split_once("## One declaration, many builds\n").unwrap();
    let changes = section.split("## ").next().unwrap();
    add_component("iamra", &repository.join("iamra"));
    for (folder, mode) in [("transform", "transform"), ("generate", "generate")] {
        let file = format!("{folder}/kustomization.yaml");
        let after = changes.split(&format!("`{file}`")).nth(1).expect("the section names the file");
        let yaml = after.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
        let path = repository.join("iamra").join(&file);
        let text = fs::read_to_string(&path).unwrap();
        let before = format!("    spec:\n      mode: {mode}\n");
        assert!(text.contains(&before), "{text}");
        let lines: String =
            yaml.lines().map(|line| format!("    {}\n", line.strip_prefix("  ").unwrap_or(line))).collect();
        fs::write(path, text.replace(&before, &lines)).unwrap();
    }
    for name in ["iamra.yaml", "iamra.lock"] {
        fs::copy(repository.join(name), repository.join("iamra/declaration").join(name)).unwrap();
    }
}

/// `kustomize build` of an overlay that has the component.
fn of_component(repository: &Path, number: usize, cluster: &str) -> Objects {
    let folder = repository.join(format!("with-component/app-{number}/{cluster}"));
    fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\nresources: \
         [../../../apps/app-{number}/base]\ncomponents: [../../../iamra]\n"
    );
    fs::write(folder.join("kustomization.yaml"), text).unwrap();
    let mut command = Command::new(peer("kustomize-5.8.2"));
    command.args(["build", "--enable-alpha-plugins", "--enable-exec"]).arg(folder);
    let built = run(command.env("PATH", path_with_iamra()).env("IAMRA_CLUSTER", cluster), b"");
    assert_eq!(built.exit, 0, "{}", built.stderr);
    objects(&built.stdout)
}

/// What the plugin server of Argo CD answers for an Application of this overlay. It gets what concerns the Application, as with
/// Argo CD's annotation `manifest-generate-paths`: the whole repository would be packed and unpacked for each.
fn of_argo_cd(server: &argocd::Server, repository: &Path, number: usize, cluster: &str) -> Objects {
    let sent = tempfile::tempdir().unwrap();
    for name in ["iamra.yaml", "iamra.lock"] {
        fs::copy(repository.join(name), sent.path().join(name)).unwrap();
    }
    let folder = format!("apps/app-{number}");
    copy(&repository.join(&folder), &sent.path().join(&folder));
    let plugin = json!({"parameters": [{"name": "cluster", "string": cluster}]}).to_string();
    let app = overlay(number, cluster).display().to_string();
    keyed(argocd::manifests(&server.ask("generate", sent.path(), &app, &plugin, "60s")))
}

/// Objects by kind and name.
fn keyed(objects: Vec<Value>) -> Objects {
    let key = |it: &Value| format!("{} {}", it["kind"].as_str().unwrap(), it["metadata"]["name"].as_str().unwrap());
    objects.into_iter().map(|it| (key(&it), serde_yaml::to_value(it).unwrap())).collect()
}

/// Every ARN is one of the cluster's account, and they are those of the application.
fn check_arns(objects: &Objects, number: usize, account: &str, region: &str, at: &str) {
    let data = &objects[&format!("ConfigMap app-{number}-iam-ra-config")]["data"];
    let expected = json!({"TRUST_ANCHOR_ARN": trust_anchor(account, region),
        "PROFILE_ARN": profile(account, region, number), "ROLE_ARN": role(account, number)});
    assert_eq!(json!(data), expected, "{at}");
    let text = json!(objects).to_string();
    for (_, _, other, _) in CLUSTERS {
        assert!(other == account || !text.contains(other), "{at}: an ARN of {other}");
    }
}

#[test]
fn sixty_applications_in_three_clusters_come_out_the_same_in_every_way() {
    let repository = fleet(APPS, &CLUSTERS.map(|(cluster, ..)| cluster));
    let dir = repository.path();
    fs::write(dir.join("iamra.yaml"), declaration()).unwrap();
    lock(dir);
    component(dir);
    let built = run(
        iamra(dir).env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")).args([
            "build",
            "apps/*/overlays/*",
            "--output",
            "all",
        ]),
        b"",
    );
    assert_eq!(built.exit, 0, "{}", built.stderr);
    let server = argocd::Server::start(&peer("kustomize-5.8.2"), &[]);
    let jobs: Vec<_> = (0..APPS).flat_map(|app| CLUSTERS.map(|cluster| (app, cluster))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((number, (cluster, _, account, region))) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let app = overlay(*number, cluster);
            let at = app.display().to_string();
            let built = of_folder(&dir.join(format!("all/app-{number}/{cluster}")));
            assert_eq!(built.len(), 4, "{at}: {:?}", built.keys());
            check_references(&built);
            check_arns(&built, *number, account, region, &at);
            assert_eq!(piped(dir, &app, cluster), built, "{at}: inject");
            assert_eq!(of_component(dir, *number, cluster), built, "{at}: the component");
            assert_eq!(of_argo_cd(&server, dir, *number, cluster), built, "{at}: Argo CD");
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    assert!(next.load(Ordering::Relaxed) >= jobs.len());
}

/// The objects in the files of a folder.
fn of_folder(dir: &Path) -> Objects {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    files.flat_map(|path| objects(&fs::read_to_string(path).unwrap())).collect()
}

const EXAMPLE: &str = "examples/09-monorepo";

/// The lesson's ApplicationSet makes an Application of each overlay, and Argo CD gets what `iamra build` prints for it.
#[test]
fn the_application_set_of_the_example_gives_what_is_built() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join(EXAMPLE), dir.path());
    fs::create_dir(dir.path().join(".git")).unwrap();
    let text = fs::read_to_string(dir.path().join("applicationset.yaml")).unwrap();
    let set: Value = serde_yaml::from_str(&text).unwrap();
    let pattern = &set["spec"]["generators"][0]["git"]["directories"];
    assert_eq!(*pattern, json!([{"path": "apps/*/overlays/*"}]));
    let template = set["spec"]["template"].to_string();
    let server = argocd::Server::start(&peer("kustomize-5.8.2"), &[]);
    let mut names = Vec::new();
    for team in ["front", "payments", "reports"] {
        for cluster in crate::support::folders(&dir.path().join("apps").join(team).join("overlays")) {
            let cluster = cluster.file_name().unwrap().to_str().unwrap();
            let path = format!("apps/{team}/overlays/{cluster}");
            let fields = [("index .path.segments 1", team), (".path.basename", cluster), (".path.path", &path)];
            let filled = fields
                .iter()
                .fold(template.clone(), |text, (field, value)| text.replace(&format!("{{{{ {field} }}}}"), value));
            assert!(!filled.contains("{{"), "{filled}");
            let application: Value = serde_json::from_str(&filled).unwrap();
            names.push(application["metadata"]["name"].as_str().unwrap().to_owned());
            let source = &application["spec"]["source"];
            let plugin = json!({"parameters": source["plugin"]["parameters"]}).to_string();
            let answered = server.ask("generate", dir.path(), source["path"].as_str().unwrap(), &plugin, "60s");
            let mut build = iamra(dir.path());
            build.env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")).args(["build", &path, "--cluster", cluster]);
            let output = run(&mut build, b"");
            assert_eq!(output.exit, 0, "{}", output.stderr);
            let answered: Objects = keyed(argocd::manifests(&answered));
            assert_eq!(answered, objects(&output.stdout), "{path}");
        }
    }
    assert_eq!(names, ["front-prod", "front-staging", "payments-prod", "payments-staging", "reports-prod"]);
}

/// The base has roles for the workloads of others, so it is not without purpose.
#[test]
fn a_base_without_workloads_is_locked_without_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join(EXAMPLE), dir.path());
    fs::create_dir(dir.path().join(".git")).unwrap();
    let planned = run(iamra(dir.path()).args(["lock", "--explain-calls"]), b"");
    assert_eq!((planned.exit, planned.stderr.as_str()), (0, ""), "{}", planned.stdout);
    let role = "/iam-ra/staging/roles/payments/role-arn";
    assert!(planned.stdout.contains(role), "{}", planned.stdout);
}

/// The error that the lesson shows is the one that a team gets.
#[test]
fn a_team_of_the_example_cannot_take_another_s_role() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join(EXAMPLE), dir.path());
    fs::create_dir(dir.path().join(".git")).unwrap();
    let file = dir.path().join("apps/front/iamra.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("role: readonly", "role: payments")).unwrap();
    let checked = run(iamra(dir.path()).arg("check"), b"");
    let readme = fs::read_to_string(dir.path().join("README.md")).unwrap();
    let shown = readme.split("```\nerror").nth(1).unwrap().split("```").next().unwrap();
    assert!(checked.exit == 1 && checked.stderr.contains(&format!("error{shown}")), "{}", checked.stderr);
}
