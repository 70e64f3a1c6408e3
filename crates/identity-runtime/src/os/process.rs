//! Child processes.

mod child;
mod collect;
mod command;
mod locate;
mod quote;
mod trust;

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
pub(super) use child::{Group, Running};
pub(super) use command::build as build_command;
pub(super) use locate::opener as find_opener;
use locate::program as find_program;

/// So many children run at once at most; further requests wait their turn, and their time limit begins with it.
const MAX_CHILDREN: usize = 4;

/// Runs developer tools.
///
/// A program is looked for in the absolute directories of `PATH` alone, never in the current one. One that everybody may write to, or that is in a directory
/// that everybody may write to, `/tmp` and its like with the sticky bit included, is not run, neither by its name nor by its path.
///
/// It runs without a shell, in the root directory, with empty input, in a process group of its own, without this process's secrets in its environment, and
/// with those directories of `PATH` alone that it would have been looked for in. The whole group is killed when the time limit or the output limit is
/// reached, when the future is dropped, and when the program itself has ended: nothing that it started goes on, unless it left the group (`setsid`). At most
/// four children run at once; the time limit of a further one begins when it is its turn.
///
/// On Windows a batch file, as `az` is one, needs the command interpreter; arguments that it might misread are refused. There, a tool is killed with its own
/// children by the system's `taskkill`, since job objects have no safe interface; what it started and left running when it ended by itself is not found.
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

    /// A runner that finds programs by the `PATH` of `env`, which is also what children get of it. For the rest they inherit the environment of this process,
    /// without its secrets.
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
        // The semaphore is never closed. The time until it's this child's turn is not the child's.
        let _turn = self.turns.acquire().await.ok();
        let outcome = timeout(&clock, limit, self.run_now(request));
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
                let running = Running::start(build_command(&program, &request, &*env)?, Group::Killed)?;
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
