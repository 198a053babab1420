//! A role's trust policy, judged: may the holder of this certificate become this role?
//!
//! The answer has three values. What is not understood (an operator, a key, a variable, a principal) makes it
//! [`Verdict::Unknown`], never [`Verdict::Allow`]. Inputs are plain values: it knows neither the declaration nor how a
//! policy is had. Start with [`simulate`].

mod caller;
mod condition;
mod effect;
mod policy;
mod simulate;
mod truth;
mod wildcard;

pub use caller::{Attributes, Caller, CertificateNames, Mapping, SubjectAlternativeNames};
pub use policy::TrustPolicy;
pub use simulate::{Clause, Decision, Openings, Verdict, openings, simulate};
pub use truth::Truth;
