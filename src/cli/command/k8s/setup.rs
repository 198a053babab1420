//! `iamra k8s setup`

use super::namespace_name;
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::delegated::Delegated;
use crate::cli::editing::{Draft, Editing, cluster_name};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::sources::Shared;
use crate::config::Whole;
use crate::disk;
use crate::draft::{secrets, setup};
use crate::pipeline;

/// Declare a cluster, and print the issuer for its certificates
///
/// `iamra k8s setup prod | kubectl apply -f -`. Creates `iamra.yaml` if there is none, in which cert-manager makes the CA;
/// `iamra ca show` prints its certificate for the trust anchor. What the CA comes from is printed too, unless the
/// declaration says that its Secret exists.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The cluster's name
    #[arg(value_parser = cluster_name, value_name = "CLUSTER")]
    name: String,
    /// Namespace of its workloads that do not set one; when omitted, none is written
    #[arg(long, value_parser = namespace_name, value_name = "NS")]
    k8s_namespace: Option<String>,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    // There may be no declaration yet.
    let file = disk::find_declaration(args.editing.declaration()).ok().and_then(|path| File::at(&path).ok());
    let extended_by = &*file.map_or_else(Vec::new, |file| Delegated::names(&file));
    let asked = setup::Request { cluster: &args.name, namespace: args.k8s_namespace.as_deref(), extended_by };
    let change = |text: &str, it: Whole<'_>, configs: &[_]| setup::change(&asked, text, it, configs);
    let Some(done) = Draft::open_or_new(&args.editing)?.change(io, change)? else { return Ok(Exit::WrongInput) };
    if args.editing.dry_run {
        return Ok(Exit::Done);
    }
    let config = done.configs.iter().find(|config| config.cluster.as_deref() == Some(&args.name));
    for issuer in config.into_iter().flat_map(|config| config.issuers.values()) {
        io.words(&secrets::to_provide(issuer, config.and_then(|config| config.namespace.as_ref())))?;
    }
    done.print(Some(&args.name), shared, io, |file, request, report| {
        file.ask(shared, report, |it, lookup, report| pipeline::prerequisites(it, request, lookup, report))
    })
}
