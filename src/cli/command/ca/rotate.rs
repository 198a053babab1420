//! `iamra ca rotate`

use std::collections::BTreeSet;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::aws::{Provisioning, Session};
use crate::ca;
use crate::cli::declaration::File;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::estate::failed;
use crate::cli::io::Io;
use crate::cli::rotation::{self, Anchors, Found, Looking, Seen};
use crate::cli::sources::Shared;
use crate::cli::{Exit, report};
use crate::config::Whole;
use crate::diag::{Code, Diagnostic, Report};
use crate::doctor::rotation::{Progress, Rotation, State, Step};
use crate::draft;
use crate::draft::rotate::{At, Source};
use crate::issuer::Issuer;
use crate::provision::{Anchor, Failure, Fault, Kept, Owner, Present, Provisioner, Putting};
use crate::quote::{line, quote, quote_all};
use crate::resolve::NoAnswer;
use crate::resource::TrustAnchor;
use crate::secret::Secret;
use crate::yaml::FieldPath;

/// Carry out the next step of a CA's rotation, if it is one for this machine: in the declaration, in Parameter Store, in the trust anchor
///
/// Looks at the declaration, at AWS and at the objects that are given, as `iamra ca rotation` does, and makes one step; run it again
/// for the next one. A step that is too early is refused. A CA whose source is `secret.ssm` is made here: its key is put into an
/// encrypted parameter and is nowhere else. Asks first. If it stops, run it again.
///
/// Exit codes: 0 the step is done, 1 something is wrong, 3 whether it may be done cannot be told, 4 the next step is done elsewhere.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The scope, if the declaration has several
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// Objects of the cluster: Certificates, their requests and issuers, Pods, and the CAs' Secrets, of which only `tls.crt` is
    /// read, as `kubectl get … --output json` prints them; `-` is stdin
    #[arg(long, value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// Another cluster with the same trust anchor, in which every certificate is of the next CA
    #[arg(long, value_name = "CLUSTER")]
    renewed: Vec<String>,
    /// KMS key that encrypts the new CA's key, in place of the account's
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    shared: Shared,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(args.editing.declaration())?;
    let mut report = Report::default();
    let exit = rotated(args, &file, &mut report, io)?;
    let reported = report::finish(&report, file.sources(), io)?;
    Ok(if reported == Exit::Done { exit } else { reported })
}

/// Makes one step. What is wrong is reported.
fn rotated(args: &Args, file: &File, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
    let shared = args.shared.live();
    let looking = Looking { scope: args.scope.as_deref(), objects: &args.objects, shared: &shared };
    let Some(seen) = Seen::without_anchors(&looking, report)? else { return Ok(Exit::WrongInput) };
    let Some(read) = looking.read(file, report)? else { return Ok(Exit::WrongInput) };
    let Some(scopes) = looking.scopes(&read, report) else { return Ok(Exit::WrongInput) };
    let Some(scope) = only(&scopes, report) else { return Ok(Exit::WrongInput) };
    let session = shared.sources.live.asks.session()?;
    let aws = Provisioning::new(&session);
    let Some(anchor) = anchor(scope, &aws, report) else { return Ok(Exit::Failed) };
    let seen = seen.with(anchors(scope, &anchor));
    let now = OffsetDateTime::now_utc();
    let rotation = rotation::of(scope, &read, &seen, now.unix_timestamp(), report);
    if report.has_errors() {
        return Ok(Exit::WrongInput);
    }
    let has_several = read.has_several();
    let rotating = Rotating { args, scope, rotation: &rotation, anchor, has_several, session: &session, now };
    rotating.step(report, io)
}

/// The scope that is meant.
fn only<'s, 'r>(scopes: &'s [Found<'r>], report: &mut Report) -> Option<&'s Found<'r>> {
    let names: BTreeSet<_> = scopes.iter().map(|it| it.name).collect();
    let (code, message, help) = match (scopes, names.len()) {
        ([scope], _) => return Some(scope),
        ([], _) => {
            let help = "declare a role, and run `iamra lock`";
            (Code::UnknownScope, "nothing uses a scope, so there is no CA to rotate".to_owned(), help)
        }
        (_, 1) => {
            let clusters = scopes.iter().filter_map(|it| it.cluster);
            let message = format!("several clusters are declared: {}", quote_all(clusters));
            (Code::AmbiguousCluster, message, "choose one with `--cluster NAME`")
        }
        (_, _) => {
            let message = format!("several scopes are declared: {}", quote_all(names));
            (Code::UnknownScope, message, "choose one with `--scope NAME`")
        }
    };
    report.push(Diagnostic::error(code, message).help(help));
    None
}

