//! `iamra view`

use std::path::PathBuf;

use serde_json::Value;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::{finish, finish_with};
use crate::cli::sources::CLUSTER;
use crate::config::{self, Flat, Whole};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::issuer::DEFAULT_SCOPE;
use crate::output::{Origins, view_json, view_yaml};
use crate::quote::quote;
use crate::yaml::{FieldPath, emit};

/// Show what applies in a cluster, and where it is set
///
/// Prints the declaration as a cluster sees it, with the line that each value comes from. All layers are applied: what the
/// cluster overrides, and the settings of `spec.defaults`, the cluster, the namespace, the scope and the workload. The YAML
/// is a declaration that renders to the same objects; nothing is looked up.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Only this workload, with its role and its scope
    workload: Option<String>,
    /// The declaration, or a folder at or below it
    #[arg(long, value_name = "PATH", default_value = ".")]
    declaration: PathBuf,
    /// Cluster to show, if the declaration has several
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    cluster: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// A declaration, with the origin of each value in a comment
    #[default]
    Yaml,
    /// JSON with `value` and `from` for each value
    Json,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.declaration)?;
    let mut report = Report::default();
    let documents = file.documents(&mut report);
    let flat = documents.as_ref().and_then(|it| flat_of(it.whole(), args.cluster.as_deref(), &mut report));
    let shown = flat.and_then(|flat| Some((shown(&flat, args.workload.as_deref(), &mut report)?, flat)));
    let Some((declaration, flat)) = shown else { return finish(&report, file.sources(), io) };
    finish_with(&report, file.sources(), io, |io| {
        let (origin, origins) = (|at: &FieldPath| flat.origin(at), Origins::of(file.declaration(&file.name)));
        let text = match args.format {
            Format::Yaml => view_yaml(&declaration, &origin, &origins),
            Format::Json => emit::flow(&view_json(&declaration, &origin, &origins)) + "\n",
        };
        io.data(|out| out.write_all(text.as_bytes()))
    })
}

/// The declaration as a cluster sees it, with every layer applied.
fn flat_of<'d>(declaration: Whole<'d>, cluster: Option<&str>, report: &mut Report) -> Option<Flat<'d>> {
    let config = config::load(declaration, cluster, &[], report)?;
    config::flat(declaration, &config)
}

/// The declaration, or what concerns one workload.
fn shown(flat: &Flat<'_>, workload: Option<&str>, report: &mut Report) -> Option<Value> {
    let mut declaration = flat.declaration.clone();
    let Some(name) = workload else { return Some(declaration) };
    let named = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let spec = declaration.get_mut("spec")?;
    let workloads = spec.get("workloads")?;
    let Some(workload) = workloads.get(name) else {
        let known = workloads.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let unknown = Diagnostic::error(Code::UnknownWorkload, format!("workload {} is not declared", quote(&name)))
            .at(Place::Config(FieldPath::keys("spec.workloads")))
            .help(known_names(name, known));
        report.push(unknown);
        return None;
    };
    let role = named(workload, "role")?;
    let scope = named(spec.get("roles")?.get(&role)?, "scope");
    let keep = [("workloads", name), ("roles", &role), ("scopes", scope.as_deref().unwrap_or(DEFAULT_SCOPE))];
    for (section, name) in keep {
        let entries = spec.get_mut(section).and_then(Value::as_object_mut)?;
        entries.retain(|entry, _| entry == name);
    }
    Some(declaration)
}
