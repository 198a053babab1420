//! `iamra k8s onboard`

use std::sync::Arc;

use super::{hours, namespace_name, others, workload_name};
use crate::cli::Exit;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::sources::Shared;
use crate::config::{Binding, Claims, Config, Whole};
use crate::diag::Report;
use crate::draft::Others;
use crate::draft::onboard::{self, binding};
use crate::draft::secrets;
use crate::pipeline::{self, Request};

/// Declare a workload, and print the manifests for its identity
///
/// `iamra k8s onboard payment-service --role admin | kubectl apply -f -`. Prints its Certificate and ConfigMap with the
/// Issuer they need, and a sample Pod to test the identity. Run again with other arguments, it changes the workload;
/// settings whose arguments are omitted stay as they are.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The workload's name, such as the name of its Deployment
    #[arg(value_parser = workload_name, value_name = "WORKLOAD")]
    name: String,
    /// Role that it gets; the role of the same name when omitted
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Namespace that it runs in; when omitted, the cluster's or that of the role's scope
    #[arg(long, value_parser = namespace_name, value_name = "NS")]
    k8s_namespace: Option<String>,
    /// Lifetime of its certificate, 24 hours when omitted
    #[arg(long, value_parser = hours, value_name = "HOURS")]
    duration_hours: Option<u32>,
    /// Do not print the sample Pod
    #[arg(long)]
    no_sample_pod: bool,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let asked = onboard::Request {
        workload: &args.name,
        role: args.role.as_deref(),
        namespace: args.k8s_namespace.as_deref(),
        hours: args.duration_hours,
        cluster: shared.cluster.as_deref(),
    };
    let mut cluster = None;
    let change = |text: &str, declaration: Whole<'_>, configs: &[_]| {
        let (change, meant) = onboard::change(&asked, text, declaration, configs)?;
        cluster = meant;
        Ok(change)
    };
    let draft = Draft::open(&args.editing)?;
    let Some(others) = others(&args.editing, io)? else { return Ok(Exit::WrongInput) };
    let new = draft.skeleton();
    let Some(changed) = draft.changed(&new, io, change)? else { return Ok(Exit::WrongInput) };
    let clashes = clashes(&args.name, &changed.configs, &others);
    if clashes.has_errors() {
        changed.tell(&clashes, io)?;
        return Ok(Exit::WrongInput);
    }
    let done = changed.commit(io)?;
    if args.editing.dry_run {
        return Ok(Exit::Done);
    }
    let config = done.configs.iter().find(|config| config.cluster == cluster);
    if let Some((config, binding)) = config.and_then(|config| Some((config, binding(config, &args.name)?)))
        && binding.namespace != config.namespace
    {
        // For the cluster's own namespace, `setup` has already printed this.
        io.words(&secrets::to_provide(&binding.issuer, binding.namespace.as_ref()))?;
    }
    done.print(cluster.as_deref(), shared, io, |file, request, report| {
        let request = Request { workload: Some(&args.name), ..request };
        let Some(mut resolved) = file.resolve(shared, request, report)? else { return Ok(None) };
        for binding in resolved.bindings.iter_mut().filter(|_| !args.no_sample_pod) {
            let declared = &mut Arc::make_mut(binding).declared;
            declared.sample = true;
            declared.check_names(report);
        }
        Ok(Some(pipeline::generate(&resolved, request)))
    })
}

/// What the workload would take from those of the declarations that share a base with this one.
fn clashes(name: &str, configs: &[Config], others: &Others) -> Report {
    let in_words = |file: usize, _: &Binding| others.get(file).map_or_else(String::new, |(name, _)| name.clone());
    let mut claims = Claims::default();
    for (file, (_, configs)) in others.iter().enumerate() {
        for (config, binding) in configs.iter().flat_map(|it| it.bindings.iter().map(move |binding| (it, binding))) {
            // What they take from each other is not the fault of this change.
            let _ = claims.add(config.cluster.as_deref(), binding, file, in_words);
        }
    }
    let mut report = Report::default();
    for (config, binding) in configs.iter().filter_map(|config| Some((config, binding(config, name)?))) {
        if let Some(clash) = claims.add(config.cluster.as_deref(), binding, others.len(), in_words) {
            report.push(clash);
        }
    }
    report
}
