//! `iamra aws export`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{Authorities, Estate, Folder};
use crate::cli::io::Io;
use crate::cli::report::{finish, finish_with};
use crate::diag::{Code, Diagnostic, Report};
use crate::provision::{self, Program, Unexportable};

/// Print what `iamra aws apply` would make in one account and region, for CloudFormation or Terraform
///
/// Trust anchors, roles with their policies, profiles and parameters, with the same names and tags, and outputs with the ARNs, which
/// `iamra lock --values` reads. Calls AWS only for the certificate of a CA in Parameter Store. A CA's private key is never in it.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
    /// The program that makes it
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    estate: Estate,
    #[command(flatten)]
    authorities: Authorities,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A template for CloudFormation, in YAML
    #[value(name = "cloudformation")]
    CloudFormation,
    /// A file for Terraform or OpenTofu, in HCL
    Terraform,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let session = args.estate.session()?;
    let desired = args.estate.desired(&file, Some(&args.authorities), Some(&session), &mut report)?;
    let Some(desired) = desired else { return finish(&report, file.sources(), io) };
    let desired = desired.narrowed(args.estate.cluster.as_deref());
    let program = match args.format {
        Format::CloudFormation => Program::CloudFormation,
        Format::Terraform => Program::Terraform,
    };
    let text = provision::export(&desired, program).map_err(|why| report.push(wrong(why))).ok();
    finish_with(&report, file.sources(), io, |io| {
        let Some(text) = text else { return Ok(()) };
        io.data(|out| out.write_all(text.as_bytes()))?;
        if desired.has_kept() {
            io.words(
                &"note: the CA's private key is not in it: CloudFormation makes no SecureString, and Terraform would keep the key in \
                  its state; `iamra ca put-key` puts it into Parameter Store\n",
            )?;
        }
        Ok(())
    })
}

fn wrong(why: Unexportable) -> Diagnostic {
    match why {
        Unexportable::Several(clusters) if clusters.len() > 1 => {
            let message = format!("the clusters are in several accounts or regions: {}", clusters.join(", "));
            Diagnostic::error(Code::AmbiguousCluster, message).help("choose one with `--cluster NAME`")
        }
        Unexportable::Several(_) => {
            let message = "the scopes are in several accounts or regions, and a file is for one";
            Diagnostic::error(Code::AwsSetup, message).help("use `iamra aws apply`, which calls each")
        }
        Unexportable::Unread(key, none) => {
            let message = format!("the CA that the {key} trusts is not known: {}", none.why);
            Diagnostic::error(none.code, message).help(none.help)
        }
        Unexportable::NoAuthority(key) => {
            Diagnostic::error(Code::AwsSetup, format!("no CA certificate is known for the {key}")).help(
                "pass the CA's certificate: `--ca-certificate SCOPE=FILE`; `iamra ca show` prints that of a Secret",
            )
        }
        Unexportable::Nothing => {
            Diagnostic::error(Code::AwsSetup, "everything that the declaration refers to exists already").help(
                "write nothing down, or leave out `roleArn`, `profileArn` and `trustAnchor` of what is to be made",
            )
        }
    }
}
