//! `iamra aws adopt`

use crate::aws::Provisioning;
use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, Folder, agreed, carry_out, failed, observed};
use crate::cli::io::Io;
use crate::cli::report::finish;
use crate::diag::Report;
use crate::provision;

/// Make iamra's what somebody else has made for the declaration, such as iam-ra: from then on, `iamra aws apply` changes it
///
/// Trust anchors, roles and profiles with the names that iamra gives them, and the parameters with their ARNs, get the tags of this
/// installation. Nothing else changes; `iamra aws plan` then shows what is different. Asks first.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    estate: Estate,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

const NOTHING: &str = "there is nothing to adopt; what the declaration has by its ARN is used as it is";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let (session, cluster) = (args.estate.session()?, args.estate.cluster.as_deref());
    let desired = args.estate.desired(&file, None, Some(&session), &mut report)?;
    let Some(desired) = desired else { return finish(&report, file.sources(), io) };
    let desired = desired.narrowed(cluster);
    let Some(seen) = observed(&desired, &session, &mut report) else {
        return finish(&report, file.sources(), io);
    };
    match provision::adoption(&desired, &seen, cluster, &Provisioning::new(&session)) {
        Err(failure) => report.push(failed(&failure)),
        Ok(adoption) => {
            if !agreed(&adoption, NOTHING, args.yes, io)? {
                io.words(&"nothing was changed\n")?;
                return Ok(Exit::Differs);
            }
            carry_out(&adoption, &session, &mut report, io)?;
            if adoption.has_calls() && !report.has_errors() {
                io.remark(&"`iamra aws plan` shows how it differs from the declaration\n")?;
            }
        }
    }
    finish(&report, file.sources(), io)
}
