//! `iamra argocd parameters`: the parameters that an application can set, and read-only ones for information.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::application::Application;
use super::parameters::{CLUSTER, LOCK, MODE, Parameters, WORKLOADS};
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_briefly;
use crate::cli::sources::Shared;
use crate::diag::Report;
use crate::disk;
use crate::output::Sources;
use crate::resolve::Resolved;
use crate::yaml::{Document, FieldPath, NodeRef};

/// A parameter, as Argo CD reads it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Announcement {
    name: &'static str,
    title: &'static str,
    tooltip: String,
    required: bool,
    collection_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<BTreeMap<String, String>>,
}

pub(super) fn run(shared: &Shared, io: &mut Io) -> Result<Exit, Error> {
    let mut report = Report::default();
    let parameters = Parameters::read(shared, &mut report);
    let application = Application::find(shared, &mut report)?;
    let Some(Application { file, lock, .. }) = application.filter(|_| !report.has_errors()) else {
        return finish_briefly(&report, Sources::default(), io);
    };
    let cluster = parameters.cluster.or_else(|| file.cluster_of(&disk::whole(Path::new("."))));
    let shared = shared.for_argo_cd(cluster, lock.clone());
    // `generate` rejects an invalid declaration; failing here would leave the user no cluster to choose as the fix.
    let resolved = file.resolve(&shared, shared.request(parameters.mode), &mut report)?;
    finish_briefly(&report, file.sources(), io)?;
    let lock = recorded(&lock.display().to_string(), disk::read_if_there(&lock)?.as_deref());
    let announced = announcements(&file, shared.cluster.as_deref(), resolved.as_ref(), &lock);
    io.data(|out| {
        serde_json::to_writer(&mut *out, &announced)?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Done)
}

fn announcements(file: &File, cluster: Option<&str>, resolved: Option<&Resolved>, lock: &str) -> [Announcement; 4] {
    let documents = file.documents(&mut Report::default());
    let spec =
        |field: &str| documents.as_ref().and_then(|it| it.whole().root().at(&FieldPath::keys("spec").key(field)));
    let clusters: Vec<_> = spec("clusters").into_iter().flat_map(NodeRef::entries).collect();
    let clusters: Vec<_> = clusters.iter().filter_map(|(name, _)| name.text()).collect();
    let only = || clusters.first().filter(|_| clusters.len() == 1).copied();
    let cluster = cluster.or_else(|| spec("cluster").and_then(NodeRef::text)).or_else(only);
    let mode = spec("mode").and_then(NodeRef::text).unwrap_or("all");
    let workloads = resolved.into_iter().flat_map(|it| &it.bindings).map(|binding| {
        let role = format!("role {}, {}", binding.declared.role.name, binding.identity.role);
        (binding.declared.workload.clone(), role)
    });
    let string = |name, title, tooltip: String, value: Option<&str>| Announcement {
        name,
        title,
        tooltip,
        required: false,
        collection_type: "string",
        string: value.map(str::to_owned),
        map: None,
    };
    let which = format!("declared: {}", clusters.join(", "));
    let what = "all, generate (objects only) or transform (workloads only)".to_owned();
    [
        Announcement {
            required: cluster.is_none() && !clusters.is_empty(),
            ..string(CLUSTER, "Cluster", which, cluster)
        },
        string(MODE, "Mode", what, Some(mode)),
        Announcement {
            collection_type: "map",
            map: Some(workloads.collect()),
            ..string(WORKLOADS, "Workloads", "read-only: workloads and their roles".to_owned(), None)
        },
        string(LOCK, "Lock", "read-only: where the values come from".to_owned(), Some(lock)),
    ]
}

fn recorded(name: &str, text: Option<&str>) -> String {
    let Some(text) = text else { return format!("there is no {name}") };
    let count = Document::parse(text)
        .map_or(0, |lock| lock.root().get("references").map_or(0, |references| references.entries().count()));
    format!("{name}: {count} references recorded")
}
