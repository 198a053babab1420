//! The sidecar's settings: one checked layer, and several layers merged.

use std::collections::BTreeMap;

use super::placed::{Placed, invalid, pick};
use super::v1alpha1::{self as wire, Delivery, Helper, PullPolicy, SidecarStyle, Startup};
use super::{Endpoint, Sidecar};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::helper::{self, Capabilities, Version};
use crate::quote::quote;
use crate::yaml::FieldPath;

/// The port that the credential helper's own documentation uses.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/credential-helper.html>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/serve.go>
const PORT: u16 = 9911;
/// Flags that iamra sets itself, and the fields that control them.
const FLAGS_OF_OURS: &[(&str, &str)] = &[
    ("certificate", "certificate"),
    ("private-key", "certificate"),
    ("trust-anchor-arn", "scopes"),
    ("profile-arn", "roles"),
    ("role-arn", "roles"),
    ("session-duration", "roles.NAME.sessionDuration"),
    ("port", "sidecar.port"),
    ("hop-limit", "sidecar.hopLimit"),
    ("role-session-name", "sidecar.roleSessionName"),
    ("with-proxy", "sidecar.proxy"),
    ("endpoint", "sidecar.endpoint"),
    ("name", "workloads"),
    ("role", "workloads"),
    ("token-file", "sidecar.delivery"),
    ("no-metadata", "sidecar.delivery"),
    ("check", "sidecar.startup"),
    ("wait", "sidecar.startup"),
];
/// Variables that iamra sets itself, and the fields that control them.
const VARIABLES_OF_OURS: &[(&str, &str)] = &[
    ("TRUST_ANCHOR_ARN", "scopes"),
    ("PROFILE_ARN", "roles"),
    ("ROLE_ARN", "roles"),
    ("AWS_SHARED_CREDENTIALS_FILE", "sidecar.startup"),
    ("AWS_USE_FIPS_ENDPOINT", "sidecar.endpoint.fips"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "sidecar.endpoint.dualStack"),
    ("HTTPS_PROXY", "sidecar.proxy"),
];

/// What the scheduler reserves for the helper, where nobody says otherwise.
pub(super) const DEFAULT_REQUESTS: &[(&str, &str)] = &[("cpu", "10m"), ("memory", "32Mi")];
/// The most that the helper uses, where nobody says otherwise.
pub(super) const DEFAULT_LIMITS: &[(&str, &str)] = &[("memory", "64Mi")];

/// Entries of a map that all layers contribute to; an entry without a value removes that of a weaker layer.
type Entries = BTreeMap<String, Option<String>>;

/// The checked sidecar settings of one layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SidecarLayer {
    helper: Placed<Helper>,
    image: Placed<String>,
    pull_policy: Placed<PullPolicy>,
    delivery: Placed<Delivery>,
    style: Placed<SidecarStyle>,
    startup: Placed<Startup>,
    port: Placed<u16>,
    hop_limit: Placed<u8>,
    role_session_name: Placed<String>,
    proxy: Placed<String>,
    endpoint: Placed<wire::Endpoint>,
    extra_args: Placed<Vec<String>>,
    env: Placed<Entries>,
    fixed_user: Placed<bool>,
    requests: Placed<Entries>,
    limits: Placed<Entries>,
}

