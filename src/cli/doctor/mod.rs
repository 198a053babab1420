//! `iamra doctor`

#[cfg(feature = "aws")]
mod aws;
mod cluster;

use std::path::PathBuf;

use super::Exit;
use super::args::{self, File, Shared};
use super::error::Error;
use super::io::Io;
use crate::config::Mode;
use crate::diag::Report;
use crate::doctor;
use crate::output::{self, Declaration, Sources};

/// Find out why credentials do not come
///
/// Says what is well on stdout, and what is not, why, and what to do on stderr. Of the cluster it looks at Certificates, their
/// requests and issuers, never at a Secret. With `--live` it reads trust anchors, profiles and roles in AWS as well, and with a
/// certificate and its key it asks for a session, as the sidecar does.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Look into the cluster that kubectl talks to
    #[arg(long)]
    kubectl: bool,
    /// Look into what `kubectl get certificates,certificaterequests,issuers,clusterissuers --all-namespaces --output json`
    /// has printed; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "kubectl")]
    objects: Option<PathBuf>,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    present: aws::Present,
}

pub(super) fn run(args: &Args, shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    // Who only looks needs no CA, and above all not its key.
    let resolved = file.resolve(shared, shared.request(Some(Mode::Transform), None), &mut report)?;
    let mut lines = Vec::new();
    if let Some(resolved) = resolved.filter(|_| !report.has_errors()) {
        lines.push("every reference of the declaration has a value, and the ARNs agree".to_owned());
        let wanted = cluster::wanted(&resolved);
        let objects = cluster::objects(args, &mut report)?.unwrap_or_default();
        if args.kubectl || args.objects.is_some() {
            lines.extend(doctor::certificates(&wanted, &objects, &mut report));
        }
        #[cfg(feature = "aws")]
        lines.extend(aws::look(args, shared, &resolved, &doctor::authorities(&wanted, &objects), &mut report)?);
    }
    let text: String = lines.iter().map(|line| format!("ok: {line}\n")).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    let sources = Sources { declaration: Declaration::File(&file.name, &file.text), input: None };
    output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
    Ok(args::exit(&report))
}
