//! What a leak looks like in a failed test.

use std::fmt;

use identity_base::Foreign;

use super::{Channel, Encoding};

/// How many finds are shown; the rest is counted.
const MAX_SHOWN: usize = 20;

/// A secret where it must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// On which way it got out.
    pub channel: Channel,
    /// Where there.
    pub place: String,
    /// Which secret, by its name.
    pub secret: String,
    /// In which form.
    pub encoding: Encoding,
    /// How many bytes of the text give it away.
    pub bytes: usize,
    /// The text around it, with every secret replaced by its name.
    pub excerpt: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            channel,
            place,
            secret,
            encoding,
            bytes,
            excerpt,
        } = self;
        let (place, excerpt) = (Foreign::new(place, 200), Foreign::new(excerpt, 400));
        write!(
            f,
            "{channel} ({place}): secret `{secret}`, {encoding}, {bytes} bytes: … {excerpt} …"
        )
    }
}

/// All finds as the message of a panic.
pub(super) struct Report<'a>(pub(super) &'a [Hit]);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secrets leaked ({}):", self.0.len())?;
        for hit in self.0.iter().take(MAX_SHOWN) {
            write!(f, "\n  {hit}")?;
        }
        match self.0.len().checked_sub(MAX_SHOWN) {
            Some(more) if more > 0 => write!(f, "\n  and {more} more"),
            _ => Ok(()),
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test that panics already can't panic once more, and its leak must be seen"
)]
pub(super) fn print(report: &Report<'_>) {
    eprintln!("{report}");
}
