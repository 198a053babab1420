//! Settings in layers: defaults, cluster, namespace, scope, workload. The last layer that sets a value wins.

use super::placed::{Placed, invalid, pick};
use super::sidecar::{SidecarLayer, SidecarLayers};
use super::v1alpha1::{self as wire, CertificateVolume, KeyAlgorithm};
use super::{Certificate, Environment};
use crate::arn;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::duration::Duration;
use crate::quote::quote;
use crate::renewal;
use crate::yaml::FieldPath;

/// The shortest certificate that cert-manager issues.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/const.go>
const MIN_DURATION: u64 = 3600;
/// The shortest `renewBefore` that cert-manager accepts.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/const.go>
const MIN_RENEW_BEFORE: u64 = 300;
/// The shortest certificate whose third is enough for a second try.
const SAFE_DURATION: u64 = 21_600;

/// The checked settings of one layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layer {
    duration: Placed<Duration>,
    renew_before: Placed<Duration>,
    common_name: Placed<String>,
    organizations: Placed<Vec<String>>,
    organizational_units: Placed<Vec<String>>,
    uris: Placed<Vec<String>>,
    algorithm: Placed<KeyAlgorithm>,
    size: Placed<u32>,
    volume: Placed<CertificateVolume>,
    intermediates: Placed<bool>,
    sidecar: SidecarLayer,
    region: Placed<String>,
    trailing_slash: Placed<bool>,
}

impl Layer {
    /// Checks the settings at `at`.
    pub(super) fn read(
        certificate: &wire::Certificate,
        sidecar: &wire::Sidecar,
        environment: &wire::Environment,
        at: &FieldPath,
        report: &mut Report,
    ) -> Self {
        let field = |dotted: &str| at.join(&FieldPath::keys(dotted));
        let duration = |text: &Option<String>, dotted: &str, report: &mut Report| {
            let text = text.as_deref()?;
            let parsed = Duration::parse(text);
            parsed.map_err(|why| invalid(report, &field(dotted), why)).ok().map(|it| (it, field(dotted)))
        };
        // No `..`: a new field of the declaration must be read here.
        let wire::Certificate {
            duration: lifetime,
            renew_before,
            common_name,
            organizations,
            organizational_units,
            uris,
            private_key,
            volume,
            intermediates,
        } = certificate;
        let wire::PrivateKey { algorithm, size } = private_key;
        let wire::Environment { region, trailing_slash } = environment;
        let layer = Self {
            duration: duration(lifetime, "certificate.duration", report),
            renew_before: duration(renew_before, "certificate.renewBefore", report),
            common_name: common_name.clone().map(|it| (it, field("certificate.commonName"))),
            organizations: organizations.clone().map(|it| (it, field("certificate.organizations"))),
            organizational_units: organizational_units.clone().map(|it| (it, field("certificate.organizationalUnits"))),
            uris: uris.clone().map(|it| (it, field("certificate.uris"))),
            algorithm: algorithm.map(|it| (it, field("certificate.privateKey.algorithm"))),
            size: size.map(|it| (it, field("certificate.privateKey.size"))),
            volume: volume.map(|it| (it, field("certificate.volume"))),
            intermediates: intermediates.map(|it| (it, field("certificate.intermediates"))),
            sidecar: SidecarLayer::read(sidecar, &at.key("sidecar"), report),
            region: region.clone().map(|it| (it, field("environment.region"))),
            trailing_slash: trailing_slash.map(|it| (it, field("environment.trailingSlash"))),
        };
        layer.check(report);
        layer
    }

    fn check(&self, report: &mut Report) {
        if let Some((duration, at)) = &self.duration
            && duration.seconds() < MIN_DURATION
        {
            invalid(report, at, format!("{} is shorter than `1h`, the minimum of cert-manager", quote(&duration)));
        }
        if let Some((renew_before, at)) = &self.renew_before
            && renew_before.seconds() < MIN_RENEW_BEFORE
        {
            invalid(report, at, format!("{} is shorter than `5m`, the minimum of cert-manager", quote(&renew_before)));
        }
        if let Some((region, at)) = &self.region
            && !arn::is_region(region)
        {
            invalid(report, at, format!("{} is not a region such as `eu-central-1`", quote(&region)));
        }
    }
}

/// The names in a certificate, checked.
pub(super) struct Names {
    pub(super) common_name: String,
    pub(super) organizations: Vec<String>,
    pub(super) organizational_units: Vec<String>,
    pub(super) uris: Vec<String>,
}

