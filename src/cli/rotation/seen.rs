//! What is given of a cluster and of AWS.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Found, Looking};
use crate::arn::Arn;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::live::tell;
use crate::cli::paths::display;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::quote::typed;
use crate::reference::Origin;
use crate::resolve::NoAnswer;
use crate::resource::{self, TrustAnchor};

const PIPE: &str = "pipe the output of `kubectl get … --output json` into it, or name a file";

/// What somebody has looked at.
pub(in crate::cli) struct Seen {
    /// The objects of the cluster; `None` when there are none at hand.
    pub(super) objects: Option<Vec<Value>>,
    /// The trust anchors, by ARN; `None` when nobody has asked for any.
    anchors: Option<Anchors>,
}

/// Trust anchors, by ARN.
pub(in crate::cli) type Anchors = BTreeMap<Arn, resource::Found<TrustAnchor>>;

impl Seen {
    /// What the arguments of `iamra ca rotation` give. `None` when something cannot be read, which is reported.
    pub(in crate::cli) fn of(
        looking: &Looking<'_>,
        trust_anchors: &[PathBuf],
        scopes: &[Found<'_>],
        report: &mut Report,
    ) -> Result<Option<Self>, Error> {
        let Some(objects) = Self::objects(looking, report)? else { return Ok(None) };
        let mut anchors = BTreeMap::new();
        for path in trust_anchors {
            let command = "aws rolesanywhere get-trust-anchor";
            for value in listed(path, &["trustAnchors", "trustAnchor"], command, report)? {
                anchors.extend(anchor(&value));
            }
        }
        if report.has_errors() {
            return Ok(None);
        }
        let mut is_asked = !trust_anchors.is_empty();
        let live = &looking.shared.sources.live;
        if live.asked() {
            is_asked = true;
            let unknown: Vec<(&Arn, &Origin)> = scopes
                .iter()
                .filter_map(|it| it.anchor.as_ref())
                .filter(|(arn, _)| !anchors.contains_key(arn))
                .map(|(arn, reference)| (arn, &*reference.origin))
                .collect();
            anchors.extend(live.asks.session()?.trust_anchors(&unknown, &tell));
        }
        Ok(Some(Self { objects, anchors: is_asked.then_some(anchors) }))
    }

    /// The same with trust anchors that are read later.
    pub(in crate::cli) fn without_anchors(looking: &Looking<'_>, report: &mut Report) -> Result<Option<Self>, Error> {
        Ok(Self::objects(looking, report)?.map(|objects| Self { objects, anchors: None }))
    }

    /// The same with these trust anchors.
    pub(in crate::cli) fn with(self, anchors: Anchors) -> Self {
        Self { anchors: Some(anchors), ..self }
    }

    /// The objects that are given, if any are. `None` when they cannot be read, which is reported.
    #[expect(clippy::option_option, reason = "one is about the files, the other one about the arguments")]
    fn objects(looking: &Looking<'_>, report: &mut Report) -> Result<Option<Option<Vec<Value>>>, Error> {
        let mut objects = Vec::new();
        for path in looking.objects {
            objects.extend(listed(path, &["items"], "kubectl get … --output json", report)?);
        }
        let is_given = !looking.objects.is_empty();
        Ok((!report.has_errors()).then_some(is_given.then_some(objects)))
    }

    /// The trust anchor of a scope; `None` when nobody has asked.
    pub(super) fn anchor(&self, scope: &Found<'_>) -> Option<resource::Found<TrustAnchor>> {
        let none = |why: &str| {
            Err(NoAnswer {
                code: Code::NotChecked,
                why: why.to_owned(),
                help: "name it, or ask AWS (`--live`)".to_owned(),
            })
        };
        let anchors = self.anchors.as_ref()?;
        let Some((arn, _)) = &scope.anchor else { return Some(none("the ARN of the trust anchor has no value")) };
        Some(anchors.get(arn).cloned().unwrap_or_else(|| none("the trust anchor is not among those that are given")))
    }
}

/// What is in a file in JSON: the entries of one of these fields, or the object itself.
fn listed(path: &Path, fields: &[&str], command: &str, report: &mut Report) -> Result<Vec<Value>, Error> {
    let (name, bytes) = if path == Path::new("-") {
        ("stdin".to_owned(), Io::read(PIPE)?)
    } else {
        (display(path), disk::read_manifests(path)?)
    };
    let Ok(Value::Object(mut object)) = serde_json::from_slice::<Value>(&bytes) else {
        report.push(
            Diagnostic::error(Code::UnreadableInput, format!("{name} is not a JSON object"))
                .at(Place::File(name, None))
                .help(format!("use the output of {}", typed(&command))),
        );
        return Ok(Vec::new());
    };
    Ok(match fields.iter().find_map(|field| object.remove(*field)) {
        Some(Value::Array(items)) => items,
        Some(item) => vec![item],
        None => vec![Value::Object(object)],
    })
}

/// A trust anchor as AWS's programs print it.
fn anchor(value: &Value) -> Option<(Arn, resource::Found<TrustAnchor>)> {
    let arn = Arn::parse(crate::arn::ArnKind::TrustAnchor, value.get("trustAnchorArn")?.as_str()?).ok()?;
    let pem = value.pointer("/source/sourceData/x509CertificateData").and_then(Value::as_str);
    let enabled = value.get("enabled").and_then(Value::as_bool).unwrap_or(false);
    Some((arn, Ok(TrustAnchor { enabled, certificates: pem.map(str::to_owned) })))
}
