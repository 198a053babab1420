//! The traps that are known, and what in these tests shows that iamra avoids each.

use crate::support::root;

#[test]
fn every_trap_is_shown_by_something_that_exists() {
    let text = std::fs::read_to_string(root().join("tests/traps.yaml")).unwrap();
    let traps: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let traps = traps.as_sequence().unwrap();
    assert!(traps.len() >= 60, "{} traps", traps.len());
    for trap in traps {
        let (words, shown_by) = (trap["trap"].as_str().unwrap(), trap["shown-by"].as_str().unwrap());
        let exists = match shown_by.split_once("::") {
            None => root().join("tests/cases").join(shown_by).join("case.yaml").is_file(),
            Some((file, name)) => {
                std::fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(&format!("fn {name}(")))
            }
        };
        assert!(exists, "`{words}` is shown by `{shown_by}`, which does not exist");
    }
}
