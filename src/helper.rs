//! The credential helpers: AWS's `aws_signing_helper` and iamra itself. What each of them can do and, of AWS's, since when.
//!
//! AWS's is read from the definitions of its flags at every release from v1.0.2 to v1.8.0, and for later releases from its
//! notes and image tags. No release has removed a flag.

use std::fmt;

use crate::quote::quote;

/// What a helper is, and what it can do. Each way to deliver credentials has the command that does it, where there is one.
#[derive(Debug)]
pub struct Capabilities {
    /// Its image, where nobody names another one.
    pub image: &'static str,
    /// Its program in the image, by which probes and applications start it.
    pub program: &'static str,
    /// The command that answers as the metadata service.
    pub metadata: Option<&'static str>,
    /// The command that answers as a provider of container credentials.
    pub container: Option<&'static str>,
    /// The command that writes a file.
    pub file: Option<&'static str>,
    /// The command that prints credentials for an SDK which starts it.
    pub process: Option<&'static str>,
    /// How it is proved that there are credentials.
    pub proof: Proof,
    /// The command that only reads the certificate.
    pub certificate: Option<&'static str>,
    /// Whether one process serves several roles, each with a certificate of its own.
    pub has_several_roles: bool,
    /// Whether it renews a session after a part of its life, however short it is.
    pub renews_in_part: bool,
    /// The flags of all these commands.
    pub flags: &'static [Flag],
    /// Whether its log has credentials in it with `--debug`.
    pub debug_shows_credentials: bool,
}

/// How a helper proves that there are credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It asks AWS for a session of its own, by this command, and discards it.
    Session(&'static [&'static str]),
    /// It asks the one that is running, by this command.
    Running(&'static [&'static str]),
}

/// AWS's own.
pub const AWS: Capabilities = Capabilities {
    image: IMAGE,
    program: PROGRAM,
    metadata: Some("serve"),
    container: None,
    file: Some("update"),
    process: Some("credential-process"),
    proof: Proof::Session(&["update", "--once"]),
    certificate: Some("read-certificate-data"),
    has_several_roles: false,
    renews_in_part: false,
    flags: FLAGS,
    debug_shows_credentials: true,
};

/// iamra: docs/serve.md.
pub const IAMRA: Capabilities = Capabilities {
    image: concat!("ghcr.io/iamra/iamra:", env!("CARGO_PKG_VERSION")),
    program: "/usr/local/bin/iamra",
    metadata: Some("serve"),
    container: Some("serve"),
    file: None,
    process: Some("credential-process"),
    proof: Proof::Running(&["serve", "--check"]),
    certificate: None,
    has_several_roles: true,
    renews_in_part: true,
    flags: FLAGS_OF_IAMRA,
    debug_shows_credentials: false,
};

/// The official image, at the newest multi-architecture tag that was published at the time of writing.
/// <https://github.com/aws/rolesanywhere-credential-helper/tree/main/docker_image_resources>
pub const IMAGE: &str = "public.ecr.aws/rolesanywhere/credential-helper:1.8.1-2026.04.09.16.01";
/// The official repository.
/// <https://github.com/aws/rolesanywhere-credential-helper/tree/main/docker_image_resources>
pub const REPOSITORY: &str = "public.ecr.aws/rolesanywhere/credential-helper";
/// The only program in the image, which has no shell.
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/docker_image_resources/Dockerfile>
pub const PROGRAM: &str = "/usr/local/bin/aws_signing_helper";
/// The first release that reads a renewed certificate without a restart. It also has all flags that iamra uses.
/// <https://github.com/aws/rolesanywhere-credential-helper/issues/64>
pub const OLDEST: Version = Version(1, 2, 0);
/// After AWS rejects a session, `serve` returns empty credentials with status 200, and discards those that it had. The
/// fix (pull request 200) came after this release.
/// <https://github.com/aws/rolesanywhere-credential-helper/pull/200>
const LAST_WITH_EMPTY_CREDENTIALS: Version = Version(1, 8, 5);

/// A release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

/// A flag, the commands that take it, and the first release that has it.
#[derive(Debug)]
pub struct Flag {
    /// Its name, without dashes.
    pub name: &'static str,
    /// The commands that take it.
    pub commands: &'static [&'static str],
    /// The first release with it.
    pub since: Version,
}

/// The commands that ask AWS for a session.
const SESSION: &[&str] = &["serve", "update", "credential-process"];
/// The commands that read a certificate from a store or a device as well.
const STORE: &[&str] = &["serve", "update", "credential-process", "read-certificate-data"];
/// The oldest release in this record.
const FIRST: Version = Version(1, 0, 2);

