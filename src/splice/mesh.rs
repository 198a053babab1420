//! Service meshes whose proxy starts after the sidecar, which needs the network.

use std::collections::BTreeMap;

use super::pod::Pod;
use super::source::Sources;
use crate::config::Startup;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::render::PodChange;

/// A mesh: what enables or disables it, and what lets the sidecar reach AWS before its proxy runs.
struct Mesh {
    name: &'static str,
    /// On the pod template, as label or annotation; the first one that is present decides.
    on_pod: &'static [&'static str],
    /// On the Namespace.
    on_namespace: &'static [&'static str],
    /// Whether its proxy comes after the containers of the pod template.
    is_last: bool,
    /// The same places: `false` there leaves the pod's traffic alone.
    redirects: &'static [&'static str],
    /// Annotations of the pod template that exclude AWS or make the proxy a native sidecar.
    exceptions: &'static [&'static str],
    help: &'static str,
}

// <https://istio.io/latest/docs/reference/config/annotations/>
// <https://istio.io/latest/docs/reference/config/labels/>
// <https://linkerd.io/2-edge/reference/proxy-configuration/>
// <https://kuma.io/docs/latest/reference/kubernetes-annotations/>
// <https://developer.hashicorp.com/consul/docs/k8s/annotations-and-labels>
const MESHES: &[Mesh] = &[
    Mesh {
        name: "Istio",
        on_pod: &["sidecar.istio.io/inject", "istio.io/rev"],
        on_namespace: &["istio-injection", "istio.io/rev"],
        is_last: true,
        redirects: &[],
        exceptions: &[
            "sidecar.istio.io/nativeSidecar",
            "traffic.sidecar.istio.io/excludeOutboundPorts",
            "traffic.sidecar.istio.io/excludeOutboundIPRanges",
        ],
        help: "annotate the pod template `sidecar.istio.io/nativeSidecar: \"true\"`, or use `sidecar.startup: none`",
    },
    Mesh {
        name: "Linkerd",
        on_pod: &["linkerd.io/inject"],
        on_namespace: &["linkerd.io/inject"],
        is_last: false,
        redirects: &[],
        exceptions: &[
            "config.linkerd.io/proxy-enable-native-sidecar",
            "config.alpha.linkerd.io/proxy-enable-native-sidecar",
            "config.linkerd.io/skip-outbound-ports",
        ],
        help: "annotate the pod template `config.linkerd.io/proxy-enable-native-sidecar: \"true\"`, or use \
               `sidecar.startup: none`",
    },
    Mesh {
        name: "Kuma",
        on_pod: &["kuma.io/sidecar-injection"],
        on_namespace: &["kuma.io/sidecar-injection"],
        is_last: false,
        redirects: &[],
        exceptions: &[
            "traffic.kuma.io/exclude-outbound-ports",
            "traffic.kuma.io/exclude-outbound-ports-for-uids",
            "traffic.kuma.io/exclude-outbound-ips",
        ],
        help: "annotate the pod template `traffic.kuma.io/exclude-outbound-ports: \"443\"`, or use `sidecar.startup: none`",
    },
    Mesh {
        name: "Consul",
        on_pod: &["consul.hashicorp.com/connect-inject"],
        on_namespace: &[],
        is_last: true,
        redirects: &["consul.hashicorp.com/transparent-proxy"],
        exceptions: &[
            "consul.hashicorp.com/transparent-proxy-exclude-outbound-ports",
            "consul.hashicorp.com/transparent-proxy-exclude-outbound-cidrs",
            "consul.hashicorp.com/transparent-proxy-exclude-uids",
        ],
        help: "annotate the pod template `consul.hashicorp.com/transparent-proxy-exclude-outbound-ports: \"443\"`, or use \
               `sidecar.startup: none`",
    },
];

/// Reports when a mesh may block the sidecar forever.
pub(super) fn check(
    pod: Pod<'_>,
    change: &PodChange,
    sources: &Sources<'_, '_>,
    target: &ResourceRef,
    report: &mut Report,
) {
    if change.startup != Startup::Credentials {
        return;
    }
    let is_early = |mesh: &&Mesh| mesh.is_last || !change.is_first();
    let on = MESHES.iter().filter(is_early).filter(|mesh| mesh.is_on(pod, sources) && !mesh.is_excepted(pod));
    for mesh in on {
        let name = mesh.name;
        let message = if change.is_first() {
            format!(
                "{name}'s proxy starts after the sidecar, whose first call to AWS fails: the application starts without \
                 credentials, which come when the sidecar has been started again"
            )
        } else {
            format!(
                "{name}'s proxy starts after the init containers, and the sidecar, which is one of them, waits for AWS: \
                 if the mesh redirects traffic before, it waits forever"
            )
        };
        report.push(
            Diagnostic::warning(Code::MeshOrder, message)
                .at(Place::Item(target.clone(), pod.place.metadata.clone()))
                .help(mesh.help),
        );
    }
}

impl Mesh {
    fn is_on(&self, pod: Pod<'_>, sources: &Sources<'_, '_>) -> bool {
        let redirects = said(pod, sources, self.redirects, self.redirects);
        said(pod, sources, self.on_pod, self.on_namespace).into_iter().any(means_on)
            && (redirects.is_empty() || redirects.into_iter().any(means_on))
    }

    fn is_excepted(&self, pod: Pod<'_>) -> bool {
        let annotations = pod.node(&pod.place.annotations());
        let said = |name: &&str| annotations?.get(name)?.text();
        self.exceptions.iter().filter_map(said).any(means_on)
    }
}

/// What the pod says by the first of these labels or annotations that it has; else what its Namespace says, of which there
/// may be several among the objects.
fn said<'s>(pod: Pod<'s>, sources: &'s Sources<'_, '_>, on_pod: &[&str], on_namespace: &[&str]) -> Vec<&'s str> {
    let metadata = pod.node(&pod.place.metadata);
    let fields = ["labels", "annotations"].map(|field| metadata.and_then(|metadata| metadata.get(field)));
    let own = |name: &&str| fields.into_iter().flatten().find_map(|field| field.get(name)?.text());
    if let Some(own) = on_pod.iter().find_map(own) {
        return vec![own];
    }
    let namespaces = pod.namespace().map(|name| sources.find("Namespace", name, pod)).unwrap_or_default();
    let first = |values: &'s BTreeMap<String, Option<String>>| {
        on_namespace.iter().find_map(|name| values.get(*name)?.as_deref())
    };
    namespaces.into_iter().filter_map(|namespace| first(&namespace.values)).collect()
}

fn means_on(value: &str) -> bool {
    !["false", "disabled", "f", "0", ""].contains(&value.to_ascii_lowercase().as_str())
}
