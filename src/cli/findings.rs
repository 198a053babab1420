//! Findings about declarations: their levels and output formats.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::Exit;
use super::declaration::File;
use super::error::Error;
use super::io::Io;
use super::report;
use crate::diag::{Code, Level, Report, Severity};
use crate::output::{self, Located, Placement, Sources};

/// Images that the user allows for the sidecar.
#[derive(clap::Args)]
pub(super) struct Vouched {
    /// Image that the sidecar may have besides the declared one, such as that of a mirror that kustomize sets
    #[arg(long = "sidecar-image", env = "IAMRA_SIDECAR_IMAGE", value_name = "IMAGE", value_delimiter = ',')]
    pub(super) images: Vec<String>,
}

/// Levels of warnings, which override `spec.checks`.
#[derive(clap::Args)]
pub(super) struct Levels {
    /// Treat warnings with this code as errors; `spec.checks` in the declaration does so for everyone
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    deny: Vec<String>,
    /// Report warnings with this code as warnings, regardless of `spec.checks`
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    warn: Vec<String>,
    /// Do not report warnings with this code
    #[arg(long, value_name = "CODE", value_parser = codes(), hide_possible_values = true)]
    allow: Vec<String>,
}

fn codes() -> PossibleValuesParser {
    PossibleValuesParser::new(Code::all().map(Code::name))
}

impl Levels {
    /// The levels of a declaration with those of the command line on top.
    pub(super) fn over(&self, declared: &BTreeMap<Code, Level>) -> BTreeMap<Code, Level> {
        let given = [(&self.allow, Level::Allow), (&self.warn, Level::Warn), (&self.deny, Level::Deny)];
        let given = given.into_iter().flat_map(|(names, level)| names.iter().map(move |name| (name, level)));
        let given = given.filter_map(|(name, level)| Some((Code::find(name)?, level)));
        declared.iter().map(|(code, level)| (*code, *level)).chain(given).collect()
    }
}

/// How diagnostics are written.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(super) enum Format {
    /// For people, on stderr
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
    /// JUnit XML, for CI servers
    Junit,
}

/// A declaration that was checked.
pub(super) struct Checked {
    pub(super) file: File,
    /// The build that was checked, if there are several.
    pub(super) build: Option<String>,
    /// The manifests that were checked with it.
    pub(super) input: Option<(String, String)>,
    pub(super) report: Report,
    /// The levels of warnings in the declaration.
    pub(super) levels: BTreeMap<Code, Level>,
    /// Whether its references have no values yet, which has been reported.
    pub(super) is_unanswered: bool,
}

impl Checked {
    pub(super) fn of(file: File) -> Self {
        Self {
            file,
            build: None,
            input: None,
            report: Report::default(),
            levels: BTreeMap::new(),
            is_unanswered: false,
        }
    }

    pub(super) fn sources(&self) -> Sources<'_> {
        let input = self.input.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Sources { declaration: self.file.declaration(&self.file.name), input }
    }
}

impl Format {
    /// Writes the findings about some declarations, and returns the exit code.
    pub(super) fn write(self, checked: &[Checked], io: &mut Io) -> Result<Exit, Error> {
        self.write_placed(checked, None, io)
    }

    /// The same, with which workload is in which build.
    pub(super) fn write_placed(
        self,
        checked: &[Checked],
        placed: Option<&[Placement]>,
        io: &mut Io,
    ) -> Result<Exit, Error> {
        let of_build = |it: &Checked| {
            let located = output::located(&it.report, it.sources()).into_iter();
            located.map(|located| located.of_build(it.build.as_deref())).collect::<Vec<_>>()
        };
        let by_declaration: Vec<_> = checked.iter().map(|it| (it.file.name.as_str(), of_build(it))).collect();
        let located: Vec<_> = by_declaration.iter().flat_map(|(_, located)| located).cloned().collect();
        let mut files: Vec<_> = checked.iter().map(|it| it.file.name.clone()).collect();
        // One declaration may have several builds.
        let mut seen = BTreeSet::new();
        files.retain(|name| seen.insert(name.clone()));
        let text = match self {
            Self::Human => {
                for it in checked {
                    if let Some(build) = it.build.as_ref().filter(|_| !it.report.diagnostics().is_empty()) {
                        io.words(&format_args!("{build}:\n"))?;
                    }
                    report::tell(&it.report, it.sources(), io)?;
                }
                let builds = checked.iter().filter(|it| it.build.is_some()).count();
                let builds = if builds > 0 { format!(", {builds} builds") } else { String::new() };
                io.remark(&format_args!("{}{builds}: {}\n", files.join(", "), summary(&located)))?;
                placed.map(output::placements)
            }
            Self::Json => Some(output::diagnostics_json(&files, &located, placed)),
            Self::Sarif => Some(output::diagnostics_sarif(&located)),
            Self::Github => Some(output::annotations(&located)),
            Self::Junit => Some(output::junit(&by_declaration)),
        };
        if let Some(text) = text {
            io.data(|out| out.write_all(text.as_bytes()))?;
        }
        Ok(report::exit_of(checked.iter().map(|it| &it.report)))
    }
}

/// `no problem`, `1 error, 2 warnings`
fn summary(diagnostics: &[Located]) -> String {
    let count = |severity: Severity| {
        let count = diagnostics.iter().filter(|it| it.severity == severity).count();
        let s = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {}{s}", severity.word()))
    };
    let counts: Vec<_> = [Severity::Error, Severity::Warning, Severity::Note].into_iter().filter_map(count).collect();
    if counts.is_empty() { "no problem".to_owned() } else { counts.join(", ") }
}
