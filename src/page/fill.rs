//! Puts values into the page. The template escapes them for HTML; before that, invisible characters and what looks like a
//! key go, as in messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde_json::Value as Json;

use super::MARK;
use crate::digest::sha256;
use crate::quote::line;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page with these values.
#[expect(clippy::expect_used, reason = "the template is part of the program, and no value makes it fail")]
pub(super) fn fill(page: &Json) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The name is what escapes values: https://docs.rs/minijinja/latest/minijinja/fn.default_auto_escape_callback.html
    environment.add_template("page.html", TEMPLATE).expect("it can be parsed");
    let template = environment.get_template("page.html").expect("it has just been added");
    let values = [
        ("page", value(page)),
        ("style", Value::from_safe_string(STYLE.to_owned())),
        ("script", Value::from_safe_string(SCRIPT.to_owned())),
        ("style_hash", Value::from_safe_string(hash(STYLE))),
        ("script_hash", Value::from_safe_string(hash(SCRIPT))),
    ];
    let html = template.render(Value::from_pairs(values)).expect("it names only what there is");
    format!("{MARK}{html}")
}

/// How a policy names what it allows.
/// <https://www.w3.org/TR/CSP3/#grammardef-hash-source>
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(sha256(text)))
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(it) => Value::from(*it),
        Json::Number(it) => it.as_u64().map_or_else(|| Value::from(it.to_string()), Value::from),
        Json::String(it) => Value::from(line(it)),
        Json::Array(all) => Value::from(all.iter().map(value).collect::<Vec<_>>()),
        Json::Object(all) => Value::from_pairs(all.iter().map(|(name, it)| match it {
            // A commit in it may look like a key; its parts have been checked.
            Json::String(url) if name == "href" => (name.clone(), Value::from(url.as_str())),
            it => (name.clone(), value(it)),
        })),
    }
}
