//! Imports the state of an `iam-ra` installation, an older command line for IAM Roles Anywhere: a JSON document in S3.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{declaration, entry};
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::DEFAULT_SCOPE;
use crate::quote::quote;

/// The parts of the document that are imported. Versions 1.x have `ca`, versions 2.x `cas`.
/// <https://github.com/igorlg/iam-roles-anywhere/blob/HEAD/src/iam_ra_cli/models/__init__.py>
#[derive(Deserialize)]
struct State {
    namespace: String,
    region: String,
    ca: Option<Ca>,
    cas: Option<BTreeMap<String, Ca>>,
    roles: Option<BTreeMap<String, StateRole>>,
    hosts: Option<Map<String, Value>>,
    k8s_clusters: Option<Map<String, Value>>,
    k8s_workloads: Option<BTreeMap<String, StateWorkload>>,
}

#[derive(Deserialize)]
struct Ca {
    mode: String,
    trust_anchor_arn: String,
    pca_arn: Option<String>,
}

#[derive(Deserialize)]
struct StateRole {
    #[serde(rename = "role_arn")]
    arn: String,
    #[serde(rename = "profile_arn")]
    profile: String,
    policies: Option<Vec<String>>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct StateWorkload {
    cluster_name: String,
    role_name: String,
    namespace: Option<String>,
}

/// Reads the state document that is called `name`. `None` when it is invalid, which is reported.
pub fn from_state(name: &str, text: &str, report: &mut Report) -> Option<Value> {
    let state: State = match serde_json::from_str(text) {
        Ok(state) => state,
        Err(error) => {
            let what = if error.is_data() { "a field is missing or has the wrong type" } else { "it is not JSON" };
            let message = format!("this is not the state document of iam-ra: {what}");
            report.push(
                Diagnostic::error(Code::InvalidState, message)
                    .at(Place::File(name.to_owned(), Some(error.line())))
                    .help("pass the object that the parameter `/iam-ra/NAMESPACE/state-location` refers to"),
            );
            return None;
        }
    };
    let mut reader = Reader { name, namespace: &state.namespace, report, failed: false };
    let declaration = reader.declaration(&state);
    (!reader.failed).then_some(declaration)
}

struct Reader<'r> {
    name: &'r str,
    /// The installation's.
    namespace: &'r str,
    report: &'r mut Report,
    failed: bool,
}

impl Reader<'_> {
    fn declaration(&mut self, state: &State) -> Value {
        let single = state.ca.iter().map(|ca| (DEFAULT_SCOPE, ca));
        let several = state.cas.iter().flatten().map(|(scope, ca)| (scope.as_str(), ca));
        // iam-ra 2.x leaves `ca` in a document that it has converted.
        let cas: BTreeMap<_, _> = single.chain(several).collect();
        let scopes = cas.into_iter().map(|(name, ca)| (name.to_owned(), self.scope(name, ca))).collect::<Map<_, _>>();
        let roles = state.roles.iter().flatten().map(|(name, role)| (name.clone(), self.role(name, role)));
        let roles = roles.collect::<Map<_, _>>();
        for host in state.hosts.iter().flatten().map(|(name, _)| name) {
            let message = format!("host {} is not a pod", quote(&host));
            self.leave_out(message, "keep its setup by iam-ra: nothing changes for the host");
        }
        let clusters = state.k8s_clusters.iter().flatten().map(|(name, _)| (name.clone(), json!({})));
        let clusters = clusters.collect::<Map<_, _>>();
        let workloads = state.k8s_workloads.iter().flatten().map(|(name, workload)| {
            let cluster = (clusters.len() > 1).then_some([&workload.cluster_name]);
            let namespace = workload.namespace.as_deref().unwrap_or("default");
            let fields = vec![
                ("role", json!(workload.role_name)),
                ("clusters", json!(cluster)),
                ("namespace", namespace.into()),
            ];
            (name.clone(), entry(fields))
        });
        let workloads = workloads.collect::<Map<_, _>>();
        declaration(vec![
            ("parameterPrefix", format!("/iam-ra/{}", state.namespace).into()),
            ("region", state.region.as_str().into()),
            ("scopes", scopes.into()),
            ("roles", roles.into()),
            ("clusters", clusters.into()),
            ("workloads", workloads.into()),
        ])
    }

    fn scope(&mut self, name: &str, ca: &Ca) -> Value {
        let anchor = self.arn(&format!("scope {}", quote(&name)), ArnKind::TrustAnchor, &ca.trust_anchor_arn);
        let issuer = (ca.mode != "self-signed").then(|| {
            // iam-ra writes the ARN into a parameter, too.
            let parameter = || format!("ssm:/iam-ra/{}/scopes/{name}/pca-arn", self.namespace);
            let arn = ca.pca_arn.clone().unwrap_or_else(parameter);
            if ca.pca_arn.is_some() {
                self.arn(&format!("scope {}", quote(&name)), ArnKind::PrivateCa, &arn);
            }
            let message = format!(
                "the certificates of scope {} come from AWS Private CA, through a controller that iam-ra does not install",
                quote(&name)
            );
            self.leave_out(message, "install aws-privateca-issuer, with credentials that may issue certificates");
            json!({"awsPrivateCa": {"arn": arn}})
        });
        entry(vec![("trustAnchor", anchor), ("issuer", json!(issuer))])
    }

    fn role(&mut self, name: &str, role: &StateRole) -> Value {
        let whose = format!("role {}", quote(&name));
        let scope = role.scope.as_deref().filter(|scope| *scope != DEFAULT_SCOPE);
        entry(vec![
            ("scope", json!(scope)),
            ("roleArn", self.arn(&whose, ArnKind::Role, &role.arn)),
            ("profileArn", self.arn(&whose, ArnKind::Profile, &role.profile)),
            ("policies", json!(role.policies)),
        ])
    }

    fn arn(&mut self, whose: &str, kind: ArnKind, text: &str) -> Value {
        if let Err(why) = Arn::parse(kind, text) {
            self.failed = true;
            self.report.push(
                Diagnostic::error(Code::InvalidState, format!("{whose}: {why}"))
                    .at(self.place())
                    .help("complete the installation with iam-ra's own commands"),
            );
        }
        text.into()
    }

    fn leave_out(&mut self, message: String, help: &str) {
        self.report.push(Diagnostic::warning(Code::NotImported, message).at(self.place()).help(help));
    }

    fn place(&self) -> Place {
        Place::File(self.name.to_owned(), None)
    }
}
