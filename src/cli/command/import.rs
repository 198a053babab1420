//! `iamra import`

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::aws;
use crate::cli::error::Error;
use crate::cli::installation;
use crate::cli::io::{Io, output_file};
use crate::cli::manifests;
use crate::cli::{Exit, report};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::import::{self, Tool};
use crate::krm::{Item, Object, Position};
use crate::output::Sources;
use crate::yaml::{SyntaxError, emit};

/// Create a declaration from another tool's setup
///
/// Reads the annotations of IRSA, kube2iam (or kiam) and ira-controller in manifests, or the state of an installation made by
/// iam-ra (from a file, or from SSM and S3), and prints `iamra.yaml`. Changes nothing else, and reports what has no equivalent.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The other tool
    #[arg(long, value_enum, value_name = "TOOL")]
    from: From,
    /// Files with manifests, or `-` for stdin, such as the output of `kubectl get … -o yaml` or `kustomize build`
    #[arg(default_value = "-", value_name = "FILE", conflicts_with = "state")]
    manifests: Vec<PathBuf>,
    /// iam-ra's state document, or `-` for stdin
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Name (in iam-ra: namespace) of the installation whose state is read from AWS if `--state` is not given;
    /// `default` when omitted
    #[arg(long, value_name = "NAME", conflicts_with = "state", hide = !aws::IS_HERE)]
    installation: Option<String>,
    /// Prefix that kube2iam adds to roles given by name only, such as `arn:aws:iam::111122223333:role/`
    #[arg(long, value_name = "ARN")]
    base_role_arn: Option<String>,
    /// File to write; stdout when omitted, or `-`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    how: installation::How,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// IAM roles for service accounts of EKS
    Irsa,
    /// kube2iam and kiam
    Kube2iam,
    /// The admission webhook ira-controller
    IraController,
    /// The command line iam-ra, versions 1 and 2
    IamRa,
}

impl From {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

const PIPE: &str = "pipe its input into it, or name a file: `iamra import --from TOOL FILE`";

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let output = output_file(args.output.as_ref());
    if let Some(path) = output.filter(|path| !args.force && path.exists()) {
        return Err(Error::Overwrite(path.clone()));
    }
    args.check()?;
    let mut report = Report::default();
    let declaration = match args.from {
        From::Irsa => annotated(&Tool::Irsa, &args.manifests, &mut report)?,
        From::Kube2iam => {
            let tool = Tool::Kube2iam { base_role_arn: args.base_role_arn.clone() };
            annotated(&tool, &args.manifests, &mut report)?
        }
        From::IraController => annotated(&Tool::IraController, &args.manifests, &mut report)?,
        From::IamRa => match &args.state {
            Some(path) => {
                let text = manifests::text(path, PIPE)?;
                import::from_state(manifests::name_of(path), &text, &mut report)
            }
            None => installation::read(args.installation.as_deref().unwrap_or("default"), &args.how, &mut report)?,
        },
    };
    report::finish_with(&report, Sources::default(), io, |io| {
        let Some(declaration) = declaration.filter(|_| !report.has_errors()) else { return Ok(()) };
        let text = emit::document(&declaration);
        match output {
            Some(path) => disk::write(path, &text)?,
            None => io.data(|out| out.write_all(text.as_bytes()))?,
        }
        io.words(&counted(&declaration))
    })
}

impl Args {
    /// Rejects options that belong to a different tool.
    fn check(&self) -> Result<(), Error> {
        let options = [
            ("--state", self.state.is_some(), From::IamRa),
            ("--base-role-arn", self.base_role_arn.is_some(), From::Kube2iam),
            ("--installation", self.installation.is_some(), From::IamRa),
        ];
        let misplaced = options.into_iter().find(|(_, given, tool)| *given && self.from != *tool);
        misplaced.map_or(Ok(()), |(option, _, tool)| Err(Error::Misplaced { option, tool: tool.name() }))
    }
}

fn annotated(tool: &Tool, paths: &[PathBuf], report: &mut Report) -> Result<Option<Value>, Error> {
    let read = |path: &PathBuf| Ok((manifests::name_of(path).to_owned(), manifests::read(path, PIPE)?));
    let texts: Vec<_> = paths.iter().map(read).collect::<Result<_, Error>>()?;
    let mut objects = Vec::new();
    for (name, bytes) in &texts {
        match manifests::parse(name, bytes) {
            Ok(stream) => {
                objects.extend(stream.items.iter().filter_map(|item| parse(item, name, stream.text(), report)));
            }
            Err(instead) => report.push(*instead),
        }
    }
    Ok(if report.has_errors() { None } else { import::from_annotations(tool, &objects, report) })
}

fn parse<'t>(item: &Item<'t>, name: &str, text: &str, report: &mut Report) -> Option<Object<'t>> {
    let told = |error: SyntaxError| {
        let line = Position::of(text, error.offset).line;
        let message = format!("an object cannot be read: {}", error.message);
        report.push(
            Diagnostic::error(Code::UnreadableItem, message)
                .at(Place::File(name.to_owned(), Some(line)))
                .help("correct it, or remove it from the input"),
        );
    };
    item.parse().map_err(told).ok()
}

/// A summary of what was imported.
fn counted(declaration: &Value) -> String {
    let count = |entries: &str, one: &str| match declaration
        .pointer(&format!("/spec/{entries}"))
        .and_then(Value::as_object)
        .map_or(0, Map::len)
    {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    format!(
        "imported {} and {}; docs/import.md lists the remaining steps\n",
        count("workloads", "workload"),
        count("roles", "role")
    )
}
