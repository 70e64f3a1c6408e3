//! Instructions of a cached hit: the difference of two runs under callgrind, so that set-up doesn't count.

use std::hint::black_box;
use std::process::Command;

use crate::ours;

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// The loop that is counted, and nothing else.
pub fn run_loop(name: &str, count: u64) -> Result<(), String> {
    match name {
        "hit" => {
            let credential = ours::credential(1, 10_000);
            let scope = ours::scopes(1).remove(0);
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
            let credential = ours::credential(1, 10_000);
            let handle = credential
                .handle(&[ours::scopes(1)[0].as_str()])
                .ok_or("no handle")?;
            for _ in 0..count {
                black_box(handle.cached().is_some());
            }
        }
        "peer" => {
            let credential = crate::peer::credential(1);
            let scope = ours::scopes(1).remove(0);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .map_err(|error| error.to_string())?;
            runtime.block_on(async {
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

pub fn print() -> Result<(), String> {
    for (name, most) in [("hit", Some(420)), ("handle", Some(130)), ("peer", None)] {
        let each = (total(name, MANY)? - total(name, FEW)?) / (MANY - FEW);
        let verdict = match most {
            Some(most) if each > most => format!("  MORE THAN {most}"),
            Some(most) => format!("  (at most {most})"),
            None => String::new(),
        };
        println!("instructions, {name}: {each}{verdict}");
    }
    Ok(())
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
    let line = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| format!("valgrind said: {text}"))?;
    line.1
        .trim()
        .parse()
        .map_err(|error| format!("{}: {error}", line.1))
}
