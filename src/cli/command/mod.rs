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

#[cfg(feature = "fuzzing")]
pub(super) use argocd::Parameters;
pub(super) use exec_plugin::arguments;
pub(super) use function::run as function;

use super::Exit;
use super::error::Error;
use super::io::Io;
use super::lazy::Lazy;
use crate::aws::IS_HERE;
use crate::git;
use crate::serve::IS_HERE as CAN_SERVE;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    Demo(Lazy<demo::Args>),
    Init(Lazy<init::Args>),
    Render(Lazy<render::Args>),
    Inject(Lazy<inject::Args>),
    Build(Lazy<build::Args>),
    #[command(hide = !IS_HERE)]
    Lock(Lazy<lock::Args>),
    Strip(Lazy<strip::Args>),
    K8s(Lazy<k8s::Args>),
    Role(Lazy<role::Args>),
    List(Lazy<list::Args>),
    View(Lazy<view::Args>),
    Graph(Lazy<graph::Args>),
    TrustPolicy(Lazy<trust_policy::Args>),
    CanAssume(Lazy<can_assume::Args>),
    Matrix(Lazy<matrix::Args>),
    Report(Lazy<report::Args>),
    Import(Lazy<import::Args>),
    Status(Lazy<status::Args>),
    Doctor(Lazy<doctor::Args>),
    Ca(Lazy<ca::Args>),
    #[command(hide = !IS_HERE)]
    Aws(Lazy<aws::Args>),
    #[command(hide = !IS_HERE)]
    Destroy(Lazy<destroy::Args>),
    Check(Lazy<check::Args>),
    Verify(Lazy<verify::Args>),
    #[command(hide = !git::IS_HERE)]
    Diff(Lazy<diff::Args>),
    #[command(hide = !CAN_SERVE)]
    Serve(Lazy<serve::Args>),
    #[command(hide = !CAN_SERVE)]
    CredentialProcess(Lazy<credential_process::Args>),
    Argocd(Lazy<argocd::Args>),
    Install(Lazy<install::Args>),
    #[command(hide = true)]
    ExecPlugin(Lazy<exec_plugin::Args>),
    Schema(Lazy<schema::Args>),
    Explain(Lazy<explain::Args>),
    Completion(Lazy<completion::Args>),
    #[command(hide = true)]
    Man(Lazy<man::Args>),
    Version(Lazy<version::Args>),
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
