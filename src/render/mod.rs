//! How it is written: the objects we add and what we put into a pod template, as values.

mod csi;
mod delivery;
mod object;
mod order;
mod pod;
mod sample;
mod sidecar;

pub use object::{Generated, MANAGED_BY, MANAGER, SCOPE, STAMP, WORKLOAD, config_map_name, objects, stamp};
pub use pod::{CONFIG_HASH, ENVIRONMENT, PodChange, is_sidecar, is_volume, pod_change};
pub use sample::{sample, sample_name};
