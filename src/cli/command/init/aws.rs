//! What has to be done in AWS: the CA, if it is kept there, and its trust anchor.

use time::OffsetDateTime;

use super::Args;
use crate::arn::ArnKind;
use crate::aws::{Provisioning, Session};
use crate::ca;
use crate::certificate::Authority;
use crate::cli::authority::{self, named};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, carry_out, failed, observed, refused};
use crate::cli::io::Io;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::Issuer;
use crate::provision::{self, Comparison, Kept, Observed, Part, Present, Putting};
use crate::quote::{quote, typed};
use crate::reference::Wanted as Value;
use crate::secret::Secret;
use crate::yaml::FieldPath;

/// A plan.
pub(super) struct Plan<'s> {
    session: &'s Session,
    doing: Doing,
    /// What would be done.
    pub(super) shown: Comparison,
    /// What is there, or what to do next.
    pub(super) said: String,
}

enum Doing {
    /// Nothing can be done yet.
    Nothing,
    /// The trust anchor is made.
    Anchor,
    /// A CA is put into Parameter Store before that.
    Ca(Box<NewCa>),
}

struct NewCa {
    part: Part,
    observed: Observed,
    kept: Kept,
    present: Present,
    candidate: Authority,
    name: String,
}

/// The plan. `None` when something is wrong, which is reported.
pub(super) fn plan<'s>(
    args: &Args,
    estate: &Estate,
    (file, is_new): (&File, bool),
    session: &'s Session,
    report: &mut Report,
) -> Result<Option<Plan<'s>>, Error> {
    let Some(part) = authority::part(estate, file, &args.scope, report)? else { return Ok(None) };
    match part.kept.clone() {
        Some(kept) => of_parameters(args, (part, is_new), kept, session, report),
        None => of_others(args, estate, (file, is_new), session, report),
    }
}

/// What is there. For a new declaration nothing has been made: what has its tags is another one's, and `aws apply` would delete
/// the roles of that one, which are not declared here.
fn seen(part: &Part, is_new: bool, session: &Session, report: &mut Report) -> Option<Observed> {
    let observed = observed(&part.desired, session, report)?;
    if let Some(key) = observed.ours().filter(|_| is_new) {
        let message = format!(
            "the declaration is new, and the {key} is there, made for a declaration of the same name and prefix"
        );
        let help = "give this one its own prefix: `--parameter-prefix /iam-ra/NAME`; if it is the same one, whose file is not \
                    here, get that, or write it with `iamra init --without-aws` and run this again";
        report.push(Diagnostic::error(Code::AwsSetup, message).help(help));
        return None;
    }
    Some(observed)
}

/// For a CA in Parameter Store.
fn of_parameters<'s>(
    args: &Args,
    (part, is_new): (Part, bool),
    kept: Kept,
    session: &'s Session,
    report: &mut Report,
) -> Result<Option<Plan<'s>>, Error> {
    if args.authorities.any() {
        let message = "`--ca-certificate` is for a CA that is kept elsewhere, and this one is in Parameter Store";
        let help = "put an existing CA there with `iamra ca put-key`";
        report.push(Diagnostic::error(Code::ConflictingFields, message).help(help));
        return Ok(None);
    }
    let Some(observed) = seen(&part, is_new, session, report) else { return Ok(None) };
    let present = match part.present(&kept, &observed, &Provisioning::new(session)) {
        Ok(present) => present,
        Err(failure) => {
            report.push(failed(&failure));
            return Ok(None);
        }
    };
    let name = part.anchor().map_or_else(|| args.scope.clone(), |key| key.name.clone());
    let Some(candidate) = candidate(args, &name, &present, report)? else { return Ok(None) };
    let comparison = provision::compare(&part.trusting(&candidate.certificate), &observed, None);
    refused(&comparison, report);
    let first = {
        let (kms_key, certify) = (args.ca.kms_key.as_deref(), certify(args, &name));
        kept.differences(&present, &Putting { authority: &candidate, kms_key, certify: &certify })
    };
    let shown = comparison.after(first, &part.desired);
    let said = match &present {
        Present::Both(there) => format!("{} is there, and stays\n", named(there)),
        Present::Key(_) => format!("the {} is there: its CA is completed\n", kept.key),
        _ => String::new(),
    };
    let doing = Doing::Ca(Box::new(NewCa { part, observed, kept, present, candidate, name }));
    Ok(Some(Plan { session, doing, shown, said }))
}

/// The CA that is there, or the one that would be put there.
fn candidate(args: &Args, name: &str, present: &Present, report: &mut Report) -> Result<Option<Authority>, Error> {
    Ok(match present {
        Present::Both(there) => Some(there.clone()),
        Present::Key(key) => certify(args, name)(key).map_err(|why| report.push(unusable(&why))).ok(),
        Present::Nothing | Present::Certificate(_) => Some(ca::mint(subject(args, name), args.ca.algorithm())?),
    })
}

fn unusable(why: &str) -> Diagnostic {
    Diagnostic::error(Code::InvalidCa, why)
        .help("put its certificate there, too: `iamra ca put-key --certificate FILE`, or delete the parameter")
}

