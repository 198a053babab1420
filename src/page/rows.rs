//! Who is what: the workloads by cluster and namespace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::times::tone;
use super::{Page, short};
use crate::config::Which;
use crate::krm::Position;
use crate::matrix::{Matrix, Pair, Workload, clauses, word};
use crate::renewal;
use crate::roster::Row;
use crate::yaml::FieldPath;

/// Where a field is.
type Positions<'p> = dyn Fn(&FieldPath) -> Option<(&'p str, Position)> + 'p;
/// A workload's cluster, namespace and name.
type Who<'p> = (Option<&'p str>, Option<&'p str>, &'p str);

/// The workloads of each namespace in the order of the clusters in the file.
pub(super) fn groups(page: &Page<'_>) -> Value {
    let own = own_pairs(page);
    let ranks: BTreeMap<_, _> = page.clusters().into_iter().zip(0_usize..).collect();
    let mut groups: BTreeMap<(usize, [Option<&str>; 2]), Vec<Value>> = BTreeMap::new();
    for declaration in page.declarations() {
        let positions = declaration.sources.positions();
        for row in &declaration.roster.rows {
            let (cluster, namespace) = (row.cluster.as_deref(), row.namespace.as_deref());
            let rank = row.cluster.as_ref().and_then(|cluster| ranks.get(cluster)).copied().unwrap_or_default();
            let pair = own.get(&(cluster, namespace, row.binding.workload.as_str()));
            let group = groups.entry((rank, [cluster, namespace])).or_default();
            group.push(one(page, row, pair, &positions));
        }
    }
    let groups = groups.into_iter().map(|((_, [cluster, namespace]), rows)| {
        json!({"cluster": cluster, "namespace": namespace, "count": rows.len(), "rows": rows})
    });
    groups.collect::<Vec<_>>().into()
}

/// Each workload with its own role.
fn own_pairs<'p>(page: &'p Page<'_>) -> BTreeMap<Who<'p>, Pair<'p>> {
    let pairs = page.matrix.into_iter().flat_map(Matrix::pairs).filter(Pair::is_own);
    let who = |it: &'p Workload| (it.cluster.as_deref(), it.namespace.as_deref(), it.name.as_str());
    pairs.map(|pair| (who(pair.workload), pair)).collect()
}

fn one(page: &Page<'_>, row: &Row, pair: Option<&Pair<'_>>, positions: &Positions<'_>) -> Value {
    let binding = &row.binding;
    let certificate = &binding.certificate;
    let kind = binding.target.kind.as_deref().unwrap_or("workload");
    let target = match &binding.target.which {
        Which::Name(name) if binding.target.kind.is_none() && *name == binding.workload => String::new(),
        Which::Name(name) => format!("{kind} {name}"),
        Which::Labels(labels) => {
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{kind} with {}", labels.join(", "))
        }
    };
    let margin = renewal::margin(&certificate.renew_before);
    let verdict = pair.zip(page.matrix).map(|(pair, matrix)| {
        json!({"word": word(pair.verdict), "why": clauses(&matrix.decision(pair)), "source": pair.source.to_string()})
    });
    let role = row.role.as_deref().unwrap_or(binding.role.role.as_str());
    let anchor = row.trust_anchor.as_deref().unwrap_or(binding.role.trust_anchor.as_str());
    json!({
        "workload": binding.workload,
        "target": target,
        "role": binding.role.name,
        "role_arn": role,
        "role_short": short(role),
        "scope": binding.scope,
        "anchor": anchor,
        "anchor_short": short(anchor),
        "issuer": format!("{} {}", binding.issuer.issuer_ref.kind, binding.issuer.issuer_ref.name),
        "subject": names(row),
        "life": format!("{}, renewed {} before", certificate.duration, certificate.renew_before),
        "margin": margin.in_words(),
        "tone": tone(&margin),
        "session": binding.session().as_str(),
        "verdict": verdict,
        "place": positions(&binding.place).map(|(file, at)| page.links.place(file, Some(at.line))),
    })
}

/// The names in a certificate, which a trust policy may require.
fn names(row: &Row) -> String {
    let certificate = &row.binding.certificate;
    let all =
        [("O", &certificate.organizations), ("OU", &certificate.organizational_units), ("URI", &certificate.uris)];
    let more = all.into_iter().flat_map(|(kind, names)| names.iter().map(move |name| format!(", {kind}={name}")));
    format!("CN={}{}", certificate.common_name, more.collect::<String>())
}