impl SidecarLayer {
    /// Checks the settings at `at`.
    pub(super) fn read(sidecar: &wire::Sidecar, at: &FieldPath, report: &mut Report) -> Self {
        let field = |dotted: &str| at.join(&FieldPath::keys(dotted));
        // No `..`: a new field of the declaration must be read here.
        let wire::Sidecar {
            helper,
            image,
            image_pull_policy,
            delivery,
            style,
            startup,
            port,
            hop_limit,
            role_session_name,
            proxy,
            endpoint,
            extra_args,
            env,
            fixed_user,
            resources: wire::Resources { requests, limits },
        } = sidecar;
        let says_endpoint = endpoint.url.is_some() || endpoint.fips.is_some() || endpoint.dual_stack.is_some();
        let said = |entries: Entries, name| (!entries.is_empty()).then(|| (entries, field(name)));
        let layer = Self {
            helper: helper.map(|it| (it, field("helper"))),
            image: image.clone().map(|it| (it, field("image"))),
            pull_policy: image_pull_policy.map(|it| (it, field("imagePullPolicy"))),
            delivery: delivery.map(|it| (it, field("delivery"))),
            style: style.map(|it| (it, field("style"))),
            startup: startup.map(|it| (it, field("startup"))),
            port: port.map(|it| (it, field("port"))),
            hop_limit: hop_limit.map(|it| (it, field("hopLimit"))),
            role_session_name: role_session_name.clone().map(|it| (it, field("roleSessionName"))),
            proxy: proxy.clone().map(|it| (it, field("proxy"))),
            endpoint: says_endpoint.then(|| (endpoint.clone(), field("endpoint"))),
            extra_args: extra_args.clone().map(|it| (it, field("extraArgs"))),
            env: said(env.clone(), "env"),
            fixed_user: fixed_user.map(|it| (it, field("fixedUser"))),
            requests: said(texts(requests), "resources.requests"),
            limits: said(texts(limits), "resources.limits"),
        };
        layer.check(report);
        layer
    }

    fn check(&self, report: &mut Report) {
        if let Some((port, at)) = &self.port
            // <https://man7.org/linux/man-pages/man7/ip.7.html>
            && *port < 1024
        {
            invalid(report, at, format!("port {port} needs root; choose one from 1024 to 65535"));
        }
        if let Some((0, at)) = &self.hop_limit {
            invalid(report, at, "with a hop limit of 0, responses reach no client; 1 is enough for a pod");
        }
        if let Some((image, at)) = &self.image {
            check_image(image, at, report);
        }
        if let Some((proxy, at)) = &self.proxy {
            check_proxy(proxy, at, report);
        }
        if let Some((endpoint, at)) = &self.endpoint {
            check_endpoint(endpoint, at, report);
        }
        if let Some((args, at)) = &self.extra_args {
            for (index, arg) in args.iter().enumerate() {
                check_arg(arg, &at.index(index), report);
            }
        }
        if let Some((env, at)) = &self.env {
            for name in env.keys() {
                check_variable(name, &at.key(name.as_str()), report);
            }
        }
        for (quantities, at) in [&self.requests, &self.limits].into_iter().flatten() {
            check_quantities(quantities, at, report);
        }
    }
}

/// The sidecar layers of one workload, weakest first.
pub(super) struct SidecarLayers<'l>(pub(super) Vec<&'l SidecarLayer>);

