//! How much processor time a build from nothing takes.

use std::fs;
use std::path::Path;

use crate::error::{Context as _, Error, Result};

/// The kernel counts processor time in hundredths of a second, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const STAT: &str = "/proc/self/stat";

/// Builds a program in an empty target folder; user and system time of everything that ran for it.
pub(super) fn cpu_seconds(package: &str, target: &Path) -> Result<f64> {
    let folder = target.join("from-nothing");
    let empty = || -> Result {
        if folder.exists() {
            fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))?;
        }
        Ok(())
    };
    empty()?;
    let before = of_children()?;
    super::cargo_build(package, super::PROFILE, &folder).run()?;
    let took = of_children()? - before;
    empty()?;
    Ok(took)
}

/// The processor time of all processes that we waited for, and that they waited for, so far.
fn of_children() -> Result<f64> {
    let text = fs::read_to_string(STAT).context(|| format!("cannot read {STAT}"))?;
    parse(&text).ok_or_else(|| Error::new(format!("{STAT} is not understood: {text}")))
}

fn parse(stat: &str) -> Option<f64> {
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(13);
    let (user, system): (u64, u64) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    #[expect(clippy::cast_precision_loss, reason = "some thousand seconds")]
    let ticks = user.saturating_add(system) as f64;
    Some(ticks / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_childrens_times_are_found_behind_any_name() {
        let stat = "1 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 250 50 20 0 1 0\n";
        assert_eq!(parse(stat), Some(3.0));
        assert_eq!(parse("1 (x) S 1"), None);
        assert_eq!(parse(""), None);
    }
}
