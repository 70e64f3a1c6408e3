//! `docs/fault-matrix.md`, made of the same data as the cells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use super::elsewhere::{ELSEWHERE, IMPOSSIBLE};
use super::flows::{self, Flow};
use super::plan::{Expect, Outcome, Planned};
use super::table;

/// Set to `overwrite` to write the page anew.
const VARIABLE: &str = "FAULT_MATRIX";

const HEAD: &str = "# Fault matrix

What can go wrong, and what each way to a token makes of it. Every row below is a cell: a fault, a flow, and what is expected of the flow when it meets the
fault. The tests drive each cell over real sockets, files and processes against the emulator, and check

- that the flow gives a token without the fault, and that the emulator's journal (or the record of what stands in for the world) shows that the fault was met:
  a cell that lacks either fails;
- how the call ends, how often the fault was met and how many requests were made, how long it took by the credential's clock, and that no more than 4 MiB were
  needed, whatever came over the wire (the test's own logs of each request aside);
- that no secret is in any error, debug output, log, address or argument, and that nothing panicked, on any thread;
- that the same credential gives a token once the fault is gone, unless what it was made of is used up or wrong.

Versions of a fault that differ in a number alone (500 and 502) are one cell. The page is made of the tests' data and compared with it;
`FAULT_MATRIX=overwrite cargo test -p integration-tests --test it fault_matrix_page` writes it anew. Rows are numbered by the plan of faults that the
library was built by.
";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/fault-matrix.md")
}

/// The page as it has to be.
fn page() -> String {
    let (flows, groups) = (flows::all(), table::groups());
    let cells = |planned: &Planned| flows.iter().filter(|flow| (planned.flows)(flow)).count();
    let faults: Vec<&Planned> = groups.iter().flat_map(|(_, faults)| faults.iter()).collect();
    let total: usize = faults.iter().map(|planned| cells(planned)).sum();
    let pairs: BTreeSet<(&str, &str)> = faults
        .iter()
        .flat_map(|planned| met_by(&flows, planned).map(|flow| (planned.row, flow.id)))
        .collect();
    let rows: BTreeSet<&str> = faults.iter().map(|planned| planned.row).collect();
    let mut out = HEAD.to_owned();
    let mut line = |text: String| {
        let written = writeln!(out, "{text}");
        assert!(written.is_ok(), "writing to a string");
    };
    line(format!(
        "\n**{total} cells** of {} faults and {} flows. They stand for {} pairs of a row of the plan ({} rows) and a flow.\n",
        faults.len(),
        flows.len(),
        pairs.len(),
        rows.len()
    ));
    line("## Flows\n\n| flow | asked | cells |\n|---|---|---|".to_owned());
    for flow in &flows {
        let count = faults.iter().filter(|planned| (planned.flows)(flow)).count();
        line(format!("| {} | {} | {count} |", flow.id, asked(flow)));
    }
    line("\n## Cells\n".to_owned());
    line(
        "`token` is a token all the same. The number is how often the fault is met before the call ends; the time is the longest that the call may take, by the \
         credential's clock (by the real one for tools)."
            .to_owned(),
    );
    for (group, faults) in &groups {
        line(format!("\n### {}{}\n", group[..1].to_uppercase(), &group[1..]));
        line("| row | fault | what goes wrong | expected |\n|---|---|---|---|".to_owned());
        for planned in *faults {
            line(format!(
                "| {} | {} | {} | {} |",
                planned.row,
                planned.id,
                planned.what,
                expected(&flows, planned)
            ));
        }
    }
    line("\n## Decided elsewhere\n\nFaults of the engine and of stores that need no emulator, or more than one process, have tests of their own.\n".to_owned());
    line("| row | fault | where it is tested |\n|---|---|---|".to_owned());
    for (row, what, file, test) in ELSEWHERE {
        line(format!("| {row} | {what} | `{test}` in `{file}` |"));
    }
    line("\n## Not run here\n\n| row | fault | why |\n|---|---|---|".to_owned());
    for (row, what, why) in IMPOSSIBLE {
        line(format!("| {row} | {what} | {why} |"));
    }
    out
}

