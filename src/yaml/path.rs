//! Names of places in a document.

use std::fmt;

/// One step from a collection to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The value under this key of a mapping.
    Key(String),
    /// The entry at this position of a sequence, counted from 0.
    Index(usize),
    /// The first entry of a sequence whose `name` is this.
    Named(String),
}

/// A route from the root of an object to a value: `spec.template.spec.containers[name=app].image`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    /// The document it is in, when several are read as one.
    document: usize,
    steps: Vec<Step>,
}

impl FieldPath {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A path of mapping keys, written with dots: `FieldPath::keys("spec.template.spec")`.
    ///
    /// ```
    /// use iamra::yaml::FieldPath;
    /// assert_eq!(FieldPath::keys("spec.template").key("spec").to_string(), "spec.template.spec");
    /// ```
    pub fn keys(dotted: &str) -> Self {
        let steps = dotted.split('.').map(|key| Step::Key(key.to_owned())).collect();
        Self { document: 0, steps }
    }

    /// Parses a path as it is printed; `.` is the root.
    ///
    /// ```
    /// use iamra::yaml::FieldPath;
    /// let path = FieldPath::parse("spec.pools[name=blue].template").expect("it is one");
    /// assert_eq!(path, FieldPath::keys("spec.pools").named("blue").key("template"));
    /// assert_eq!(FieldPath::parse("spec..template"), None);
    /// ```
    pub fn parse(written: &str) -> Option<Self> {
        let mut path = Self::root();
        let mut rest = written;
        if rest == "." {
            return Some(path);
        }
        loop {
            if let Some(bracket) = rest.strip_prefix('[') {
                let (inner, after) = bracket.split_once(']')?;
                let step = match (inner.parse().ok(), inner.strip_prefix("name=")) {
                    (Some(index), _) => Step::Index(index),
                    (None, Some(name)) => Step::Named(name.to_owned()),
                    (None, None) => Step::Key(inner.to_owned()),
                };
                path = path.step(step).filled()?;
                rest = after;
            } else {
                let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
                let (key, after) = rest.split_at_checked(end)?;
                path = path.key(key).filled()?;
                rest = after;
            }
            if rest.is_empty() {
                return Some(path);
            }
            rest = if rest.starts_with('[') { rest } else { rest.strip_prefix('.')? };
        }
    }

    /// The path as it is written in a declaration: as it is printed, and `.` for the root.
    pub fn notation(&self) -> String {
        if self.steps.is_empty() { ".".to_owned() } else { self.to_string() }
    }

    /// The path, unless its last step is empty.
    fn filled(self) -> Option<Self> {
        let is_empty = matches!(self.steps.last(), Some(Step::Key(name) | Step::Named(name)) if name.is_empty());
        (!is_empty).then_some(self)
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// This path and one position more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// This path and one named entry more.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        self.step(Step::Named(name.into()))
    }

    /// This path and one step more.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.steps.len() + 1);
        steps.extend_from_slice(&self.steps);
        steps.push(step);
        self.with(steps)
    }

    /// This path, then all of `rest`.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        self.then(&rest.steps)
    }

    /// This path, then these steps.
    #[must_use]
    pub fn then(&self, steps: &[Step]) -> Self {
        self.with([self.steps.as_slice(), steps].concat())
    }

    /// The path relative to `start`, or the path itself if it does not begin with `start`.
    #[must_use]
    pub fn behind(&self, start: &Self) -> Self {
        self.steps.strip_prefix(start.steps.as_slice()).map_or_else(|| self.clone(), |rest| self.with(rest.to_vec()))
    }

    /// The path of the collection that holds the value, and the last step; `None` at the root.
    pub fn split_last(&self) -> Option<(Self, &Step)> {
        let (last, parents) = self.steps.split_last()?;
        Some((self.with(parents.to_vec()), last))
    }

    /// The steps from the root on.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Which document it is in, when several are read as one; the first is 0.
    pub fn document(&self) -> usize {
        self.document
    }

    /// The same path in another one of these documents.
    #[must_use]
    pub fn in_document(self, document: usize) -> Self {
        Self { document, ..self }
    }

    fn with(&self, steps: Vec<Step>) -> Self {
        Self { document: self.document, steps }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                // Keys such as `iamra.dev/role` would read as two steps.
                Step::Key(key) if key.contains(['.', '[', ']']) => write!(f, "[{key}]")?,
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Named(name) => write!(f, "[name={name}]")?,
            }
        }
        Ok(())
    }
}