impl SidecarLayers<'_> {
    fn pick<T: Clone>(&self, field: impl Fn(&SidecarLayer) -> &Placed<T>) -> Placed<T> {
        pick(&self.0, field)
    }

    fn value<T: Clone>(&self, field: impl Fn(&SidecarLayer) -> &Placed<T>) -> Option<T> {
        self.pick(field).map(|(value, _)| value)
    }

    /// The defaults with what each layer says of single entries.
    fn entries(
        &self,
        defaults: &[(&str, &str)],
        field: impl Fn(&SidecarLayer) -> &Placed<Entries>,
    ) -> BTreeMap<String, String> {
        let mut merged: Entries =
            defaults.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        merged.extend(self.0.iter().filter_map(|layer| field(layer).clone()).flat_map(|(entries, _)| entries));
        merged.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The endpoint that the layers come to. A URL and the kinds of the region's own endpoints take each other's place.
    fn endpoint(&self) -> Endpoint {
        let mut merged = Endpoint::default();
        for (said, _) in self.0.iter().filter_map(|layer| layer.endpoint.as_ref()) {
            if said.url.is_some() {
                merged = Endpoint { url: said.url.clone(), ..Endpoint::default() };
            }
            merged.fips = said.fips.unwrap_or(merged.fips);
            merged.dual_stack = said.dual_stack.unwrap_or(merged.dual_stack);
            if merged.fips || merged.dual_stack {
                merged.url = None;
            }
        }
        merged
    }

    /// The template of the session's name and where it is given.
    pub(super) fn role_session_name(&self) -> Placed<String> {
        self.pick(|layer| &layer.role_session_name)
    }

    /// The sidecar's settings, with the session's name filled in.
    pub(super) fn merged(&self, role_session_name: Option<String>, report: &mut Report) -> Sidecar {
        let helper = self.value(|layer| &layer.helper).unwrap_or(Helper::Aws);
        let sidecar = Sidecar {
            helper,
            image: self.value(|layer| &layer.image).unwrap_or_else(|| helper.can().image.to_owned()),
            pull_policy: self.value(|layer| &layer.pull_policy),
            delivery: self.value(|layer| &layer.delivery).unwrap_or(Delivery::Endpoint),
            style: self.value(|layer| &layer.style).unwrap_or(SidecarStyle::Native),
            startup: self.value(|layer| &layer.startup).unwrap_or(Startup::Credentials),
            port: self.value(|layer| &layer.port).unwrap_or(PORT),
            hop_limit: self.value(|layer| &layer.hop_limit).unwrap_or(1),
            role_session_name,
            proxy: self.value(|layer| &layer.proxy),
            endpoint: self.endpoint(),
            extra_args: self.value(|layer| &layer.extra_args).unwrap_or_default(),
            env: self.entries(&[], |layer| &layer.env),
            fixed_user: self.value(|layer| &layer.fixed_user).unwrap_or(true),
            requests: self.entries(DEFAULT_REQUESTS, |layer| &layer.requests),
            limits: self.entries(DEFAULT_LIMITS, |layer| &layer.limits),
        };
        self.check_capabilities(&sidecar, report);
        self.check_release(&sidecar, report);
        self.check_process(&sidecar, report);
        sidecar
    }

    /// Reports settings that the helper does not support, at each of the fields that do not go together.
    fn check_capabilities(&self, sidecar: &Sidecar, report: &mut Report) {
        let can = sidecar.helper.can();
        let field = |name: &str, value: &str| quote(&format_args!("{name}: {value}")).to_string();
        let name = || field("helper", sidecar.helper.name());
        let helper = self.pick(|layer| &layer.helper).map(|(_, at)| at);
        let mut say = |other: Option<FieldPath>, code, message: String, help: &str| {
            for at in [other, helper.clone()].into_iter().flatten() {
                report.push(Diagnostic::error(code, message.clone()).at(Place::Config(at)).help(help));
            }
        };
        if sidecar.command().is_none() {
            let at = self.pick(|layer| &layer.delivery).map(|(_, at)| at);
            let message = format!("{} does not support {}", name(), field("delivery", sidecar.delivery.name()));
            let other = if sidecar.helper == Helper::Aws { Helper::Iamra } else { Helper::Aws };
            let help = format!("use {}, or `delivery: endpoint`", field("helper", other.name()));
            say(at, Code::UnsupportedHelper, message, &help);
        }
        if sidecar.startup == Startup::Certificate && can.certificate.is_none() {
            let at = self.pick(|layer| &layer.startup).map(|(_, at)| at);
            let message = format!("{} does not support `startup: certificate`", name());
            let help = "use `startup: credentials`, which makes no session of its own here, or `startup: none`: a pod \
                        does not start before its certificate is there";
            say(at, Code::UnsupportedHelper, message, help);
        }
        if can.is_foreign(&sidecar.image) {
            let at = self.pick(|layer| &layer.image).map(|(_, at)| at);
            let message = format!("the image {} is not that of {}", quote(&sidecar.image), name());
            let help = format!("set `image` beside `helper`; without one, it is {}", quote(can.image));
            say(at, Code::ConflictingFields, message, &help);
        }
        if let Some((args, at)) = self.pick(|layer| &layer.extra_args) {
            for (index, arg) in args.iter().enumerate() {
                check_flag(arg, can, &at.index(index), report);
            }
        }
    }

    /// A helper that the application starts has the application's environment.
    fn check_process(&self, sidecar: &Sidecar, report: &mut Report) {
        if sidecar.delivery != Delivery::Process {
            return;
        }
        let env = self.pick(|layer| &layer.env).filter(|_| !sidecar.env.is_empty()).map(|(_, at)| at);
        let of_sdk = sidecar.endpoint.fips || sidecar.endpoint.dual_stack;
        let endpoint = self.pick(|layer| &layer.endpoint).filter(|_| of_sdk).map(|(_, at)| at);
        let proxy = self.pick(|layer| &layer.proxy).map(|(_, at)| at);
        for at in [env, endpoint, proxy].into_iter().flatten() {
            let message = "with `delivery: process`, the helper runs with the environment variables of the \
                           application's containers, and no others";
            report.push(
                Diagnostic::error(Code::ConflictingFields, message)
                    .at(Place::Config(at))
                    .help("set them there, or use `endpoint: {url: …}`"),
            );
        }
    }

    /// Reports settings that the helper's release does not support, if the image's tag names the release.
    fn check_release(&self, sidecar: &Sidecar, report: &mut Report) {
        if sidecar.helper != Helper::Aws {
            return;
        }
        let Some(version) = Version::of_image(&sidecar.image) else { return };
        if let Some((Startup::Certificate | Startup::None, at)) = self.pick(|layer| &layer.startup)
            && version.serves_empty_credentials()
            // If the hook of a plain container fails, the application starts anyway.
            && sidecar.style == SidecarStyle::Native
            && sidecar.delivery == Delivery::Endpoint
        {
            let message = format!(
                "helper {version} returns empty credentials when AWS rejects a session, and nothing makes the \
                 application wait for valid ones"
            );
            report.push(
                Diagnostic::warning(Code::EmptyCredentials, message)
                    .at(Place::Config(at))
                    .help("use `startup: credentials`, or make sure that the application retries its first calls"),
            );
        }
    }
}

