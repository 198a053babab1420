//! `iamra aws permissions`

use crate::cli::Exit;
use crate::cli::authority;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, Folder};
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::diag::Report;
use crate::issuer::DEFAULT_SCOPE;
use crate::provision::{self, Purpose};

/// Print the smallest IAM policy with which a command can be run
///
/// Names and prefixes are those of the declaration. AWS is not called.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The command
    #[arg(value_enum)]
    command: Of,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    estate: Estate,
    /// Scope that `init` or `ca put-key` is for
    #[arg(long, default_value = DEFAULT_SCOPE, value_name = "NAME")]
    scope: String,
    /// ARN of the KMS key that `init`, `ca put-key` or `ca rotate` encrypts with
    #[arg(long, value_name = "ARN", value_parser = key_arn)]
    kms_key: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    /// `iamra lock`, without trust policies
    Lock,
    /// `iamra aws plan`
    Plan,
    /// `iamra aws apply`
    Apply,
    /// `iamra destroy`
    Destroy,
    /// `iamra init`
    Init,
    /// `iamra ca put-key`
    PutKey,
    /// `iamra lock --trust-policies`
    LockTrustPolicies,
    /// `iamra role create`, for roles that are declared: write them with `--without-aws` before
    RoleCreate,
    /// `iamra role delete`
    RoleDelete,
    /// `iamra aws adopt`
    Adopt,
    /// `iamra ca rotate`
    Rotate,
}

/// Policies name keys by their ARNs only.
fn key_arn(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.split(':').collect();
    let is_key = matches!(parts.as_slice(), ["arn", partition, "kms", region, account, key]
        if partition.starts_with("aws") && !region.is_empty() && !account.is_empty() && key.starts_with("key/"));
    if is_key {
        Ok(text.to_owned())
    } else {
        Err("expected an ARN such as arn:aws:kms:REGION:ACCOUNT:key/ID".to_owned())
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let desired = args.estate.desired(&file, None, None, &mut report)?;
    let purpose = match args.command {
        Of::Lock => Purpose::Lock,
        Of::Plan => Purpose::Plan,
        Of::Apply => Purpose::Apply,
        Of::Destroy => Purpose::Destroy,
        Of::Init => Purpose::Init,
        Of::PutKey => Purpose::PutKey,
        Of::LockTrustPolicies => Purpose::LockTrustPolicies,
        Of::RoleCreate => Purpose::RoleCreate,
        Of::RoleDelete => Purpose::RoleDelete,
        Of::Adopt => Purpose::Adopt,
        Of::Rotate => Purpose::Rotate,
    };
    let desired = desired.and_then(|desired| match purpose {
        Purpose::Init => Some(authority::part_of(&desired, &args.estate, &file, &args.scope, &mut report)?.desired),
        Purpose::PutKey => {
            let part = authority::part_of(&desired, &args.estate, &file, &args.scope, &mut report)?;
            Some(part.without_anchor().desired)
        }
        _ => Some(desired.narrowed(args.estate.cluster.as_deref())),
    });
    let policy = desired.map(|desired| provision::permissions(purpose, &desired, args.kms_key.as_deref()));
    finish_with(&report, file.sources(), io, |io| {
        let Some(policy) = policy else { return Ok(()) };
        let text = format!("{policy:#}\n");
        io.data(|out| out.write_all(text.as_bytes()))
    })
}
