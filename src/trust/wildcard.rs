//! IAM's wildcards: `*` for any run of characters, `?` for one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

/// Whether the whole text matches the pattern. A mismatch backtracks only to the last `*`, so the cost is at most the
/// product of both lengths for any pattern.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The pattern after the last `*`, and the text after what that `*` matches.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == c => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((behind, taken)) = star else { return false };
                star = Some((behind, taken + 1));
                p = behind;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Whether an ARN matches the pattern: each of the six parts between colons separately. `None` if one of them does not
/// have six parts, for which AWS documents no rule.
pub(super) fn is_like_arn(pattern: &str, arn: &str) -> Option<bool> {
    let parts = |text| str::splitn(text, 6, ':');
    let are_arns = parts(pattern).count() == 6 && parts(arn).count() == 6;
    are_arns.then(|| parts(pattern).zip(parts(arn)).all(|(pattern, part)| is_like(pattern, part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "a", true),
            ("a*c", "abc", true),
            ("a*c", "abd", false),
            ("*b*", "abc", true),
            ("a?c", "aüc", true),
            ("a?", "a", false),
            ("**a**", "bab", true),
            ("*ab", "aab", true),
            ("pay*.shop", "payments.shop.shop", true),
        ] {
            assert_eq!(is_like(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let pattern = format!("{}b", "*a".repeat(2_000));
        assert!(!is_like(&pattern, &"a".repeat(20_000)));
    }

    #[test]
    fn a_star_in_an_arn_stays_between_its_colons() {
        let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0d";
        assert_eq!(is_like_arn("arn:aws:rolesanywhere:*:111122223333:trust-anchor/*", arn), Some(true));
        assert_eq!(is_like_arn("arn:aws:rolesanywhere:*:*:*", arn), Some(true));
        assert_eq!(is_like_arn("arn:*:trust-anchor/*:a:b:c", arn), Some(false));
        assert_eq!(is_like_arn("*", arn), None);
        assert_eq!(is_like_arn(arn, "payments"), None);
    }
}