/// Quantities as they are written.
fn texts(quantities: &BTreeMap<String, Option<wire::Quantity>>) -> Entries {
    let text = |quantity: &Option<wire::Quantity>| quantity.as_ref().map(|wire::Quantity(text)| text.clone());
    quantities.iter().map(|(resource, quantity)| (resource.clone(), text(quantity))).collect()
}

/// Checks that an image is pinned and published.
fn check_image(image: &str, at: &FieldPath, report: &mut Report) {
    if image.is_empty() || image.chars().any(char::is_whitespace) {
        return invalid(report, at, format!("{} is not an image reference", quote(&image)));
    }
    if let Some(problem) = helper::tag_problem(image) {
        report.push(
            Diagnostic::warning(Code::UnpinnedImage, format!("the image {} {problem}", quote(&image)))
                .at(Place::Config(at.clone()))
                .help("pin a digest (`@sha256:…`) or a full tag such as `1.8.1-2026.04.09.16.01`"),
        );
    }
    if let Some(version) = Version::of_image(image).filter(|version| *version < helper::OLDEST) {
        let message = format!(
            "helper {version} keeps using the old certificate after a renewal, and does not support `--hop-limit`"
        );
        report.push(
            Diagnostic::error(Code::UnsupportedHelper, message)
                .at(Place::Config(at.clone()))
                .help(format!("use {} or later", helper::OLDEST)),
        );
    }
}

/// The message does not show the value, which may contain a password.
fn check_proxy(proxy: &str, at: &FieldPath, report: &mut Report) {
    let host = ["http://", "https://"].iter().find_map(|scheme| proxy.strip_prefix(scheme));
    match host {
        None | Some("") => {
            invalid(report, at, "this is not the URL of a proxy such as `http://proxy.example.com:3128`");
        }
        Some(host) if host.contains('@') => {
            invalid(report, at, "the proxy's user and password would be in the manifests; remove them");
        }
        Some(_) => {}
    }
}

fn check_endpoint(endpoint: &wire::Endpoint, at: &FieldPath, report: &mut Report) {
    let Some(url) = &endpoint.url else { return };
    if [endpoint.fips, endpoint.dual_stack].contains(&Some(true)) {
        report.push(
            Diagnostic::error(Code::ConflictingFields, "`url` cannot be used together with `fips` or `dualStack`")
                .at(Place::Config(at.clone()))
                .help("keep one of them"),
        );
    }
    // The helper signs the path `/sessions`, whatever the URL says.
    // <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/signer.go>
    let host = url.strip_prefix("https://").map(|host| host.strip_suffix('/').unwrap_or(host));
    if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@'])) {
        let message = format!(
            "{} is not the URL of an endpoint such as `https://rolesanywhere.eu-central-1.amazonaws.com`",
            quote(&url)
        );
        invalid(report, &at.key("url"), message);
    }
}

