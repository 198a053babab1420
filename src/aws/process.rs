//! Limits the output of a `credential_process`. The SDK buffers everything that such a program prints, so it is
//! configured to run a shell that reads no more than credentials can have.

use std::fmt::Write as _;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::given::Profiles;

/// Credentials in JSON have a few kilobytes, with a session token some more.
const LARGEST: usize = 64 << 10;

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
const KEY: &str = "credential_process";

impl Profiles {
    /// The files with every such program bounded; `None` when there is none, and the SDK may read its files itself.
    pub(super) fn bounded(&self) -> Option<EnvConfigFiles> {
        let files = [(EnvConfigFileKind::Config, &self.config), (EnvConfigFileKind::Credentials, &self.credentials)];
        if files.iter().all(|(_, text)| !text.to_ascii_lowercase().contains(KEY)) {
            return None;
        }
        let builder = EnvConfigFiles::builder();
        Some(
            files.into_iter().fold(builder, |builder, (kind, text)| builder.with_contents(kind, bounded(text))).build(),
        )
    }
}

fn bounded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let property = line.split_once('=').filter(|(key, _)| key.trim_end().eq_ignore_ascii_case(KEY));
        let Some((key, command)) = property else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let command = without_comment(command).trim();
        // Stderr is bounded too. If the program fails, text that is not JSON is appended, because a pipe has the status
        // of its last command. No blank may precede a semicolon: the SDK would read a comment.
        let _ = writeln!(
            out,
            "{key}= {{ {{ ({command}) 2>&1 >&3||echo failed >&3;}}|head -c {LARGEST} >/dev/null;}} 3>&1|head -c {LARGEST}"
        );
    }
    out
}

/// Removes a comment as the SDK does: it starts with `#` or `;` after a blank.
fn without_comment(text: &str) -> &str {
    let starts = |(at, _): &(usize, &str)| text.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace));
    let comment = text.match_indices(['#', ';']).find(starts).map_or(text.len(), |(at, _)| at);
    text.get(..comment).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_are_bounded() {
        let text = "[default]\nregion = x # here\n  credential_process = nested\nCredential_Process = get 'a;b' --x=1 ; why\n[profile b]\nrole_arn = y\n";
        let expected = "[default]\nregion = x # here\n  credential_process = nested\nCredential_Process = { { (get 'a;b' --x=1) 2>&1 >&3||echo failed >&3;}|head -c 65536 >/dev/null;} 3>&1|head -c 65536\n[profile b]\nrole_arn = y\n";
        assert_eq!(bounded(text), expected);
        assert!(Profiles { config: "[default]\nregion = x\n".to_owned(), ..Profiles::default() }.bounded().is_none());
        assert!(Profiles { credentials: text.to_owned(), ..Profiles::default() }.bounded().is_some());
    }
}
