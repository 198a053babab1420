//! `iamra report`

mod since;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::{Date, Month};

use self::since::Compared;
use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::delegated::Delegated;
use crate::cli::error::Error;
use crate::cli::io::{Io, output_file};
use crate::cli::paths::display;
use crate::cli::report::{exit_of, finish, tell};
use crate::cli::roster::read;
use crate::cli::sources::{Offline, Shared};
use crate::cli::trust::{Everywhere, Given, recorded};
use crate::config::{self, Whole};
use crate::diag::Report;
use crate::diff::Change;
use crate::disk;
use crate::git::{Repository, Version};
use crate::matrix::{Matrix, Policy};
use crate::output::Sources;
use crate::page::{Authority, Declaration, Links, MARK, Page, Since, Template, hosted};
use crate::pipeline::{self, Request};
use crate::quote::{line, quote};
use crate::resolve::Lookup;
use crate::roster::Roster;
use crate::trust::Profiles;
use crate::yaml::{FieldPath, NodeRef};

/// Write a page for reviewers: identities, and what changed
///
/// One HTML file that loads nothing, to be attached to a pull request: workloads with their roles and trust anchors, to search
/// and filter; who can assume which role as a heat map; the trust policies; how much time is left when a renewal fails; with
/// `--since`, what has changed. It is written even if something is wrong, which it shows.
///
/// Exit codes: 0 written, 1 written with errors on it, or the declaration cannot be read.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// File to write; stdout when omitted, or `-`. Replaces only what `iamra report` has written
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show what has changed since the current branch left this revision, such as `origin/main`
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// URL of a line of a file, with `{path}` and `{line}`; by default that of the current commit at GitHub, GitLab or
    /// Bitbucket, if the remote `origin` is there and the file is not changed
    #[arg(long, value_name = "URL", value_parser = Template::parse)]
    link: Option<Template>,
    /// Day for which to say how long CAs are still valid, such as `2027-01-31`; when omitted, only their ends are said
    #[arg(long, value_name = "DATE", value_parser = date)]
    as_of: Option<Date>,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    offline: Offline,
}

fn date(text: &str) -> Result<Date, String> {
    let wrong = || "expected a day such as `2027-01-31`".to_owned();
    let parts: Vec<_> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
    // A number may have a sign; a day has none.
    let is_padded = (year.len(), month.len(), day.len()) == (4, 2, 2) && !text.contains('+');
    let number = |text: &str| text.parse::<u8>().ok();
    let month = number(month).and_then(|it| Month::try_from(it).ok());
    let found = year.parse::<u16>().ok().zip(month).zip(number(day)).filter(|_| is_padded);
    found.and_then(|((year, month), day)| Date::from_calendar_date(year.into(), month, day).ok()).ok_or_else(wrong)
}

/// A declaration as it is read.
struct Read {
    file: File,
    roster: Roster,
    report: Report,
    /// Whether it is valid by itself, so that it can be compared.
    is_valid: bool,
}

impl Read {
    fn shown<'r>(&'r self, changes: &'r [Change]) -> Declaration<'r> {
        Declaration { roster: &self.roster, report: &self.report, sources: self.file.sources(), changes }
    }
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let file = File::open(&args.dir)?;
    let (roster, mut report) = read(&file, shared)?;
    let Some(roster) = roster else { return finish(&report, file.sources(), io) };
    let is_valid = !report.has_errors();
    report.append(roster.lookups.clone());
    let mut own = Read { file, roster, report, is_valid };
    let others = extending(&mut own, shared)?;
    let judged = Judged::of(args, &own.file, shared, &mut own.report)?;
    let since = args.since.as_ref().map(|revision| Compared::of(revision, args, (&own, &others), io)).transpose()?;
    let html = page(args, (&own, &others), judged.as_ref(), since.as_ref(), io)?;
    let all = || std::iter::once(&own).chain(&others);
    all().try_for_each(|it| tell(&it.report, it.file.sources(), io))?;
    match output_file(args.output.as_ref()) {
        Some(path) => {
            write(path, &html)?;
            io.remark(&said(path, all().map(|it| it.roster.rows.len()).sum()))?;
        }
        None => io.data(|out| out.write_all(html.as_bytes()))?,
    }
    Ok(match exit_of(all().map(|it| &it.report)) {
        Exit::Done if since.is_some_and(|it| !it.is_whole) => Exit::WrongInput,
        exit => exit,
    })
}

