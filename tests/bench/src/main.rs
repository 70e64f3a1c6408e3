//! Benchmarks of the token engine beside its peers, in one run. `cargo xtask bench` builds what it compares and starts it.
//!
//! All sides get tokens of 1,500 characters that live 24 hours from a fake service in the process, each by its own hook for transports; nothing goes over a
//! network, but for the cold start, which is over TLS from the emulator. `docs/benchmarks.md` tells the method.

mod allocations;
mod cold;
mod hits;
mod instructions;
mod official;
mod others;
mod ours;
mod programs;
mod refresh;
mod report;
mod rounds;
mod service;
mod start;
mod subject;
mod wanted;

use std::process::ExitCode;

use crate::report::Report;
use crate::wanted::Wanted;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["loop", name, count] => count
            .parse()
            .map_err(|error| format!("{count}: {error}"))
            .and_then(|count| instructions::run_loop(name, count)),
        _ => Wanted::parse(&args).and_then(|wanted| everything(&wanted)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("identity-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn everything(wanted: &Wanted) -> Result<(), String> {
    let mut report = Report::default();
    allocations::measure(&mut report)?;
    instructions::measure(&mut report)?;
    hits::measure(&mut report)?;
    refresh::measure(&mut report)?;
    cold::measure(&mut report)?;
    let our_hit = hits::ours_alone();
    for program in &wanted.peers {
        programs::measure(&mut report, program, our_hit.as_ref().ok().copied())?;
    }
    if let (Some(ours), Some(official)) = (&wanted.ours, &wanted.official) {
        start::measure(&mut report, ours, official, wanted.python.as_ref())?;
        if let Some(crates) = wanted.crates {
            start::sizes(&mut report, ours, official, crates)?;
        }
    }
    if let Some(seconds) = wanted.build_seconds {
        start::build(&mut report, seconds);
    }
    for note in &wanted.notes {
        report.note(note);
    }
    let text = report.markdown();
    println!("\n{text}");
    if let Some(path) = &wanted.write {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    match report.failures()[..] {
        [] => Ok(()),
        ref failures => Err(format!("not reached: {}", failures.join("; "))),
    }
}
