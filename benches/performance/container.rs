//! What a container function costs, and how much of it is Docker's.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::mix::{Mix, Shape, lock};
use crate::report::{Report, seconds};
use crate::run::{Cost, Side, in_turn, run};
use crate::{Bench, KUSTOMIZE};

/// The image that `make image` builds.
const PUBLISHED: &str = "iamra:dev";

pub(crate) fn container(bench: &Bench, report: &mut Report) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    succeeds(&mut Command::new(root.join("tests/peers/docker")));
    let image = image(root);
    let about = if image == PUBLISHED { "`make image` has built" } else { "has this release build" };
    report.section("Container", &format!("A function call with 20 objects, 2 of them patched, as kustomize makes it, beside the same image that prints its version and beside the program without Docker. The image is the one that {about}. Only the clock says something: the work is in Docker's daemon."));
    let list = bench.dir().join("small.yaml");
    Mix::new(20, 2).write(Shape::ResourceList, &list).expect("the list is written");
    let dir = bench.folder("call");
    std::fs::write(dir.join("iamra.lock"), lock()).expect("the lock is written");
    let docker = |args: &[&str]| {
        let mut command = Command::new("docker");
        command.args([
            "run",
            "--rm",
            "-i",
            "--network",
            "none",
            "--user",
            "nobody",
            "--security-opt=no-new-privileges",
        ]);
        command.arg("--mount").arg(format!("type=bind,source={},target=/work,readonly", dir.display()));
        command.arg(&image).args(args);
        command
    };
    // Docker unpacks what it needs with the first.
    run(&mut docker(&["--version"]), None);
    let sides = [
        Side::new("docker run, --version", || run(&mut docker(&["--version"]), None)),
        Side::new("docker run, function", || run(&mut docker(&[]), Some(&list))),
        Side::new("iamra without Docker, function", || {
            run(Command::new(crate::iamra()).current_dir(&dir).env_clear(), Some(&list))
        }),
    ];
    let costs = in_turn(crate::rounds(9), &sides);
    let mut rows = vec![["", "clock", "least", "most"].map(str::to_owned).to_vec()];
    for (side, costs) in sides.iter().zip(&costs) {
        let clock = costs.spread(Cost::clock);
        rows.push(vec![side.name.clone(), seconds(clock.median), seconds(clock.min), seconds(clock.max)]);
    }
    let more = costs[1].more(&costs[0], Cost::clock);
    rows.push(vec!["a call above the floor".to_owned(), seconds(more.median), seconds(more.min), seconds(more.max)]);
    report.rows(&rows);
}

/// The published image, or else one made of the program that is measured and its libraries.
fn image(root: &Path) -> String {
    let mut inspect = Command::new("docker");
    inspect.args(["image", "inspect", PUBLISHED]).stdout(Stdio::null()).stderr(Stdio::null());
    if inspect.status().expect("docker starts").success() {
        return PUBLISHED.to_owned();
    }
    eprintln!("{PUBLISHED} is not there, which `make image` builds; making iamra:bench around the release build ...");
    let mut build = Command::new(root.join("tests/image"));
    succeeds(build.arg("bench").arg(crate::peer(KUSTOMIZE)).arg(crate::iamra()));
    "iamra:bench".to_owned()
}

fn succeeds(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("it starts");
    assert!(status.success(), "{command:?}: {status}");
}
