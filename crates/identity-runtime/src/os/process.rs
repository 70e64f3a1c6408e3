//! Child processes.

use std::path::PathBuf;

use identity_base::BoxFuture;
use identity_base::seam::{ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest, ProcessRunner};

/// Runs developer tools.
#[derive(Clone, Debug, Default)]
pub struct SystemProcess(());

impl SystemProcess {
    /// Runs developer tools.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl ProcessRunner for SystemProcess {
    fn run(&self, request: ProcessRequest) -> BoxFuture<'_, Result<ProcessOutput, ProcessError>> {
        Box::pin(async move {
            self.locate(&request.program.to_string_lossy())
                .and_then(|_| Err(not_found()))
        })
    }

    fn locate(&self, _program: &str) -> Result<PathBuf, ProcessError> {
        Err(not_found())
    }
}

fn not_found() -> ProcessError {
    ProcessError::new(ProcessErrorKind::NotFound, "the program was not found")
}