/// The trust anchor; `None` when it cannot be read, which is reported.
fn anchor(scope: &Found<'_>, aws: &dyn Provisioner, report: &mut Report) -> Option<Anchor> {
    let Some((arn, reference)) = &scope.anchor else {
        let message = format!("the ARN of the trust anchor of scope {} is not known", quote(scope.name));
        let help = "make it with `iamra aws apply`, then run `iamra lock`";
        report.push(Diagnostic::error(Code::UnresolvedReference, message).help(help));
        return None;
    };
    match Anchor::read(reference, arn.as_str(), &owner(scope), aws) {
        Ok(Some(anchor)) => return Some(anchor),
        Ok(None) => {
            let message = format!("there is no trust anchor {arn}");
            report.push(Diagnostic::error(Code::AwsSetup, message).help("look with `iamra aws plan`"));
        }
        Err(failure) => report.push(failed(&failure)),
    }
    None
}

fn anchors(scope: &Found<'_>, anchor: &Anchor) -> Anchors {
    let seen = TrustAnchor { enabled: anchor.enabled, certificates: anchor.certificates.clone() };
    scope.anchor.iter().map(|(arn, _)| (arn.clone(), Ok(seen.clone()))).collect()
}

fn owner(scope: &Found<'_>) -> Owner {
    let installation = &scope.config.installation;
    Owner { installation: installation.prefix.clone(), declaration: installation.declaration.clone() }
}

/// A scope in the middle of its rotation.
struct Rotating<'r> {
    args: &'r Args,
    scope: &'r Found<'r>,
    rotation: &'r Rotation<'r>,
    anchor: Anchor,
    has_several: bool,
    session: &'r Session,
    now: OffsetDateTime,
}

