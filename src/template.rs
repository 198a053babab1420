//! Templates for single names, such as a common name. Strict: an unknown variable is an error.
//!
//! Whoever writes a template may not be trusted by whoever fills it. So there are variables, a few filters and what
//! expressions have; there are no statements, no functions, and everything is counted: bytes in, steps, bytes out.

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters};

use crate::quote::{quote, quote_all};

/// The longest template, and the longest name that comes of one, in bytes. The parser nests as deep as a text is long, and
/// names have 64 bytes or fewer.
const LONGEST: usize = 512;

/// How many steps a template may take; each stands for an operation or for 64 bytes. One of nothing but variables takes 300.
const FUEL: u64 = 1000;

/// Fills `template` with `variables`.
///
/// # Errors
/// The sentence that says what is wrong with the template.
pub fn fill(template: &str, variables: &BTreeMap<&str, &str>) -> Result<String, String> {
    if template.len() > LONGEST {
        return Err(format!("a name or its template has at most {LONGEST} bytes, and this one has {}", template.len()));
    }
    if !template.contains('{') {
        return Ok(template.to_owned());
    }
    if template.contains("{%") {
        return Err("a name has no statements such as `{% if … %}`: write `{{ … }}` only".to_owned());
    }
    let values = minijinja::Value::from_pairs(variables.iter().map(|(name, value)| (*name, *value)));
    let name = environment().render_str(template, values).map_err(|error| {
        if error.kind() == ErrorKind::OutOfFuel {
            return format!("filling the template takes more than {FUEL} steps");
        }
        let known = quote_all(variables.keys());
        format!("{} cannot be filled: {}; known are {known}", quote(&template), error.kind())
    })?;
    if name.len() > LONGEST {
        return Err(format!("a name has at most {LONGEST} bytes, and the template makes one of {}", name.len()));
    }
    Ok(name)
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
        assert!(fill("{{ team }}", &variables).unwrap_err().contains("`namespace`, `workload`"));
        assert!(fill("{{ workload", &variables).is_err());
        // The longest of nothing but variables is within what it may take.
        assert_eq!(fill(&"{{workload}}".repeat(LONGEST / 12), &variables).unwrap().len(), 3 * (LONGEST / 12));
    }

    /// A template and the words that it is refused with. Which limit refuses it is the count of what it could cost.
    #[test]
    fn what_has_no_bound_is_refused() {
        const LONG: &str = "at most 512 bytes";
        const STATEMENT: &str = "no statements";
        const STEPS: &str = "more than 1000 steps";
        const WRONG: &str = "cannot be filled";
        let rows: &[(String, &str)] = &[
            ("{% for a in workload %}{% for b in workload %}x{% endfor %}{% endfor %}".to_owned(), STATEMENT),
            ("{% set a = 'x' %}{% set a = a ~ a %}{{ a }}".to_owned(), STATEMENT),
            ("{%- if true -%}x{%- endif -%}".to_owned(), STATEMENT),
            ("{{ '{%' }}".to_owned(), STATEMENT),
            (format!("{{{{ {} true }}}}", "not ".repeat(50_000)), LONG),
            (format!("{{{{ {}1 }}}}", "-".repeat(50_000)), LONG),
            (format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000)), LONG),
            ("x".repeat(LONGEST + 1), LONG),
            ("{{ workload * 1000 }}".to_owned(), LONG),
            ("{{ 'a' * 999 * 999 }}".to_owned(), STEPS),
            ("{{ 'a' * 99999999 }}".to_owned(), STEPS),
            ("{{ ('a' * 9999)|replace('a', 'b' * 9999) }}".to_owned(), STEPS),
            ("{{ 'a' * 9999999999999 }}".to_owned(), STEPS),
            ("{{ [1] * 999999 }}".to_owned(), STEPS),
            ("{{ 9 ** 999999 }}".to_owned(), WRONG),
            ("{{ range(1000000000) }}".to_owned(), WRONG),
            ("{{ workload.upper() }}".to_owned(), WRONG),
            ("{{ workload|center(100000000) }}".to_owned(), WRONG),
            (format!("{{{{ {}1{} }}}}", "(".repeat(200), ")".repeat(200)), WRONG),
        ];
        for (template, words) in rows {
            let refused = fill(template, &variables()).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
        // As deep as one of this length can be: on the small stack of a thread it is filled, or refused in words.
        for start in ["not ", "-", "(", "[", "{1:", "workload[", "1 if "] {
            let deep = format!("{{{{ {}", start.repeat((LONGEST - 8) / start.len()));
            for end in ["1 }}", "true }}", ") }}"] {
                let _ = fill(&format!("{deep}{end}"), &variables());
            }
        }
    }
}
