//! Renders the emitted objects and the additions to a pod template, as values. Start with [`objects`] and
//! [`pod_change`].

// Shared by the others.
mod cel;
mod layout;
mod names;
mod order;
mod spelling;
// Parts of a pod.
mod command;
mod container;
mod csi;
mod environment;
mod pod;
mod serving;
mod volumes;
// Objects.
mod admission_policy;
mod approver_policy;
mod ca_secret;
mod certificate;
mod certificate_rules;
mod config_map;
mod custom_resource;
mod list;
mod object;
mod sample;

pub use approver_policy::POLICY;
pub use certificate::CERTIFICATE;
pub use config_map::stamp;
pub use csi::DRIVER as CSI_DRIVER;
pub use environment::ENVIRONMENT;
pub use list::{ca, idents, is_emitted, objects};
pub use names::{
    CONFIG_HASH, GENERATED_FOR, Keepers, NAMESPACE, SAMPLE, SCOPE, STAMP, WORKLOAD, is_sidecar, is_volume,
};
pub use object::Manifest;
pub use pod::{PodChange, keepers, pod_change};
pub use sample::sample;
pub use serving::{Further, Serving};
