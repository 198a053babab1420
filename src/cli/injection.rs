//! Plain manifests with the identities of a declaration.

use super::Exit;
use super::declaration::File;
use super::error::Error;
use super::io::Io;
use super::manifests::{is_package, parse};
use super::report;
use super::sources::Shared;
use crate::diag::Report;
use crate::krm::{Changes, Stream};
use crate::output::Sources;
use crate::pipeline::{self, Request};
use crate::workload;

/// Plain manifests, and how messages name them.
#[derive(Clone, Copy)]
pub(super) struct Manifests<'m> {
    pub(super) name: &'m str,
    pub(super) bytes: &'m [u8],
}

/// How a command ends after an injection: `report::finish`, or `report::finish_briefly`.
type Finish = fn(&Report, Sources<'_>, &mut Io) -> Result<Exit, Error>;

/// The result of an injection.
pub(super) struct Injected<'m> {
    file: &'m File,
    name: &'m str,
    /// What to write, if there is no error.
    done: Option<(Stream<'m>, Changes)>,
    text: Option<&'m str>,
    report: Report,
}

/// Injects into the manifests; nothing is written yet.
pub(super) fn inject<'m>(
    file: &'m File,
    manifests: Manifests<'m>,
    shared: &Shared,
    request: Request<'_>,
) -> Result<Injected<'m>, Error> {
    let mut injected = Injected { file, name: manifests.name, done: None, text: None, report: Report::default() };
    let report = &mut injected.report;
    match parse(manifests.name, manifests.bytes) {
        Ok(stream) => {
            injected.text = Some(stream.text());
            let opted_in = workload::opted_in(&stream.items, report);
            let request = Request {
                items: Some(&stream.items),
                opted_in: &opted_in,
                keeps_items: is_package(&stream),
                ..request
            };
            if let Some(resolved) = file.resolve(shared, request, report)? {
                let changes = pipeline::run(&resolved, &stream.items, request, report);
                injected.done = (!report.has_errors()).then_some((stream, changes));
            }
        }
        Err(instead) => report.push(*instead),
    }
    Ok(injected)
}

impl Injected<'_> {
    /// Writes the manifests to stdout, or reports the errors.
    pub(super) fn print(self, finish: Finish, io: &mut Io) -> Result<Exit, Error> {
        if let Some((stream, changes)) = &self.done {
            io.data(|out| changes.write_stream(stream, out))?;
        }
        self.finish(finish, io)
    }

    /// The manifests, if there is no error.
    #[expect(clippy::expect_used, reason = "memory takes all, and the changes are made for this stream")]
    pub(super) fn manifests(&self) -> Option<Vec<u8>> {
        let (stream, changes) = self.done.as_ref()?;
        let mut bytes = Vec::new();
        changes.write_stream(stream, &mut bytes).expect("memory takes all");
        Some(bytes)
    }

    /// Writes the diagnostics, and returns the exit code.
    pub(super) fn tell(&self, words: &mut Vec<u8>) -> Result<Exit, Error> {
        let input = self.text.map(|text| (self.name, text));
        let sources = Sources { input, ..self.file.sources() };
        report::write(&self.report, sources, words)?;
        Ok(report::exit_of([&self.report].into_iter()))
    }

    /// Reports the diagnostics and returns the exit code.
    pub(super) fn finish(&self, finish: Finish, io: &mut Io) -> Result<Exit, Error> {
        let input = self.text.map(|text| (self.name, text));
        finish(&self.report, Sources { input, ..self.file.sources() }, io)
    }
}