/// The declarations that extend this one, with what is their own. What one of them takes from another is reported, for this
/// one if it is one of them.
fn extending(own: &mut Read, shared: &Shared) -> Result<Vec<Read>, Error> {
    let delegated = Delegated::of(&own.file, None)?;
    let mut claims = delegated.claims();
    if own.file.extends() {
        own.report.append(claims.pop().unwrap_or_default());
        return Ok(Vec::new());
    }
    let read = |(file, claims): (File, Report)| {
        let (roster, report) = read(&file, shared)?;
        let (mut roster, is_valid) = (roster.unwrap_or_default(), !report.has_errors());
        roster.rows.retain(|row| !row.binding.is_inherited());
        let mut all = Delegated::own(&file, report).beyond(&own.report);
        all.append(roster.lookups.clone().of_document(0));
        all.append(claims);
        Ok(Read { file, roster, report: all, is_valid })
    };
    delegated.whole()?.files.into_iter().zip(claims).map(read).collect()
}

fn page(
    args: &Args,
    (own, others): (&Read, &[Read]),
    judged: Option<&Judged>,
    since: Option<&Compared>,
    io: &mut Io,
) -> Result<String, Error> {
    let shared = &args.offline.shared();
    let files: Vec<_> = std::iter::once(own).chain(others).map(|it| &it.file).collect();
    let matrix = judged.map(|it| Matrix::of(&it.all.declared, &it.policies, &it.profiles));
    let (name, none, nobody, nothing) = (name(&own.file), BTreeMap::new(), Roster::default(), Report::default());
    let changes = |index: usize| since.and_then(|it| it.others.get(index)).map_or(&[][..], Vec::as_slice);
    let mut shown: Vec<_> = others.iter().enumerate().map(|(index, it)| it.shown(changes(index))).collect();
    if let Some(since) = since {
        let sources = Sources::default();
        shown.push(Declaration { roster: &nobody, report: &nothing, sources, changes: &since.removed });
    }
    let page = Page {
        name: name.as_deref(),
        cluster: shared.cluster.as_deref(),
        declaration: own.shown(since.map_or(&[], |it| &it.own)),
        others: shown,
        matrix: matrix.as_ref(),
        policies: judged.map_or(&none, |it| &it.policies),
        authorities: &authorities(&files, shared)?,
        since: since.map(|it| Since { base: &it.base, notes: &it.notes }),
        links: &links(args, &files, io)?,
        as_of: args.as_of,
    };
    Ok(page.html())
}

fn said(path: &Path, count: usize) -> String {
    format!("wrote {}: {count} workload{}\n", quote(&display(path)), if count == 1 { "" } else { "s" })
}

/// Writes the page where nothing or an older one is.
fn write(path: &Path, html: &str) -> Result<(), Error> {
    disk::check_place(path)?;
    if disk::read_rendered(path)?.is_some_and(|there| !there.starts_with(MARK)) {
        return Err(Error::NotOurPage(path.to_owned()));
    }
    Ok(disk::write(path, html)?)
}

fn name(file: &File) -> Option<String> {
    let documents = file.documents(&mut Report::default())?;
    let name = documents.whole().root().at(&FieldPath::keys("metadata.name")).and_then(NodeRef::text);
    name.map(str::to_owned)
}

/// The declaration with everything that it takes to judge who can become whom.
struct Judged {
    all: Everywhere,
    policies: BTreeMap<String, Policy>,
    profiles: Profiles,
}

