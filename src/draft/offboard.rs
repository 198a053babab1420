//! Removes a workload from the declaration or from a cluster.

use std::collections::BTreeSet;

use super::edit::{Change, Others, Refused, cannot_edit, parsed};
use super::leftover::{self, Resource};
use super::onboard::DECLARED;
use super::section::{self, ROLES, WORKLOADS};
use crate::config::Config;
use crate::diag::{Code, Diagnostic, Place, known_names};
use crate::name;
use crate::quote::quote;
use crate::yaml::edit::{Edit, Refusal, apply, dismiss};
use crate::yaml::{Document, NodeRef};

/// The declaration without the workload, or without it in one cluster.
///
/// # Errors
/// Why it cannot be done.
pub fn change(
    name: &str,
    cluster: Option<&str>,
    text: &str,
    configs: &[Config],
    others: &Others,
) -> Result<Change, Refused> {
    let doc = parsed(text)?;
    let known = WORKLOADS.names(&doc);
    let overlaid = section::overlaid(&doc, WORKLOADS, name);
    if !known.contains(&name) && !overlaid.iter().any(|cluster| WORKLOADS.of(cluster).has(&doc, name)) {
        return Err(Diagnostic::error(Code::UnknownWorkload, format!("workload {} is not declared", quote(&name)))
            .at(Place::Config(WORKLOADS.path()))
            .help(known_names(name, known))
            .into());
    }
    let runs_in = |config: &&Config| config.bindings.iter().any(|binding| binding.workload == name);
    let clusters: Vec<_> = configs.iter().filter(runs_in).filter_map(|config| config.cluster.as_deref()).collect();
    if let Some(asked) = cluster.filter(|asked| !clusters.contains(asked)) {
        let message = format!("workload {} does not run in cluster {}", quote(&name), quote(&asked));
        let place = Place::Config(WORKLOADS.entry(name));
        return Err(Diagnostic::error(Code::UnknownCluster, message)
            .at(place)
            .help(known_names(asked, clusters))
            .into());
    }
    let refused = |refusal: Refusal| cannot_edit(&refusal, &format!("remove {} from `spec.workloads`", quote(&name)));
    if let Some(left) = cluster.filter(|_| clusters.len() > 1) {
        let others: Vec<_> = clusters.iter().filter(|cluster| **cluster != left).copied().collect();
        let (whose, others) = (quote(&name), others.join(", "));
        let said = vec![format!("workload {whose} removed from cluster {}; it remains in {others}", quote(&left))];
        let text = without_cluster(&doc, name, left)
            .and_then(|text| if overlaid.contains(&left) { WORKLOADS.of(left).remove(&text, name) } else { Ok(text) });
        return text.map(|text| Change { text, said }).map_err(refused);
    }
    let mut said = vec![format!("workload {} removed", quote(&name))];
    if let Some(line) = comment_above(text, &doc, name) {
        said.push(format!("the comment above it was kept, on line {line}"));
    }
    let unused = only_of(name, configs, others);
    let mut text = text.to_owned();
    for cluster in &overlaid {
        text = WORKLOADS.of(cluster).remove(&text, name).map_err(refused)?;
    }
    if known.contains(&name) {
        text = WORKLOADS.remove(&text, name).map_err(refused)?;
    }
    for role in unused.into_iter().filter(|role| doc.at(&ROLES.entry(role)).is_some()) {
        if let Some(without) = without_role(&text, role) {
            text = without;
            said.push(format!("role {} removed: `onboard` had added it, and no workload uses it now", quote(role)));
        } else {
            said.push(format!("role {} kept; no workload uses it now", quote(role)));
        }
    }
    Ok(Change { text, said })
}

/// The roles that no other workload has.
fn only_of<'c>(name: &str, configs: &'c [Config], others: &'c Others) -> BTreeSet<&'c str> {
    let own = configs.iter().flat_map(|config| &config.bindings);
    let (its, rest): (Vec<_>, Vec<_>) = own.partition(|binding| binding.workload == name);
    let others = others.iter().flat_map(|(_, configs)| configs).flat_map(|config| &config.bindings);
    let used: BTreeSet<_> = rest.into_iter().chain(others).map(|binding| binding.role.name.as_str()).collect();
    its.into_iter().map(|binding| binding.role.name.as_str()).filter(|role| !used.contains(role)).collect()
}

/// The text in which the workload does not list the cluster.
fn without_cluster(doc: &Document<'_>, name: &str, cluster: &str) -> Result<String, Refusal> {
    let at = WORKLOADS.entry(name).key("clusters");
    let items = doc.at(&at).into_iter().flat_map(NodeRef::items).enumerate();
    let listed = items.filter(|(_, item)| item.text() == Some(cluster));
    let edits: Vec<_> = listed.map(|(index, _)| Edit::Remove { at: at.index(index) }).collect();
    apply(doc, edits)
}

/// The text without a role that `onboard` added and that is unchanged since.
fn without_role(text: &str, role: &str) -> Option<String> {
    let (doc, at) = (section::read(text).ok()?, ROLES.entry(role));
    let is_bare = doc.at(&at).is_some_and(|node| node.is_map() && node.entries().len() == 0);
    let text = dismiss(&doc, &at, DECLARED).filter(|_| is_bare)?;
    ROLES.remove(&text, role).ok()
}

/// The line of a comment right above the entry. It may be about more than the entry, so it is kept.
fn comment_above(text: &str, doc: &Document<'_>, name: &str) -> Option<usize> {
    let (key, _) = doc.at(&WORKLOADS.path())?.entry(name)?;
    let above = text.get(..key.span().start)?.lines().count().checked_sub(1)?;
    let line = text.lines().nth(above.checked_sub(1)?)?;
    line.trim_start().starts_with('#').then_some(above)
}

/// What is no longer rendered for a cluster, and what remains there; `None` when the workload still runs there.
pub fn leftovers(name: &str, before: &Config, after: &[Config], others: &Others) -> Option<String> {
    let binding = before.bindings.iter().find(|binding| binding.workload == name)?;
    let after = after.iter().find(|config| config.cluster == before.cluster)?;
    if after.bindings.iter().any(|binding| binding.workload == name) {
        return None;
    }
    let others = others.iter().flat_map(|(_, configs)| configs).filter(|config| config.cluster == before.cluster);
    let kept: BTreeSet<_> = others.chain([after]).flat_map(|config| leftover::objects(config, false)).collect();
    let leftovers = leftover::objects(before, false).into_iter().filter(|object| !kept.contains(object)).collect();
    let namespace = binding.namespace.as_ref().map(ToString::to_string);
    let certificate = name::of_certificate(name);
    let secret = Resource::Object("Secret", certificate);
    let secret_words = secret.words(namespace.as_deref());
    // `onboard` prints a sample, whatever the declaration says.
    let samples = (!binding.sample).then(|| Resource::Samples(name.to_owned()));
    let by_hand = [Some(secret), samples].into_iter().flatten();
    let by_hand = by_hand.map(|resource| (namespace.clone(), resource)).collect();
    let words = leftover::words(&leftovers, &by_hand);
    let cluster = before.cluster.as_ref().map_or_else(String::new, |cluster| format!("in cluster {cluster}, "));
    Some(format!(
        "{cluster}{words}remains until you delete it: {secret_words}, the certificate that cert-manager wrote\n"
    ))
}
