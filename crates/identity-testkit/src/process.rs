//! A runner of programs that only pretends.

mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use identity_base::BoxFuture;
use identity_base::seam::{
    Clock, ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest, ProcessRunner,
};

use crate::watched::Watched;

pub use step::ProcessStep;

/// A [`ProcessRunner`] whose programs are scripts of [`ProcessStep`]s, and which records what was run. Clones are the same runner.
///
/// Only installed programs are found. Each run takes the next step of its program; without one it fails.
///
/// ```
/// use identity_base::seam::{ProcessRequest, ProcessRunner};
/// use identity_testkit::{ProcessStep, ScriptedProcess, block_on};
///
/// let tools = ScriptedProcess::new();
/// tools.install("az", "/usr/bin/az").push("az", ProcessStep::output("{}"));
/// let output = block_on(tools.run(ProcessRequest::new("az").arg("version"))).unwrap();
/// assert_eq!((output.code, output.program.to_str()), (Some(0), Some("/usr/bin/az")));
/// assert_eq!(tools.argv(0), ["version"]);
/// ```
#[derive(Clone, Default)]
pub struct ScriptedProcess(Arc<Inner>);

struct Inner {
    clock: Mutex<Option<Arc<dyn Clock>>>,
    state: Watched<State>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            clock: Mutex::default(),
            state: Watched::new(State::default()),
        }
    }
}

#[derive(Default)]
struct State {
    programs: BTreeMap<String, Program>,
    runs: Vec<ProcessRequest>,
    ended: usize,
    killed: usize,
}

#[derive(Default)]
struct Program {
    path: PathBuf,
    script: VecDeque<ProcessStep>,
    otherwise: Option<ProcessStep>,
}

impl ScriptedProcess {
    /// A system without any program.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Installs a program.
    pub fn install(&self, name: &str, path: impl Into<PathBuf>) -> &Self {
        let path = path.into();
        self.0
            .state
            .change(|state| state.programs.entry(name.to_owned()).or_default().path = path);
        self
    }

    /// Takes a program away.
    pub fn uninstall(&self, name: &str) -> &Self {
        self.0.state.change(|state| state.programs.remove(name));
        self
    }

    /// Adds a step to the script of an installed program.
    ///
    /// # Panics
    /// When it isn't installed.
    #[track_caller]
    pub fn push(&self, name: &str, step: ProcessStep) -> &Self {
        self.with_program(name, |program| program.script.push_back(step))
    }

    /// What an installed program does when its script is at its end.
    ///
    /// # Panics
    /// When it isn't installed.
    #[track_caller]
    pub fn always(&self, name: &str, step: ProcessStep) -> &Self {
        self.with_program(name, |program| program.otherwise = Some(step))
    }

    #[track_caller]
    fn with_program(&self, name: &str, change: impl FnOnce(&mut Program)) -> &Self {
        let known = self
            .0
            .state
            .change(|state| state.programs.get_mut(name).map(change));
        assert!(known.is_some(), "{name} is not installed");
        self
    }

    /// Keeps time limits by `clock`, as the real runner does. Without this they are only recorded.
    pub fn keep_time_by(&self, clock: impl Clock + 'static) -> &Self {
        *self.0.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(clock));
        self
    }

    /// What was run, in order.
    #[must_use]
    pub fn runs(&self) -> Vec<ProcessRequest> {
        self.0.state.read(|state| state.runs.clone())
    }

    /// The arguments of the run at `index`, as text; empty when there was none.
    #[must_use]
    pub fn argv(&self, index: usize) -> Vec<String> {
        let args = |request: &ProcessRequest| {
            request
                .args
                .iter()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect()
        };
        self.0
            .state
            .read(|state| state.runs.get(index).map(args).unwrap_or_default())
    }

    /// How many programs were started.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.state.read(|state| state.runs.len())
    }

    /// How many were killed: at their time limit, or since nobody waited any more.
    #[must_use]
    pub fn killed(&self) -> usize {
        self.0.state.read(|state| state.killed)
    }

    /// How many are running.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0
            .state
            .read(|state| state.runs.len() - state.ended - state.killed)
    }

    /// Waits until `count` programs were started.
    pub async fn started(&self, count: usize) {
        self.0.state.until(|state| state.runs.len() >= count).await;
    }

    async fn play(&self, request: ProcessRequest) -> Result<ProcessOutput, ProcessError> {
        let path = self.find(&request.program)?;
        let step = self.0.state.change(|state| {
            state.runs.push(request.clone());
            let name = base_name(&request.program);
            let program = state.programs.get_mut(&name)?;
            program.script.pop_front().or_else(|| program.otherwise.clone())
        });
        let mut running = Running {
            inner: &self.0,
            ended: false,
        };
        let Some(step) = step else {
            running.ended = true;
            return Err(ProcessError::new(
                ProcessErrorKind::Spawn,
                "the scripted program has no step left",
            ));
        };
        let result = self.within(step.play(), &request).await;
        running.ended = !matches!(&result, Err(error) if error.kind == ProcessErrorKind::Timeout);
        let mut output = result?;
        output.program = path;
        if output.stdout.len().max(output.stderr.len()) > request.max_output {
            return Err(ProcessError::new(
                ProcessErrorKind::TooMuchOutput,
                "it printed more than allowed",
            ));
        }
        Ok(output)
    }

    async fn within(
        &self,
        run: impl Future<Output = Result<ProcessOutput, ProcessError>>,
        request: &ProcessRequest,
    ) -> Result<ProcessOutput, ProcessError> {
        let clock = self
            .0
            .clock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(clock) = clock else { return run.await };
        let (mut run, mut limit) = (pin!(run), clock.sleep(request.timeout));
        std::future::poll_fn(|context| {
            if let Poll::Ready(result) = run.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            limit
                .as_mut()
                .poll(context)
                .map(|()| Err(ProcessError::new(ProcessErrorKind::Timeout, "it ran too long")))
        })
        .await
    }

    fn find(&self, program: &OsStr) -> Result<PathBuf, ProcessError> {
        let path = self.0.state.read(|state| {
            state
                .programs
                .get(&base_name(program))
                .map(|known| known.path.clone())
        });
        path.ok_or_else(|| ProcessError::new(ProcessErrorKind::NotFound, "the program is not installed"))
    }
}

/// The name under which a program is installed: that of its file, without directory.
fn base_name(program: &OsStr) -> String {
    let path = std::path::Path::new(program);
    path.file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// A child; it is killed when it is dropped before its end.
struct Running<'a> {
    inner: &'a Inner,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.inner.state.change(|state| {
            state.ended += usize::from(self.ended);
            state.killed += usize::from(!self.ended);
        });
    }
}

impl ProcessRunner for ScriptedProcess {
    fn run(&self, request: ProcessRequest) -> BoxFuture<'_, Result<ProcessOutput, ProcessError>> {
        Box::pin(self.play(request))
    }

    fn locate(&self, program: &str) -> Result<PathBuf, ProcessError> {
        self.find(OsStr::new(program))
    }
}

impl fmt::Debug for ScriptedProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedProcess")
            .field("calls", &self.calls())
            .field("killed", &self.killed())
            .finish_non_exhaustive()
    }
}
