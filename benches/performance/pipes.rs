//! Lists through pipes: passed and patched, of all sizes and in all shapes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::chart::Series;
use crate::mix::{Content, Mix, Shape, lock};
use crate::report::{Limit, Report, factor, megabytes};
use crate::run::{Cost, Costs, Side, in_turn, run};
use crate::{Bench, chart};

/// How many objects, and how often each is run in a round.
const SIZES: [(usize, u32); 4] = [(100, 20), (1_000, 5), (10_000, 1), (50_000, 1)];
/// Places in `SIZES`: the one with targets, and the one after it, with five times the objects.
const MIDDLE: usize = 2;
const LARGE: usize = 3;
/// Of a hundred objects, so many are patched.
const PATCHED: [usize; 3] = [0, 2, 30];
/// With more objects, kyaml takes minutes and gigabytes.
const LARGEST_FOR_KYAML: usize = 10_000;
/// Places of the sides.
const CAT: usize = 0;
const PASSED: usize = 1;
const FEW: usize = 2;
const MANY: usize = 3;
const PARSED: usize = 4;
const KYAML: usize = 5;

/// A list on disk.
struct List {
    objects: usize,
    patched: usize,
    path: PathBuf,
    bytes: f64,
}

impl List {
    fn write(bench: &Bench, mix: Mix, shape: Shape, name: &str) -> Self {
        let path = bench.dir().join(format!("{name}.yaml"));
        mix.write(shape, &path).expect("the list is written");
        let bytes = fs::metadata(&path).expect("the list").len() as f64;
        Self { objects: mix.objects, patched: mix.patched, path, bytes }
    }
}

/// A function that is given a ResourceList.
fn function(bench: &Bench) -> Command {
    let mut command = Command::new(crate::iamra());
    command.current_dir(bench.dir()).env_clear();
    command
}

/// The filter for streams, with the declaration of this mix.
fn inject(bench: &Bench, mix: Mix) -> Command {
    let dir = bench.dir().join(format!("inject-{}-{}", mix.objects, mix.patched));
    fs::create_dir_all(&dir).expect("a folder");
    fs::write(dir.join("iamra.yaml"), mix.declaration()).expect("the declaration is written");
    fs::write(dir.join("iamra.lock"), lock()).expect("the lock is written");
    let mut command = Command::new(crate::iamra());
    command.args(["inject", "-"]).current_dir(dir).env_clear();
    command
}

/// Whether it does what is measured: so many sidecars come out.
fn check(mut command: Command, list: &List) {
    let input = fs::File::open(&list.path).expect("the list");
    let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let is_sidecar = |line: &String| line.trim_start().trim_start_matches("- ") == "name: iam-ra-sidecar";
    let sidecars = lines.map(|line| line.expect("its output")).filter(is_sidecar).count();
    assert!(child.wait().expect("it ends").success(), "{command:?} fails");
    assert_eq!(sidecars, list.patched, "{command:?}");
}

/// A program that reads the list from a pipe.
fn reads<'a>(name: impl Into<String>, list: &'a List, command: impl Fn() -> Command + 'a) -> Side<'a> {
    Side::new(name, move || run(&mut command(), Some(&list.path)))
}

fn parse_and_print() -> Command {
    let mut command = Command::new(crate::this());
    command.arg(crate::PARSE_AND_PRINT);
    command
}

/// The sides of one size; `lists` are those with more and more objects patched.
fn sides<'a>(bench: &'a Bench, lists: &'a [List], repeats: u32) -> Vec<Side<'a>> {
    let mut sides = vec![reads("cat", &lists[0], || Command::new("cat"))];
    for list in lists {
        let name = match list.patched {
            0 => "iamra, none patched".to_owned(),
            patched => format!("iamra, {patched} patched"),
        };
        sides.push(reads(name, list, || function(bench)));
    }
    sides.push(reads("parse and print, in Rust", &lists[0], parse_and_print));
    if lists[0].objects <= LARGEST_FOR_KYAML {
        sides.push(reads("kyaml, none patched", &lists[0], || Command::new(crate::peer("kyaml"))));
    }
    sides.into_iter().map(|side| side.repeated(repeats)).collect()
}

