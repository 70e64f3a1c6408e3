//! What was checked, and how it came out.

use std::process::ExitCode;

/// Checks that were made.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    good: usize,
    bad: usize,
}

impl Verdict {
    /// Notes and prints a check; `said` tells what was found instead.
    pub(crate) fn check(&mut self, what: &str, holds: bool, said: impl FnOnce() -> String) {
        match holds {
            true => {
                self.good += 1;
                println!("ok   {what}");
            }
            false => {
                self.bad += 1;
                println!("BAD  {what}: {}", said());
            }
        }
    }

    /// Says how it went.
    pub(crate) fn report(&self) -> ExitCode {
        println!("{} checks passed, {} failed", self.good, self.bad);
        match self.bad == 0 && self.good > 0 {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
