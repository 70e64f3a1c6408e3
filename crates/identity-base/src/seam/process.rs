//! Child processes.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::BoxFuture;

/// Starts developer tools. The implementation finds the program, runs it without a shell in a system directory with empty stdin in a process group of its own,
/// caps its output, and kills the whole group at the deadline or when the future is dropped.
pub trait ProcessRunner: fmt::Debug + Send + Sync {
    /// Runs a program to its end.
    fn run(&self, request: ProcessRequest) -> BoxFuture<'_, Result<ProcessOutput, ProcessError>>;

    /// Where the program would be found, without running it.
    ///
    /// # Errors
    /// [`ProcessErrorKind::NotFound`] when it is in none of the absolute directories of `PATH`; [`ProcessErrorKind::Untrusted`] when it is only where everybody
    /// may put one.
    fn locate(&self, program: &str) -> Result<PathBuf, ProcessError>;
}

/// What to run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProcessRequest {
    /// The program's bare name (`az`), or an absolute path.
    pub program: OsString,
    /// The arguments, without the program. Never a secret.
    pub args: Vec<OsString>,
    /// Variables to set in the child, beyond the scrubbed environment of this process.
    pub env: Vec<(OsString, OsString)>,
    /// The longest the child may run, from its start to the end of its output. Time for which it has to wait until others have ended is not counted.
    /// Default: 10 s.
    pub timeout: Duration,
    /// The most bytes that are read of each of its outputs; more ends the child. Default: 1 MiB.
    pub max_output: usize,
}

impl ProcessRequest {
    /// A request with the default limits.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            timeout: Duration::from_secs(10),
            max_output: 1024 * 1024,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable in the child.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the time limit.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// How a program ended and what it printed. The outputs may hold a token.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProcessOutput {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it, on Unix.
    pub signal: Option<i32>,
    /// Its standard output.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error output.
    pub stderr: Zeroizing<Vec<u8>>,
    /// The program that ran, as an absolute path.
    pub program: PathBuf,
}

impl ProcessOutput {
    /// An end with this exit code, for fakes.
    #[must_use]
    pub fn exited(code: i32, stdout: impl Into<Vec<u8>>, stderr: impl Into<Vec<u8>>) -> Self {
        Self {
            code: Some(code),
            signal: None,
            stdout: Zeroizing::new(stdout.into()),
            stderr: Zeroizing::new(stderr.into()),
            program: PathBuf::new(),
        }
    }
}

impl fmt::Debug for ProcessOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessOutput")
            .field("code", &self.code)
            .field("signal", &self.signal)
            .field("stdout_bytes", &self.stdout.len())
            .field("stderr_bytes", &self.stderr.len())
            .field("program", &self.program)
            .finish()
    }
}

/// Why a program did not run to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProcessError {
    /// What kind of failure.
    pub kind: ProcessErrorKind,
    /// A short text without output of the tool.
    pub message: String,
}

impl ProcessError {
    /// An error of this kind.
    pub fn new(kind: ProcessErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ProcessError {}

/// The kinds of [`ProcessError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessErrorKind {
    /// The program is in none of the absolute directories of `PATH`.
    NotFound,
    /// There is one, but everybody may write to it or to its directory, so it isn't run.
    Untrusted,
    /// The system refused to start it.
    Spawn,
    /// It ran longer than allowed and was killed.
    Timeout,
    /// It printed more than allowed and was killed.
    TooMuchOutput,
    /// An argument can't be passed safely on this platform.
    InvalidArgument,
    /// Reading its output failed.
    Io,
}
