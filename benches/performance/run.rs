//! Runs whole programs, the sides of a comparison in turn, and says what each took.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// What a run took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Seconds of all processors, in the program, the programs that it ran, and in the system for them.
    pub(crate) cpu: f64,
    /// Seconds of the clock.
    pub(crate) clock: f64,
    /// The most memory that it had, in bytes.
    pub(crate) peak: f64,
}

/// One of those numbers.
pub(crate) type Figure = fn(&Cost) -> f64;

impl Cost {
    pub(crate) fn cpu(&self) -> f64 {
        self.cpu
    }

    pub(crate) fn clock(&self) -> f64 {
        self.clock
    }

    pub(crate) fn peak(&self) -> f64 {
        self.peak
    }

    /// One run after the other.
    fn then(self, next: Self) -> Self {
        let (cpu, clock) = (self.cpu + next.cpu, self.clock + next.clock);
        Self { cpu, clock, peak: self.peak.max(next.peak) }
    }

    /// Runs beside each other, which took so long together.
    pub(crate) fn beside(costs: impl IntoIterator<Item = Self>, clock: Duration) -> Self {
        Self { clock: clock.as_secs_f64(), ..costs.into_iter().fold(Self::default(), Self::then) }
    }
}

/// Runs a program. Its input, if there is any, comes through a pipe from `cat`, its output goes through a pipe to us, as
/// kustomize would do it. Nothing of it is kept: what we have in memory when a program starts would count as its own.
pub(crate) fn run(command: &mut Command, input: Option<&Path>) -> Cost {
    let mut errors = tempfile::tempfile().expect("a temporary file");
    command.stderr(errors.try_clone().expect("it can be shared")).stdout(Stdio::piped());
    let mut block = vec![0; 1 << 18];
    let start = Instant::now();
    let feeder = input.map(|path| {
        let list = File::open(path).expect("the input");
        Command::new("cat").stdin(list).stdout(Stdio::piped()).spawn().expect("cat starts")
    });
    let feeder = feeder.map(|mut it| (it.stdout.take(), it));
    let (feed, feeder) = feeder.map_or((None, None), |(feed, it)| (feed, Some(it)));
    command.stdin(feed.map_or_else(Stdio::null, Stdio::from));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Our end of the feeder's pipe.
    command.stdin(Stdio::null());
    let mut output = child.stdout.take().expect("it is piped");
    while output.read(&mut block).expect("its output") > 0 {}
    let used = child.wait4().expect("it ends");
    let clock = start.elapsed().as_secs_f64();
    if !used.status.success() {
        let mut text = String::new();
        let _ = errors.seek(SeekFrom::Start(0)).and_then(|_| errors.read_to_string(&mut text));
        panic!("{command:?}: {}\n{text}", used.status);
    }
    if let Some(mut feeder) = feeder {
        assert!(feeder.wait().expect("cat ends").success(), "cat failed");
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Cost { cpu, clock, peak: used.rusage.maxrss as f64 }
}

/// One side of a comparison.
pub(crate) struct Side<'a> {
    pub(crate) name: String,
    /// How often it runs in a round; the mean counts.
    repeats: u32,
    run: Box<dyn Fn() -> Cost + 'a>,
}

impl<'a> Side<'a> {
    pub(crate) fn new(name: impl Into<String>, run: impl Fn() -> Cost + 'a) -> Self {
        Self { name: name.into(), repeats: 1, run: Box::new(run) }
    }

    /// For what is so short that one run says little.
    pub(crate) fn repeated(self, repeats: u32) -> Self {
        Self { repeats, ..self }
    }

    fn mean(&self) -> Cost {
        let all = (0..self.repeats).fold(Cost::default(), |sum, _| sum.then((self.run)()));
        Cost { cpu: all.cpu / f64::from(self.repeats), clock: all.clock / f64::from(self.repeats), ..all }
    }
}

/// What a side took in each round.
pub(crate) struct Costs(Vec<Cost>);

/// Runs all sides, then all again.
pub(crate) fn in_turn(rounds: usize, sides: &[Side<'_>]) -> Vec<Costs> {
    let mut all: Vec<_> = sides.iter().map(|_| Costs(Vec::new())).collect();
    for _ in 0..rounds {
        for (side, costs) in sides.iter().zip(&mut all) {
            costs.0.push(side.mean());
        }
    }
    all
}

impl Costs {
    pub(crate) fn median(&self, figure: Figure) -> f64 {
        Spread::of(self.0.iter().map(figure).collect()).median
    }

    /// As multiples of the other side's, round by round.
    pub(crate) fn ratio(&self, other: &Self, figure: Figure) -> Spread {
        Spread::of(self.0.iter().zip(&other.0).map(|(one, other)| figure(one) / figure(other)).collect())
    }

    /// More than the other side's, round by round.
    pub(crate) fn more(&self, other: &Self, figure: Figure) -> Spread {
        Spread::of(self.0.iter().zip(&other.0).map(|(one, other)| figure(one) - figure(other)).collect())
    }

    pub(crate) fn spread(&self, figure: Figure) -> Spread {
        Spread::of(self.0.iter().map(figure).collect())
    }
}

/// Figures of several rounds.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median =
            if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) };
        Self { min: figures[0], median, max: figures[figures.len() - 1] }
    }
}
