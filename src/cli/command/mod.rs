//! The commands, one file or folder each. No command imports another one; shared code is next to this folder.

mod argocd;
mod aws;
mod build;
mod ca;
mod can_assume;
mod check;
mod completion;
mod credential_process;
mod demo;
mod destroy;
mod diff;
mod doctor;
mod exec_plugin;
mod explain;
mod function;
mod graph;
mod import;
mod init;
mod inject;
mod install;
mod k8s;
mod list;
mod lock;
mod man;
mod matrix;
mod render;
mod report;
mod role;
mod schema;
mod serve;
mod status;
mod strip;
mod trust_policy;
mod verify;
mod version;
mod view;

#[cfg(fuzzing)]
pub(super) use argocd::Parameters;
pub(super) use exec_plugin::arguments;
pub(super) use function::run as function;

use super::Exit;
use super::error::Error;
use super::io::Io;
use crate::aws::IS_HERE;
use crate::git;
use crate::serve::IS_HERE as CAN_SERVE;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Render(render::Args),
    Inject(inject::Args),
    Build(build::Args),
    #[command(hide = !IS_HERE)]
    Lock(lock::Args),
    Strip(strip::Args),
    K8s(k8s::Args),
    Role(role::Args),
    List(list::Args),
    View(view::Args),
    Graph(graph::Args),
    TrustPolicy(trust_policy::Args),
    CanAssume(can_assume::Args),
    Matrix(matrix::Args),
    Report(report::Args),
    Import(import::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    Ca(ca::Args),
    #[command(hide = !IS_HERE)]
    Aws(aws::Args),
    #[command(hide = !IS_HERE)]
    Destroy(destroy::Args),
    Check(check::Args),
    Verify(verify::Args),
    #[command(hide = !git::IS_HERE)]
    Diff(diff::Args),
    #[command(hide = !CAN_SERVE)]
    Serve(serve::Args),
    #[command(hide = !CAN_SERVE)]
    CredentialProcess(credential_process::Args),
    Argocd(argocd::Args),
    Install(install::Args),
    #[command(hide = true)]
    ExecPlugin(exec_plugin::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    Completion(completion::Args),
    #[command(hide = true)]
    Man(man::Args),
    Version(version::Args),
}

impl Command {
    /// Runs it.
    pub(super) fn run(&self, io: &mut Io) -> Result<Exit, Error> {
        match self {
            Self::Demo(args) => demo::run(args, io),
            Self::Init(args) => init::run(args, io),
            Self::Render(args) => render::run(args, io),
            Self::Inject(args) => inject::run(args, io),
            Self::Build(args) => build::run(args, io),
            Self::Lock(args) => lock::run(args, io),
            Self::Strip(args) => strip::run(args, io),
            Self::K8s(args) => k8s::run(args, io),
            Self::Role(args) => role::run(args, io),
            Self::List(args) => list::run(args, io),
            Self::View(args) => view::run(args, io),
            Self::Graph(args) => graph::run(args, io),
            Self::TrustPolicy(args) => trust_policy::run(args, io),
            Self::CanAssume(args) => can_assume::run(args, io),
            Self::Matrix(args) => matrix::run(args, io),
            Self::Report(args) => report::run(args, io),
            Self::Import(args) => import::run(args, io),
            Self::Status(args) => status::run(args, io),
            Self::Doctor(args) => doctor::run(args, io),
            Self::Ca(args) => ca::run(args, io),
            Self::Aws(args) => aws::run(args, io),
            Self::Destroy(args) => destroy::run(args, io),
            Self::Check(args) => check::run(args, io),
            Self::Verify(args) => verify::run(args, io),
            Self::Diff(args) => diff::run(args, io),
            Self::Serve(args) => serve::run(args, io),
            Self::CredentialProcess(args) => credential_process::run(args, io),
            Self::Argocd(args) => argocd::run(args, io),
            Self::Install(args) => install::run(args),
            Self::ExecPlugin(args) => exec_plugin::run(args, io),
            Self::Schema(args) => schema::run(args, io),
            Self::Explain(args) => explain::run(args, io),
            Self::Completion(args) => completion::run(args, io),
            Self::Man(args) => man::run(args),
            Self::Version(args) => version::run(args, io),
        }
    }
}
