//! Who can become whom: `iamra trust-policy`, `can-assume` and `matrix`, and the trust policies in the lock.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use iamra::diag::Report;
use iamra::matrix::{Declared, Matrix, Policy, Source};
use iamra::pipeline::{self, Request};
use iamra::resolve::Lockfile;
use iamra::trust::{Profiles, Verdict};
use iamra::yaml::Document;
use serde_json::{Value, json};

use crate::aws_peers::{ACCOUNT, APP, Server, arns, identity, state, tree};
use crate::fleet::fleet;
use crate::support::{Output, cases, iamra, root, run};

fn call(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).args(args), b"")
}

/// The workloads and roles of a folder's declaration, if it is valid, stands alone and has a value for everything.
fn declared(dir: &Path) -> Option<Declared> {
    let text = fs::read_to_string(dir.join("iamra.yaml")).ok()?;
    let document = Document::parse(&text).ok()?;
    let lock = fs::read_to_string(dir.join("iamra.lock")).ok();
    let mut report = Report::default();
    let lookup = Lockfile::read("iamra.lock", lock.as_deref(), &mut report);
    let snapshot = pipeline::snapshot(document.root(), Request::default(), Some(&lookup), &mut report)?;
    Some(Declared::of(&snapshot, &lookup)).filter(|declared| !report.has_errors() && !declared.workloads.is_empty())
}

/// How many pairs are allowed, after a check that those are the declared ones, and those that nothing tells apart from one.
fn assert_diagonal(declared: &Declared, name: &str) -> usize {
    let mut report = Report::default();
    let own = declared.policies(&mut report);
    assert!(!report.has_errors(), "{name}: {report:?}");
    let own = own.into_iter().map(|(role, document)| (role, Policy { document, source: Source::Declaration }));
    let own = own.collect();
    let profiles = Profiles::new();
    let matrix = Matrix::of(declared, &own, &profiles);
    let mut twins = BTreeSet::new();
    twins.extend(declared.workloads.iter().map(|it| (&it.role, &it.trust_anchor, &it.names)));
    for (index, pair) in matrix.pairs().enumerate() {
        let is_like_its_own = twins.contains(&(&pair.role.arn, &pair.workload.trust_anchor, &pair.workload.names));
        let wanted = if is_like_its_own { Verdict::Allow } else { Verdict::Deny };
        assert_eq!(pair.verdict, wanted, "{name}: {} as {}", pair.workload, pair.role.arn);
        assert!(!pair.is_own() || is_like_its_own);
        // Reasons are words, which take longer than verdicts.
        if is_like_its_own || index.is_multiple_of(97) {
            let why = matrix.decision(&pair);
            assert!(why.verdict == wanted && !why.clauses.is_empty(), "{name}: {why:?}");
        }
    }
    matrix.pairs().filter(|pair| pair.verdict == Verdict::Allow).count()
}

#[test]
fn our_policies_allow_their_own_workloads_alone_in_every_case() {
    let judged = cases()
        .into_iter()
        .filter_map(|case| Some((case.name.clone(), declared(&case.dir.join("input"))?)))
        .map(|(name, declared)| assert_diagonal(&declared, &name));
    let judged: Vec<_> = judged.collect();
    assert!(judged.len() > 100 && judged.iter().sum::<usize>() > 150, "{} cases", judged.len());
}

#[test]
fn a_fleet_is_diagonal() {
    let fleet = fleet(60, &["prod", "staging", "dev"]);
    assert_eq!(assert_diagonal(&declared(fleet.path()).unwrap(), "fleet"), 180);
    let output = call(fleet.path(), &["matrix", "--format", "markdown"]);
    let wanted = "### AWS impersonation: no workload can assume the role of another\n\n\
                  180 workloads and 180 roles: 32220 pairs with other roles, all denied.\n";
    assert_eq!((output.exit, output.stdout.as_str(), output.stderr.as_str()), (0, wanted, ""));
}

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111111111111:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";

