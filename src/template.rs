//! Templates for single names, such as a common name. Strict: an unknown variable is an error.
//!
//! The author of a template may not be trusted. So there are variables, strings, a few filters, and operators that join
//! and compare them; there are no statements, no functions, no numbers and no arithmetic, and everything is limited:
//! bytes in, steps, bytes out.

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters};

use crate::quote::{quote, quote_all};

/// The longest template, and the longest resulting name, in bytes. The parser's recursion depth grows with the text,
/// and names have 64 bytes or fewer.
const LONGEST: usize = 512;

/// How many steps a template may take; each is an operation or 64 bytes. The longest template of variables takes 300.
const FUEL: u64 = 1000;

/// The signs that an expression may have in addition to letters, spaces and quoted strings. Numbers, and operators that
/// produce or take them (`[`, `:`, `*`, `-` and others), are excluded: names do not need them, and they could overflow.
const SIGNS: &str = "|(),~=!_";

/// Fills `template` with `variables`.
///
/// # Errors
/// The sentence that says what is wrong with the template.
pub fn fill(template: &str, variables: &BTreeMap<&str, &str>) -> Result<String, String> {
    if template.len() > LONGEST {
        return Err(format!(
            "a name or its template can have at most {LONGEST} bytes, and this one has {}",
            template.len()
        ));
    }
    if !template.contains('{') {
        return Ok(template.to_owned());
    }
    if template.contains("{%") || template.contains("{#") {
        return Err(
            "statements such as `{% if … %}` and comments are not allowed in a name: use only `{{ … }}`".to_owned()
        );
    }
    if let Some(sign) = foreign_sign(template) {
        let found = quote(&sign);
        return Err(format!(
            "an expression in a name cannot contain {found}: use variables, quoted strings, filters and `~`"
        ));
    }
    let values = minijinja::Value::from_pairs(variables.iter().map(|(name, value)| (*name, *value)));
    let name = environment().render_str(template, values).map_err(|error| {
        if error.kind() == ErrorKind::OutOfFuel {
            return format!("rendering the template takes more than {FUEL} steps");
        }
        let known = quote_all(variables.keys());
        format!("{} cannot be rendered: {}; the variables are {known}", quote(&template), error.kind())
    })?;
    if name.len() > LONGEST {
        return Err(format!("a name can have at most {LONGEST} bytes, and the template produces {}", name.len()));
    }
    Ok(name)
}

