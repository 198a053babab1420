//! Evaluates a role's trust policy: may the holder of this certificate assume the role? The verdict has three values.
//! What is not supported (an operator, a key, a variable, a principal) makes it [`Verdict::Unknown`], never
//! [`Verdict::Allow`]. Inputs are plain values: this room knows neither the declaration nor where a policy comes from.
//! Start with [`simulate`]; [`pinned`] makes the policy that allows certain certificates and no others.

mod caller;
mod condition;
mod effect;
mod pinned;
mod policy;
mod profile;
mod simulate;
mod tag;
mod truth;
mod wildcard;

pub use caller::{Attributes, Caller, CertificateNames, Mapping, SubjectAlternativeNames};
pub use pinned::{Subject, nobody, pinned, unpinnable};
pub use policy::{SERVICE, TrustPolicy};
pub use profile::{Profile, Profiles, TABLES};
pub use simulate::{Clause, Decision, Openings, Verdict, openings, simulate, verdict};
pub use tag::{TagFault, tag_fault};
pub use truth::Truth;