/// The policy that the upstream guide makes: any certificate of the trust anchor's CA is enough.
fn upstream() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"ArnEquals": {"aws:SourceArn": ANCHOR}},
    }]})
}

#[test]
fn the_upstream_policy_lights_up_and_ours_in_its_place_does_not() {
    let fleet = fleet(20, &["prod"]);
    let dir = fleet.path();
    let files: Vec<_> = (0..20).map(|app| format!("app-{app}=policy.json")).collect();
    fs::write(dir.join("policy.json"), upstream().to_string()).unwrap();
    let args = |command: &[&'static str]| -> Vec<String> {
        let files = files.iter().flat_map(|it| ["--trust-policy".to_owned(), it.clone()]);
        command.iter().map(|it| (*it).to_owned()).chain(files).collect()
    };
    let lit = run(iamra(dir).args(args(&["matrix", "--format", "markdown"])), b"");
    assert_eq!(lit.exit, 1, "{}", lit.stderr);
    assert_eq!(lit.stderr.matches("error[impersonation]").count(), 20, "{}", lit.stderr);
    assert!(lit.stdout.starts_with("### AWS impersonation: 380 pairs are not as declared\n"), "{}", lit.stdout);
    // The limit of a comment on GitHub.
    assert!(lit.stdout.len() < 65_536 && lit.stdout.ends_with("and 320 more: `iamra matrix`\n"));
    let picture = run(iamra(dir).args(args(&["matrix", "--format", "svg"])), b"").stdout;
    assert!(picture.matches("class=\"error\"").count() >= 20 && picture.len() < 100_000, "{}", picture.len());
    let checked = run(iamra(dir).args(args(&["check", "iamra.yaml"])), b"");
    assert!(checked.exit == 1 && checked.stderr.matches("error[impersonation]").count() == 20, "{}", checked.stderr);
    // What we print fits, and nothing else does.
    let mut args = vec!["check".to_owned(), "iamra.yaml".to_owned()];
    for app in 0..20 {
        let name = format!("app-{app}");
        let policy = call(dir, &["trust-policy", &name]);
        assert_eq!((policy.exit, policy.stderr.as_str()), (0, ""));
        fs::write(dir.join(&name), policy.stdout).unwrap();
        args.extend(["--trust-policy".to_owned(), format!("{name}={name}")]);
    }
    let ours = run(iamra(dir).args(args), b"");
    assert_eq!((ours.exit, ours.stderr.as_str()), (0, "iamra.yaml: no problem\n"));
}

/// What Terraform and CloudFormation read is the same policy.
#[test]
fn every_format_has_the_same_policies() {
    let fleet = fleet(3, &["prod", "staging"]);
    let printed = |args: &[&str], format: &str| {
        let output = run(iamra(fleet.path()).arg("trust-policy").args(args).args(["--format", format]), b"");
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
        output.stdout
    };
    let all: Value = serde_json::from_str(&printed(&[], "json")).unwrap();
    assert_eq!(all.as_object().unwrap().len(), 6);
    let terraform: Value = serde_json::from_str(&printed(&[], "terraform")).unwrap();
    assert_eq!(terraform, json!({"locals": {"iamra_trust_policies": all}}));
    let cloudformation: Value = serde_yaml::from_str(&printed(&[], "cloudformation")).unwrap();
    let one = ["app-1", "--cluster", "staging"];
    let single: Value = serde_json::from_str(&printed(&one, "json")).unwrap();
    let role = "arn:aws:iam::222222222222:role/app-1";
    assert_eq!((&single, &single), (&all[role], &cloudformation[role]["AssumeRolePolicyDocument"]));
    let fragment: Value = serde_yaml::from_str(&printed(&one, "cloudformation")).unwrap();
    assert_eq!(fragment, json!({"AssumeRolePolicyDocument": single}));
    let by_arn: Value = serde_json::from_str(&printed(&[role], "json")).unwrap();
    assert_eq!(by_arn, single);
}