/// ResourceLists of growing size.
pub(crate) fn sizes(bench: &Bench, report: &mut Report) {
    report.section("Size", "A ResourceList is read from a pipe and printed into one. Of its objects, 40 % are Deployments with comments and 40 variables, 30 % ConfigMaps with block scalars of up to 120 lines, 2 % CustomResourceDefinitions, the others Services. With more than 10 000 objects, kyaml takes minutes and gigabytes, and is left out.");
    eprintln!("writing lists of up to {} objects ...", SIZES[LARGE].0);
    fs::write(bench.dir().join("iamra.lock"), lock()).expect("the lock is written");
    let lists = SIZES.map(|(objects, _)| {
        PATCHED.map(|percent| {
            let mix = Mix::new(objects, objects * percent / 100);
            List::write(bench, mix, Shape::ResourceList, &format!("{objects}-{percent}"))
        })
    });
    lists[MIDDLE].iter().for_each(|list| check(function(bench), list));
    let mut all: Vec<_> = SIZES.iter().zip(&lists).map(|((_, repeats), lists)| sides(bench, lists, *repeats)).collect();
    let counts: Vec<_> = all.iter().map(Vec::len).collect();
    let flat: Vec<_> = all.drain(..).flatten().collect();
    eprintln!("{} rounds, the sides in turn ...", crate::rounds(5));
    let costs = in_turn(crate::rounds(5), &flat);
    let mut by_size: Vec<&[Costs]> = Vec::new();
    let mut rest = (flat.as_slice(), costs.as_slice());
    for (count, lists) in counts.iter().zip(&lists) {
        let (sides, costs) = (rest.0.split_at(*count), rest.1.split_at(*count));
        let title = format!("{} objects, {}", lists[0].objects, megabytes(lists[0].bytes));
        report.table(&title, sides.0, costs.0);
        by_size.push(costs.0);
        rest = (sides.1, costs.1);
    }
    size_targets(report, &lists, &by_size);
    if bench.is_whole() {
        let series = [
            ("cat", CAT),
            ("iamra, none patched", PASSED),
            ("iamra, 30 % patched", MANY),
            ("parse and print", PARSED),
            ("kyaml, none patched", KYAML),
        ];
        let series = series.map(|(name, side)| {
            let points = SIZES
                .iter()
                .zip(&by_size)
                .filter_map(|((objects, _), costs)| Some((*objects as f64, costs.get(side)?.median(Cost::cpu))));
            Series { name, points: points.collect() }
        });
        crate::write("docs/performance.svg", &chart::draw(&series));
    }
}

fn size_targets(report: &mut Report, lists: &[[List; 3]], costs: &[&[Costs]]) {
    let (middle, large) = (costs[MIDDLE], costs[LARGE]);
    let through = |side: usize| middle[side].ratio(&middle[CAT], Cost::clock);
    report.target("10 000 objects passed through, clock beside `cat`", through(PASSED), factor, Limit::AtMost(2.5));
    report.target("200 of 10 000 patched, clock beside `cat`", through(FEW), factor, Limit::AtMost(4.0));
    let kyaml = middle[KYAML].ratio(&middle[MANY], Cost::cpu);
    report.target(
        "kyaml passes 10 000 through, CPU beside 3 000 of them patched (the goal is 25)",
        kyaml,
        factor,
        Limit::AtLeast(15.0),
    );
    for (lists, costs) in [(&lists[MIDDLE], middle), (&lists[LARGE], large)] {
        let what = |patched: usize| format!("memory for {} objects, {patched} of them patched", lists[0].objects);
        let most = 1.2 * lists[0].bytes + 8e6;
        report.target(&what(0), costs[PASSED].spread(Cost::peak), megabytes, Limit::AtMost(most));
        let most = 2.0 * lists[2].bytes;
        report.target(&what(lists[2].patched), costs[MANY].spread(Cost::peak), megabytes, Limit::AtMost(most));
    }
    for (what, side) in [("none", PASSED), ("2 %", FEW), ("30 %", MANY)] {
        let ratio = large[side].ratio(&middle[side], Cost::cpu);
        let what = format!("50 000 objects, {what} patched, CPU beside 10 000");
        report.target(&what, ratio, factor, Limit::AtMost(5.5));
    }
}

