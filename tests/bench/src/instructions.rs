//! Instructions of a cached hit: the difference of two runs under callgrind, so that set-up doesn't count.

use std::hint::black_box;
use std::process::Command;

use crate::report::Goal::{AtLeast, AtMost};
use crate::report::{Line, Report};
use crate::service::scope;
use crate::subject::local_runtime;
use crate::{official, ours};

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// The loop that is counted, and nothing else.
pub fn run_loop(name: &str, count: u64) -> Result<(), String> {
    let scope = scope(0);
    match name {
        "hit" => {
            let credential = ours::credential(1)?;
            for _ in 0..count {
                black_box(
                    credential
                        .get_token(black_box(&[scope.as_str()]))
                        .try_now()
                        .is_ok(),
                );
            }
        }
        "handle" => {
            let handle = ours::credential(1)?.handle(&[&scope]).ok_or("no handle")?;
            for _ in 0..count {
                black_box(handle.cached().is_some());
            }
        }
        "official" => {
            let credential = official::credential(1)?;
            local_runtime()?.block_on(async {
                for _ in 0..count {
                    black_box(
                        credential
                            .get_token(black_box(&[scope.as_str()]), None)
                            .await
                            .is_ok(),
                    );
                }
            });
        }
        _ => return Err(format!("no loop {name}")),
    }
    Ok(())
}

pub fn measure(report: &mut Report) -> Result<(), String> {
    let theirs = each("official")?;
    let hit = each("hit")?;
    report.add(
        Line::new("cached hit, instructions", hit.to_string(), theirs.to_string())
            .figure(theirs as f64 / hit as f64, "×")
            .must(AtLeast(5.0))
            .aim(AtLeast(7.0)),
    );
    let handle = each("handle")?;
    report.add(
        Line::new("handle, instructions", handle.to_string(), theirs.to_string())
            .figure(handle as f64, "")
            .must(AtMost(130.0)),
    );
    Ok(())
}

fn each(name: &str) -> Result<u64, String> {
    Ok(total(name, MANY)?.saturating_sub(total(name, FEW)?) / (MANY - FEW))
}

/// All instructions of one run.
fn total(name: &str, count: u64) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["loop", name, &count.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; install it to count instructions"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let (_, collected) = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| format!("valgrind said: {text}"))?;
    let collected = collected.trim();
    collected.parse().map_err(|error| format!("{collected}: {error}"))
}