/// The exit code is the verdict.
#[test]
fn whoever_asks_is_answered_by_the_exit_code() {
    let fleet = fleet(2, &["prod"]);
    let dir = fleet.path();
    let mut strange = upstream();
    strange["Statement"][0]["Condition"]["Bool"] = json!({"aws:SecureTransport": "true"});
    fs::write(dir.join("strange.json"), json!({"Role": {"AssumeRolePolicyDocument": strange}}).to_string()).unwrap();
    fs::write(dir.join("none.json"), "{}").unwrap();
    for (args, exit, word) in [
        (&["app-0", "app-0"][..], 0, "allow: `app-0` of cluster `prod` as arn:aws:iam::111111111111:role/app-0, by"),
        (&["app-0", "app-1"], 4, "deny: `app-0` of cluster `prod` as"),
        (&["app-0", "app-1", "--trust-policy", "app-1=strange.json"], 3, "unknown: `app-0` of cluster `prod` as"),
        (&["app-0", "app-1", "--trust-policy", "app-1=none.json"], 1, ""),
        (&["app-0", "app-1", "--trust-policy", "app-9=strange.json"], 1, ""),
        (&["app-9", "app-1"], 1, ""),
        (&["app-0", "app-9"], 1, ""),
        (&["app-0", "app-1", "--cluster", "dev"], 1, ""),
        (&["app-0", "app-1", "--trust-policy", "app-1"], 2, ""),
        (&["app-0", "app-1", "--trust-policy", "app-1=missing.json"], 3, ""),
    ] {
        let output = run(iamra(dir).arg("can-assume").args(args), b"");
        assert_eq!(output.exit, exit, "{args:?}: {}", output.stderr);
        assert!(output.stdout.starts_with(word), "{args:?}: {}", output.stdout);
        assert_eq!(word.is_empty(), output.stdout.is_empty(), "{args:?}: {}", output.stdout);
    }
}

/// A state whose role `app` has this trust policy.
fn with_policy(policy: &Value) -> Value {
    let mut state = state(&identity());
    let [_, _, role] = arns(ACCOUNT, "eu-central-1");
    state["policies"] = json!({role: policy.to_string()});
    state
}

fn pinned(common_name: &str) -> Value {
    let [anchor, ..] = arns(ACCOUNT, "eu-central-1");
    let mut policy = upstream();
    policy["Statement"][0]["Condition"] = json!({
        "ArnEquals": {"aws:SourceArn": anchor},
        "StringEquals": {"aws:PrincipalTag/x509Subject/CN": common_name},
    });
    policy
}

#[test]
fn the_lock_records_what_roles_really_trust_and_check_judges_it() {
    let dir = tree(APP);
    let lock = |policy: &Value, args: &[&str]| {
        let double = Server::double(&with_policy(policy));
        let output = run(double.iamra(dir.path()).arg("lock").args(args), b"");
        (output, double.calls().iter().filter(|call| call["action"] == "GetRole").count())
    };
    let text = || fs::read_to_string(dir.path().join("iamra.lock")).unwrap();
    let check = || call(dir.path(), &["check", "--locked"]);
    // Nobody is asked who was not asked for.
    let (plain, asked) = lock(&pinned("app"), &[]);
    assert_eq!((plain.exit, asked, text().contains("trustPolicies")), (0, 0, false), "{}", plain.stderr);
    let (found, asked) = lock(&pinned("app"), &["--trust-policies"]);
    assert_eq!((found.exit, asked), (0, 1), "{}", found.stderr);
    assert_eq!(found.stderr, "iamra.lock: 3 references and 1 trust policies locked\n");
    let recorded = text();
    assert!(
        recorded.contains("\ntrustPolicies:\n  arn:aws:iam::111122223333:role/app:\n    Version: \"2012-10-17\"\n"),
        "{recorded}"
    );
    assert_eq!(check().exit, 0, "{}", check().stderr);
    // A lock that has them keeps them, to the byte.
    let (again, asked) = lock(&pinned("app"), &[]);
    assert_eq!((again.exit, asked, text()), (0, 1, recorded.clone()), "{}", again.stderr);
    let (same, _) = lock(&pinned("app"), &["--check"]);
    assert_eq!((same.exit, same.stderr.as_str()), (0, ""));
    let (drifted, _) = lock(&pinned("other"), &["--check"]);
    assert_eq!(drifted.exit, 4);
    assert!(
        drifted.stderr.contains("error[lock-drift]: arn:aws:iam::111122223333:role/app has a different trust policy"),
        "{}",
        drifted.stderr
    );
    assert_eq!(text(), recorded);
    // Somebody has changed the role, and the lock says it.
    assert_eq!(lock(&pinned("other"), &[]).0.exit, 0);
    let refused = check();
    assert!(
        refused.exit == 1 && refused.stderr.contains("error[trust-policy]: the trust policy of"),
        "{}",
        refused.stderr
    );
    let denied = call(dir.path(), &["can-assume", "app", "app"]);
    assert!(denied.exit == 4 && denied.stdout.contains("by the trust policy in the lock\n"), "{}", denied.stdout);
    // An edit is noticed like any other.
    fs::write(dir.path().join("iamra.lock"), recorded.replace("x509Subject/CN: app", "x509Subject/CN: \"*\"")).unwrap();
    assert!(check().stderr.contains("[invalid-lock]"), "{}", check().stderr);
}

