//! `iamra argocd generate`

use std::env;
use std::path::Path;
use std::process::Command;

use super::application::Application;
use super::parameters::Parameters;
use crate::cli::error::Error;
use crate::cli::injection::{Manifests, inject};
use crate::cli::io::Io;
use crate::cli::report::finish_briefly;
use crate::cli::sources::Shared;
use crate::cli::{Exit, kustomization, kustomize};
use crate::diag::{Code, Diagnostic, Report};
use crate::disk;
use crate::output::Sources;
use crate::pipeline::Request;
use crate::quote::line;

/// The variables of the plugin that kustomize sees. A kustomization can put any variable into a ConfigMap, so it must
/// not see those of the application's author or the plugin's operator.
const FOR_KUSTOMIZE: &[&str] = &["PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// How much of kustomize's output is shown in Argo CD.
const SHOWN: usize = 1000;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.shared;
    let mut report = Report::default();
    let parameters = Parameters::read(shared, &mut report);
    let application = Application::find(shared, &mut report)?;
    let Some(application) = application.filter(|_| !report.has_errors()) else {
        return finish_briefly(&report, Sources::default(), io);
    };
    let Application { file, lock, .. } = &application;
    let here = &disk::whole(Path::new("."));
    let cluster = || parameters.cluster.clone().or_else(|| file.cluster_of(here));
    let shared = || shared.for_argo_cd(cluster(), lock.clone());
    let mut loaded = None;
    let built = build(&args.kustomize, &application, || loaded = file.load(&shared()))?;
    if built.trim_ascii().is_empty() {
        report.push(
            Diagnostic::error(
                Code::NoObjects,
                "kustomize built no objects, and Argo CD would delete all existing ones",
            )
            .help("add `resources:` to the kustomization, or delete the Application"),
        );
        return finish_briefly(&report, Sources::default(), io);
    }
    let shared = &shared();
    let (absence, naming) = (file.absence_in(here), kustomization::naming(here));
    let namespace = parameters.namespace.as_deref();
    let request = shared.request(parameters.mode);
    let request = Request { namespace, absence, naming: Some(&naming), loaded: loaded.as_ref(), ..request };
    let manifests = Manifests { name: "kustomize build", bytes: &built };
    inject(file, manifests, shared, request)?.print(finish_briefly, io)
}

fn build(options: &kustomize::Options, application: &Application, meanwhile: impl FnMut()) -> Result<Vec<u8>, Error> {
    // kustomize opens every file that a kustomization names, but none outside the repository, unless the plugin's
    // operator allows it with a flag.
    disk::check_files(&application.repository)?;
    let (_, output) = options.output(Path::new("."), seclude, meanwhile)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Kustomize(words(&output.stderr, &application.repository)))
}

fn seclude(command: &mut Command) {
    let kept = FOR_KUSTOMIZE.iter().filter_map(|name| Some((name, env::var_os(name)?)));
    // User 999 has no home directory, and the root file system may be read-only.
    // <https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/>
    command.env_clear().envs(kept).env("HOME", env::temp_dir());
}

/// kustomize's error message without the name of the folder, which differs each time.
fn words(stderr: &[u8], repository: &Path) -> String {
    let text = String::from_utf8_lossy(stderr).replace(&format!("{}/", repository.display()), "");
    let text = line(&text.trim_start().trim_start_matches("Error: ").split_whitespace().collect::<Vec<_>>().join(" "));
    let mut words: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        words.push('…');
    }
    words
}