/// The first character of an expression that is not allowed.
fn foreign_sign(template: &str) -> Option<char> {
    let is_known = |it: char| it.is_ascii_alphabetic() || it.is_ascii_whitespace() || SIGNS.contains(it);
    let mut rest = template;
    while let Some((_, expression)) = rest.split_once("{{") {
        let mut chars = expression.chars();
        let mut text_until = None;
        for found in chars.by_ref() {
            match (text_until, found) {
                // A backslash could hide the end of a string.
                (_, '\\') => return Some(found),
                (Some(end), _) => text_until = text_until.filter(|_| found != end),
                (None, '\'' | '"') => text_until = Some(found),
                (None, '}') => break,
                (None, _) if is_known(found) => {}
                (None, _) => return Some(found),
            }
        }
        rest = chars.as_str();
    }
    None
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("lower", filters::lower);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("replace", filters::replace);
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([("workload", "api"), ("namespace", "shop")])
    }

    #[test]
    fn variables_are_filled_and_unknown_ones_are_errors() {
        let variables = variables();
        assert_eq!(fill("plain", &variables).unwrap(), "plain");
        assert_eq!(fill("{{ workload }}.{{ namespace }}", &variables).unwrap(), "api.shop");
        assert_eq!(fill("{{ workload|upper|replace('P', '-')|lower }}", &variables).unwrap(), "a-i");
        assert_eq!(fill("{{ workload ~ '-{}\"[1]' }}", &variables).unwrap(), "api-{}\"[1]");
        assert_eq!(fill("{{ 'a' if namespace == \"shop\" else 'b' }}}", &variables).unwrap(), "a}");
        assert!(fill("{{ team }}", &variables).unwrap_err().contains("`namespace`, `workload`"));
        assert!(fill("{{ workload", &variables).is_err());
        // The longest template with only variables is within the limit.
        assert_eq!(fill(&"{{workload}}".repeat(LONGEST / 12), &variables).unwrap().len(), 3 * (LONGEST / 12));
    }

    /// A template and the words that it is refused with. Which limit refuses it is the count of what it could cost.
    #[test]
    fn what_has_no_bound_is_refused() {
        const LONG: &str = "at most 512 bytes";
        const STATEMENT: &str = "statements such as";
        const STEPS: &str = "more than 1000 steps";
        const WRONG: &str = "cannot be rendered";
        const FOREIGN: &str = "an expression in a name cannot contain ";
        let rows: &[(String, &str)] = &[
            ("{% for a in workload %}{% for b in workload %}x{% endfor %}{% endfor %}".to_owned(), STATEMENT),
            ("{% set a = 'x' %}{% set a = a ~ a %}{{ a }}".to_owned(), STATEMENT),
            ("{%- if true -%}x{%- endif -%}".to_owned(), STATEMENT),
            ("{{ '{%' }}".to_owned(), STATEMENT),
            (format!("{{{{ {} true }}}}", "not ".repeat(50_000)), LONG),
            (format!("{{{{ {}1 }}}}", "-".repeat(50_000)), LONG),
            (format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000)), LONG),
            ("x".repeat(LONGEST + 1), LONG),
            ("{{ workload".to_owned() + &"|replace('a', 'aaaaaaaa')".repeat(3) + " }}", LONG),
            ("{{ workload".to_owned() + &"|replace('a', 'aaaaaaaa')".repeat(18) + " }}", STEPS),
            ("{{ workload * 1000 }}".to_owned(), FOREIGN),
            ("{{ 'a' * 9999999999999 }}".to_owned(), FOREIGN),
            ("{{ ('a' * 9999)|replace('a', 'b' * 9999) }}".to_owned(), FOREIGN),
            ("{{ [] }}".to_owned(), FOREIGN),
            ("{{ {} }}".to_owned(), FOREIGN),
            ("{{ 9 ** 999999 }}".to_owned(), FOREIGN),
            ("{{ 'x'[::-9223372036854775808] }}".to_owned(), FOREIGN),
            ("{{ workload[-9223372036854775808:] }}".to_owned(), FOREIGN),
            ("{{ 9223372036854775807 + 1 }}".to_owned(), FOREIGN),
            ("{{ -9223372036854775808 // -1 }}".to_owned(), FOREIGN),
            ("{{ workload ~ -1 }}".to_owned(), FOREIGN),
            ("{{ workload % workload }}".to_owned(), FOREIGN),
            ("{{ range(1000000000) }}".to_owned(), FOREIGN),
            ("{{ workload.upper() }}".to_owned(), FOREIGN),
            ("{{ workload|center(100000000) }}".to_owned(), FOREIGN),
            // Neither preceding text nor a string hides them.
            ("}} {{ 'a' }}{{ \"'\" ~ 'x'[::2] }}".to_owned(), FOREIGN),
            (r"{{ 'x\' ~ ' [::2] ~ 'y' }}".to_owned(), FOREIGN),
            ("{# {{ #}{{ 'x'[::2] }}".to_owned(), STATEMENT),
            ("{{ range(workload) }}".to_owned(), WRONG),
            ("{{ workload|center }}".to_owned(), WRONG),
            (format!("{{{{ {}'a'{} }}}}", "(".repeat(200), ")".repeat(200)), WRONG),
        ];
        for (template, words) in rows {
            let refused = fill(template, &variables()).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
        // The deepest nesting at this length is filled or rejected, even on the small stack of a thread.
        for start in ["not ", "(", "workload|lower(", "workload if ", "workload=="] {
            let deep = format!("{{{{ {}", start.repeat((LONGEST - 8) / start.len()));
            for end in ["role }}", "true }}", ") }}"] {
                let _ = fill(&format!("{deep}{end}"), &variables());
            }
        }
    }
}