#[test]
fn a_role_that_cannot_be_read_leaves_the_lock_as_it_is() {
    let dir = tree(APP);
    let lock = |state: &Value| {
        let output = run(Server::double(state).iamra(dir.path()).args(["lock", "--trust-policies"]), b"");
        assert!(!dir.path().join("iamra.lock").exists());
        (output.exit, output.stderr)
    };
    let (exit, stderr) = lock(&state(&identity()));
    assert!(exit == 1 && stderr.contains("there is no role arn:aws:iam::111122223333:role/app"), "{stderr}");
    let mut denied = with_policy(&pinned("app"));
    denied["faults"] = json!([{"action": "GetRole", "kind": "denied-role"}]);
    let (exit, stderr) = lock(&denied);
    assert!(exit == 1 && stderr.contains("[no-access]") && stderr.contains("`iam:GetRole`"), "{stderr}");
}

#[test]
fn the_plan_shows_what_is_read_for_trust_policies() {
    let dir = tree(APP);
    let plan = |args: &[&str]| call(dir.path(), &[&["lock", "--explain-calls"], args].concat()).stdout;
    assert!(!plan(&[]).contains("iam:GetRole"));
    let wanted = "iam:GetRole of the roles that are looked up\n  ssm:/acme/roles/app/role-arn\n\
                  rolesanywhere:GetProfile of the profiles that are looked up\n  ssm:/acme/roles/app/profile-arn\n";
    assert!(plan(&["--trust-policies"]).ends_with(wanted), "{}", plan(&["--trust-policies"]));
    let [_, _, role] = arns(ACCOUNT, "eu-central-1");
    let dir = tree(&format!("  roles:\n    app: {{roleArn: \"{role}\"}}\n"));
    let plan = call(dir.path(), &["lock", "--explain-calls", "--trust-policies"]).stdout;
    assert!(plan.contains(&format!("iam:GetRole in eu-central-1\n  {role}\n")), "{plan}");
}

