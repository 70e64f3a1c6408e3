//! A tool, ready to be run: what the three credentials have in common.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use identity_base::seam::{ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest};
use identity_base::{Error, ErrorKind, FetchPolicy, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::{ClientOptions, TenantPolicy, aadsts};

use crate::answer::is_guid;
use crate::{output, redact};

/// What the engine allows beyond the tool's own time limit: the tool's is the one that shall end it.
const SLACK: Duration = Duration::from_secs(5);
/// The exit code by which shells say that there is no such program.
const NOT_FOUND: i32 = 127;

/// What is fixed about a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The credential's type name.
    pub(crate) credential: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// The program's name.
    pub(crate) program: &'static str,
    /// How to get it.
    pub(crate) install: &'static str,
    /// How many runs one token may take.
    pub(crate) runs: u32,
}

/// A tool with the settings of one credential.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) kind: Kind,
    pub(crate) tenants: TenantPolicy,
    pub(crate) path: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) options: ClientOptions,
}

impl Tool {
    /// A run of `program`, or of the one that the settings name.
    pub(crate) fn request(&self, program: &str) -> ProcessRequest {
        let program = match &self.path {
            Some(path) => path.clone().into_os_string(),
            None => OsString::from(program),
        };
        ProcessRequest::new(program).timeout(self.timeout)
    }

    /// Runs it to its end, whatever that is.
    pub(crate) async fn run(&self, request: ProcessRequest) -> Result<ProcessOutput, Error> {
        let output = self.options.process_runner().run(request).await;
        output.map_err(|error| self.not_run(error))
    }

    /// Which tenant a request is for; `None` leaves that to the tool.
    pub(crate) fn tenant(&self, request: &OwnedRequest) -> Result<Option<TenantId>, Error> {
        match request.tenant() {
            Some(tenant) => TenantId::parse(tenant).map(Some),
            None => Ok(self.tenants.own().cloned()),
        }
    }

    /// What decides whose tokens come back.
    pub(crate) fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("tool", self.kind.program);
        if let Some(path) = &self.path {
            key.field("program", path.as_os_str().as_encoded_bytes());
        }
        if let Some(tenant) = self.tenants.own() {
            key.field("tenant", tenant.as_str().to_ascii_lowercase());
        }
    }

    /// How the engine treats runs: their own time limit comes first, and each may have to wait for its turn while others use up theirs.
    pub(crate) fn policy(&self) -> FetchPolicy {
        // A process that nobody waits for is ended, not finished for the cache.
        FetchPolicy::new()
            .with_total(
                self.timeout
                    .saturating_mul(self.kind.runs.saturating_mul(2))
                    .saturating_add(SLACK),
            )
            .with_attended(true)
    }

    /// The tool is not there.
    pub(crate) fn not_installed(&self) -> Error {
        Error::unavailable(format!("{} was not found", self.kind.title)).with_hint(self.kind.install)
    }

    /// It did not run to its end.
    pub(crate) fn not_run(&self, error: ProcessError) -> Error {
        let title = self.kind.title;
        match error.kind {
            ProcessErrorKind::NotFound => self.not_installed().with_source(error),
            ProcessErrorKind::Untrusted => Error::unavailable(format!(
                "{title} is only where everybody may write, and is not run"
            ))
            .with_hint("take the permission to write from everybody (`chmod o-w`): from the program, its folder, or the folders above; or install it elsewhere")
            .with_source(error),
            ProcessErrorKind::Timeout => {
                Error::unavailable(format!("{title} gave no answer within {} and was ended", seconds(self.timeout)))
                    .with_hint("allow more time with `with_process_timeout`, or run the tool by hand and see what it waits for")
                    .with_transient(true)
            }
            ProcessErrorKind::Spawn => Error::unavailable(format!("{title} could not be started"))
                .with_transient(true)
                .with_source(error),
            ProcessErrorKind::InvalidArgument => Error::new(
                ErrorKind::InvalidConfiguration,
                format!("{title} can't be given these arguments"),
            )
            .with_source(error),
            ProcessErrorKind::TooMuchOutput => Error::new(
                ErrorKind::AuthenticationFailed,
                format!("{title} printed far more than an answer and was ended"),
            )
            .with_source(error),
            _ => Error::new(ErrorKind::AuthenticationFailed, format!("{title} could not be read"))
                .with_transient(true)
                .with_source(error),
        }
    }

    /// Whether a run ended because there is no such program: what a shell or an alias says in the place of the tool.
    pub(crate) fn says_not_found(&self, output: &ProcessOutput) -> bool {
        let program = self.kind.program;
        let stderr = output::text(&output.stderr);
        output.code == Some(NOT_FOUND)
            || stderr.starts_with(&format!("'{program}' is not recognized"))
            || stderr.lines().any(|line| shell_misses(line, program))
    }

    /// A failure that has no better name: how it ended, and what it said about it, with the service's code and ids.
    pub(crate) fn failed(&self, kind: ErrorKind, output: &ProcessOutput, words: Option<String>) -> Error {
        let end = match (output.code, output.signal) {
            (Some(code), _) => format!("failed with code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended in an unknown way".to_owned(),
        };
        let words = words.map(|words| format!(": {words}")).unwrap_or_default();
        let error = Error::new(kind, format!("{} {end}{words}", self.kind.title));
        with_service_details(error, &output.stderr, &output.stdout)
    }

    /// It ended well, but what it printed is no answer.
    pub(crate) fn unexpected(&self, why: impl std::fmt::Display) -> Error {
        Error::new(
            ErrorKind::AuthenticationFailed,
            format!("{} printed something else than a token: {why}", self.kind.title),
        )
        .with_hint("run the tool by hand, and update it if it is old")
    }
}

