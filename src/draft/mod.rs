//! Edits of a declaration: the text goes in; the changed text and messages come out. Comments, order and formatting are
//! preserved.

mod edit;
mod leftover;
pub mod offboard;
pub mod onboard;
mod pin;
pub mod rotate;
pub mod secrets;
mod section;
pub mod setup;
pub mod teardown;

pub use edit::{Change, Refused};

use crate::config::{self, Config, Whole};
use crate::diag::{Code, Report};

/// The text of a new, empty declaration.
pub const SKELETON: &str = "\
# Maps workloads to AWS identities. `iamra schema` prints every field.
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata:
  name: iamra
  annotations:
    config.kubernetes.io/local-config: \"true\" # not an object of the cluster
spec:
  parameterPrefix: /iam-ra/default # where the ARNs are, in SSM Parameter Store
  scopes:
    default:
      issuer:
        clusterCa: {secret: {inCluster: {}}} # cert-manager makes the CA; `iamra ca show` prints it for the trust anchor
        mintPolicy: admissionPolicy # the API server refuses certificates that are not declared here
";

/// The declaration for each cluster; `None` when it is invalid for one of them.
pub fn read(declaration: Whole<'_>, report: &mut Report) -> Option<Vec<Config>> {
    let mut found = Report::default();
    let configs = config::load_all(declaration, &config::clusters(declaration), &[], &mut found);
    // For these commands, a cluster without workloads is normal at the start and at the end.
    report.append(found.without(Code::NothingToDo));
    configs
}
