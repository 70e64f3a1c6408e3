//! Why a command failed, and how that is told: text for people, JSON for programs.

use std::borrow::Cow;

use identity_base::{Error, ErrorKind, Foreign};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::exit::Exit;

/// The most bytes of a message that are shown.
const MAX_MESSAGE_BYTES: usize = 1024;
/// The most causes that are shown.
const MAX_CAUSES: usize = 8;

/// The kind of a failure that needs no more words.
const TOLD: &str = "told";

/// A command's failure.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    kind: &'static str,
    message: String,
    hint: Option<Cow<'static, str>>,
    error: Option<Box<Error>>,
}

impl Failure {
    fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit,
            kind,
            message: message.into(),
            hint: None,
            error: None,
        }
    }

    /// The command line, a variable or a file holds something that can't be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Something that the chosen credential needs is not there.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unavailable, "credential_unavailable", message)
    }

    /// A defect, or trouble with the machine.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, "internal", message)
    }

    /// Nobody reads the output any more. That needs no words.
    pub(crate) fn reader_gone() -> Self {
        Self::new(Exit::ReaderGone, "reader_gone", "")
    }

    /// What is to be said was said already; only the exit code is left.
    pub(crate) fn told(exit: Exit) -> Self {
        Self::new(exit, TOLD, "")
    }

    /// The failure as an attempt of a chain.
    pub(crate) fn into_error(self) -> Error {
        if let Some(error) = self.error {
            return *error;
        }
        let kind = match self.exit {
            Exit::Unavailable => ErrorKind::CredentialUnavailable,
            Exit::Usage => ErrorKind::InvalidConfiguration,
            _ => ErrorKind::Internal,
        };
        let error = Error::new(kind, self.message);
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// A signal ended the work.
    pub(crate) fn signalled(exit: Exit) -> Self {
        let kind = if exit == Exit::Interrupted {
            "interrupted"
        } else {
            "terminated"
        };
        Self::new(exit, kind, kind)
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        format!("{} [{}]", self.message, self.hint.as_deref().unwrap_or_default())
    }

    /// Writes the failure to standard error.
    pub(crate) fn report(&self, context: &Context) {
        if self.exit == Exit::ReaderGone || self.kind == TOLD {
            return;
        }
        if context.json {
            return context.complain(&self.to_json().to_string());
        }
        for line in self.lines() {
            let line = match line.split_once(": ") {
                Some(("error", rest)) => format!("{} {rest}", context.alarming("error:")),
                Some(("hint", rest)) => format!("{} {rest}", context.helpful("hint:")),
                _ => line,
            };
            context.complain(&line);
        }
    }

    fn lines(&self) -> Vec<String> {
        let who = self.error.as_ref().and_then(|error| error.credential());
        let who = who.map(|who| format!("{who}: ")).unwrap_or_default();
        let mut lines = vec![format!("error: {who}{}", shown(&self.message))];
        let Some(error) = &self.error else {
            lines.extend(self.hint.iter().map(|hint| format!("hint: {}", shown(hint))));
            return lines;
        };
        for attempt in error.attempts() {
            let (name, took) = (attempt.credential(), attempt.elapsed().as_millis());
            let what = shown(attempt.error().message());
            let hint = attempt.error().hint().map(|hint| format!("; {}", shown(hint)));
            let cause = causes(attempt.error())
                .into_iter()
                .next()
                .filter(|cause| !what.contains(cause.as_str()))
                .map(|cause| format!(" (caused by: {cause})"));
            lines.push(format!(
                "  {name}: {what}{}{} [{took} ms]",
                cause.unwrap_or_default(),
                hint.unwrap_or_default()
            ));
        }
        lines.extend(
            causes(error)
                .into_iter()
                .map(|cause| format!("  caused by: {cause}")),
        );
        let ids = [
            ("correlation id", error.correlation_id()),
            ("trace id", error.trace_id()),
        ];
        let ids = ids
            .iter()
            .filter_map(|(name, id)| id.map(|id| format!("  {name}: {id}")));
        lines.extend(ids);
        if let Some(after) = error.retry_after() {
            lines.push(format!("  the service asks to wait {} s", after.as_secs()));
        }
        lines.extend(self.hint.iter().map(|hint| format!("hint: {}", shown(hint))));
        lines
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                error.insert(name.to_owned(), value);
            }
        };
        put("kind", self.kind.into());
        put("message", shown(&self.message).into());
        put("hint", self.hint.as_deref().map(shown).into());
        if let Some(error) = &self.error {
            put("credential", error.credential().into());
            put("code", error.code().into());
            put("suberror", error.suberror().into());
            put("aadsts", error.aadsts().into());
            put("http_status", error.http_status().into());
            put("correlation_id", error.correlation_id().into());
            put("trace_id", error.trace_id().into());
            put(
                "retry_after",
                error.retry_after().map(|after| after.as_secs()).into(),
            );
            put("transient", error.is_transient().into());
            put("claims", error.claims().into());
            put("causes", causes(error).into());
            let attempts: Vec<_> = error
                .attempts()
                .iter()
                .map(|attempt| {
                    json!({
                        "credential": attempt.credential(),
                        "kind": kind_name(attempt.error().kind()),
                        "message": shown(attempt.error().message()),
                        "hint": attempt.error().hint().map(shown),
                        "elapsed_ms": u64::try_from(attempt.elapsed().as_millis()).unwrap_or(u64::MAX),
                    })
                })
                .collect();
            put("attempts", attempts.into());
        }
        json!({ "error": error, "exit_code": self.exit.code() })
    }
}

