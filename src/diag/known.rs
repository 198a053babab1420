//! "did you mean …?", at a cost that does not depend on the number of names.

use std::collections::HashSet;

use crate::quote::{quote, quote_all};

/// Up to this many names, a wrong name is compared with all of them.
const FEW: usize = 64;

/// With more names, this many are compared on each side of the wrong name's position in the sorted list.
const AROUND: usize = 16;

/// How many names are listed at most.
const LISTED: usize = 20;

/// The valid names, to suggest one.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// In the order in which they were given.
    all: Vec<&'a str>,
    /// Sorted by their letters from the start and from the end, since a typo leaves one end of a name intact. Only if
    /// there are many names.
    sorted: [Vec<&'a str>; 2],
}

impl<'a> Known<'a> {
    /// These names.
    pub fn of(names: impl IntoIterator<Item = &'a str>) -> Self {
        // In their order, but each once: clusters have roles of the same name.
        let mut said = HashSet::new();
        let all: Vec<_> = names.into_iter().filter(|name| said.insert(*name)).collect();
        let mut sorted = [Vec::new(), Vec::new()];
        if all.len() > FEW {
            let [forwards, backwards] = &mut sorted;
            forwards.clone_from(&all);
            forwards.sort_unstable();
            backwards.clone_from(&all);
            backwards.sort_unstable_by(|one, other| one.bytes().rev().cmp(other.bytes().rev()));
        }
        Self { all, sorted }
    }

    /// The one nearest to `name` that is not the same, if it is close enough to be a typo.
    pub fn nearest(&self, name: &str) -> Option<&'a str> {
        let [forwards, backwards] = &self.sorted;
        let before = forwards.partition_point(|it| **it < *name);
        let ending_before = backwards.partition_point(|it| it.bytes().rev().lt(name.bytes().rev()));
        let candidates = if self.all.len() > FEW {
            [around(forwards, before), around(backwards, ending_before)]
        } else {
            [self.all.as_slice(), &[]]
        };
        let wanted = name.to_lowercase();
        candidates
            .concat()
            .into_iter()
            .filter(|candidate| *candidate != name)
            .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
            .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
            .min()
            .map(|(_, candidate)| candidate)
    }

    /// All of them, when they are few enough to be listed.
    pub fn all(&self) -> Option<&[&'a str]> {
        Some(self.all.as_slice()).filter(|all| all.len() <= LISTED)
    }

    /// `did you mean …?`, or the list of what is known.
    pub fn help(&self, name: &str) -> String {
        if let Some(nearest) = self.nearest(name) {
            return format!("did you mean {}?", quote(&nearest));
        }
        let listed = quote_all(self.all.iter().take(LISTED));
        match self.all.len() {
            0 => "none are declared".to_owned(),
            1 => format!("expected {listed}"),
            count if count > LISTED => format!("expected one of {listed} and {} more", count - LISTED),
            _ => format!("expected one of {listed}"),
        }
    }
}

fn around<'k, 'a>(sorted: &'k [&'a str], at: usize) -> &'k [&'a str] {
    sorted.get(at.saturating_sub(AROUND)..sorted.len().min(at + AROUND)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_among_few_and_among_many() {
        for count in [3, 20, FEW, 10_000] {
            let names: Vec<_> = (0..count).map(|n| format!("role-{n:05}-{}", n * 7919 % 10_007)).collect();
            let names: Vec<_> = names.iter().map(String::as_str).chain(["payments", "Readonly"]).collect();
            let known = Known::of(names.iter().copied());
            for (wrong, right) in [
                ("paymnets", "payments"),
                ("xpayments", "payments"),
                ("paymentsx", "payments"),
                ("readonyl", "Readonly"),
            ] {
                assert_eq!(known.nearest(wrong), Some(right), "{wrong} among {count}");
                assert_eq!(known.help(wrong), format!("did you mean `{right}`?"));
            }
            assert_eq!(known.nearest("quite-another"), None);
            let listed = known.help("quite-another");
            assert!(listed.starts_with("expected one of `role-00000-0`, "), "{listed}");
            assert_eq!(listed.matches('`').count(), 2 * names.len().min(LISTED), "{listed}");
            assert_eq!(listed.contains(" more"), names.len() > LISTED, "{listed}");
        }
        assert_eq!(Known::of([]).help("a"), "none are declared");
    }
}
