//! An error with its causes.

use std::error::Error as StdError;
use std::fmt;

use super::Foreign;

/// How many causes are printed at most; a cycle can't hang the report.
const MAX_CAUSES: usize = 16;

/// Prints an error and, a line each, its causes; a cause that the line above it holds word for word is left out.
///
/// ```
/// use identity_base::{Error, ErrorKind, Report};
/// let error = Error::new(ErrorKind::Transport, "no answer").with_source(std::io::Error::other("connection reset"));
/// assert_eq!(Report::new(&error).to_string(), "no answer\n  caused by: connection reset");
/// ```
#[derive(Debug)]
pub struct Report<'a>(&'a (dyn StdError + 'static));

impl<'a> Report<'a> {
    /// A report on `error`.
    #[must_use]
    pub fn new(error: &'a (dyn StdError + 'static)) -> Self {
        Self(error)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut above = self.0.to_string();
        let mut cause = self.0.source();
        for _ in 0..MAX_CAUSES {
            let Some(error) = cause else { break };
            let text = error.to_string();
            // Layers that repeat what their cause says are common, and saying it twice helps nobody.
            if !above.contains(&text) {
                write!(f, "\n  caused by: {}", Foreign::new(&text, 400))?;
                above = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}