/// Adds the first AADSTS code that the tool repeats, what is known about it, and the ids by which support finds the request.
fn with_service_details(mut error: Error, stderr: &[u8], stdout: &[u8]) -> Error {
    let (stderr, stdout) = (output::text(stderr), output::text(stdout));
    let Some((text, code)) = [&stderr, &stdout]
        .into_iter()
        .find_map(|text| aadsts::in_text(text).map(|code| (text, code)))
    else {
        return error;
    };
    error = error.with_aadsts(code);
    if let Some(entry) = aadsts::find(code) {
        error = error.with_hint(entry.hint);
    }
    if let Some(id) = guid_after(text, "Correlation ID: ") {
        error = error.with_correlation_id(id);
    }
    if let Some(id) = guid_after(text, "Trace ID: ") {
        error = error.with_trace_id(id);
    }
    error
}

/// The GUID after a label.
fn guid_after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(label)?;
    after.get(..36).filter(|id| is_guid(id))
}

/// `sh: 1: az: not found`, `bash: line 1: az: command not found`, with whatever code the wrapper around it ended.
fn shell_misses(line: &str, program: &str) -> bool {
    line.match_indices(program).any(|(at, _)| {
        let (before, after) = (line.get(..at).unwrap_or_default(), line.get(at + program.len()..));
        (before.is_empty() || before.ends_with([' ', '/']))
            && after
                .and_then(|after| after.strip_prefix(':'))
                .is_some_and(|why| why.contains("not found") && !why.contains("AADSTS"))
    })
}

/// The tool's own words on its standard error output, fit to be shown.
pub(crate) fn words(output: &ProcessOutput) -> Option<String> {
    redact::excerpt(&output.stderr)
}

/// Whether the output has one of these texts, and speaks of no refusal of the service.
pub(crate) fn says_without_code(text: &str, phrases: &[&str]) -> bool {
    !text.contains("AADSTS") && phrases.iter().any(|phrase| text.contains(phrase))
}

fn seconds(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{} s", duration.as_secs()),
        _ => format!("{} ms", duration.as_millis()),
    }
}
