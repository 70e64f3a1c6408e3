//! What the person is told.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What a person has to do to sign in: open a page and type a code.
#[derive(Clone, Debug)]
pub struct DeviceCodePrompt {
    pub(super) verification_uri: String,
    pub(super) user_code: String,
    pub(super) expires_on: SystemTime,
    pub(super) expires_in: Duration,
}

impl DeviceCodePrompt {
    /// The page: `https`, on a host of the authority's cloud, printable ASCII.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The code: 4 to 32 letters, digits and hyphens. Whoever types it gives this program access, so it is shown to the one person only.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// When the code expires.
    #[must_use]
    pub const fn expires_on(&self) -> SystemTime {
        self.expires_on
    }

    /// For how long the code is valid from when it was given.
    #[must_use]
    pub const fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// A text for the person, in several lines. It is composed here: the service's own is never shown.
    #[must_use]
    pub fn message(&self) -> String {
        let minutes = self.expires_in.as_secs().div_ceil(60);
        format!(
            "To sign in, open {} on any device and enter the code\n\n    {}\n\nwithin {minutes} minutes. \
             Enter it only if you started this sign-in yourself.",
            self.verification_uri, self.user_code
        )
    }

    /// The page's address as a QR code of half blocks, dark on light, for a terminal; `None` when it doesn't fit into `columns`.
    ///
    /// It holds the page alone: the code still has to be typed.
    #[cfg(feature = "qr")]
    #[cfg_attr(docsrs, doc(cfg(feature = "qr")))]
    #[must_use]
    pub fn qr_code(&self, columns: usize) -> Option<String> {
        super::qr::half_blocks(&self.verification_uri, columns)
    }

    /// The text, and the QR code where somebody looks at a terminal.
    fn on_terminal(&self, is_terminal: bool) -> String {
        #[cfg(feature = "qr")]
        if let Some(code) = self.qr_code(MIN_COLUMNS).filter(|_| is_terminal) {
            return format!("{code}\n{}\n", self.message());
        }
        let _ = is_terminal;
        format!("{}\n", self.message())
    }
}

/// No terminal is narrower, so what fits here is drawn unasked.
#[cfg(feature = "qr")]
const MIN_COLUMNS: usize = 40;

/// How the person is told.
#[derive(Clone)]
pub(super) struct Prompt(Arc<dyn Fn(&DeviceCodePrompt) + Send + Sync>);

impl Prompt {
    pub(super) fn new(prompt: impl Fn(&DeviceCodePrompt) + Send + Sync + 'static) -> Self {
        Self(Arc::new(prompt))
    }

    pub(super) fn show(&self, prompt: &DeviceCodePrompt) {
        (self.0)(prompt);
    }
}

impl Default for Prompt {
    /// To the standard error output: the standard output may be read by a program.
    fn default() -> Self {
        Self::new(|prompt| {
            let mut output = std::io::stderr().lock();
            let text = prompt.on_terminal(output.is_terminal());
            // Where nothing can be written nobody reads; the sign-in then ends with its code.
            drop(output.write_all(text.as_bytes()).and_then(|()| output.flush()));
        })
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_ours() {
        let prompt = DeviceCodePrompt {
            verification_uri: "https://microsoft.com/devicelogin".to_owned(),
            user_code: "ABCD1234".to_owned(),
            expires_on: SystemTime::UNIX_EPOCH,
            expires_in: Duration::from_secs(899),
        };
        let message = prompt.message();
        assert!(message.contains("https://microsoft.com/devicelogin") && message.contains("    ABCD1234\n"));
        assert!(message.contains("within 15 minutes") && message.contains("started this sign-in yourself"));
        assert_eq!(prompt.on_terminal(false), format!("{message}\n"));
        #[cfg(feature = "qr")]
        assert!(
            prompt.on_terminal(true).contains('█')
                && prompt.on_terminal(true).ends_with(&format!("{message}\n"))
        );
    }
}