fn check_arg(arg: &str, at: &FieldPath, report: &mut Report) {
    let Some(flag) = arg.strip_prefix("--") else {
        return invalid(report, at, "write each argument as one entry, `--flag=value`");
    };
    let flag = flag.split('=').next().unwrap_or(flag);
    if let Some((_, field)) = FLAGS_OF_OURS.iter().find(|(name, _)| *name == flag) {
        return invalid(
            report,
            at,
            format!("{} is set by iamra: use {}", quote(&format_args!("--{flag}")), quote(&field)),
        );
    }
    if flag != "debug" && !is_known(flag) {
        no_flag(flag, &helper::AWS, at, report);
    }
}

/// Checks a flag that one of the helpers has.
fn check_flag(arg: &str, can: &Capabilities, at: &FieldPath, report: &mut Report) {
    let flag = arg.trim_start_matches("--").split('=').next().unwrap_or(arg);
    // AWS's `--debug` logs complete responses.
    // <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/credentials.go>
    if flag == "debug" && can.debug_shows_credentials {
        invalid(report, at, "`--debug` logs the responses of AWS, including credentials");
    } else if is_known(flag) && !can.session_flags().any(|known| known == flag) {
        no_flag(flag, can, at, report);
    }
}

/// Whether any helper has this flag.
fn is_known(flag: &str) -> bool {
    [&helper::AWS, &helper::IAMRA].iter().any(|can| can.session_flags().any(|known| known == flag))
}

fn no_flag(flag: &str, can: &Capabilities, at: &FieldPath, report: &mut Report) {
    let message = format!("the helper has no flag {} for requesting sessions", quote(&format_args!("--{flag}")));
    let is_free = |name: &&str| *name != "debug" && FLAGS_OF_OURS.iter().all(|(ours, _)| ours != name);
    report.push(
        Diagnostic::error(Code::UnsupportedHelper, message)
            .at(Place::Config(at.clone()))
            .help(known_names(flag, can.session_flags().filter(is_free))),
    );
}

/// The rule of shells, which is narrower than that of Kubernetes.
/// <https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap08.html>
fn check_variable(name: &str, at: &FieldPath, report: &mut Report) {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if !is_name {
        invalid(report, at, format!("{} is not a variable name: use letters, digits and `_`", quote(&name)));
    } else if let Some((_, field)) = VARIABLES_OF_OURS.iter().find(|(ours, _)| *ours == unnumbered(name)) {
        invalid(report, at, format!("{} is set by iamra: use {}", quote(&name), quote(&field)));
    }
}

/// A variable's name without a number at its end: one helper with several roles has the ARNs of each.
fn unnumbered(name: &str) -> &str {
    name.rsplit_once('_').filter(|(_, number)| is_digits(number)).map_or(name, |(name, _)| name)
}

/// Names and amounts of resources that Kubernetes accepts for a container.
/// <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
fn check_quantities(quantities: &Entries, at: &FieldPath, report: &mut Report) {
    for (resource, quantity) in quantities {
        let at = at.key(resource.as_str());
        if !["cpu", "memory", "ephemeral-storage"].contains(&resource.as_str()) {
            invalid(report, &at, format!("{} is not `cpu`, `memory` or `ephemeral-storage`", quote(&resource)));
        } else if let Some(quantity) = quantity.as_ref().filter(|quantity| !is_quantity(quantity)) {
            invalid(report, &at, format!("{} is not a quantity such as `10m` or `64Mi`", quote(quantity)));
        }
    }
}

/// Kubernetes quantities that are not negative: a number and a suffix of size or an exponent.
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
fn is_quantity(text: &str) -> bool {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let suffix = text.trim_start_matches(is_of_number);
    let number = text.strip_suffix(suffix).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = [whole, fraction].into_iter().all(|part| part.is_empty() || is_digits(part)) && number.len() > 1
        || is_digits(number);
    let exponent = suffix.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    is_number
        && (exponent.is_some_and(is_digits)
            || ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].contains(&suffix))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_kubernetes_reads_them() {
        for good in ["1", "0.5", ".5", "1.", "10m", "64Mi", "1e6", "1E6", "1e-3", "2E", "0"] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", ".", "-1", "1.2.3", "0x10", "1_000", "1e", "e6", "Mi", "64 Mi", "64mi", ".inf", ".nan", "1e6m"]
        {
            assert!(!is_quantity(bad), "{bad}");
        }
    }
}
