//! `iamra doctor`

mod aws;
mod before;
mod cluster;

use std::env;
use std::path::PathBuf;

use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::live::print_calls;
use crate::cli::report;
use crate::cli::sources::{self, CLUSTER, Shared};
use crate::config::Mode;
use crate::diag::Report;
use crate::doctor;
use crate::pipeline::Request;
use crate::quote;
use crate::resolve::{Answers, Resolved};

/// Find out why a workload gets no credentials
///
/// Prints what is correct to stdout; prints problems, their causes and what to do to stderr. In the cluster, it reads
/// Certificates, their requests and issuers, never Secrets. With `--live`, it also reads trust anchors, profiles and
/// roles in AWS. With a certificate and its key, it requests a session as the sidecar does.
///
/// If everything is correct, look at the pod's events: `kubectl describe pod` shows what AWS answered. An event that says
/// only `command timed out` means that there was no answer in 10 s: the node is busy, or the pod cannot reach AWS.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Check the cluster that kubectl is connected to; NAME is its name in the declaration
    #[expect(clippy::option_option, reason = "it is given or not, with a name or not")]
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    cluster: Option<Option<String>>,
    /// Check instead the output of `kubectl get certificates,certificaterequests,issuers,clusterissuers
    /// --all-namespaces --output json`; `-` is stdin
    #[arg(long, value_name = "FILE")]
    objects: Option<PathBuf>,
    /// Check, before anything is installed, what the cluster and this machine need; a declaration says of which namespaces
    #[arg(long, conflicts_with_all = ["objects", "certificate", "explain_calls"])]
    prerequisites: bool,
    #[command(flatten)]
    present: aws::Present,
    /// Print the calls that `--live` would make, and exit without making them
    #[arg(long, hide = !crate::aws::IS_HERE)]
    explain_calls: bool,
    #[command(flatten)]
    sources: sources::Sources,
}

impl Args {
    /// The arguments in the form of other commands: only here, `--cluster` needs no name, and the variable sets only
    /// the name.
    fn shared(&self) -> Shared {
        let named = self.cluster.clone().flatten().or_else(|| env::var(CLUSTER).ok());
        let sources = self.sources.clone();
        let sources = if self.explain_calls { sources.asking_nobody() } else { sources };
        Shared::new(named, sources)
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    if args.prerequisites {
        return before::run(args, io);
    }
    let shared = args.shared();
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    // `doctor` only reads, so it needs no CA and above all not its key.
    let request = shared.request(Some(Mode::Transform));
    if args.explain_calls
        && let Some(resolved) = file.resolve(&shared, request, &mut report)?
    {
        print_calls(&aws::calls(args, &resolved))?;
        return Ok(Exit::Done);
    }
    let mut lines = Vec::new();
    let answers = file.read(&shared, &mut report)?;
    let is_whole = !report.has_errors();
    // An unknown CA is an error, but does not prevent the other checks.
    let mut found = Report::default();
    let resolved = match &answers {
        Some(answers) => file.bind(&shared, request, answers, &mut found)?,
        None => None,
    };
    report.append(found);
    if let (Some(resolved), Some(answers)) = (resolved, answers) {
        if is_whole {
            lines.push("every reference of the declaration has a value, and the ARNs are consistent".to_owned());
        }
        let seen = Seen { args, shared: &shared, resolved: &resolved, answers: &answers };
        lines.extend(seen.look(&file, request, &mut report, io)?);
    }
    let text: String = lines.iter().map(|line| format!("ok: {}\n", quote::line(line))).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    report::finish(&report, file.sources(), io)
}

/// The resolved declaration and the sources to check.
struct Seen<'s> {
    args: &'s Args,
    shared: &'s Shared,
    resolved: &'s Resolved,
    answers: &'s Answers,
}

impl Seen<'_> {
    /// Checks the cluster and AWS; what is correct is returned as lines.
    fn look(&self, file: &File, request: Request<'_>, report: &mut Report, io: &mut Io) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        let wanted = cluster::wanted(self.resolved);
        let objects = cluster::objects(self.args, report, io)?;
        if let Some(objects) = &objects {
            lines.extend(doctor::certificates(&wanted, objects, report));
            for workload in cluster::unseen(self.resolved) {
                io.words(&format_args!(
                    "note: workload {} gets its certificate from the CSI driver, and the cluster has no object to \
                     check\n",
                    quote::quote(&workload)
                ))?;
            }
        }
        // The declared CAs are compared only with those in AWS.
        let declared =
            if self.shared.sources.live.asked() { file.authorities(request, self.answers, report) } else { None };
        let chain = |pem: Option<String>| pem.and_then(|pem| Certificate::all(&pem).ok()).unwrap_or_default();
        let read = |(scope, both): (String, [Option<String>; 2])| (scope, both.map(chain));
        let authorities = aws::Authorities {
            in_cluster: doctor::authorities(&wanted, objects.as_deref().unwrap_or_default()),
            declared: declared.into_iter().flatten().map(read).collect(),
        };
        lines.extend(aws::look(self.args, self.shared, self.resolved, &authorities, report)?);
        Ok(lines)
    }
}