impl Rotating<'_> {
    fn step(&self, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        let all = &self.rotation.steps;
        let next = all.iter().enumerate().find(|(_, it)| it.state != State::Done);
        let Some((index, progress)) = next else { return self.declare(report, io) };
        match (progress.step, progress.state) {
            (Step::Make, _) if self.keeps_next().is_some() => self.make(report, io),
            (Step::Trust, State::Next) => self.trust(false, report, io),
            (Step::Switch, State::Next) => self.edit(4, "the next CA signs", io, draft::rotate::switch),
            (Step::Distrust, State::Next) => self.distrust(report, io),
            (Step::Remove, State::Next) => {
                let generation = self.rotation.next.as_ref().map_or(1, |next| next.issuer.generation);
                let what = "the declaration has the next CA alone";
                self.edit(7, what, io, |at, text, it| draft::rotate::remove(at, generation, text, it))
            }
            _ => self.elsewhere(index + 1, progress, report, io),
        }
    }

    /// A step that is not one for this machine, or of which it cannot be told whether it may be made.
    fn elsewhere(&self, number: usize, it: &Progress, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        let advice: String = it.advice.iter().map(|it| format!("  {}\n", line(it))).collect();
        let scope = quote(self.scope.name);
        if it.state == State::Next {
            io.words(&format_args!(
                "scope {scope}: step {number} is next, and is not done here: {}\n{advice}",
                line(&it.says)
            ))?;
            return Ok(Exit::Differs);
        }
        let message = format!("scope {scope}: whether step {number} is done cannot be told: {}", it.says);
        let help = it.advice.first().cloned().unwrap_or_else(|| "run `iamra ca rotation`".to_owned());
        report.push(Diagnostic::error(Code::NotChecked, message).help(help));
        io.words(&advice)?;
        Ok(Exit::Failed)
    }

    /// Says what is about to happen, and asks. Whether it may.
    fn agreed(&self, number: usize, what: &str, lines: &[String], io: &mut Io) -> Result<bool, Error> {
        let lines: String = lines.iter().map(|it| format!("    {}\n", line(it))).collect();
        let scope = quote(self.scope.name);
        io.words(&format_args!("scope {scope}, step {number} of 7: {what}\n{lines}"))?;
        if self.args.editing.dry_run {
            return Ok(false);
        }
        let is_agreed = self.args.yes || io.agrees()?;
        if !is_agreed {
            io.words(&"nothing was changed\n")?;
        }
        Ok(is_agreed)
    }

    /// How a step ends that was only shown, or that the user did not agree to.
    fn not_done(&self) -> Exit {
        if self.args.editing.dry_run { Exit::Done } else { Exit::Differs }
    }

    fn at(&self) -> At<'_> {
        let field = if self.rotation.current.issuer.secret_home.is_some() { "clusterCa" } else { "ca" };
        At { scope: self.scope.name, field, cluster: self.scope.cluster.filter(|_| self.has_several) }
    }

    /// Step 1. The next CA comes from where the current one comes from.
    fn declare(&self, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        let issuer = self.rotation.current.issuer;
        let owner = owner(self.scope);
        let folder = format!("{}/scopes/{}/ca.{}", owner.installation, self.scope.name, issuer.generation + 1);
        let [certificate, key] = ["tls-crt", "tls-key"].map(|it| format!("{folder}/{it}"));
        let source = if Kept::of(issuer, owner, self.place(), None).is_some() {
            Source::Parameters { certificate: &certificate, key: &key }
        } else if issuer.makes_ca() {
            Source::InCluster
        } else if issuer.secret().is_some() && issuer.wants().next().is_some() {
            Source::Existing
        } else {
            let message = format!("iamra cannot make the next CA of scope {}", quote(self.scope.name));
            let help = "declare it as `next`, or another issuer; see docs/ca-rotation.md";
            report.push(Diagnostic::error(Code::CannotEdit, message).help(help));
            return Ok(Exit::WrongInput);
        };
        self.edit(1, "the next CA is declared", io, |at, text, it| draft::rotate::declare(at, source, text, it))
    }

    fn place(&self) -> FieldPath {
        FieldPath::keys("spec.scopes").key(self.scope.name).key("issuer")
    }

    /// Makes a step in the declaration.
    fn edit(
        &self,
        number: usize,
        what: &str,
        io: &mut Io,
        change: impl FnOnce(At<'_>, &str, Whole<'_>) -> Result<draft::Change, draft::Refused>,
    ) -> Result<Exit, Error> {
        let is_agreed = self.agreed(number, what, &["in the declaration".to_owned()], io)?;
        if !is_agreed && !self.args.editing.dry_run {
            return Ok(Exit::Differs);
        }
        let done = Draft::open(&self.args.editing)?.change(io, |text, it, _| change(self.at(), text, it))?;
        let Some(_) = done else { return Ok(Exit::WrongInput) };
        if !self.args.editing.dry_run {
            io.remark(&"`iamra ca rotation` says what is next\n")?;
        }
        Ok(Exit::Done)
    }

    fn next(&self) -> Option<&Issuer> {
        self.rotation.next.as_ref().map(|next| next.issuer)
    }

    /// The parameters of the next CA.
    fn keeps_next(&self) -> Option<Kept> {
        Kept::of(self.next()?, owner(self.scope), self.place(), self.scope.cluster)
    }

    /// Step 2, for a CA that is kept in parameters: the key first, and never a second one.
    fn make(&self, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        let (Some(kept), Some(next)) = (self.keeps_next(), self.next()) else { return Ok(Exit::WrongInput) };
        let aws = Provisioning::new(self.session);
        let name = format!("{}.{}", owner(self.scope).name(self.scope.name), next.generation);
        let subject = ca::Subject::from_now(&name, self.now, ca::Subject::LIFE);
        let certify = |key: &Secret| ca::certify(subject, key).map_err(|it| it.to_string());
        let present = match kept.look(&aws).and_then(|seen| kept.present(&seen, &aws)) {
            Ok(present) => present,
            Err(failure) => {
                report.push(failed(&failure));
                return Ok(Exit::Failed);
            }
        };
        let made = match &present {
            Present::Key(key) => certify(key),
            _ => ca::mint(subject, ca::Algorithm::P256).map_err(|it| it.to_string()),
        };
        let authority = match made {
            Ok(authority) => authority,
            Err(why) => {
                report.push(Diagnostic::error(Code::InvalidCa, why).help("look at the parameter with the key"));
                return Ok(Exit::WrongInput);
            }
        };
        if let Present::Certificate(_) = present {
            let message = format!("the {} is there without its key", kept.certificate);
            let help = format!(
                "delete it if it is of no use, and run this again; or put its key into the {} as a SecureString",
                kept.key
            );
            report.push(Diagnostic::error(Code::AwsSetup, message).help(help));
            return Ok(Exit::WrongInput);
        }
        let putting = Putting { authority: &authority, kms_key: self.args.kms_key.as_deref(), certify: &certify };
        let lines: Vec<_> = kept.differences(&present, &putting).iter().map(|it| it.key.to_string()).collect();
        if !self.agreed(2, "the next CA is made", &lines, io)? {
            return Ok(self.not_done());
        }
        let mut told = Ok(());
        let put = kept.put(&present, &putting, &aws, &mut |key| told = io.words(&format_args!("{key}: created\n")));
        told?;
        if let Err(stopped) = put {
            report.push(unfinished(&stopped.failure));
            return Ok(Exit::Failed);
        }
        io.words(&"run `iamra lock`, then `iamra ca rotate` for the next step\n")?;
        Ok(Exit::Done)
    }

    /// Step 6. Other clusters use the same trust anchor, and nothing is known of their certificates.
    fn distrust(&self, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        let shared = self.scope.shared_with.iter();
        let open: Vec<_> = shared.filter(|it| !self.args.renewed.iter().any(|done| done == *it)).collect();
        if !open.is_empty() {
            let message = format!(
                "{} have the same trust anchor; whether every certificate there is of the next CA cannot be told",
                quote_all(&open)
            );
            let help =
                "finish steps 4 and 5 there, look with `iamra ca rotation --cluster NAME`, and add `--renewed NAME`";
            report.push(Diagnostic::error(Code::NotChecked, message).help(help));
            return Ok(Exit::Failed);
        }
        self.trust(true, report, io)
    }

    /// Steps 3 and 6: what the trust anchor has.
    fn trust(&self, is_last: bool, report: &mut Report, io: &mut Io) -> Result<Exit, Error> {
        if let Some(why) = &self.anchor.not_ours {
            let message = format!("iamra does not change the trust anchor {}: {why}", self.anchor.arn);
            let help = "make the call that `iamra ca rotation` prints, or adopt it with `iamra aws adopt`";
            report.push(Diagnostic::error(Code::AwsSetup, message).help(help));
            return Ok(Exit::WrongInput);
        }
        let there = self.rotation.trusted.iter().flatten();
        let mut certificates: Vec<_> = there.filter(|(_, of_next)| !is_last || *of_next).map(|(it, _)| it).collect();
        certificates.extend(self.rotation.next.iter().filter(|_| !is_last).filter_map(|it| it.certificate.as_ref()));
        let lines: Vec<_> = certificates
            .iter()
            .map(|it| format!("trusts CA {}, until {}, SHA-256 {}", it.subject, it.end(), it.fingerprint()))
            .collect();
        let (number, what) = if is_last {
            (6, format!("the trust anchor {} trusts the next CA alone", self.anchor.arn))
        } else {
            (3, format!("the trust anchor {} trusts both CAs", self.anchor.arn))
        };
        if !self.agreed(number, &what, &lines, io)? {
            return Ok(self.not_done());
        }
        let pem: String = certificates.iter().map(|it| it.pem()).collect();
        if let Err(failure) = self.anchor.trust(&pem, &Provisioning::new(self.session)) {
            report.push(unfinished(&failure));
            return Ok(Exit::Failed);
        }
        io.remark(&"done; `iamra ca rotation` says what is next\n")?;
        Ok(Exit::Done)
    }
}

/// A call that failed, after others may have succeeded.
fn unfinished(failure: &Failure) -> Diagnostic {
    let NoAnswer { code, why, help } = &failure.answer;
    let open = if failure.fault == Fault::Unclear { "; whether it was done is not known" } else { "" };
    Diagnostic::error(*code, format!("{why}{open}")).help(format!("{help}; then run the command again"))
}