/// A list in which nothing but block scalars takes more than a line.
pub(crate) fn lines(bench: &Bench, report: &mut Report) {
    report.section("Values of one line", "The list of 10 000 objects with Services in place of its CustomResourceDefinitions, which are 2 % of it. Their long descriptions, as kustomize writes them, go on in another line; here only block scalars do.");
    fs::write(bench.dir().join("iamra.lock"), lock()).expect("the lock is written");
    let lists = [0, 200, 3_000].map(|patched| {
        let mix = Mix { objects: 10_000, patched, content: Content::WithoutDefinitions };
        List::write(bench, mix, Shape::ResourceList, &format!("lines-{patched}"))
    });
    for list in &lists {
        check(function(bench), list);
    }
    let sides: Vec<_> = sides(bench, &lists, 1).into_iter().take(MANY + 1).collect();
    let costs = in_turn(crate::rounds(7), &sides);
    report.table(&format!("10000 objects, {}", megabytes(lists[0].bytes)), &sides, &costs);
}

/// The same objects in every shape.
pub(crate) fn shapes(bench: &Bench, report: &mut Report) {
    report.section("Shape", "The same 10 000 objects: as ResourceList for the function, as `kind: List` and as documents for `iamra inject`.");
    fs::write(bench.dir().join("iamra.lock"), lock()).expect("the lock is written");
    for patched in [0, 3_000] {
        let mix = Mix::new(10_000, patched);
        let list = |shape, name: &str| List::write(bench, mix, shape, name);
        let lists = [
            list(Shape::Documents, "documents"),
            list(Shape::List, "list"),
            list(Shape::ResourceList, "resource-list"),
        ];
        check(inject(bench, mix), &lists[0]);
        check(inject(bench, mix), &lists[1]);
        check(function(bench), &lists[2]);
        let sides = [
            reads("documents", &lists[0], || inject(bench, mix)),
            reads("List", &lists[1], || inject(bench, mix)),
            reads("ResourceList", &lists[2], || function(bench)),
        ];
        let costs = in_turn(crate::rounds(7), &sides);
        report.table(&format!("{patched} of 10000 patched"), &sides, &costs);
        for index in [1, 2] {
            let what = format!("{} beside documents, {patched} of 10 000 patched, CPU", sides[index].name);
            report.target(&what, costs[index].ratio(&costs[0], Cost::cpu), factor, Limit::AtMost(1.1));
        }
    }
}

/// A list of workloads, all of them patched.
pub(crate) fn workloads(bench: &Bench, report: &mut Report) {
    report.section("Workloads alone", "A ResourceList of Deployments, every one of them patched, beside reading the list into values and printing them with a YAML library in Rust, with the same allocator.");
    fs::write(bench.dir().join("iamra.lock"), lock()).expect("the lock is written");
    let mix = Mix { objects: 1_000, patched: 1_000, content: Content::Deployments };
    let list = List::write(bench, mix, Shape::ResourceList, "workloads");
    check(function(bench), &list);
    let sides = [
        reads("parse and print, in Rust", &list, parse_and_print),
        reads("iamra, all patched", &list, || function(bench)),
    ]
    .map(|side| side.repeated(3));
    let costs = in_turn(crate::rounds(9), &sides);
    report.table(&format!("1000 Deployments, {}", megabytes(list.bytes)), &sides, &costs);
    let ratio = costs[1].ratio(&costs[0], Cost::cpu);
    report.target("1 000 of 1 000 patched, CPU beside parse and print", ratio, factor, Limit::AtMost(1.0));
}
