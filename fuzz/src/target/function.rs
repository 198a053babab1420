//! The function: its answer is a list with all items, a second run changes nothing, and `strip` gives back the input.

use iamra::config::Mode;
use iamra::diag::Report;
use iamra::krm::{Changes, ResourceList, is_generator_call};
use iamra::pipeline::{self, Request};
use iamra::{output, splice, workload};

use crate::fixture::Everything;
use crate::oracle;

pub fn run(text: &str) {
    let Some(once) = answered(text) else { return };
    let list = ResourceList::read(text).expect("it was answered");
    let after = ResourceList::read(&once).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{once:?}: {error}"));
    assert!(after.items.len() >= list.items.len() || is_generator_call(&list), "{text:?}\nloses items\n{once:?}");
    let stripped = |text: &str| {
        let list = ResourceList::read(text).expect("it was read before");
        let mut report = Report::default();
        let changes = splice::strip(&list.items, &mut report);
        oracle::check_words(&report);
        (!report.has_errors()).then(|| written(&list, &changes))
    };
    let Some(before) = stripped(text) else { return };
    let again = answered(&once).unwrap_or_else(|| panic!("{text:?}\nbecame\n{once:?}\nwhich is refused"));
    assert_eq!(again, once, "a second run of\n{text:?}");
    let back = stripped(&once).unwrap_or_else(|| panic!("{text:?}\nbecame\n{once:?}\nwhich cannot be stripped"));
    assert!(back == before || list.items.is_empty(), "{text:?}\nbecame\n{once:?}\nand is stripped\n{back:?}");
    let read = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).ok();
    if let (Some(was), true) = (read(text), before == text) {
        let is = read(&once).unwrap_or_else(|| panic!("cannot be read any more: {text:?}\nbecame\n{once:?}"));
        assert!(oracle::only_added(&was, &is), "{text:?}\nbecame\n{once:?}");
    }
}

/// What the function answers, without results; `None` when it reports an error, and so returns what it was given.
fn answered(text: &str) -> Option<String> {
    let list = ResourceList::read(text).ok()?;
    let object = list.function_config.as_ref()?.parse().ok()?;
    if iamra::config::is_config_map(object.root())
        && object.root().get("data").is_some_and(|data| data.get("workload").is_none())
    {
        return None;
    }
    let generator = is_generator_call(&list);
    let mut report = Report::default();
    let items = if generator { &[] } else { list.items.as_slice() };
    let opted_in = workload::opted_in(items, &mut report);
    let mode = generator.then_some(Mode::Generate);
    let request =
        Request { generator, keeps_items: true, items: Some(items), opted_in: &opted_in, mode, ..Request::default() };
    let resolved = pipeline::resolve(object.root(), request, &Everything, &mut report);
    let changes =
        resolved.filter(|_| !report.has_errors()).map(|resolved| pipeline::run(&resolved, items, request, &mut report));
    oracle::check_words(&report);
    // As the program ends in this case: with the items that came, and what is wrong.
    if report.has_errors() {
        let changes = Changes { results: output::results(&report, output::Sources::default()), ..Changes::default() };
        let out = written(&list, &changes);
        let after = ResourceList::read(&out).unwrap_or_else(|error| panic!("{text:?}\nbecame\n{out:?}: {error}"));
        assert_eq!(after.items.len(), list.items.len(), "{text:?}\nbecame\n{out:?}");
        return None;
    }
    changes.filter(|_| !generator).map(|changes| written(&list, &changes))
}

fn written(list: &ResourceList<'_>, changes: &Changes) -> String {
    let mut out = Vec::new();
    changes.write(list, &mut out).unwrap_or_else(|error| panic!("{:?}: {error}", list.text()));
    String::from_utf8(out).expect("text stays text")
}
