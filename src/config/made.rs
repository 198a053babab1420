//! Whether what is made for a workload can be called after it: names that are made of its name are longer.

use super::Binding;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::name::{self, MOST_IN_LABEL, MOST_IN_NAME};

/// What follows the name of a sample: a dash and a hash.
const HASH: &str = "-01234567";

impl Binding {
    /// Says which of its objects would have too long a name.
    pub fn check_names(&self, report: &mut Report) {
        let of_objects = [
            (self.certificate.has_secret(), "Certificate and its Secret", name::of_certificate("")),
            (true, "ConfigMap", name::of_config_map("")),
            (self.sample, "sample Pod", format!("{}{HASH}", name::of_sample(""))),
        ];
        let length = self.workload.len();
        let made = of_objects.into_iter().filter(|(is_made, ..)| *is_made);
        let names =
            made.map(|(_, what, added)| (format!("the name of its {what}"), length + added.len(), MOST_IN_NAME));
        let label = self.sample.then(|| ("the label of its sample Pod".to_owned(), length, MOST_IN_LABEL));
        for (what, length, most) in names.chain(label).filter(|(_, length, most)| length > most) {
            let message = format!("{what} would have {length} characters; Kubernetes takes at most {most}");
            report.push(
                Diagnostic::error(Code::InvalidValue, message)
                    .at(Place::Config(self.place.clone()))
                    .help("give the workload a shorter key, and name the object under `target`"),
            );
        }
    }
}
