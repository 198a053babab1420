//! Templates for single names, such as a common name. Strict: an unknown variable is an error.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior};

/// Fills `template` with `variables`.
///
/// # Errors
/// The sentence that says what is wrong with the template.
pub fn fill(template: &str, variables: &BTreeMap<&str, &str>) -> Result<String, String> {
    if !template.contains('{') {
        return Ok(template.to_owned());
    }
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .render_str(template, minijinja::Value::from_pairs(variables.iter().map(|(name, value)| (*name, *value))))
        .map_err(|error| {
            let known = variables.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            format!("`{template}` cannot be filled: {}; known are {known}", error.kind())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_and_unknown_ones_are_errors() {
        let variables = BTreeMap::from([("workload", "api"), ("namespace", "shop")]);
        assert_eq!(fill("plain", &variables).unwrap(), "plain");
        assert_eq!(fill("{{ workload }}.{{ namespace }}", &variables).unwrap(), "api.shop");
        assert!(fill("{{ team }}", &variables).unwrap_err().contains("`namespace`, `workload`"));
        assert!(fill("{{ workload", &variables).is_err());
    }
}
