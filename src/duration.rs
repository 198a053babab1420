//! Durations as Go and so Kubernetes write them: `24h`, `1h30m`, `90s`.

use std::fmt;

use crate::quote::quote;

/// A span of time that remembers how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    text: String,
    seconds: u64,
}

impl Duration {
    /// Reads hours, minutes and seconds, the units of cert-manager's fields and of Go, which has no days.
    /// <https://go.dev/src/time/format.go>
    ///
    /// # Errors
    /// The sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{} is not a duration: write hours, minutes and seconds, such as `24h` or `1h30m`", quote(&text))
        };
        let mut seconds: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, behind) = rest.split_at_checked(digits).ok_or_else(wrong)?;
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let mut behind = behind.chars();
            let unit = match behind.next() {
                Some('h') => 3600,
                Some('m') => 60,
                Some('s') => 1,
                Some('d') => {
                    let is_all = seconds == 0 && behind.as_str().is_empty();
                    let hours =
                        number.checked_mul(24).filter(|_| is_all).map(|hours| quote(&format!("{hours}h")).to_string());
                    let hours = hours.unwrap_or_else(|| "hours".to_owned());
                    return Err(format!(
                        "{} is in days, which Kubernetes does not support: write {hours}",
                        quote(&text)
                    ));
                }
                _ => return Err(wrong()),
            };
            seconds = number.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or_else(wrong)?;
            rest = behind.as_str();
        }
        if seconds == 0 {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), seconds })
    }

    /// So many seconds, in the largest unit that divides them.
    pub fn of(seconds: u64) -> Self {
        let text = match seconds {
            s if s % 3600 == 0 => format!("{}h", s / 3600),
            s if s % 60 == 0 => format!("{}m", s / 60),
            s => format!("{s}s"),
        };
        Self { text, seconds }
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_minutes_seconds() {
        for (text, seconds) in [("24h", 86_400), ("1h30m", 5_400), ("90s", 90), ("8h0m0s", 28_800)] {
            assert_eq!(Duration::parse(text).unwrap().seconds(), seconds, "{text}");
        }
        for bad in ["", "1d", "24", "h", "-1h", "1.5h", "24 h", "0s", "99999999999999999999h", "1hé"] {
            assert!(Duration::parse(bad).is_err(), "{bad}");
        }
        assert!(Duration::parse("2d").unwrap_err().ends_with("write `48h`"));
        assert!(Duration::parse("1d12h").unwrap_err().ends_with("write hours"));
    }
}
