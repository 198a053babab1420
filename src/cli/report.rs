//! How a command ends that has reported everything.

use super::Exit;
use crate::diag::{self, Diagnostic, Report};

fn is_bug(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == diag::Code::InternalError
}

/// How a command ends that has reported everything. Where only something outside failed, another try may do.
pub(super) fn exit(report: &Report) -> Exit {
    exit_of([report].into_iter())
}

/// The same over several reports.
pub(super) fn exit_of<'r>(reports: impl Iterator<Item = &'r Report>) -> Exit {
    let all = reports.flat_map(Report::diagnostics).filter(|it| it.severity == diag::Severity::Error);
    let (outside, wrong): (Vec<_>, Vec<_>) =
        all.partition(|it| matches!(it.code, diag::Code::AwsFailed | diag::Code::NotChecked));
    match (outside.as_slice(), wrong.as_slice()) {
        ([], []) => Exit::Done,
        (_, []) => Exit::Failed,
        (_, wrong) if wrong.iter().any(|it| is_bug(it)) => Exit::Bug,
        _ => Exit::WrongInput,
    }
}
