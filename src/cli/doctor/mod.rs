//! `iamra doctor`

#[cfg(feature = "aws")]
mod aws;
mod cluster;

use std::env;
use std::path::PathBuf;

use super::Exit;
use super::args::{self, CLUSTER, File, Shared};
use super::error::Error;
use super::io::Io;
#[cfg(feature = "aws")]
use super::live::print_calls;
#[cfg(feature = "aws")]
use crate::certificate::Certificate;
use crate::config::Mode;
use crate::diag::Report;
use crate::doctor;
use crate::output::{self, Declaration, Sources};
#[cfg(feature = "aws")]
use crate::pipeline;

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
    /// Look into the cluster that kubectl talks to; NAME says which one of the declaration's it is
    #[expect(clippy::option_option, reason = "it is given or not, with a name or not")]
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    cluster: Option<Option<String>>,
    /// Look instead into what `kubectl get certificates,certificaterequests,issuers,clusterissuers --all-namespaces --output
    /// json` has printed; `-` is stdin
    #[arg(long, value_name = "FILE")]
    objects: Option<PathBuf>,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    present: aws::Present,
    /// Print the calls that `--live` would make, and make none
    #[cfg(feature = "aws")]
    #[arg(long)]
    explain_calls: bool,
    #[command(flatten)]
    sources: args::Sources,
}

impl Args {
    /// The same as other commands have it: here alone `--cluster` needs no name, and the variable only names.
    fn shared(&self) -> Shared {
        let named = self.cluster.clone().flatten().or_else(|| env::var(CLUSTER).ok());
        let sources = self.sources.clone();
        #[cfg(feature = "aws")]
        let sources = if self.explain_calls { sources.asking_nobody() } else { sources };
        Shared::new(named, sources)
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = args.shared();
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    // Who only looks needs no CA, and above all not its key.
    let request = shared.request(Some(Mode::Transform), None);
    let resolved = file.resolve(&shared, request, &mut report)?.filter(|_| !report.has_errors());
    #[cfg(feature = "aws")]
    if let Some(resolved) = resolved.as_ref().filter(|_| args.explain_calls) {
        print_calls(&aws::calls(args, resolved))?;
        return Ok(Exit::Done);
    }
    let mut lines = Vec::new();
    if let Some(resolved) = resolved {
        lines.push("every reference of the declaration has a value, and the ARNs agree".to_owned());
        let wanted = cluster::wanted(&resolved);
        let objects = cluster::objects(args, &mut report)?;
        if let Some(objects) = &objects {
            lines.extend(doctor::certificates(&wanted, objects, &mut report));
        }
        #[cfg(feature = "aws")]
        {
            // Only what AWS has is compared with it.
            let declared = if shared.sources.live.asked() {
                file.ask(&shared, &mut report, |node, lookup, report| {
                    pipeline::ca_certificates(node, request, lookup, report)
                })?
            } else {
                None
            };
            let authorities = aws::Authorities {
                in_cluster: doctor::authorities(&wanted, objects.as_deref().unwrap_or_default()),
                declared: declared
                    .into_iter()
                    .flatten()
                    .filter_map(|(scope, pem)| Some((scope, Certificate::all(&pem).ok()?)))
                    .collect(),
            };
            lines.extend(aws::look(args, &shared, &resolved, &authorities, &mut report)?);
        }
    }
    let text: String = lines.iter().map(|line| format!("ok: {line}\n")).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    let sources = Sources { declaration: Declaration::File(&file.name, &file.text), input: None };
    output::write_report(&report, sources, io.err()).map_err(Error::Output)?;
    Ok(args::exit(&report))
}
