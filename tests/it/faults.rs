//! The fault matrix: every fault of the plan against every flow that it is for, over real sockets, files and processes.
//!
//! A cell is a fault and a flow. It is driven by [`drive`], which first gets a token without the fault, then brings the fault about, and demands that the
//! emulator's journal (or what stands in for the outside world) shows that it was met; else the cell fails. `docs/fault-matrix.md` is made of the same data.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod callbacks;
mod drive;
mod elsewhere;
mod files;
mod flows;
mod itself;
mod judge;
mod meddle;
mod page;
mod places;
mod plan;
mod pump;
mod stage;
mod table;
mod watch;

use self::drive::Failure;
use self::plan::Planned;

/// Runs all cells of one group and tells of all that fail.
fn run(group: &str) {
    let flows = flows::all();
    let (_, faults) = table::groups()
        .into_iter()
        .find(|(name, _)| *name == group)
        .unwrap();
    let mut failed = Vec::new();
    let mut cells = 0;
    for planned in faults {
        for (turn, flow) in flows.iter().filter(|flow| (planned.flows)(flow)).enumerate() {
            match drive::cell(planned, flow, turn) {
                Ok(_) => cells += 1,
                Err(failure) => failed.push(told(planned, flow.id, &failure)),
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cells failed:\n{}",
        failed.len(),
        failed.len() + cells,
        failed.join("\n")
    );
}

fn told(planned: &Planned, flow: &str, failure: &Failure) -> String {
    format!("{} {} × {flow}: {failure}", planned.row, planned.id)
}

macro_rules! groups {
    ($($test:ident: $group:literal,)*) => {
        $(#[test]
        fn $test() {
            run($group);
        })*

        /// Every group has its test.
        #[test]
        fn no_group_is_left_out() {
            let tested = [$($group),*];
            let planned: Vec<_> = table::groups().into_iter().map(|(name, _)| name).collect();
            assert_eq!(planned, tested);
        }
    };
}

groups! {
    network: "network",
    tls: "TLS",
    bytes: "bytes of an answer",
    sizes: "sizes of an answer",
    statuses: "statuses",
    refusals: "refusals",
    answers: "answers",
    tokens: "tokens",
    hosts: "hosts",
    clocks: "clocks",
    callers: "callers",
    people: "people",
    tools: "tools",
    files: "files",
}
