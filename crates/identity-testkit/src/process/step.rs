//! What one run of a program does.

use std::fmt;

use identity_base::seam::{ProcessError, ProcessErrorKind, ProcessOutput};

use crate::script::{Waits, waiting_methods};

/// What one run of a program of [`ScriptedProcess`](super::ScriptedProcess) does: first what it waits for, in order, then how it ends.
#[derive(Clone)]
pub struct ProcessStep {
    waits: Waits,
    end: End,
}

#[derive(Clone)]
enum End {
    Output(ProcessOutput),
    Error(ProcessError),
    Hang,
}

impl ProcessStep {
    const fn ending(end: End) -> Self {
        Self {
            waits: Waits::none(),
            end,
        }
    }

    /// Prints this and ends with code 0.
    #[must_use]
    pub fn output(stdout: impl Into<Vec<u8>>) -> Self {
        Self::exits(0, stdout, Vec::new())
    }

    /// Prints nothing but this error and ends with `code`.
    #[must_use]
    pub fn fails(code: i32, stderr: impl Into<Vec<u8>>) -> Self {
        Self::exits(code, Vec::new(), stderr)
    }

    /// Ends with `code` after printing both.
    #[must_use]
    pub fn exits(code: i32, stdout: impl Into<Vec<u8>>, stderr: impl Into<Vec<u8>>) -> Self {
        Self::ending(End::Output(ProcessOutput::exited(code, stdout, stderr)))
    }

    /// Is ended by a signal.
    #[must_use]
    pub fn signalled(signal: i32) -> Self {
        let mut output = ProcessOutput::exited(0, Vec::new(), Vec::new());
        (output.code, output.signal) = (None, Some(signal));
        Self::ending(End::Output(output))
    }

    /// Doesn't run to its end.
    #[must_use]
    pub fn error(kind: ProcessErrorKind) -> Self {
        Self::ending(End::Error(ProcessError::new(
            kind,
            format!("scripted failure: {kind:?}"),
        )))
    }

    /// Never ends by itself.
    #[must_use]
    pub const fn hang() -> Self {
        Self::ending(End::Hang)
    }

    waiting_methods!();

    pub(super) async fn play(self) -> Result<ProcessOutput, ProcessError> {
        self.waits.play().await;
        match self.end {
            End::Output(output) => Ok(output),
            End::Error(error) => Err(error),
            End::Hang => std::future::pending().await,
        }
    }
}

impl fmt::Debug for ProcessStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.end {
            End::Output(output) => format!("code {:?}", output.code),
            End::Error(error) => format!("{:?}", error.kind),
            End::Hang => "hang".to_owned(),
        };
        f.debug_struct("ProcessStep")
            .field("waits", &self.waits)
            .field("end", &end)
            .finish()
    }
}
