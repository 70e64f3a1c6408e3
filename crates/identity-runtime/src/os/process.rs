//! Child processes.

mod child;
mod collect;
mod command;
mod locate;
mod quote;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use identity_base::BoxFuture;
use identity_base::seam::{
    Env, ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest, ProcessRunner,
};
use tokio::sync::Semaphore;

use super::off_thread::off_thread;
use super::{SystemClock, SystemEnv};
use crate::time::timeout;
pub(super) use child::Running;
pub(super) use command::build as build_command;
pub(super) use locate::program as find_program;

/// So many children run at once at most; further requests wait their turn within their time limit.
const MAX_CHILDREN: usize = 4;

/// Runs developer tools.
///
/// A program is looked for in the absolute directories of `PATH` alone, never in the current one, and not in directories that everybody may write to. It
/// runs without a shell, in the root directory, with empty input, in a process group of its own, without this process's secrets in its environment. The
/// whole group is killed when the time limit or the output limit is reached, or when the future is dropped. At most four children run at once.
///
/// On Windows a batch file, as `az` is one, needs the command interpreter; arguments that it might misread are refused. There, a tool's own children are
/// ended by the system's `taskkill`, since job objects have no safe interface.
///
/// A runtime with I/O is needed.
#[derive(Clone)]
pub struct SystemProcess {
    env: Arc<dyn Env>,
    turns: Arc<Semaphore>,
}

impl SystemProcess {
    /// A runner that finds programs by the environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::with_env(Arc::new(SystemEnv::new()))
    }

    /// A runner that finds programs by the `PATH` of `env`. Children inherit the environment of this process all the same, without its secrets.
    #[must_use]
    pub fn with_env(env: Arc<dyn Env>) -> Self {
        Self {
            env,
            turns: Arc::new(Semaphore::new(MAX_CHILDREN)),
        }
    }

    async fn run_in_turn(&self, request: ProcessRequest) -> Result<ProcessOutput, ProcessError> {
        let clock = SystemClock::new();
        let limit = request.timeout;
        let outcome = timeout(&clock, limit, async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await.ok();
            self.run_now(request).await
        });
        outcome.await.unwrap_or_else(|| {
            Err(ProcessError::new(
                ProcessErrorKind::Timeout,
                format!("it did not end within {} ms and was killed", limit.as_millis()),
            ))
        })
    }

    /// Dropped at the time limit, which kills the child.
    async fn run_now(&self, request: ProcessRequest) -> Result<ProcessOutput, ProcessError> {
        let env = Arc::clone(&self.env);
        let max_output = request.max_output;
        // Starting a process copies page tables and looks at files.
        let started = off_thread(move || {
            Ok(find_program(&request.program, &*env).and_then(|program| {
                let running = Running::start(build_command(&program, &request, &*env)?)?;
                tracing::debug!(target: crate::trace::TARGET, program = %program.display(), "a developer tool was started");
                Ok((program, running))
            }))
        });
        let (program, running) = started
            .await
            .map_err(|error| ProcessError::new(ProcessErrorKind::Spawn, error.to_string()))??;
        let mut output = collect::collect(running, max_output).await?;
        output.program = program;
        Ok(output)
    }
}

impl Default for SystemProcess {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemProcess").finish_non_exhaustive()
    }
}

impl ProcessRunner for SystemProcess {
    fn run(&self, request: ProcessRequest) -> BoxFuture<'_, Result<ProcessOutput, ProcessError>> {
        Box::pin(self.run_in_turn(request))
    }

    fn locate(&self, program: &str) -> Result<PathBuf, ProcessError> {
        find_program(Path::new(program).as_os_str(), &*self.env)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
