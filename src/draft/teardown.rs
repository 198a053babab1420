//! Removes a cluster from the declaration.

use std::collections::BTreeSet;

use super::edit::{Change, Others, Refused, cannot_edit, check_own, parsed};
use super::section::CLUSTERS;
use super::{leftover, pin};
use crate::config::{Config, Whole};
use crate::diag::{Code, Diagnostic, Place, known_names};
use crate::quote::{quote, quote_all, typed};
use crate::yaml::{FieldPath, NodeRef};

/// The declaration without the cluster.
///
/// # Errors
/// Why it cannot be done.
pub fn change(
    name: &str,
    text: &str,
    declaration: Whole<'_>,
    configs: &[Config],
    others: &Others,
) -> Result<Change, Refused> {
    check_own(declaration, "clusters")?;
    let doc = parsed(text)?;
    let Some(config) = seen_from(name, configs) else {
        return Err(Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(&name)))
            .at(Place::Config(CLUSTERS.path()))
            .help(known_names(name, CLUSTERS.names(&doc)))
            .into());
    };
    let is_last = CLUSTERS.names(&doc) == [name];
    let (text, before) = pin::unnote(text).filter(|_| is_last).unwrap_or_else(|| (text.to_owned(), BTreeSet::new()));
    let (freed, remaining): (Vec<_>, Vec<_>) =
        config.bindings.iter().map(|binding| &binding.workload).partition(|name| before.contains(*name));
    let in_use = |message: String, at: FieldPath, help: String| -> Result<Change, Refused> {
        Err(Diagnostic::error(Code::ClusterInUse, message).at(Place::Config(at)).help(help).into())
    };
    let elsewhere =
        others.iter().find_map(|(other, configs)| Some((other, seen_from(name, configs)?.bindings.first()?)));
    if let Some((other, binding)) = elsewhere {
        let whose = quote(&binding.workload);
        let message = format!("workload {whose} of {other} is declared for cluster {}", quote(&name));
        let command = format!("iamra k8s offboard {} --cluster {name} --declaration {other}", binding.workload);
        return in_use(message, CLUSTERS.entry(name), format!("remove it first: {}", typed(&command)));
    }
    if !remaining.is_empty() {
        let message = format!("workloads are declared for cluster {}: {}", quote(&name), quote_all(remaining));
        let command = typed(&format_args!("iamra k8s offboard WORKLOAD --cluster {name}"));
        return in_use(message, CLUSTERS.entry(name), format!("remove them first: {command}"));
    }
    let chosen = FieldPath::keys("spec.cluster");
    if doc.at(&chosen).and_then(NodeRef::text) == Some(name) {
        let message = format!("`spec.cluster` selects cluster {} for rendering", quote(&name));
        return in_use(message, chosen, "remove `spec.cluster`, or set it to another cluster".to_owned());
    }
    let text = CLUSTERS
        .remove(&text, name)
        .and_then(pin::unpin)
        .map_err(|refusal| cannot_edit(&refusal, &format!("remove {} from `spec.clusters`", quote(&name))))?;
    let mut said = vec![format!("cluster {} removed", quote(&name))];
    if !freed.is_empty() {
        said.push(format!("{}: now in no cluster, as before the first one", quote_all(freed)));
    }
    Ok(Change { text, said })
}

/// What is no longer needed after the cluster is removed from the declaration.
pub fn leftovers(name: &str, before: &[Config], after: &[Config]) -> String {
    let mut leftovers = seen_from(name, before).map(|config| leftover::objects(config, true)).unwrap_or_default();
    let kept = after.iter().filter(|config| config.cluster.is_none()).map(|config| leftover::objects(config, false));
    kept.for_each(|kept| leftovers.retain(|object| !kept.contains(object)));
    leftover::words(&leftovers, &BTreeSet::new())
}

fn seen_from<'c>(cluster: &str, configs: &'c [Config]) -> Option<&'c Config> {
    configs.iter().find(|config| config.cluster.as_deref() == Some(cluster))
}