/// The layers of one workload, weakest first.
pub(super) struct Layers<'l>(pub(super) &'l [&'l Layer]);

impl Layers<'_> {
    /// Their settings of the sidecar.
    pub(super) fn of_sidecar(&self) -> SidecarLayers<'_> {
        SidecarLayers(self.0.iter().map(|layer| &layer.sidecar).collect())
    }

    fn pick<T: Clone>(&self, field: impl Fn(&Layer) -> &Placed<T>) -> Placed<T> {
        pick(self.0, field)
    }

    fn value<T: Clone>(&self, field: impl Fn(&Layer) -> &Placed<T>) -> Option<T> {
        self.pick(field).map(|(value, _)| value)
    }

    /// The template of the common name and the field that sets it.
    pub(super) fn common_name(&self) -> Placed<String> {
        self.pick(|layer| &layer.common_name)
    }

    /// The templates of the subject's organizations and the field that sets them.
    pub(super) fn organizations(&self) -> Placed<Vec<String>> {
        self.pick(|layer| &layer.organizations)
    }

    /// Those of its organizational units.
    pub(super) fn organizational_units(&self) -> Placed<Vec<String>> {
        self.pick(|layer| &layer.organizational_units)
    }

    /// Those of the certificate's URIs.
    pub(super) fn uris(&self) -> Placed<Vec<String>> {
        self.pick(|layer| &layer.uris)
    }

    /// The certificate's settings. `at` is the place for values that no field sets.
    pub(super) fn certificate(&self, names: Names, at: &FieldPath, report: &mut Report) -> Certificate {
        let duration = self.value(|layer| &layer.duration).unwrap_or_else(|| Duration::of(86_400));
        let default_renewal = || (Duration::of(duration.seconds() / 3), at.clone());
        let (renew_before, at) = self.pick(|layer| &layer.renew_before).unwrap_or_else(default_renewal);
        if renew_before.seconds() >= duration.seconds() {
            invalid(
                report,
                &at,
                format!(
                    "{} is not shorter than the certificate's duration of {}",
                    quote(&renew_before),
                    quote(&duration)
                ),
            );
        } else if !renewal::margin(&renew_before).is_comfortable {
            let message = format!(
                "the certificate is renewed only {renew_before} before it expires, and cert-manager waits an hour \
                 after a failure"
            );
            // A short `duration` leaves no room for that, so it must be longer.
            let help = if duration.seconds() < SAFE_DURATION {
                "set `duration` to `6h` or more, of which a third is time for a second try"
            } else {
                "set `renewBefore` to a third of `duration`, and at least `2h`"
            };
            report.push(Diagnostic::warning(Code::LateRenewal, message).at(Place::Config(at)).help(help));
        }
        let (algorithm, size) = self.private_key(report);
        let volume = self.value(|layer| &layer.volume).unwrap_or(CertificateVolume::Secret);
        let Names { common_name, organizations, organizational_units, uris } = names;
        Certificate {
            common_name,
            organizations,
            organizational_units,
            uris,
            duration,
            renew_before,
            algorithm,
            size,
            volume,
            intermediates: self.value(|layer| &layer.intermediates).unwrap_or(false),
        }
    }

    fn private_key(&self, report: &mut Report) -> (KeyAlgorithm, u32) {
        let algorithm = self.value(|layer| &layer.algorithm).unwrap_or(KeyAlgorithm::Rsa);
        // cert-manager's own defaults and limits.
        // <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
        let default_size = match algorithm {
            KeyAlgorithm::Rsa => 2048,
            KeyAlgorithm::Ecdsa => 256,
        };
        let size = self.pick(|layer| &layer.size);
        if let Some((size, at)) = &size {
            match algorithm {
                KeyAlgorithm::Rsa if !(2048..=8192).contains(size) => {
                    invalid(report, at, format!("an RSA key cannot have {size} bits: use 2048 to 8192"));
                }
                KeyAlgorithm::Ecdsa if ![256, 384, 521].contains(size) => {
                    invalid(report, at, format!("an ECDSA key cannot have {size} bits: use 256, 384 or 521"));
                }
                _ => {}
            }
        }
        (algorithm, size.map_or(default_size, |(size, _)| size))
    }

    /// The environment's settings.
    pub(super) fn environment(&self) -> Environment {
        Environment {
            region: self.value(|layer| &layer.region),
            trailing_slash: self.value(|layer| &layer.trailing_slash).unwrap_or(false),
        }
    }
}
