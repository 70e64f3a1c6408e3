//! What the process was given: environment, terminals, and how to write to both streams.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use identity_base::seam::Env;
use identity_runtime::os::SystemEnv;

use crate::failure::Failure;

/// The surroundings of one run.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) env: Arc<dyn Env>,
    /// Whether a person reads standard output.
    pub(crate) stdout_is_terminal: bool,
    /// Whether a person reads standard error.
    pub(crate) stderr_is_terminal: bool,
    /// Whether failures are written as JSON.
    pub(crate) json: bool,
    colour: bool,
}

impl Context {
    pub(crate) fn from_process(arguments: &[OsString]) -> Self {
        let env: Arc<dyn Env> = Arc::new(SystemEnv::new());
        let stderr_is_terminal = io::stderr().is_terminal();
        Self {
            colour: wants_colour(&*env, stderr_is_terminal),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal,
            // Known before anything is parsed, so that a failure to parse is JSON as well.
            json: arguments
                .iter()
                .take_while(|argument| *argument != "--")
                .any(|argument| argument == "--json"),
            env,
        }
    }

    /// Writes what was asked for.
    ///
    /// # Errors
    /// When standard output can't be written; a reader that went away has its own exit code and no message.
    #[expect(clippy::unused_self, reason = "all output goes through the context")]
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::reader_gone(),
                _ => Failure::internal(format!("cannot write to standard output: {error}")),
            })
    }

    /// Writes a line for people. Nothing can be done when that fails.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            self.complain(line);
        }
    }

    /// Writes to standard error, whatever the form of failures is.
    #[expect(clippy::unused_self, reason = "all output goes through the context")]
    pub(crate) fn complain(&self, line: &str) {
        writeln!(io::stderr().lock(), "{line}").ok();
    }

    /// `text` in bold red where colour is wanted.
    pub(crate) fn alarming(&self, text: &str) -> String {
        self.coloured("1;31", text)
    }

    /// `text` in cyan where colour is wanted.
    pub(crate) fn helpful(&self, text: &str) -> String {
        self.coloured("36", text)
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// `CLICOLOR_FORCE` turns colour on, `NO_COLOR` and a dumb terminal turn it off, and else it is for terminals.
fn wants_colour(env: &dyn Env, is_terminal: bool) -> bool {
    if env.var("NO_COLOR").is_some() {
        return false;
    }
    if env.var("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    is_terminal && env.var("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn colour_is_for_terminals_unless_told_otherwise() {
        let colour = |pairs: &[(&str, &str)], terminal| {
            let env: HashMap<_, _> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            wants_colour(&env, terminal)
        };
        assert!(colour(&[], true) && !colour(&[], false));
        assert!(!colour(&[("NO_COLOR", "1")], true));
        assert!(colour(&[("NO_COLOR", "")], true), "empty counts as unset");
        assert!(colour(&[("CLICOLOR_FORCE", "1")], false) && !colour(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!colour(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(!colour(&[("TERM", "dumb")], true));
    }
}
