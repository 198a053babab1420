//! The table of workload kinds. A new kind needs one row.

use super::place::{CONTAINERS, PodPlace, example, expand};
use crate::config::{Sidecar, SidecarStyle, Startup};
use crate::krm::group_of;
use crate::yaml::{FieldPath, NodeRef};

/// A kind of workload: its API group and name, and where its pods are described.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    pods: Pods,
    sidecar: Allows,
}

/// Where objects of a kind describe their pods. For patterns, see [`expand`].
#[derive(Debug, PartialEq, Eq)]
enum Pods {
    /// The object is a pod.
    Object,
    /// Pod templates, wherever one of the patterns matches.
    Some(&'static [&'static str]),
    /// A pod template for all pods, and others that are merged into it.
    Layered(&'static str, &'static [&'static str]),
    /// Pod templates for different pods: all of them are required.
    Each(&'static [&'static str]),
    /// The object's own `spec` has the fields of a pod's `spec`. The value is its field with the pods' metadata.
    Spec(&'static str),
    /// Those templates of Argo Workflows that create pods.
    Steps(&'static str),
}

/// Which sidecars a kind can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allows {
    /// Any. The pods start their containers in the order of the pod template.
    Any,
    /// Any, and others decide on the order: an operator merges the containers with its own, or takes the first one for the
    /// main one.
    Unordered,
    /// A native one: pods that complete would wait for a plain container forever.
    /// <https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/>
    Native,
    /// A plain container without a probe or a hook: Knative rejects init containers and `lifecycle`, drops `restartPolicy`
    /// and allows probes only on the serving container, unless its operator enabled features.
    /// <https://github.com/knative/serving/blob/main/pkg/apis/serving/fieldmask.go>
    /// <https://github.com/knative/serving/blob/main/pkg/apis/config/features.go>
    Plain,
    /// None: the reason, and the help.
    Nothing(&'static str, &'static str),
}

const fn row(group: &'static str, kind: &'static str, pods: Pods, sidecar: Allows) -> WorkloadKind {
    WorkloadKind { group, kind, pods, sidecar }
}

/// Strimzi's pod templates have no containers: it sets those of its pods itself.
/// <https://github.com/strimzi/strimzi-kafka-operator/blob/main/api/src/main/java/io/strimzi/api/kafka/model/common/template/PodTemplate.java>
const STRIMZI: Allows = Allows::Nothing(
    "Strimzi sets the containers of its pods itself and accepts no others",
    "remove the workload from the declaration",
);

/// Flink's operator merges the lists of two pod templates by position, unless configured otherwise.
/// <https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-main/docs/custom-resource/pod-template/>
const BY_POSITION: Allows = Allows::Nothing(
    "the lists of its pod templates are merged by position, which would merge the sidecar with another container",
    "set `kubernetes.operator.pod-template.merge-arrays-by-name: \"true\"` in its `flinkConfiguration`, or write one pod template for both, or one for each",
);

const fn strimzi(kind: &'static str) -> WorkloadKind {
    row("kafka.strimzi.io", kind, TEMPLATE, STRIMZI)
}

const TEMPLATE: Pods = Pods::Some(&["spec.template"]);

/// The fields of an Argo template that have containers.
/// <https://github.com/argoproj/argo-workflows/blob/main/pkg/apis/workflow/v1alpha1/workflow_types.go>
const STEP: &[&str] = &["initContainers", "container", "script", "containerSet.containers", "sidecars"];

const ELSEWHERE: &str = "none of its templates creates pods: declare the workflow template that it calls";

const MERGED: &str = "list the containers that need credentials there, by the names that the operator gives them: it merges them with its own";

/// Every kind that iamra can patch without `podTemplatePath`, and those that it cannot patch at all.
///
/// From <https://github.com/kubernetes/api>, <https://github.com/argoproj/argo-rollouts>,
/// <https://github.com/knative/serving>, <https://github.com/openkruise/kruise-api>, and the links at the rows.
pub const KINDS: &[WorkloadKind] = &[
    row("apps", "Deployment", TEMPLATE, Allows::Any),
    row("apps", "StatefulSet", TEMPLATE, Allows::Any),
    row("apps", "DaemonSet", TEMPLATE, Allows::Any),
    row("apps", "ReplicaSet", TEMPLATE, Allows::Any),
    row("", "ReplicationController", TEMPLATE, Allows::Any),
    row("batch", "Job", TEMPLATE, Allows::Native),
    row("batch", "CronJob", Pods::Some(&["spec.jobTemplate.spec.template"]), Allows::Native),
    row("", "Pod", Pods::Object, Allows::Any),
    row("", "PodTemplate", Pods::Some(&["template"]), Allows::Any),
    row("argoproj.io", "Rollout", TEMPLATE, Allows::Any),
    row("serving.knative.dev", "Service", TEMPLATE, Allows::Plain),
    row("serving.knative.dev", "Configuration", TEMPLATE, Allows::Plain),
    row("apps.kruise.io", "CloneSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "StatefulSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "DaemonSet", TEMPLATE, Allows::Any),
    row("apps.kruise.io", "BroadcastJob", TEMPLATE, Allows::Native),
    row(
        "apps.kruise.io",
        "AdvancedCronJob",
        Pods::Some(&["spec.template.jobTemplate.spec.template", "spec.template.broadcastJobTemplate.spec.template"]),
        Allows::Native,
    ),
    // Containers and init containers are merged by name with those of the operator, and may set `restartPolicy`.
    // <https://github.com/prometheus-operator/prometheus-operator/tree/main/example/prometheus-operator-crd>
    row("monitoring.coreos.com", "Prometheus", Pods::Spec("podMetadata"), Allows::Unordered),
    row("monitoring.coreos.com", "PrometheusAgent", Pods::Spec("podMetadata"), Allows::Unordered),
    row("monitoring.coreos.com", "Alertmanager", Pods::Spec("podMetadata"), Allows::Unordered),
    row("monitoring.coreos.com", "ThanosRuler", Pods::Spec("podMetadata"), Allows::Unordered),
    // Unknown fields are kept, and fields of an init container take precedence over those that it inherits.
    // <https://github.com/elastic/cloud-on-k8s/blob/main/pkg/controller/common/defaults/pod_template.go>
    row(
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        Pods::Each(&["spec.nodeSets[].podTemplate"]),
        Allows::Unordered,
    ),
    // The first container is Ray's.
    // <https://github.com/ray-project/kuberay/tree/master/ray-operator/config/crd/bases>
    row(
        "ray.io",
        "RayCluster",
        Pods::Each(&["spec.headGroupSpec.template", "spec.workerGroupSpecs[].template"]),
        Allows::Unordered,
    ),
    row(
        "ray.io",
        "RayJob",
        Pods::Each(&["spec.rayClusterSpec.headGroupSpec.template", "spec.rayClusterSpec.workerGroupSpecs[].template"]),
        Allows::Unordered,
    ),
    row(
        "ray.io",
        "RayService",
        Pods::Each(&[
            "spec.rayClusterConfig.headGroupSpec.template",
            "spec.rayClusterConfig.workerGroupSpecs[].template",
        ]),
        Allows::Unordered,
    ),
    // The controller adds a template's init containers unchanged, and does not wait for them at the end.
    // <https://github.com/argoproj/argo-workflows/blob/main/workflow/controller/workflowpod.go>
    row("argoproj.io", "Workflow", Pods::Steps("spec.templates[]"), Allows::Native),
    row("argoproj.io", "WorkflowTemplate", Pods::Steps("spec.templates[]"), Allows::Native),
    row("argoproj.io", "ClusterWorkflowTemplate", Pods::Steps("spec.templates[]"), Allows::Native),
    row("argoproj.io", "CronWorkflow", Pods::Steps("spec.workflowSpec.templates[]"), Allows::Native),
    // Templates have no schema, and Spark adds to their content.
    // <https://github.com/kubeflow/spark-operator/tree/master/config/crd/bases>
    row(
        "sparkoperator.k8s.io",
        "SparkApplication",
        Pods::Each(&["spec.driver.template", "spec.executor.template"]),
        Allows::Native,
    ),
    row(
        "sparkoperator.k8s.io",
        "ScheduledSparkApplication",
        Pods::Each(&["spec.template.driver.template", "spec.template.executor.template"]),
        Allows::Native,
    ),
    // `restartPolicy` of a container is supported since v1.8; earlier versions drop it.
    // <https://github.com/kubeflow/trainer/tree/release-1.9/manifests/base/crds>
    row("kubeflow.org", "PyTorchJob", Pods::Each(&["spec.pytorchReplicaSpecs.*.template"]), Allows::Native),
    row("kubeflow.org", "TFJob", Pods::Each(&["spec.tfReplicaSpecs.*.template"]), Allows::Native),
    row("kubeflow.org", "MPIJob", Pods::Each(&["spec.mpiReplicaSpecs.*.template"]), Allows::Native),
    row("kubeflow.org", "XGBoostJob", Pods::Each(&["spec.xgbReplicaSpecs.*.template"]), Allows::Native),
    // <https://github.com/apache/flink-kubernetes-operator/tree/main/helm/flink-kubernetes-operator/crds>
    row(
        "flink.apache.org",
        "FlinkDeployment",
        Pods::Layered("spec.podTemplate", &["spec.jobManager.podTemplate", "spec.taskManager.podTemplate"]),
        Allows::Unordered,
    ),
    // <https://github.com/kubernetes-sigs/jobset/tree/main/config/components/crd/bases>
    row("jobset.x-k8s.io", "JobSet", Pods::Each(&["spec.replicatedJobs[].template.spec.template"]), Allows::Native),
    strimzi("Kafka"),
    strimzi("KafkaNodePool"),
    strimzi("KafkaConnect"),
    strimzi("KafkaBridge"),
    strimzi("KafkaMirrorMaker2"),
];

impl WorkloadKind {
    /// The row of a kind, if there is one.
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        let group = group_of(api_version);
        KINDS.iter().find(|row| row.kind == kind && row.group == group)
    }

    /// Where an object of this kind describes its pods; if it describes none, where it would describe one.
    pub fn places(&self, object: NodeRef<'_>) -> Vec<PodPlace> {
        let is_there = |path: &FieldPath| object.at(path).is_some();
        let all = |patterns: &[&str]| patterns.iter().flat_map(|it| expand(object, it)).collect::<Vec<_>>();
        let (found, patterns): (Vec<FieldPath>, &[&str]) = match self.pods {
            Pods::Object => return vec![PodPlace::template(FieldPath::root())],
            Pods::Spec(metadata) => {
                let at = FieldPath::keys("spec");
                return vec![PodPlace::fields(at, metadata, CONTAINERS, MERGED)];
            }
            Pods::Steps(pattern) => {
                let steps = expand(object, pattern).into_iter();
                let steps = steps.map(|at| PodPlace::fields(at, "metadata", STEP, ELSEWHERE));
                let makes_pods = |place: &PodPlace| place.running().any(|at| object.at(&at).is_some());
                let found: Vec<_> = steps.filter(makes_pods).collect();
                let none = || vec![PodPlace::fields(example(pattern), "metadata", STEP, ELSEWHERE)];
                return if found.is_empty() { none() } else { found };
            }
            Pods::Layered(common, own) => {
                let has_containers = |at: &FieldPath| is_there(&at.join(&FieldPath::keys("spec.containers")));
                let (common, own) = (FieldPath::keys(common), all(own));
                let found = match (is_there(&common), own.iter().any(is_there)) {
                    (false, true) => own,
                    (true, true) if !has_containers(&common) && own.iter().all(has_containers) => own,
                    _ => std::iter::once(common).chain(own.into_iter().filter(has_containers)).collect(),
                };
                (found, &[])
            }
            Pods::Some(patterns) => (all(patterns).into_iter().filter(is_there).collect(), patterns),
            Pods::Each(patterns) => (all(patterns), patterns),
        };
        let none = patterns.iter().take(usize::from(found.is_empty())).map(|pattern| example(pattern));
        let none: Vec<_> = none.collect();
        found.into_iter().chain(none).map(PodPlace::template).collect()
    }

    /// Whether its objects can have sidecars.
    pub fn is_possible(&self) -> bool {
        !matches!(self.sidecar, Allows::Nothing(..))
    }

    /// The sidecars that an object of this kind can have.
    pub fn allows(&self, object: NodeRef<'_>) -> Allows {
        let Pods::Layered(common, own) = self.pods else { return self.sidecar };
        let is_there = |at: &str| object.at(&FieldPath::keys(at)).is_some();
        let by_name =
            FieldPath::keys("spec.flinkConfiguration").key("kubernetes.operator.pod-template.merge-arrays-by-name");
        let is_by_name = object.at(&by_name).and_then(NodeRef::text) == Some("true");
        if is_there(common) && own.iter().any(|at| is_there(at)) && !is_by_name { BY_POSITION } else { self.sidecar }
    }
}

impl Allows {
    /// The declared settings, adapted to what the kind supports.
    pub fn fit(self, declared: &Sidecar) -> Sidecar {
        let declared = declared.clone();
        match self {
            Self::Unordered if declared.style == SidecarStyle::Container => {
                Sidecar { startup: Startup::None, ..declared }
            }
            Self::Any | Self::Unordered | Self::Nothing(..) => declared,
            Self::Native => Sidecar { style: SidecarStyle::Native, ..declared },
            Self::Plain => Sidecar { style: SidecarStyle::Container, startup: Startup::None, ..declared },
        }
    }
}
