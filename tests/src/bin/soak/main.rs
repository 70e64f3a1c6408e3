//! Soak: full rate on all flows against the embedded emulator with random faults, and what has to hold all the while.
//!
//! `cargo xtask soak` runs it. It ends with 1 when an invariant didn't hold, something wasn't bounded, or a figure wasn't reached.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod args;
mod check;
mod draw;
mod faults;
mod flows;
mod generation;
mod journal;
mod ledger;
mod marks;
mod resources;
mod run;
mod stage;
mod table;
mod time;
mod verdict;
mod watch;
mod worker;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::args::Args;
use crate::ledger::Ledger;
use crate::run::Outcome;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// As many as the machines have that a service runs on at least.
const WORKER_THREADS: usize = 2;
/// For files and processes; enough, and few enough that their stacks don't matter.
const BLOCKING_THREADS: usize = 16;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match soak(args) {
        Ok(outcome) => report(&outcome),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(args: Args) -> Result<Outcome> {
    let seed = args
        .seed
        .unwrap_or_else(|| u64::try_from(time::now_millis()).unwrap_or(0));
    println!(
        "soak of {} s with seed {seed}: --seed {seed} draws the same again",
        args.seconds
    );
    let ledger = Arc::new(Ledger::new(flows::all().iter().map(|flow| flow.name).collect()));
    let panics = Arc::clone(&ledger);
    std::panic::set_hook(Box::new(move |panic| {
        panics.found(&format!("a panic: {panic}"));
        eprintln!("{panic}");
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(Duration::from_secs(1))
        .enable_all()
        .build()?;
    runtime.block_on(run::run(args, seed, &ledger))
}

fn report(outcome: &Outcome) -> ExitCode {
    println!("\n{}", outcome.table);
    let journal = &outcome.journal;
    println!(
        "the journal: {} requests, {} of them met a fault; {} connections met one before a request",
        journal.requests, journal.faulted, outcome.faulted_connections
    );
    for (fault, count) in &journal.faults {
        println!("  {count:>7}  {fault}");
    }
    println!(
        "\nat the start {:?}\nat most      {:?}\nat the end   {:?}",
        outcome.base, outcome.most, outcome.end
    );
    println!("memory in KiB, at each tenth of the run: {:?}", outcome.memory);
    if let Some(growth) = outcome.figures.growth {
        println!("memory in the last quarter against the second: {growth:+.2} %");
    }
    for finding in &outcome.findings {
        println!("VIOLATION: {finding}");
    }
    let figures = &outcome.figures;
    println!(
        "\n{} calls in {} s, {} reached the emulator, {} met a fault; {} violations; fewest fetches: {} of {}",
        figures.calls,
        figures.seconds,
        figures.reached,
        figures.faulted,
        figures.violations,
        figures.least.1,
        figures.least.0
    );
    let broken = figures.broken();
    for what in &broken {
        println!("BROKEN: {what}");
    }
    match broken.is_empty() {
        true => {
            println!("passed");
            ExitCode::SUCCESS
        }
        false => ExitCode::FAILURE,
    }
}