/// A profile may map no name to tags, or not list the role: then the policy that the declaration means allows nobody.
#[test]
fn the_lock_records_profiles_and_check_judges_by_them() {
    let dir = tree(APP);
    let [_, profile, role] = arns(ACCOUNT, "eu-central-1");
    let lock = |details: &Value, args: &[&str]| {
        let mut state = with_policy(&pinned("app"));
        state["profileDetails"] = json!({&profile: details});
        let double = Server::double(&state);
        let output = run(double.iamra(dir.path()).arg("lock").args(args), b"");
        (output, double.calls().iter().filter(|call| call["action"] == "GetProfile").count())
    };
    let all = json!({"roleArns": [&role]});
    assert_eq!(lock(&all, &[]).1, 0);
    let (locked, asked) = lock(&all, &["--trust-policies"]);
    assert_eq!((locked.exit, asked), (0, 1), "{}", locked.stderr);
    let recorded = fs::read_to_string(dir.path().join("iamra.lock")).unwrap();
    assert!(recorded.contains(&format!("\nprofiles:\n  {profile}:\n    roleArns:\n    - {role}\n")), "{recorded}");
    assert!(recorded.contains("x509Subject:\n"), "{recorded}");
    assert_eq!(call(dir.path(), &["check", "--locked"]).exit, 0);
    assert_eq!(lock(&all, &["--check"]).0.exit, 0);
    // Tags are made of the issuer's names alone.
    let issuer = json!([{"certificateField": "x509Issuer", "mappingRules": [{"specifier": "*"}]}]);
    let untagged = json!({"roleArns": [&role], "attributeMappings": &issuer});
    let (drifted, _) = lock(&untagged, &["--check"]);
    assert_eq!(drifted.exit, 4);
    assert!(drifted.stderr.contains("has different attribute mappings"), "{}", drifted.stderr);
    assert_eq!(lock(&untagged, &[]).0.exit, 0);
    let denied = call(dir.path(), &["check", "--locked"]);
    assert!(denied.exit == 1 && denied.stderr.contains("error[trust-policy]"), "{}", denied.stderr);
    // Without the role in it, it gives no session.
    let unlisted = json!({"roleArns": [], "attributeMappings": issuer});
    assert!(lock(&unlisted, &["--check"]).0.stderr.contains("lists different roles"));
    assert_eq!(lock(&unlisted, &[]).0.exit, 0);
    let denied = call(dir.path(), &["can-assume", "app", "app"]);
    assert!(denied.exit == 4 && denied.stdout.contains("does not list the role"), "{}", denied.stdout);
}

/// The picture in the documentation is the one that is drawn.
#[test]
fn the_heat_map_in_the_documentation_is_what_is_drawn() {
    let dir = root().join("tests/cases/matrix/upstream/input");
    let args = ["matrix", "--format", "svg", "--trust-policy", "orders=orders.json"];
    let output = call(&dir, &args);
    assert_eq!(output.exit, 1, "{}", output.stderr);
    crate::support::expect_file(&root().join("docs/matrix.svg"), &output.stdout).unwrap();
}

/// A team's workloads are in its own declaration: the base, the team and its neighbours see the same policies.
#[test]
fn declarations_that_extend_a_base_are_judged_together() {
    let dir = tempfile::tempdir().unwrap();
    crate::kustomize::copy(&root().join("examples/09-monorepo"), dir.path());
    fs::create_dir(dir.path().join(".git")).unwrap();
    let of_base = call(dir.path(), &["trust-policy", "readonly", "--cluster", "prod"]);
    assert_eq!((of_base.exit, of_base.stderr.as_str()), (0, ""));
    for name in ["front.front", "reports.reports"] {
        assert!(of_base.stdout.contains(&format!("\"{name}\"")), "{}", of_base.stdout);
    }
    for team in ["front", "payments"] {
        let of_team = call(&dir.path().join("apps").join(team), &["trust-policy", "readonly", "--cluster", "prod"]);
        assert_eq!((of_team.exit, &of_team.stdout), (0, &of_base.stdout), "{team}: {}", of_team.stderr);
    }
    let matrix = call(dir.path(), &["matrix"]);
    assert_eq!((matrix.exit, matrix.stdout.matches(" allow ").count()), (0, 5), "{}{}", matrix.stdout, matrix.stderr);
    // A workload that nobody can judge may be anybody.
    fs::write(dir.path().join("apps/reports/iamra.yaml"), "spec: {extends: ../../iamra.yaml, workloads: 1}\n").unwrap();
    let refused = call(dir.path(), &["matrix"]);
    assert!(refused.exit == 1 && refused.stdout.is_empty(), "{}", refused.stdout);
    assert!(refused.stderr.contains("apps/reports/iamra.yaml"), "{}", refused.stderr);
}