/// Text that may come from outside, safe for a terminal.
fn shown(text: &str) -> String {
    Foreign::new(text, MAX_MESSAGE_BYTES).to_string()
}

/// The causes, without those that only repeat what stands above them.
fn causes(error: &Error) -> Vec<String> {
    let first = std::error::Error::source(error);
    let mut above = shown(error.message());
    let mut causes = Vec::new();
    for cause in std::iter::successors(first, |cause| cause.source()).take(MAX_CAUSES) {
        // Of the library's own errors the message alone: their hints would contradict the one that counts.
        let text = match cause.downcast_ref::<Error>() {
            Some(error) => shown(error.message()),
            None => shown(&cause.to_string()),
        };
        if !above.ends_with(&text) {
            causes.push(text.clone());
            above = text;
        }
    }
    causes
}

/// The kind's stable name in JSON.
fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::CredentialUnavailable => "credential_unavailable",
        ErrorKind::AuthenticationRequired => "authentication_required",
        ErrorKind::AuthenticationFailed => "authentication_failed",
        ErrorKind::InvalidConfiguration => "invalid_configuration",
        ErrorKind::IdentityMismatch => "identity_mismatch",
        ErrorKind::Transport => "transport",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::OutcomeUnknown => "outcome_unknown",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Closed => "closed",
        _ => "internal",
    }
}