const fn flag(name: &'static str, commands: &'static [&'static str], since: Version) -> Flag {
    Flag { name, commands, since }
}

/// The flags of AWS's commands that can run in a pod.
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/credentials.go>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/serve.go>
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/cmd/update.go>
pub const FLAGS: &[Flag] = &[
    flag("certificate", STORE, FIRST),
    flag("private-key", SESSION, FIRST),
    flag("intermediates", SESSION, FIRST),
    flag("trust-anchor-arn", SESSION, FIRST),
    flag("profile-arn", SESSION, FIRST),
    flag("role-arn", SESSION, FIRST),
    flag("session-duration", SESSION, FIRST),
    flag("region", SESSION, FIRST),
    flag("endpoint", SESSION, FIRST),
    flag("no-verify-ssl", SESSION, FIRST),
    flag("with-proxy", SESSION, FIRST),
    flag("debug", STORE, FIRST),
    flag("port", &["serve"], Version(1, 0, 3)),
    flag("profile", &["update"], Version(1, 0, 3)),
    flag("once", &["update"], Version(1, 0, 3)),
    flag("cert-selector", STORE, Version(1, 0, 5)),
    flag("reuse-pin", SESSION, Version(1, 1, 0)),
    flag("pkcs11-lib", STORE, Version(1, 1, 0)),
    flag("system-store-name", STORE, Version(1, 1, 1)),
    flag("hop-limit", &["serve"], Version(1, 2, 0)),
    flag("role-session-name", SESSION, Version(1, 2, 0)),
    flag("tpm-key-password", SESSION, Version(1, 3, 0)),
    flag("no-tpm-key-password", SESSION, Version(1, 3, 0)),
    flag("use-latest-expiring-certificate", SESSION, Version(1, 5, 0)),
    flag("pkcs8-password", SESSION, Version(1, 6, 0)),
];

/// iamra's commands that ask AWS for a session.
const SESSION_OF_IAMRA: &[&str] = &["serve", "credential-process"];
/// The release of this program.
const THIS: Version = Version(0, 1, 0);

/// The flags of iamra's commands that can run in a pod, as `iamra serve --help` has them.
const FLAGS_OF_IAMRA: &[Flag] = &[
    flag("certificate", SESSION_OF_IAMRA, THIS),
    flag("private-key", SESSION_OF_IAMRA, THIS),
    flag("intermediates", SESSION_OF_IAMRA, THIS),
    flag("trust-anchor-arn", SESSION_OF_IAMRA, THIS),
    flag("profile-arn", SESSION_OF_IAMRA, THIS),
    flag("role-arn", SESSION_OF_IAMRA, THIS),
    flag("region", SESSION_OF_IAMRA, THIS),
    flag("session-duration", SESSION_OF_IAMRA, THIS),
    flag("role-session-name", SESSION_OF_IAMRA, THIS),
    flag("endpoint", SESSION_OF_IAMRA, THIS),
    flag("timeout", SESSION_OF_IAMRA, THIS),
    flag("with-proxy", SESSION_OF_IAMRA, THIS),
    flag("debug", SESSION_OF_IAMRA, THIS),
    flag("port", &["serve"], THIS),
    flag("hop-limit", &["serve"], THIS),
    flag("name", &["serve"], THIS),
    flag("role", &["serve"], THIS),
    flag("token-file", &["serve"], THIS),
    flag("no-metadata", &["serve"], THIS),
    flag("placement-region", &["serve"], THIS),
    flag("placement-zone", &["serve"], THIS),
    flag("check", &["serve"], THIS),
    flag("wait", &["serve"], THIS),
];

impl Capabilities {
    /// The flags that all commands take which get credentials.
    pub fn session_flags(&self) -> impl Iterator<Item = &'static str> {
        let commands = [self.metadata, self.container, self.file, self.process];
        let takes = move |known: &&Flag| commands.iter().flatten().all(|command| known.commands.contains(command));
        self.flags.iter().filter(takes).map(|known| known.name)
    }

    /// Whether an image is that of another helper, as far as the last part of its name tells.
    pub fn is_foreign(&self, image: &str) -> bool {
        let of = |helper: &Self| last_part(image) == last_part(helper.image);
        [&AWS, &IAMRA].into_iter().any(of) && !of(self)
    }
}

impl Version {
    /// Reads `1.8.1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }

    /// The release in an image of the official name, in whatever registry; `None` when its tag does not say.
    pub fn of_image(image: &str) -> Option<Self> {
        let (name, tag) = split(image);
        let tag = tag.filter(|_| last_part(name) == last_part(REPOSITORY))?;
        Self::parse(tag.split('-').next()?)
    }