fn met_by<'a>(flows: &'a [Flow], planned: &'a Planned) -> impl Iterator<Item = &'a Flow> {
    flows.iter().filter(|flow| (planned.flows)(flow))
}

/// What is asked when the fault is met.
fn asked(flow: &Flow) -> String {
    match flow.grant {
        Some(grant) => format!("{:?}, `{grant}`", flow.route),
        None if flow.kind == flows::Kind::Tool => "the program".to_owned(),
        None => format!("{:?}", flow.route),
    }
}

/// The flows by what is expected of them, the most common expectation first.
fn expected(flows: &[Flow], planned: &Planned) -> String {
    let mut by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for flow in met_by(flows, planned) {
        by.entry(shown(&planned.expected(flow)))
            .or_default()
            .push(flow.id);
    }
    let mut by: Vec<_> = by.into_iter().collect();
    by.sort_by_key(|(_, flows)| std::cmp::Reverse(flows.len()));
    let shown: Vec<_> = by
        .into_iter()
        .map(|(expect, flows)| format!("**{expect}**: {}", flows.join("; ")))
        .collect();
    shown.join("<br>")
}

fn shown(expect: &Expect) -> String {
    let outcome = match expect.outcome {
        Outcome::Token => "token".to_owned(),
        Outcome::Fails(kind) => format!("{kind:?}"),
    };
    let (least, most) = expect.met;
    let met = if least == most {
        most.to_string()
    } else {
        format!("{least} to {most}")
    };
    format!("{outcome}, {met}, {} s", expect.within.as_secs())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the documentation is read and written"
)]
fn fault_matrix_page() {
    let wanted = page();
    if std::env::var(VARIABLE).is_ok_and(|value| value == "overwrite") {
        std::fs::write(path(), &wanted).unwrap();
        return;
    }
    let there = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        there == wanted,
        "docs/fault-matrix.md is not what the tests say; `{VARIABLE}=overwrite cargo test -p integration-tests --test it fault_matrix_page` writes it anew"
    );
}

/// At least as many as were promised, counted strictly: a row of the plan and a flow.
#[test]
fn there_are_enough_cells() {
    let flows = flows::all();
    let groups = table::groups();
    let faults = groups.iter().flat_map(|(_, faults)| faults.iter());
    let pairs: BTreeSet<_> = faults
        .flat_map(|planned| {
            met_by(&flows, planned)
                .map(|flow| (planned.row, flow.id))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(pairs.len() >= 250, "{}", pairs.len());
}

/// A fault without a flow, or with the name of another one, would go unnoticed.
#[test]
fn every_fault_and_every_flow_has_a_cell_and_a_name_of_its_own() {
    let flows = flows::all();
    let groups = table::groups();
    let faults: Vec<&Planned> = groups.iter().flat_map(|(_, faults)| faults.iter()).collect();
    for planned in &faults {
        assert!(met_by(&flows, planned).count() > 0, "{} has no flow", planned.id);
        let same = faults
            .iter()
            .filter(|other| other.id == planned.id && other.row == planned.row);
        assert_eq!(same.count(), 1, "{} {}", planned.row, planned.id);
        for (id, ..) in planned.except {
            assert!(
                met_by(&flows, planned).any(|flow| flow.id == *id),
                "{} has an exception for {id}, which does not meet it",
                planned.id
            );
        }
    }
    for flow in &flows {
        assert!(
            faults.iter().any(|planned| (planned.flows)(flow)),
            "{} meets no fault",
            flow.id
        );
        assert_eq!(
            flows.iter().filter(|other| other.id == flow.id).count(),
            1,
            "{}",
            flow.id
        );
    }
}