/// A chain that was stopped by a refusal failed with just that; what was passed before stays as its attempts.
fn stopped_by(error: Error) -> Error {
    let attempts = error.attempts();
    match attempts.split_last() {
        Some((last, before)) if !error.is_unavailable() => last
            .error()
            .clone()
            .with_credential(last.credential().to_owned())
            .with_attempts(before.to_vec()),
        _ => error,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let error = stopped_by(error);
        Self {
            exit: Exit::of(&error),
            kind: kind_name(error.kind()),
            message: error.message().to_owned(),
            hint: error.hint().map(|hint| hint.to_owned().into()),
            error: Some(Box::new(error)),
        }
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        // Values are never repeated: someone may have put a secret there.
        match error {
            lexopt::Error::MissingValue { option: Some(option) } => {
                Self::usage(format!("the option {} needs a value", shown(&option)))
            }
            lexopt::Error::UnexpectedValue { option, .. } => {
                Self::usage(format!("the option {} takes no value", shown(&option)))
            }
            lexopt::Error::NonUnicodeValue(_) => Self::usage("an argument is not valid Unicode"),
            lexopt::Error::UnexpectedOption(option) => {
                Self::usage(format!("there is no option {}", shown(&option)))
            }
            _ => Self::usage("the arguments can't be understood"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use identity_base::Attempt;

    use super::*;

    fn refused() -> Error {
        Error::new(
            ErrorKind::AuthenticationFailed,
            "AADSTS7000215: wrong\u{1b}[31m secret",
        )
        .with_credential("ClientSecretCredential")
        .with_aadsts(7_000_215)
        .with_code("invalid_client", None)
        .with_correlation_id("11111111-2222-3333-4444-555555555555")
        .with_hint("make a new secret")
        .with_source(std::io::Error::other("cause"))
    }

    #[test]
    fn causes_are_told_once_and_give_no_advice_of_their_own() {
        let inner = Error::new(ErrorKind::Transport, "host: no connection")
            .with_hint("check the proxy")
            .with_source(std::io::Error::other("no connection"));
        let outer = Error::unavailable("the agent does not listen").with_source(inner);
        assert_eq!(causes(&outer), ["host: no connection"]);
    }

    #[test]
    fn text_has_a_line_for_each_thing() {
        assert_eq!(
            Failure::from(refused()).lines(),
            [
                "error: ClientSecretCredential: AADSTS7000215: wrong\\u{1b}[31m secret",
                "  caused by: cause",
                "  correlation id: 11111111-2222-3333-4444-555555555555",
                "hint: make a new secret",
            ]
        );
    }

    #[test]
    fn json_has_the_same_in_fields() {
        let json = Failure::from(refused()).to_json();
        let field = |name: &str| {
            json.pointer(&format!("/error/{name}"))
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(field("kind"), "authentication_failed");
        assert_eq!(field("aadsts"), 7_000_215);
        assert_eq!(field("code"), "invalid_client");
        assert_eq!(field("hint"), "make a new secret");
        assert_eq!(field("causes"), json!(["cause"]));
        assert_eq!(json.get("exit_code"), Some(&json!(4)));
    }

    #[test]
    fn a_cause_that_repeats_the_message_is_left_out() {
        let inner =
            Error::new(ErrorKind::Transport, "no address").with_source(std::io::Error::other("no answer"));
        let error = Error::new(ErrorKind::Transport, "example.test: no address").with_source(inner);
        assert_eq!(causes(&error), ["no answer"]);
    }

    #[test]
    fn attempts_of_a_chain_are_told() {
        let inner = Error::unavailable("not set up")
            .with_hint("set it up")
            .with_source(std::io::Error::other("gone"));
        let attempt = Attempt::new("EnvironmentCredential", inner, Duration::from_millis(7));
        let failure = Failure::from(Error::unavailable("nothing worked").with_attempts(vec![attempt]));
        assert_eq!(
            failure.lines().get(1).unwrap(),
            "  EnvironmentCredential: not set up (caused by: gone); set it up [7 ms]"
        );
        assert_eq!(failure.exit(), Exit::Unavailable);
        let json = failure.to_json();
        assert_eq!(
            json.pointer("/error/attempts/0/kind"),
            Some(&json!("credential_unavailable"))
        );
    }

    #[test]
    fn a_value_on_the_command_line_is_never_repeated() {
        let error = lexopt::Error::UnexpectedValue {
            option: "--show".to_owned(),
            value: "CNRY-secret".into(),
        };
        let texts = [
            Failure::from(error).text(),
            Failure::from(lexopt::Error::NonUnicodeValue("CNRY-secret".into())).text(),
        ];
        assert!(texts.iter().all(|text| !text.contains("CNRY")), "{texts:?}");
    }
}
