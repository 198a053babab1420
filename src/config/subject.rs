//! The names in a workload's certificate, and that no two workloads share them.

use std::collections::BTreeMap;

use super::Binding;
use super::reader::{CLUSTER, NAMESPACE, Reader};
use crate::diag::{Code, Diagnostic, Place};
use crate::quote::quote;
use crate::reference::{self, Origin};
use crate::yaml::FieldPath;

/// By trust anchor and common name, a workload and its role. Scopes and clusters with one trust anchor have one CA.
pub(super) type CommonNames = BTreeMap<((reference::Target, Origin), String), (String, String)>;

impl Reader<'_> {
    /// The rule is that of STS SourceIdentity with its `CN=` prefix, in which AWS carries the common name.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    pub(super) fn common_name(
        &mut self,
        given: Option<(String, FieldPath)>,
        variables: &BTreeMap<&str, &str>,
        at: &FieldPath,
    ) -> Option<String> {
        let (template, at) = given.unwrap_or_else(|| {
            let workload = variables.get("workload").copied().unwrap_or_default();
            (workload.to_owned(), at.clone())
        });
        let name = self.filled(&template, variables, &[NAMESPACE, CLUSTER], &at)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let length = name.chars().count();
        let (why, help) = if length > 61 {
            let why = format!("it has {length} characters, and AWS accepts at most 61");
            (why, "set `certificate.commonName` to a shorter name that no other workload of the scope has")
        } else if name.is_empty() || !name.chars().all(allowed) {
            let why = "use letters, digits or `_+=,.@-`; AWS drops or rejects others".to_owned();
            (why, "set `certificate.commonName`, for example to `{{ workload }}.{{ namespace }}`")
        } else {
            return Some(name);
        };
        self.report.push(
            Diagnostic::error(Code::InvalidValue, format!("{} cannot be a common name: {why}", quote(&name)))
                .at(Place::Config(at))
                .help(help),
        );
        None
    }

    /// IAM policies distinguish workloads by their common names, so a CA must not sign the same name for two of them.
    pub(super) fn check_unique(&mut self, binding: &Binding, names: &mut CommonNames) {
        let subject = &binding.certificate.common_name;
        let key = (binding.role.trust_anchor.source(), subject.clone());
        let Some((other, role)) = names.get(&key) else {
            names.insert(key, (binding.workload.clone(), binding.role.name.clone()));
            return;
        };
        let (subject, scope) = (quote(&format_args!("CN={subject}")).to_string(), quote(&binding.scope).to_string());
        let (message, help) = if *other != binding.workload {
            let whose = self.extension.map_or_else(String::new, |it| it.whose(other, &binding.workload));
            let both = format!("workloads {}{whose} and {}", quote(other), quote(&binding.workload));
            let message = format!("{both} would both have the subject {subject} in scope {scope}");
            (message, "set a different `certificate.commonName` for one of them")
        } else if *role != binding.role.name {
            let (whose, roles) = (quote(other), format!("{} and {}", quote(role), quote(&binding.role.name)));
            let message =
                format!("workload {whose} would have the roles {roles} with the subject {subject} in scope {scope}");
            let help = "distinguish them in `certificate.commonName`, for example with `{{ cluster }}` or \
                        `{{ namespace }}`, or give each cluster a trust anchor of its own";
            (message, help)
        } else {
            return;
        };
        let place = Place::Config(binding.place.clone());
        self.report.push(Diagnostic::error(Code::CommonNameClash, message).at(place).help(help));
    }
}
