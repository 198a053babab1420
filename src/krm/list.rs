//! The `ResourceList` that an orchestrator sends.

use super::annotation;
use super::error::{ReadError, utf8};
use super::events;
use super::ident::Ident;
use super::item::Item;
use super::layout::{Layout, Root, Shape};
use super::scan::scan;

/// A `ResourceList`: its items as slices of the text, not parsed.
///
/// ```
/// use iamra::krm::ResourceList;
///
/// let text = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Secret\n";
/// let list = ResourceList::read(text)?;
/// assert_eq!(list.items[0].text(), "- apiVersion: v1\n  kind: Secret\n");
/// # Ok::<(), iamra::krm::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceList<'t> {
    text: &'t str,
    /// The objects, in their order.
    pub items: Vec<Item<'t>>,
    /// The object that configures this run.
    pub function_config: Option<Item<'t>>,
    /// The results of functions that ran before.
    pub results: Option<Item<'t>>,
    pub(super) shape: Shape,
    pub(super) root: Root,
}

impl<'t> ResourceList<'t> {
    /// Reads a text.
    pub fn read(text: &'t str) -> Result<Self, ReadError> {
        let layout = match scan(text) {
            Ok(layout) => layout,
            Err(_) => events::read(text)?,
        };
        Ok(Self::new(text, layout))
    }

    /// Reads bytes, which must be UTF-8.
    pub fn from_utf8(bytes: &'t [u8]) -> Result<Self, ReadError> {
        Self::read(utf8(bytes)?)
    }

    pub(super) fn new(text: &'t str, layout: Layout<'t>) -> Self {
        let dashes = matches!(layout.shape, Shape::Dashes { .. });
        Self {
            text,
            items: layout.entries.into_iter().map(|entry| Item::entry(text, entry, dashes)).collect(),
            function_config: layout.function_config.map(|section| Item::section(text, section, "functionConfig")),
            results: layout.results.map(|section| Item::section(text, section, "results")),
            shape: layout.shape,
            root: layout.root,
        }
    }

    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }
}

/// Whether kustomize calls the function as a generator: its configuration is then the only item, marked as local
/// configuration, and must not be printed again. A kpt package may also have no other item; there, the item has the
/// path of its file.
///
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/plugins/fnplugin/fnplugin.go>
pub fn is_generator_call(list: &ResourceList<'_>) -> bool {
    let ([item], Some(config)) = (list.items.as_slice(), &list.function_config) else { return false };
    let (Ok(item), Ok(config)) = (item.parse(), config.parse()) else { return false };
    let (item, config) = (item.root(), config.root());
    let ident = Ident::of(item);
    let is_file = annotation::file(item).is_some();
    ident.is_some() && ident == Ident::of(config) && annotation::is_local_config(item) && !is_file
}
