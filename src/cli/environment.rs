//! The process's environment, in which nothing is empty.
//!
//! Kubernetes, Helm, GitHub Actions and Argo CD hand over what nobody has set as an empty variable. Here it is unset, for
//! whoever reads it: the arguments, the AWS SDK, libgit2.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The variable without which there is no limit. An empty one may be a mistake that nobody would see.
pub(super) const POLICY: &str = "IAMRA_POLICY";

/// Ours, and what others read in this process on our behalf.
const PREFIXES: &[&str] = &["IAMRA_", "AWS_", "ARGOCD_APP_", "XDG_", "SSL_CERT_"];
const NAMES: &[&str] = &["HOME", "TMPDIR"];

/// Starts the program anew without the empty variables, when there are any: it is the same process, and nothing has been
/// read. Where the system does not let it, each reader makes of them what it can.
pub(super) fn without_empty() {
    let empty: Vec<_> = env::vars_os().filter(|(name, value)| value.is_empty() && is_read(name)).collect();
    let Some(program) = env::current_exe().ok().filter(|_| !empty.is_empty()) else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(&program);
    command.arg0(arguments.next().unwrap_or_else(|| program.into_os_string())).args(arguments);
    for (name, _) in empty {
        command.env_remove(name);
    }
    let _ = command.exec();
}

fn is_read(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name != POLICY && (NAMES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}
