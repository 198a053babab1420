//! The table of `tests/layering.yaml`: where several lines speak of a setting, which of them a workload gets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use iamra::config::{self, Base, Binding, Config, Documents, Whole};
use iamra::diag::Report;
use iamra::yaml::FieldPath;
use serde_yaml::{Mapping, Value};

use crate::support::root;

/// A row, with the declaration that it makes.
struct Row<'t> {
    why: &'t str,
    base: &'t Value,
    /// The declaration of a team, in the rows that speak of it.
    team: &'t Value,
    say: BTreeMap<&'t str, &'t Value>,
    cluster: &'t str,
    workload: &'t str,
    field: &'t str,
    is: Option<String>,
    won: &'t str,
    /// Lines that decide who is heard.
    through: BTreeSet<&'t str>,
}

/// A scalar as it is written.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(serde_yaml::to_string(other).unwrap().trim().to_owned()),
    }
}

fn rows<'t>(table: &'t Value) -> Vec<Row<'t>> {
    let row = |row: &'t Value| Row {
        why: row["why"].as_str().unwrap(),
        base: &table["base"],
        team: &table["team"],
        say: row["say"].as_mapping().unwrap().iter().map(|(at, value)| (at.as_str().unwrap(), value)).collect(),
        cluster: row["cluster"].as_str().unwrap_or("prod"),
        workload: row["workload"].as_str().unwrap_or("api"),
        field: row["field"].as_str().unwrap(),
        is: text(&row["is"]),
        won: row["won"].as_str().unwrap(),
        through: row["through"].as_sequence().into_iter().flatten().map(|at| at.as_str().unwrap()).collect(),
    };
    table["rows"].as_sequence().unwrap().iter().map(row).collect()
}

/// Sets the field at a dotted path, or removes it.
fn put(declaration: &mut Value, path: &str, value: Option<&Value>) {
    let (above, last) = path.rsplit_once('.').unwrap();
    let mut here = declaration;
    for key in above.split('.') {
        here = here.as_mapping_mut().unwrap().entry(key.into()).or_insert(Value::Mapping(Mapping::new()));
    }
    let fields = here.as_mapping_mut().unwrap();
    match value {
        Some(value) => drop(fields.insert(last.into(), value.clone())),
        None => drop(fields.remove(last)),
    }
}

/// What lines of the team's declaration begin with.
const TEAM: &str = "team.";

impl Row<'_> {
    /// Whether the workload is one of a team's declaration, which extends the base.
    fn is_extended(&self) -> bool {
        self.say.keys().any(|line| line.starts_with(TEAM))
    }

    /// What the workload has if the declaration says all of the row, but for one field.
    fn value(&self, without: Option<&str>) -> Result<Option<String>, String> {
        self.read(without, |_, _, binding| field(binding, self.field))
    }

    /// The field that `iamra view` shows the value to be from.
    fn origin(&self) -> Option<String> {
        let entry = |section: &str, name: &str| FieldPath::keys("spec").key(section).key(name);
        let origin = |declaration: Whole<'_>, config: &Config, binding: &Binding| {
            let role = &binding.role;
            let at = match self.field {
                "roleArn" => entry("roles", &role.name).key("roleArn"),
                "trustAnchor" => entry("scopes", &role.scope).key("trustAnchor"),
                "sessionDuration" if binding.session.is_none() => entry("roles", &role.name).key("sessionDuration"),
                "scope" => return Some(self.won.to_owned()),
                field => entry("workloads", self.workload).join(&FieldPath::keys(field)),
            };
            let origin = config::flat(declaration, config).unwrap().origin(&at);
            let is_team = |at: &FieldPath| self.is_extended() && at.document() == 0;
            let said = |at: FieldPath| if is_team(&at) { format!("{TEAM}{at}") } else { at.to_string() };
            Some(origin.map_or_else(|| "default".to_owned(), said))
        };
        self.read(None, origin).unwrap()
    }

    fn read(
        &self,
        without: Option<&str>,
        look: impl Fn(Whole<'_>, &Config, &Binding) -> Option<String>,
    ) -> Result<Option<String>, String> {
        let (mut base, mut team) = (self.base.clone(), self.team.clone());
        if self.is_extended() {
            put(&mut base, &format!("spec.workloads.{}", self.workload), None);
        }
        let said = self.say.iter().map(|(at, value)| (*at, Some(*value)));
        for (at, value) in said.chain(without.map(|at| (at, None))) {
            match at.strip_prefix(TEAM) {
                Some(at) => put(&mut team, at, value),
                None => put(&mut base, at, value),
            }
        }
        let [base, team] = [base, team].map(|it| serde_yaml::to_string(&it).unwrap());
        let bases = [Base { name: "../../iamra.yaml".to_owned(), text: base.clone(), folder: PathBuf::new() }];
        let documents = if self.is_extended() {
            Documents::parse("iamra.yaml", &team, Path::new("apps/payments"), &bases)
        } else {
            Documents::parse("iamra.yaml", &base, Path::new(""), &[])
        };
        let documents = documents.unwrap();
        let mut report = Report::default();
        let config = config::load(documents.whole(), Some(self.cluster), &[], &mut report);
        let config = config.ok_or_else(|| format!("{:?}", report.diagnostics()))?;
        let binding = config.bindings.iter().find(|binding| binding.workload == self.workload);
        Ok(look(documents.whole(), &config, binding.ok_or("it does not run there")?))
    }
}

