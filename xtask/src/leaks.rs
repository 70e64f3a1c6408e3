//! `leaks`: whether the leak guard can fail.
//!
//! The guard's own tests are built with `--cfg leak_demo`, which makes each of them leak a secret on purpose. Then every one has to fail, and because of the leak.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::shell::Cmd;

/// What the guard says when it finds something.
const FOUND: &str = "secrets leaked (";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Builds the leaking tests, runs them, and counts.
pub(crate) fn check() -> Result {
    let build = Cmd::cargo()
        .args([
            "rustc",
            "--locked",
            "--quiet",
            "--package",
            "identity-testkit",
            "--test",
            "leak_demo",
        ])
        .args(["--message-format", "json", "--", "--cfg", "leak_demo"]);
    build.announce();
    let program =
        executable(&build.output()?).ok_or_else(|| Error::new("cargo named no executable of leak_demo"))?;
    let demo = Cmd::new(program).args(["--test-threads", "4"]);
    demo.announce();
    let (success, text) = demo.outcome()?;
    let count = verdict(success, &text)?;
    println!("{count} builds that leak, {count} found");
    Ok(())
}

/// The test program among cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let mut paths = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    paths.next_back()
}

/// How many tests there were, if all of them failed and each for its leak.
fn verdict(success: bool, text: &str) -> Result<usize> {
    let number = |label: &str| {
        let summary = text.lines().rev().find(|line| line.starts_with("test result:"))?;
        summary
            .split(['.', ';'])
            .find_map(|part| part.trim().strip_suffix(label)?.trim().parse::<usize>().ok())
    };
    let (passed, failed) = (number(" passed"), number(" failed"));
    let reports = text.matches(FOUND).count();
    match (success, passed, failed) {
        (false, Some(0), Some(failed)) if failed > 0 && reports >= failed => Ok(failed),
        _ => Err(Error::new(format!(
            "the guard let a leak pass: {passed:?} tests passed, {failed:?} failed, {reports} leaks were reported"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(passed: usize, failed: usize, reports: usize) -> String {
        let report = format!("{FOUND}1):\n").repeat(reports);
        format!(
            "{report}\ntest result: FAILED. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n"
        )
    }

    #[test]
    fn every_test_has_to_fail_for_its_leak() {
        assert_eq!(verdict(false, &output(0, 36, 36)).unwrap(), 36);
        for (success, text) in [
            (false, output(1, 35, 35)),
            (false, output(0, 36, 35)),
            (false, output(0, 0, 0)),
            (true, output(0, 36, 36)),
            (false, String::new()),
        ] {
            assert!(verdict(success, &text).is_err(), "{success} {text}");
        }
    }

    #[test]
    fn the_last_executable_is_the_tests() {
        let messages = "{\"executable\":null}\n{\"executable\":\"/a\"}\nnot json\n{\"executable\":\"/b\"}\n{\"reason\":\"x\"}";
        assert_eq!(executable(messages), Some(PathBuf::from("/b")));
        assert_eq!(executable("{}"), None);
    }
}
