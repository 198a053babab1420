//! Adds a cluster to the declaration, or changes it.

use serde_json::Map;

use super::edit::{Change, Refused, cannot_edit, check_own, is_now, put};
use super::pin;
use super::section::{self, CLUSTERS};
use crate::config::{Config, Whole};
use crate::name::DnsLabel;
use crate::quote::{quote, typed};
use crate::yaml::edit::{Refusal, apply};

/// The request.
pub struct Request<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The namespace of its workloads that do not set one.
    pub namespace: Option<&'a str>,
    /// The names of the declarations that extend this one.
    pub extended_by: &'a [String],
}

/// The declaration with the cluster.
///
/// # Errors
/// Why it cannot be done.
pub fn change(asked: &Request<'_>, text: &str, declaration: Whole<'_>, configs: &[Config]) -> Result<Change, Refused> {
    check_own(declaration, "clusters")?;
    changed(asked, text, configs).map_err(|refusal| {
        let by_hand = format!(
            "add {} under `spec.clusters`, and `clusters:` to workloads without it",
            typed(&format_args!("{}: {{}}", asked.cluster))
        );
        cannot_edit(&refusal, &by_hand)
    })
}

fn changed(asked: &Request<'_>, text: &str, configs: &[Config]) -> Result<Change, Refusal> {
    let name = asked.cluster;
    let mut said = Vec::new();
    let Some(config) = configs.iter().find(|config| config.cluster.as_deref() == Some(name)) else {
        let (mut text, pinned) = pin::pin(configs, text)?;
        said.extend(pinned);
        // This command edits one file.
        if let [Config { cluster: Some(_), .. }] = configs {
            said.extend(asked.extended_by.iter().map(|other| {
                format!("workloads of {other} must now say where they run, with `clusters`: `iamra check` names those that do not")
            }));
        }
        let mut fields = Map::new();
        fields.extend(asked.namespace.iter().map(|namespace| ("namespace".to_owned(), (*namespace).into())));
        text = CLUSTERS.add(&text, name, fields)?;
        let namespace =
            asked.namespace.map_or_else(String::new, |it| format!(", workloads in namespace {}", quote(&it)));
        said.push(format!("cluster {} added{namespace}", quote(&name)));
        let (text, noted) = pin::note(configs, text)?;
        said.extend(noted);
        return Ok(Change { text, said });
    };
    let before = config.namespace.as_ref().map(DnsLabel::as_str);
    let Some(after) = asked.namespace.filter(|after| Some(*after) != before) else {
        return Ok(Change { text: text.to_owned(), said });
    };
    let doc = section::read(text)?;
    let edit = put(&doc, &CLUSTERS.entry(name).key("namespace"), after.into());
    said.push(format!("cluster {} changed: {}", quote(&name), is_now("namespace", before, after)));
    Ok(Change { text: apply(&doc, vec![edit])?, said })
}