    /// Whether this release has the flag for this command. Flags of newer releases than those in this record are not
    /// known.
    pub fn has(self, command: &str, flag: &str) -> bool {
        FLAGS.iter().any(|it| it.name == flag && it.commands.contains(&command) && it.since <= self)
    }

    /// Whether it returns empty credentials when AWS rejects a session.
    pub fn serves_empty_credentials(self) -> bool {
        self <= LAST_WITH_EMPTY_CREDENTIALS
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What is wrong with an image's tag; `None` when the image is pinned.
pub fn tag_problem(image: &str) -> Option<String> {
    if image.contains("@sha256:") {
        return None;
    }
    let (name, tag) = split(image);
    match tag {
        None => Some("has no tag, which means `latest`".to_owned()),
        Some(tag) if tag.starts_with("latest") => Some(format!("has the tag {}, which can move", quote(&tag))),
        Some(tag) if name == REPOSITORY && !is_published(tag) => {
            Some(format!("has the tag {}, which this repository does not publish", quote(&tag)))
        }
        Some(_) => None,
    }
}

/// The official repository's tags: `VERSION[-ARCHITECTURE]-YYYY.MM.DD.HH.MM`, and no plain `1.8.1`.
/// <https://github.com/aws/rolesanywhere-credential-helper/tree/main/.github/workflows>
fn is_published(tag: &str) -> bool {
    let parts: Vec<_> = tag.split('-').collect();
    let ([version, "amd64" | "arm64", built] | [version, built]) = parts.as_slice() else { return false };
    let lengths: Vec<_> = built.split('.').map(str::len).collect();
    Version::parse(version).is_some()
        && lengths == [4, 2, 2, 2, 2]
        && built.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The last part of an image's name.
fn last_part(image: &str) -> Option<&str> {
    split(image).0.rsplit('/').next()
}

/// Name and tag. A colon before the last slash is that of a port.
fn split(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.split_once(':') {
        Some((_, tag)) => (image.strip_suffix(tag).and_then(|name| name.strip_suffix(':')).unwrap_or(image), Some(tag)),
        None => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_in_the_tag() {
        for (image, version) in [
            (IMAGE, Some(Version(1, 8, 1))),
            ("localhost:5000/aws/credential-helper:1.8.5-amd64-2026.08.24.20.52", Some(Version(1, 8, 5))),
            ("mirror.example.com/credential-helper:1.7.0@sha256:00", Some(Version(1, 7, 0))),
            ("mirror.example.com/other:1.7.0", None),
            ("localhost:5000/credential-helper", None),
            ("public.ecr.aws/rolesanywhere/credential-helper:latest", None),
        ] {
            assert_eq!(Version::of_image(image), version, "{image}");
        }
    }

    #[test]
    fn tags_that_move_or_are_not_published() {
        let official = |tag: &str| tag_problem(&format!("{REPOSITORY}:{tag}")).is_none();
        for good in ["1.8.1-2026.04.09.16.01", "1.8.5-amd64-2026.08.24.20.52", "1.8.5-arm64-2026.08.24.20.52"] {
            assert!(official(good), "{good}");
        }
        for bad in
            ["1.8.5", "latest", "latest-amd64", "1.8-2026.04.09.16.01", "1.8.5-s390x-2026.08.24.20.52", "1.8.5-x"]
        {
            assert!(!official(bad), "{bad}");
        }
        assert!(tag_problem(REPOSITORY).is_some() && tag_problem("localhost:5000/helper").is_some());
        assert!(tag_problem("localhost:5000/helper:1.8.5").is_none());
    }

    #[test]
    fn flags_by_release() {
        assert!(OLDEST.has("serve", "hop-limit") && !Version(1, 1, 1).has("serve", "hop-limit"));
        assert!(Version(1, 8, 1).has("update", "once") && !Version(1, 8, 1).has("serve", "once"));
        assert!(!Version(9, 0, 0).has("serve", "bind"));
        assert!(Version(1, 8, 5).serves_empty_credentials() && !Version(1, 9, 0).serves_empty_credentials());
    }

    #[test]
    fn an_image_is_known_by_its_name() {
        for image in [IMAGE, "localhost:5000/aws/credential-helper@sha256:00"] {
            assert!(IAMRA.is_foreign(image) && !AWS.is_foreign(image), "{image}");
        }
        for image in [IAMRA.image, "mirror.example.com/tools/iamra"] {
            assert!(AWS.is_foreign(image) && !IAMRA.is_foreign(image), "{image}");
        }
        assert!(!AWS.is_foreign("mirror.example.com/helper:1") && !IAMRA.is_foreign("mirror.example.com/helper:1"));
    }
}
