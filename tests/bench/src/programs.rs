//! Peers in other languages: programs that measure themselves and print one JSON document.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::report::{Report, number};
use crate::start::Program;

/// Runs a program and adds its row to the peers' table. `ours` is our hit in nanoseconds, for the ratio.
pub fn measure(report: &mut Report, program: &Program, our_hit: Option<f64>) -> Result<(), String> {
    let name = program.path.to_string_lossy();
    let output = Command::new(&program.path)
        .args(&program.args)
        .arg("measure")
        .envs(program.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", output.status));
    }
    let found: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{name}: {error}"))?;
    let figure = |key: &str| {
        found
            .get(key)
            .and_then(Value::as_f64)
            .ok_or_else(|| format!("{name} says nothing of {key}"))
    };
    let hit = figure("hit_ns")?;
    report.peer([
        format!("{}", found.get("name").and_then(Value::as_str).unwrap_or("?")),
        our_hit.map_or_else(
            || number(hit),
            |ours| format!("{} ({}×)", number(hit), number(hit / ours)),
        ),
        "one thread only".to_owned(),
        format!("{}, {:.0}", figure("stampede_requests")?, figure("stampede_ms")?),
        number(figure("eight_fetches")?),
        number(figure("many_fetches")?),
        format!("{}, {:.0}", figure("failing_requests")?, figure("failing_ms")?),
        format!(
            "{}, {}",
            number(figure("blocked_median_ms")?),
            number(figure("blocked_longest_ms")?)
        ),
    ]);
    Ok(())
}
