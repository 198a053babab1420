//! `iamra k8s teardown`

use std::collections::BTreeSet;

use super::Editing;
use super::draft::Draft;
use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::config::Config;
use crate::diag::{Code, Diagnostic, Place, known_names};
use crate::draft::section::CLUSTERS;
use crate::draft::{self, Change, Refused, leftover, pin};
use crate::quote::{quote, quote_all, typed};
use crate::yaml::{Document, FieldPath, NodeRef};

/// Take a cluster out of the declaration, when no workload is left in it
///
/// With the last cluster, workloads that were declared before the first one go back to be of none.
///
/// Prints no manifests, and touches no cluster: it says what `setup` has put there, and the command that deletes it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The cluster's name
    #[arg(value_name = "CLUSTER")]
    name: String,
    #[command(flatten)]
    editing: Editing,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let draft = Draft::open(&args.editing.declaration)?;
    let Some(configs) = draft.read(io)? else { return Ok(Exit::WrongInput) };
    let config = configs.iter().find(|config| config.cluster.as_deref() == Some(&args.name));
    let change = match change(&args.name, config, draft.text()) {
        Ok(change) => change,
        Err(diagnostic) => return draft.refuse(*diagnostic, io),
    };
    let Some(done) = draft.commit(change, args.editing.dry_run, io)? else { return Ok(Exit::WrongInput) };
    let mut leftovers = config.map(|config| leftover::objects(config, true)).unwrap_or_default();
    let kept =
        done.configs.iter().filter(|config| config.cluster.is_none()).map(|config| leftover::objects(config, false));
    kept.for_each(|kept| leftovers.retain(|object| !kept.contains(object)));
    io.words(&leftover::words(&leftovers, &[]))?;
    Ok(Exit::Done)
}

#[expect(clippy::expect_used, reason = "`Draft::read` has read the same text")]
fn change(name: &str, config: Option<&Config>, text: &str) -> Result<Change, Refused> {
    let doc = Document::parse(text).expect("it was read before");
    let Some(config) = config else {
        return Err(Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(&name)))
            .at(Place::Config(CLUSTERS.path()))
            .help(known_names(name, CLUSTERS.names(&doc)))
            .into());
    };
    let is_last = CLUSTERS.names(&doc) == [name];
    let (text, before) = pin::unnote(text).filter(|_| is_last).unwrap_or_else(|| (text.to_owned(), BTreeSet::new()));
    let (freed, remaining): (Vec<_>, Vec<_>) =
        config.bindings.iter().map(|binding| &binding.workload).partition(|name| before.contains(*name));
    if !remaining.is_empty() {
        let message = format!("workloads are declared for cluster {}: {}", quote(&name), quote_all(remaining));
        return Err(Diagnostic::error(Code::ClusterInUse, message)
            .at(Place::Config(CLUSTERS.entry(name)))
            .help(format!(
                "take them out first: {}",
                typed(&format_args!("iamra k8s offboard WORKLOAD --cluster {name}"))
            ))
            .into());
    }
    let chosen = FieldPath::keys("spec.cluster");
    if doc.at(&chosen).and_then(NodeRef::text) == Some(name) {
        let message = format!("`spec.cluster` says that cluster {} is rendered", quote(&name));
        let help = "take `spec.cluster` out, or let it name another one";
        return Err(Diagnostic::error(Code::ClusterInUse, message).at(Place::Config(chosen)).help(help).into());
    }
    let text = CLUSTERS
        .remove(&text, name)
        .and_then(pin::unpin)
        .map_err(|refusal| draft::cannot_edit(&refusal, &format!("take {} out of `spec.clusters`", quote(&name))))?;
    let mut said = vec![format!("cluster {} taken out", quote(&name))];
    if !freed.is_empty() {
        said.push(format!("{}: in no cluster now, as before the first one", quote_all(freed)));
    }
    Ok(Change { text, said })
}
