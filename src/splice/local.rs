//! Declarations among the objects: they are for iamra, and no cluster knows their kind. `kustomize create --autodetect`
//! lists one like any other resource.

use crate::config::{API_VERSION, KIND};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, annotation, group_of};
use crate::quote::quote;
use crate::yaml::FieldPath;

const UNMARKED: &str = "remove it from `resources:`, or annotate it with `config.kubernetes.io/local-config: \"true\"`, so \
                        that kustomize leaves it out";
const MARKED: &str =
    "it is marked as local configuration, which belongs in no cluster: leave its file out of the input";

/// What happens to a declaration among the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is removed.
    LeftOut,
    /// It stays, because whoever called deletes the files of what is not returned, or because nothing is written.
    Stays,
}

/// Reports each declaration, and returns the positions of those to leave out. One that stays and is marked as no object
/// of the cluster is where it belongs.
pub fn declarations(items: &[Item<'_>], fate: Fate, report: &mut Report) -> Vec<usize> {
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate().filter(|(_, item)| is_declaration(item)) {
        let Ok(object) = item.parse() else { continue };
        if fate == Fate::Stays && annotation::is_local_config(object.root()) {
            continue;
        }
        found.extend((fate == Fate::LeftOut).then_some(index));
        let Some(ident) = object.ident() else { continue };
        let what = match fate {
            Fate::LeftOut => "it was left out",
            Fate::Stays => "the cluster will reject it",
        };
        let message = format!("the declaration {} is among the objects: {what}", quote(&ident.name));
        let place = Place::Item(ident.resource_ref(), FieldPath::root());
        let help = if annotation::is_local_config(object.root()) { MARKED } else { UNMARKED };
        report.push(Diagnostic::warning(Code::ListedDeclaration, message).at(place).help(help));
    }
    found
}

/// Whether the object is a declaration.
pub fn is_declaration(item: &Item<'_>) -> bool {
    item.ident().is_some_and(|ident| ident.kind == KIND && group_of(&ident.api_version) == group_of(API_VERSION))
}
