//! The parameters that an application's author has set. They are untrusted until checked by the rule of each parameter.

use std::env;

use serde::Deserialize;
use serde_json::Value;

use crate::cli::sources::Shared;
use crate::config::Mode;
use crate::diag::{Code, Diagnostic, Report};
use crate::name::DnsLabel;
use crate::quote::quote;

/// Argo CD's variable with every parameter that is set, as JSON.
/// <https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/>
const VARIABLE: &str = "ARGOCD_APP_PARAMETERS";
/// Argo CD's variable with the namespace that it gives to objects that name none.
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/>
const NAMESPACE: &str = "ARGOCD_APP_NAMESPACE";

pub(super) const CLUSTER: &str = "cluster";
pub(super) const MODE: &str = "mode";
pub(super) const WORKLOADS: &str = "workloads";
pub(super) const LOCK: &str = "lock";

/// The values of the parameters that can be set.
#[derive(Default)]
pub(in crate::cli) struct Parameters {
    pub(in crate::cli) cluster: Option<String>,
    pub(super) mode: Option<Mode>,
    /// The namespace of objects that name none.
    pub(in crate::cli) namespace: Option<String>,
}

/// One of them, as Argo CD writes it.
#[derive(Deserialize)]
struct Given {
    name: String,
    string: Option<String>,
    array: Option<Value>,
    map: Option<Value>,
}

impl Parameters {
    /// Reads them; what is wrong is in the report. It cannot change the cluster that the plugin's operator has chosen.
    pub(super) fn read(shared: &Shared, report: &mut Report) -> Self {
        let text = env::var_os(VARIABLE).unwrap_or_else(|| "null".into());
        Self::of(text.to_str(), env::var(NAMESPACE).ok(), shared.cluster.clone(), report)
    }

    /// Reads them from the values of the two variables; the first is `None` when it is not UTF-8.
    pub(in crate::cli) fn of(
        text: Option<&str>,
        namespace: Option<String>,
        cluster: Option<String>,
        report: &mut Report,
    ) -> Self {
        let mut parameters = Self { cluster, ..Self::default() };
        let given = text.and_then(|text| serde_json::from_str::<Option<Vec<Given>>>(text).ok());
        match given {
            Some(given) => given.unwrap_or_default().iter().for_each(|given| parameters.set(given, report)),
            None => wrong(report, format!("{VARIABLE} is not the JSON list that Argo CD writes"), "see `iamra argocd`"),
        }
        match namespace.filter(|name| !name.is_empty()) {
            Some(name) if DnsLabel::parse(&name).is_err() => {
                wrong(report, format!("{NAMESPACE} is not a namespace"), "set the Application's destination namespace");
            }
            namespace => parameters.namespace = namespace,
        }
        parameters
    }

    fn set(&mut self, given: &Given, report: &mut Report) {
        let Given { name, string, array, map } = given;
        let (CLUSTER | MODE) = name.as_str() else { return refuse(name, report) };
        let (Some(value), None, None) = (string, array, map) else {
            return wrong(report, format!("parameter {} is not a string", quote(&name)), "set it as `string:`");
        };
        match (name.as_str(), value.as_str()) {
            (CLUSTER, value) => self.set_cluster(value, report),
            (_, "all") => self.mode = Some(Mode::All),
            (_, "generate") => self.mode = Some(Mode::Generate),
            (_, "transform") => self.mode = Some(Mode::Transform),
            _ => wrong(report, "parameter `mode` has an unknown value", "use `all`, `generate` or `transform`"),
        }
    }

    fn set_cluster(&mut self, value: &str, report: &mut Report) {
        if DnsLabel::parse(value).is_err() {
            return wrong(
                report,
                "parameter `cluster` is not a valid name",
                "use the name of a cluster in the declaration",
            );
        }
        match &self.cluster {
            Some(fixed) if fixed != value => wrong(
                report,
                format!("parameter `cluster` is {}, but this plugin renders only for {}", quote(&value), quote(&fixed)),
                "remove the parameter, or ask the plugin's operator to change IAMRA_CLUSTER",
            ),
            _ => self.cluster = Some(value.to_owned()),
        }
    }
}

fn refuse(name: &str, report: &mut Report) {
    if [WORKLOADS, LOCK].contains(&name) {
        return wrong(
            report,
            format!("parameter {} is read-only", quote(&name)),
            "change the declaration in Git instead",
        );
    }
    wrong(report, format!("unknown parameter {}", quote(&name)), "remove it; the parameters are `cluster` and `mode`");
}

fn wrong(report: &mut Report, message: impl Into<String>, help: &str) {
    report.push(Diagnostic::error(Code::InvalidParameter, message).help(help));
}
