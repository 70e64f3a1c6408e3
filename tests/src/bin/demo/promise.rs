//! What has to hold, and what did not.

use std::fmt::Display;
use std::process::ExitCode;

/// Promises that were checked.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    kept: usize,
    broken: Vec<String>,
}

impl Promises {
    /// Notes whether a promise held.
    pub(crate) fn check(&mut self, what: impl Display, held: bool) {
        match held {
            true => self.kept += 1,
            false => self.broken.push(what.to_string()),
        }
    }

    /// Says how it went.
    pub(crate) fn report(&self) -> ExitCode {
        for promise in &self.broken {
            println!("BROKEN: {promise}");
        }
        println!("\n{} promises kept, {} broken", self.kept, self.broken.len());
        match self.broken.is_empty() && self.kept > 0 {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