/// A setting in words, if there is one.
fn field(binding: &Binding, name: &str) -> Option<String> {
    let (certificate, sidecar) = (&binding.certificate, &binding.sidecar);
    if let Some(variable) = name.strip_prefix("sidecar.env.") {
        return sidecar.env.get(variable).cloned();
    }
    Some(match name {
        "certificate.duration" => certificate.duration.to_string(),
        "certificate.commonName" => certificate.common_name.clone(),
        "certificate.organizationalUnits" => {
            return Some(certificate.organizational_units.join(" ")).filter(|units| !units.is_empty());
        }
        "sidecar.port" => sidecar.port.to_string(),
        "sidecar.delivery" => format!("{:?}", sidecar.delivery),
        "sidecar.extraArgs" => return Some(sidecar.extra_args.join(" ")).filter(|args| !args.is_empty()),
        "sidecar.endpoint.url" => return sidecar.endpoint.url.clone(),
        "sidecar.resources.requests.memory" => return sidecar.requests.get("memory").cloned(),
        "sidecar.resources.limits.memory" => return sidecar.limits.get("memory").cloned(),
        "environment.region" => return binding.environment.region.clone(),
        "environment.trailingSlash" => binding.environment.trailing_slash.to_string(),
        "namespace" => return binding.namespace.as_ref().map(ToString::to_string),
        "scope" => binding.scope.clone(),
        "sessionDuration" => binding.session().to_string(),
        "roleArn" => binding.role.role.to_string(),
        "trustAnchor" => binding.role.trust_anchor.to_string(),
        other => panic!("the table asks for `{other}`, and nobody has said where it is"),
    })
}

#[test]
fn the_line_that_is_said_to_win_wins() {
    let table = fs::read_to_string(root().join("tests/layering.yaml")).unwrap();
    let table: Value = serde_yaml::from_str(&table).unwrap();
    let rows = rows(&table);
    assert!(rows.len() >= 40, "{} rows", rows.len());
    assert!(rows.iter().filter(|row| row.is_extended()).count() >= 6);
    for row in &rows {
        let why = row.why;
        assert_eq!(row.value(None).as_ref(), Ok(&row.is), "{why}");
        assert!(row.through.iter().all(|line| row.say.contains_key(line)), "{why}: it goes through what nobody says");
        // A value is of the line without which it would be another one, or none, and of no other.
        let is_of = |line| row.value(Some(line)).as_ref() != Ok(&row.is);
        for line in row.say.keys() {
            assert_eq!(is_of(line), *line == row.won || row.through.contains(line), "{why}: without {line}");
        }
        assert!(row.won == "default" || is_of(row.won), "{why}: without {}", row.won);
        // Without a value, there is nothing to show.
        if row.is.is_some() {
            assert_eq!(row.origin().as_deref(), Some(row.won), "{why}");
        }
    }
}