impl Judged {
    /// `None` when something is missing, which is reported.
    fn of(args: &Args, file: &File, shared: &Shared, report: &mut Report) -> Result<Option<Self>, Error> {
        let mut found = Report::default();
        let all = Everywhere::read(file, shared, &mut found)?;
        let Some(mut all) = all else {
            report.append(found);
            return Ok(None);
        };
        let (recorded, profiles) = recorded(file, shared)?;
        let policies = all.policies(&args.given, recorded.as_ref(), &mut found)?;
        let is_right = !found.has_errors();
        all.keep(shared.cluster.as_ref());
        if is_right {
            all.judge(&policies, &profiles, &mut found);
        }
        report.append(found);
        Ok(is_right.then_some(Self { all, policies, profiles }))
    }
}

/// The certificates of the CAs that are at hand, each once.
fn authorities(files: &[&File], shared: &Shared) -> Result<Vec<Authority>, Error> {
    let mut found: BTreeMap<(String, String), Authority> = BTreeMap::new();
    for file in files {
        file.ask(shared, &mut Report::default(), |declaration, lookup, _| {
            add_authorities((declaration, lookup), shared.cluster.as_deref(), &mut found);
            Some(())
        })?;
    }
    Ok(found.into_values().collect())
}

fn add_authorities(
    (declaration, lookup): (Whole<'_>, &dyn Lookup),
    only: Option<&str>,
    found: &mut BTreeMap<(String, String), Authority>,
) {
    let mut clusters = config::clusters(declaration);
    clusters.retain(|name| only.is_none() || *name == only);
    for cluster in clusters {
        let request = Request { cluster, ..Request::default() };
        let scopes = pipeline::ca_certificates(declaration, request, lookup, &mut Report::default());
        for (scope, pems) in scopes.into_iter().flatten() {
            let certificates = pems.iter().zip([false, true]);
            let certificates =
                certificates.filter_map(|(pem, is_next)| Some((Certificate::first(pem.as_ref()?)?, is_next)));
            for (certificate, is_next) in certificates {
                let key = (scope.clone(), certificate.fingerprint());
                let new = || Authority { scope: scope.clone(), clusters: [].into(), is_next, certificate };
                found.entry(key).or_insert_with(new).clusters.extend(cluster.map(str::to_owned));
            }
        }
    }
}

/// Where the declarations' files are to be seen.
fn links(args: &Args, files: &[&File], io: &mut Io) -> Result<Links, Error> {
    let mut links = Links::default();
    let repository = Repository::find(&args.dir).ok();
    let place = |path: &Path| repository.as_ref().and_then(|it| it.place(path).ok());
    let own = |it: &File| place(&it.path).unwrap_or_else(|| it.path.strip_prefix(".").unwrap_or(&it.path).to_owned());
    let own = files.iter().map(|it| (it.name.as_str(), it.text.as_str(), own(it)));
    let base = |it: &config::Base| it.folder.join(Path::new(&it.name).file_name().unwrap_or_default());
    // What the others extend is the first one.
    let bases = files.first().into_iter().flat_map(|it| &it.bases);
    let files = own.chain(bases.map(|it| (it.name.as_str(), it.text.as_str(), base(it))));
    let head = repository.as_ref().and_then(|it| it.head().ok());
    let derived = || hosted(&repository.as_ref()?.origin()?, &head.as_ref()?.hash()?);
    let Some(template) = args.link.clone().or_else(derived) else { return Ok(links) };
    for (name, text, path) in files {
        let is_there = args.link.is_some() || is_committed(repository.as_ref(), head.as_ref(), &path, text);
        if is_there {
            links.add(&line(name), &template, &path.to_string_lossy());
        } else {
            io.remark(&format_args!("{} is not as it is committed, so nothing links to its lines\n", quote(name)))?;
        }
    }
    Ok(links)
}

/// Whether the commit has this text there, so that its lines are the same.
fn is_committed(repository: Option<&Repository>, head: Option<&Version>, path: &Path, text: &str) -> bool {
    let there = repository.zip(head).and_then(|(repository, head)| repository.read(head, path).ok().flatten());
    there.as_deref() == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        assert_eq!(date("2027-01-31").unwrap().to_string(), "2027-01-31");
        for wrong in ["", "2027-1-31", "2027-02-30", "31-01-2027", "2027-01-31T00:00:00Z", "+027-01-31", "2027-01-+1"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
