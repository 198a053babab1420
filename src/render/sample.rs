//! A Pod to test a workload's identity: it prints its identity in AWS, and exits.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar, Pod, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::container::{self, restricted};
use super::names::{GENERATED_FOR, Names, SAMPLE};
use super::object::{Manifest, metadata, value};
use super::order::ordered;
use super::serving::Serving;
use super::{environment, volumes};
use crate::config::{Delivery, Sidecar};
use crate::digest::sha256_hex;
use crate::name;
use crate::plan::PlannedWorkload;
use crate::workload::Allows;

/// The AWS CLI's official image, at a tag that was seen published.
/// <https://docs.aws.amazon.com/cli/latest/userguide/getting-started-docker.html>
const IMAGE: &str = "public.ecr.aws/aws-cli/aws-cli:2.31.23";
/// `nobody`: the image names no user of its own, and the CLI needs none.
const USER: i64 = 65_534;

/// `<workload>-sample-<hash>`, whether the declaration asks for it or not. It always has a native sidecar,
/// because with a plain one it would not end. Pods cannot be changed, so a different sample has a different name.
pub fn sample(planned: &PlannedWorkload<'_>) -> Manifest {
    let workload = &planned.binding().workload;
    let names = Names::single();
    let settings = Sidecar { delivery: Delivery::Endpoint, ..Allows::Native.fit(&planned.binding().sidecar) };
    // The AWS CLI finds the endpoint only with a trailing slash, and keeps a cache in its home directory.
    // <https://github.com/aws/aws-cli/issues/9281>
    let address = environment::address(planned, &settings, Serving::Itself(&[]), true);
    let mut variables = environment::variables(planned, settings.delivery, address);
    variables.push(("HOME", "/tmp".to_owned()));
    let variable =
        |(name, value): (&str, String)| EnvVar { name: name.to_owned(), value: Some(value), value_from: None };
    let quantities = |amounts: &[(&str, &str)]| {
        let amounts = amounts.iter().map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())));
        Some(amounts.collect::<BTreeMap<_, _>>())
    };
    let cli = Container {
        name: "app".to_owned(),
        image: Some(IMAGE.to_owned()),
        args: Some(["sts", "get-caller-identity"].map(str::to_owned).to_vec()),
        env: Some(variables.into_iter().map(variable).collect()),
        resources: Some(ResourceRequirements {
            requests: quantities(&[("cpu", "50m"), ("memory", "128Mi")]),
            limits: quantities(&[("memory", "256Mi")]),
            ..ResourceRequirements::default()
        }),
        security_context: Some(restricted(settings.fixed_user.then_some(USER))),
        ..Container::default()
    };
    let spec = PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![cli],
        init_containers: Some(vec![container::sidecar(planned, &settings, &names, None, &[])]),
        restart_policy: Some("Never".to_owned()),
        volumes: Some(vec![volumes::certificate(planned, &names)]),
        ..PodSpec::default()
    };
    let name = format!("{}-{}", name::of_sample(workload), hash(planned, &spec));
    let mut metadata = metadata(&name, planned.namespace.as_ref(), (GENERATED_FOR, workload));
    metadata.labels.get_or_insert_default().insert(SAMPLE.to_owned(), workload.clone());
    Manifest { value: ordered(value(&Pod { metadata, spec: Some(spec), ..Pod::default() })) }
}

/// Of the Pod and of who it is, which stands in a ConfigMap.
fn hash(planned: &PlannedWorkload<'_>, spec: &PodSpec) -> String {
    let identity = planned.identity();
    let all = format!("{} {} {} {}", value(spec), identity.trust_anchor, identity.profile, identity.role);
    sha256_hex(all).chars().take(8).collect()
}
