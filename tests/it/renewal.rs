//! The table of `tests/renewal.yaml`: what may go wrong with a renewal.

use std::fs;

use iamra::duration::Duration;
use iamra::renewal::{self, Margin};
use serde_yaml::Value;

use crate::support::root;

#[test]
fn every_margin_is_as_the_table_says() {
    let table = fs::read_to_string(root().join("tests/renewal.yaml")).unwrap();
    let table: Value = serde_yaml::from_str(&table).unwrap();
    let rows = table["rows"].as_sequence().unwrap();
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for row in rows {
        let renew_before = Duration::parse(row["renewBefore"].as_str().unwrap()).unwrap();
        let expected = Margin {
            failures: row["failures"].as_u64().unwrap().try_into().unwrap(),
            spare: row["spareMinutes"].as_u64().map(|minutes| 60 * minutes),
            is_comfortable: row["comfortable"].as_bool().unwrap(),
        };
        assert_eq!(renewal::margin(&renew_before), expected, "{row:?}");
    }
}
