//! `iamra init`

mod aws;
mod files;
mod mode;

use std::path::PathBuf;

use mode::Mode;

use crate::cli::Exit;
use crate::cli::at_hand::Operator;
use crate::cli::editing::{Changed, Draft, Editing, new_name};
use crate::cli::error::Error;
use crate::cli::estate::{AS_DECLARED, Authorities, Estate, agreed};
use crate::cli::io::Io;
use crate::cli::live::Asks;
use crate::cli::report::finish;
use crate::config::Whole;
use crate::diag::Report;
use crate::disk::DECLARATION;
use crate::draft::init;
use crate::issuer::DEFAULT_SCOPE;
use crate::output;

/// Write a declaration, make a CA and its trust anchor
///
/// Writes what is not there yet, and asks before it changes AWS. The private key of a new CA goes into an encrypted
/// parameter and nowhere else. Run again, it goes on from what is there: no second CA is made, and nothing is overwritten.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where the CA is; when omitted, where the declaration says, and `self-signed` in a new one
    #[arg(long, value_parser = mode::parsed, value_name = "MODE", long_help = mode::HELP)]
    ca_mode: Option<Mode>,
    /// The scope: one CA, and the trust anchor that trusts it
    #[arg(long, default_value = DEFAULT_SCOPE, value_parser = mode::scope_name, value_name = "NAME")]
    scope: String,
    /// What the names of parameters begin with, `/iam-ra/default` in a new declaration
    #[arg(long, value_parser = mode::prefix, value_name = "PREFIX")]
    parameter_prefix: Option<String>,
    /// Region of the trust anchor and of the profiles
    #[arg(long, value_parser = mode::region)]
    region: Option<String>,
    /// Cluster to declare, or whose CA it is
    #[arg(long, value_name = "NAME", value_parser = crate::cli::editing::cluster_name)]
    cluster: Option<String>,
    #[command(flatten)]
    ca: mode::NewCa,
    /// ARN of the CA in AWS Private CA
    #[arg(long, value_name = "ARN", value_parser = mode::private_ca)]
    pca_arn: Option<String>,
    #[command(flatten)]
    authorities: Authorities,
    #[command(flatten)]
    layout: files::Layout,
    /// Write files, and do not look at AWS
    #[arg(long)]
    without_aws: bool,
    /// Print the files as a diff and what would be made in AWS, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    asks: Asks,
}

impl Args {
    /// Where the declaration is, or will be.
    fn declaration(&self) -> PathBuf {
        let folder = self.layout.declaration(&self.dir);
        // kustomize reads none from a folder above, and a run that was stopped may have left the folder alone.
        if folder == self.dir && folder.is_dir() { folder } else { folder.join(DECLARATION) }
    }

    fn request<'a>(&'a self, name: &'a str) -> Result<init::Request<'a>, Error> {
        let ca = mode::ca(self.ca_mode, self.pca_arn.as_deref())?;
        let is_new_possible = matches!(ca, None | Some(init::Ca::Parameters));
        self.ca.check(is_new_possible)?;
        Ok(init::Request {
            scope: &self.scope,
            ca,
            prefix: self.parameter_prefix.as_deref(),
            region: self.region.as_deref(),
            cluster: self.cluster.as_deref(),
            name,
        })
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let draft = Draft::open_or_new(&Editing::of(args.declaration(), args.dry_run))?;
    let name = new_name(&args.dir);
    let asked = args.request(&name)?;
    let change = |text: &str, it: Whole<'_>, configs: &[_]| init::change(&asked, text, it, configs);
    let Some(changed) = draft.changed(&init::text(&asked), io, change)? else { return Ok(Exit::WrongInput) };
    let files = files::missing(&args.layout, &args.dir)?;
    if args.without_aws {
        changed.commit(io)?;
        files.commit(args.dry_run, io)?;
        return Ok(Exit::Done);
    }
    with_aws(args, changed, &files, io)
}

fn with_aws(args: &Args, changed: Changed, files: &files::Files, io: &mut Io) -> Result<Exit, Error> {
    let mut report = Report::default();
    let estate = Estate::of(args.cluster.as_deref(), &args.operator, &args.asks);
    let session = estate.session()?;
    let file = changed.file.clone();
    let Some(plan) = aws::plan(args, &estate, (&file, changed.is_new()), &session, &mut report)? else {
        return finish(&report, file.sources(), io);
    };
    if report.has_errors() {
        return finish(&report, file.sources(), io);
    }
    io.words(&plan.said)?;
    if args.dry_run {
        changed.commit(io)?;
        files.commit(true, io)?;
        io.data(|out| out.write_all(output::resources(&plan.shown).as_bytes()))?;
        io.words(&format_args!("{}\n", output::resources_summary(&plan.shown, AS_DECLARED)))?;
        return finish(&report, file.sources(), io);
    }
    if plan.is_asked() && !agreed(&plan.shown, AS_DECLARED, args.yes, io)? {
        io.words(&"nothing was changed\n")?;
        return Ok(Exit::Differs);
    }
    changed.commit(io)?;
    files.commit(false, io)?;
    plan.carry_out(args, &mut report, io)?;
    finish(&report, file.sources(), io)
}
