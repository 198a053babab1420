//! Service meshes whose proxy starts after the init containers, one of which is the sidecar, which needs the network.

use super::pod::Pod;
use super::source::Sources;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::render::PodChange;
use crate::yaml::{FieldPath, NodeRef};

/// A mesh: what enables or disables it, and what lets the sidecar reach AWS before its proxy runs.
struct Mesh {
    name: &'static str,
    /// On the pod template, as label or annotation; the first one that is present decides.
    on_pod: &'static [&'static str],
    /// On the Namespace.
    on_namespace: &'static [&'static str],
    /// Annotations of the pod template that exclude AWS or make the proxy a native sidecar.
    exceptions: &'static [&'static str],
    help: &'static str,
}

// <https://istio.io/latest/docs/reference/config/annotations/>
// <https://istio.io/latest/docs/reference/config/labels/>
// <https://linkerd.io/2-edge/reference/proxy-configuration/>
const MESHES: &[Mesh] = &[
    Mesh {
        name: "Istio",
        on_pod: &["sidecar.istio.io/inject", "istio.io/rev"],
        on_namespace: &["istio-injection", "istio.io/rev"],
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
        exceptions: &[
            "config.linkerd.io/proxy-enable-native-sidecar",
            "config.alpha.linkerd.io/proxy-enable-native-sidecar",
            "config.linkerd.io/skip-outbound-ports",
        ],
        help: "annotate the pod template `config.linkerd.io/proxy-enable-native-sidecar: \"true\"`, or use \
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
    if !change.waits_for_aws {
        return;
    }
    for mesh in MESHES.iter().filter(|mesh| mesh.is_on(pod, sources) && !mesh.is_excepted(pod)) {
        let message = format!(
            "{}'s proxy starts after the init containers, and the sidecar, which is one of them, waits for AWS, \
             which only the proxy can reach",
            mesh.name
        );
        report.push(
            Diagnostic::warning(Code::MeshOrder, message)
                .at(Place::Item(target.clone(), pod.place.metadata.clone()))
                .help(mesh.help),
        );
    }
}

impl Mesh {
    fn is_on(&self, pod: Pod<'_>, sources: &Sources<'_, '_>) -> bool {
        let said = self.on_pod.iter().find_map(|name| {
            ["labels", "annotations"].iter().find_map(|field| text(pod, &pod.place.metadata.key(*field).key(*name)))
        });
        said.map_or_else(|| self.is_on_in_namespace(pod, sources), means_on)
    }

    fn is_on_in_namespace(&self, pod: Pod<'_>, sources: &Sources<'_, '_>) -> bool {
        let Some(name) = pod.namespace() else { return false };
        sources.find("Namespace", name, pod).into_iter().any(|namespace| {
            let value = |name: &&str| namespace.values.get(*name)?.as_deref();
            self.on_namespace.iter().find_map(value).is_some_and(means_on)
        })
    }

    fn is_excepted(&self, pod: Pod<'_>) -> bool {
        let said = |name: &&str| text(pod, &pod.place.annotations().key(*name));
        self.exceptions.iter().filter_map(said).any(means_on)
    }
}

fn text<'d>(pod: Pod<'d>, at: &FieldPath) -> Option<&'d str> {
    pod.node(at).and_then(NodeRef::text)
}

fn means_on(value: &str) -> bool {
    !["false", "disabled", ""].contains(&value)
}
