//! `iamra k8s setup`

use serde_json::Map;

use super::draft::{Draft, say_what_it_reads};
use super::{Editing, cluster_name, namespace_name};
use crate::cli::Exit;
use crate::cli::args::Shared;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::config::Config;
use crate::draft::section::CLUSTERS;
use crate::draft::{self, Change, pin};
use crate::name::DEFAULT_NAMESPACE;
use crate::pipeline;
use crate::quote::{quote, typed};
use crate::yaml::Document;
use crate::yaml::edit::{Refusal, apply};

/// Declare a cluster, and print the Issuer that its certificates need
///
/// `iamra k8s setup prod | kubectl apply -f -`. Makes `iamra.yaml` when there is none. The Issuer signs with the Secret
/// `iam-ra-ca`, which must be in the namespace; it is printed too when the declaration says where the CA comes from.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The cluster's name
    #[arg(value_parser = cluster_name, value_name = "CLUSTER")]
    name: String,
    /// Namespace of its workloads that name none; `default` when omitted
    #[arg(long, value_parser = namespace_name, value_name = "NS")]
    k8s_namespace: Option<String>,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let draft = Draft::open_or_new(&args.editing.declaration)?;
    let Some(configs) = draft.read(io)? else { return Ok(Exit::WrongInput) };
    let change = match change(&configs, draft.text(), args) {
        Ok(change) => change,
        Err(refusal) => {
            let by_hand = format!(
                "add {} under `spec.clusters`, and `clusters:` to workloads that name none",
                typed(&format_args!("{}: {{}}", args.name))
            );
            return draft.refuse(*draft::cannot_edit(&refusal, &by_hand), io);
        }
    };
    let Some(done) = draft.commit(change, args.editing.dry_run, io)? else { return Ok(Exit::WrongInput) };
    if args.editing.dry_run {
        return Ok(Exit::Done);
    }
    let config = done.configs.iter().find(|config| config.cluster.as_deref() == Some(&args.name));
    for issuer in config.into_iter().flat_map(|config| config.issuers.values()) {
        say_what_it_reads(issuer, config.and_then(|config| config.namespace.as_ref()), io)?;
    }
    done.print(Some(&args.name), shared, io, |file, request, report| {
        file.ask(shared, report, |node, lookup, report| pipeline::prerequisites(node, request, lookup, report))
    })
}

fn change(configs: &[Config], text: &str, args: &Args) -> Result<Change, Refusal> {
    let name = args.name.as_str();
    let mut said = Vec::new();
    let Some(config) = configs.iter().find(|config| config.cluster.as_deref() == Some(name)) else {
        let (mut text, pinned) = pin::pin(configs, text)?;
        said.extend(pinned);
        let mut fields = Map::new();
        fields.extend(args.k8s_namespace.iter().map(|namespace| ("namespace".to_owned(), namespace.as_str().into())));
        text = CLUSTERS.add(&text, name, fields)?;
        let namespace = args.k8s_namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        said.push(format!("cluster {} added, workloads in namespace {}", quote(&name), quote(&namespace)));
        let (text, noted) = pin::note(configs, text)?;
        said.extend(noted);
        return Ok(Change { text, said });
    };
    let before = config.namespace.as_ref().map_or(DEFAULT_NAMESPACE, |namespace| namespace.as_str());
    let Some(after) = args.k8s_namespace.as_deref().filter(|after| *after != before) else {
        return Ok(Change { text: text.to_owned(), said });
    };
    let doc = document(text);
    let edit = draft::put(&doc, &CLUSTERS.entry(name).key("namespace"), after.into());
    said.push(format!("cluster {} changed: namespace {} is {} now", quote(&name), quote(&before), quote(&after)));
    Ok(Change { text: apply(&doc, &[edit])?, said })
}

#[expect(clippy::expect_used, reason = "`Draft::read` has read the same text")]
fn document(text: &str) -> Document<'_> {
    Document::parse(text).expect("it was read before")
}