fn subject<'n>(args: &Args, name: &'n str) -> ca::Subject<'n> {
    ca::Subject::from_now(name, OffsetDateTime::now_utc(), args.ca.life())
}

/// Makes the certificate of a key that is there.
fn certify<'a>(args: &'a Args, name: &'a str) -> impl Fn(&Secret) -> Result<Authority, String> + 'a {
    move |key| {
        ca::certify(subject(args, name), key).map_err(|_| {
            "the key that is there cannot be used here: it is no ECDSA or RSA key in PEM as PKCS #8".to_owned()
        })
    }
}

/// For a CA that is kept elsewhere.
fn of_others<'s>(
    args: &Args,
    estate: &Estate,
    (file, is_new): (&File, bool),
    session: &'s Session,
    report: &mut Report,
) -> Result<Option<Plan<'s>>, Error> {
    let configs = crate::cli::estate::configs(file, &mut Report::default()).unwrap_or_default();
    let of_cluster = configs.iter().filter(|it| args.cluster.is_none() || it.cluster == args.cluster);
    let mut scopes = of_cluster.flat_map(|it| it.installation.scopes.iter().map(move |scope| (it, scope)));
    let Some((config, scope)) = scopes.find(|(_, scope)| scope.name == args.scope) else { return Ok(None) };
    let issuer = &scope.issuer;
    if issuer.shows_key() {
        let message = format!("the CA of scope {} is in parameters that iamra does not write", quote(&args.scope));
        let help = "a version, a label or another account says that it exists; leave them out to have a CA made";
        let at = Place::Config(FieldPath::keys("spec.scopes").key(&args.scope).key("issuer"));
        report.push(Diagnostic::error(Code::ConflictingFields, message).at(at).help(help));
        return Ok(None);
    }
    if issuer.reference(Value::Arn(ArnKind::PrivateCa)).is_none() && !args.authorities.any() {
        let said = later(args, issuer, config.installation.scopes.len() == 1);
        return Ok(Some(Plan { session, doing: Doing::Nothing, shown: Comparison::default(), said }));
    }
    let desired = estate.desired(file, Some(&args.authorities), Some(session), report)?;
    let part = desired.and_then(|desired| authority::part_of(&desired, estate, file, &args.scope, report));
    let Some(part) = part else { return Ok(None) };
    let Some(observed) = seen(&part, is_new, session, report) else { return Ok(None) };
    let shown = provision::compare(&part.desired, &observed, None);
    refused(&shown, report);
    Ok(Some(Plan { session, doing: Doing::Anchor, shown, said: String::new() }))
}

/// How the trust anchor is made once the CA is there.
fn later(args: &Args, issuer: &Issuer, is_only_scope: bool) -> String {
    let scope = if is_only_scope { String::new() } else { format!("{}=", args.scope) };
    let cluster = args.cluster.as_ref().map_or_else(String::new, |it| format!(" --cluster {it}"));
    let apply = format!("iamra aws apply{cluster} --ca-certificate {scope}");
    let namespace = issuer.secret_namespace(None).map_or_else(String::new, |it| format!(" --namespace {it}"));
    let call = match issuer.secret() {
        Some(secret) => {
            format!("kubectl get secret {secret}{namespace} --output json | iamra ca show | {apply}- --yes")
        }
        None => format!("{apply}FILE"),
    };
    format!(
        "AWS is not changed: the trust anchor needs the certificate of the CA; when that is there: {}\n",
        typed(&call)
    )
}

impl Plan<'_> {
    /// Whether there is something to agree to.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(self.doing, Doing::Nothing)
    }

    /// Makes the calls, and says each.
    pub(super) fn carry_out(self, args: &Args, report: &mut Report, io: &mut Io) -> Result<(), Error> {
        match &self.doing {
            Doing::Nothing => return Ok(()),
            Doing::Anchor => carry_out(&self.shown, self.session, report, io)?,
            Doing::Ca(new) => {
                let Some(comparison) = self.put(new, args, report, io)? else { return Ok(()) };
                carry_out(&comparison, self.session, report, io)?;
            }
        }
        if report.has_errors() {
            return Ok(());
        }
        io.words(&format_args!(
            "scope {} is ready; next: a workload (`iamra k8s onboard`), its role (`iamra aws apply`), and `iamra lock`\n",
            quote(&args.scope)
        ))
    }

    /// Puts the CA, and returns what is left to do for the one that is there then.
    fn put(&self, new: &NewCa, args: &Args, report: &mut Report, io: &mut Io) -> Result<Option<Comparison>, Error> {
        let putting = Putting {
            authority: &new.candidate,
            kms_key: args.ca.kms_key.as_deref(),
            certify: &certify(args, &new.name),
        };
        let aws = Provisioning::new(self.session);
        let Some(there) = authority::put((&new.kept, &new.present), &putting, &aws, report, io)? else {
            return Ok(None);
        };
        let is_ours = there.certificate == new.candidate.certificate;
        // Another run was faster, and may have made the trust anchor, too.
        let again = if is_ours { None } else { observed(&new.part.desired, self.session, report) };
        if report.has_errors() {
            return Ok(None);
        }
        let desired = new.part.trusting(&there.certificate);
        Ok(Some(provision::compare(&desired, again.as_ref().unwrap_or(&new.observed), None)))
    }
}
