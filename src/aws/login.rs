//! Where the credentials of an account come from, for messages about credentials that cannot be had.

use std::ops::Deref;

use aws_config::SdkConfig;

use super::given::Profiles;
use crate::quote::{quote, typed};

/// The settings of an account, and where its credentials come from.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) sdk: SdkConfig,
    pub(super) login: Login,
}

impl Deref for Connection {
    type Target = SdkConfig;

    fn deref(&self) -> &SdkConfig {
        &self.sdk
    }
}

/// A profile of AWS's files.
#[derive(Debug, Clone)]
pub(super) struct Login {
    profile: String,
    /// Whether somebody has chosen it.
    is_named: bool,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// There is no such profile.
    Missing,
    Sso,
    Process,
    Other,
}

impl Login {
    /// The profile that is named, by the declaration or the environment, or the default one.
    pub(super) fn of(named: Option<&str>, profiles: &Profiles) -> Self {
        let named = named.or(profiles.named.as_deref());
        let profile = named.unwrap_or("default").to_owned();
        let source = match keys(&profile, profiles) {
            None => Source::Missing,
            Some(keys) if keys.iter().any(|key| key.starts_with("sso_")) => Source::Sso,
            Some(keys) if keys.iter().any(|key| key == "credential_process") => Source::Process,
            Some(_) => Source::Other,
        };
        Self { profile, is_named: named.is_some(), source }
    }

    /// Why there are no credentials, as far as the profile says: a program may print a key, so its own words are not
    /// shown.
    pub(super) fn why(&self) -> String {
        let profile = quote(&self.profile);
        match self.source {
            Source::Missing if !self.is_named => String::new(),
            Source::Missing => format!("profile {profile} is in neither of AWS's files, `config` and `credentials`"),
            Source::Sso => format!("profile {profile} needs an SSO session, and there is none or it has expired"),
            Source::Process => format!("the `credential_process` of profile {profile} failed"),
            Source::Other => format!("profile {profile} gives none"),
        }
    }

    /// What to do.
    pub(super) fn help(&self) -> String {
        match self.source {
            Source::Missing if self.is_named => {
                "correct AWS_PROFILE or `aws.profile`; `aws configure list-profiles` prints the profiles".to_owned()
            }
            Source::Sso => {
                let profile = &self.profile;
                format!("sign in again: {}", typed(&format_args!("aws sso login --profile {profile}")))
            }
            Source::Process => "run the program, and correct what it says".to_owned(),
            Source::Missing | Source::Other => {
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or sign in (`aws sso login`)".to_owned()
            }
        }
    }
}

/// The settings of a profile; `None` when it is in neither file.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
fn keys(profile: &str, profiles: &Profiles) -> Option<Vec<String>> {
    let mut found = None;
    for (text, in_config) in [(&profiles.config, true), (&profiles.credentials, false)] {
        let mut is_here = false;
        for line in text.lines() {
            if let Some(section) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
                let words: Vec<_> = section.split_whitespace().collect();
                is_here = match words.as_slice() {
                    ["profile", name] if in_config => *name == profile,
                    [name] => *name == profile && (!in_config || profile == "default"),
                    _ => false,
                };
                if is_here {
                    found.get_or_insert_with(Vec::new);
                }
            } else if let Some((key, _)) = line.split_once('=').filter(|_| is_here) {
                found.get_or_insert_with(Vec::new).push(key.trim().to_lowercase());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_where_the_sdks_find_it() {
        let profiles = Profiles {
            config:
                "[default]\nregion = x\n[profile sso]\nsso_session = a\n[ profile  tool ]\nCredential_Process = a b\n\
                     [bare]\nregion = x\n"
                    .to_owned(),
            credentials: "[keys]\naws_access_key_id = a\n".to_owned(),
            named: None,
        };
        for (name, source) in [
            ("default", Source::Other),
            ("sso", Source::Sso),
            ("tool", Source::Process),
            ("keys", Source::Other),
            ("bare", Source::Missing),
            ("nobody", Source::Missing),
        ] {
            assert_eq!(Login::of(Some(name), &profiles).source, source, "{name}");
        }
        assert_eq!(Login::of(None, &Profiles::default()).why(), "");
    }
}
