//! Values and texts that a test shows to the guard.

use std::error::Error as StdError;
use std::ffi::OsStr;
use std::fmt::{Debug, Display};

use identity_base::Report;
use serde_json::Value;

use super::{Channel, LeakGuard};

/// How many sources of an error are followed.
const MAX_SOURCES: usize = 32;

impl LeakGuard {
    /// Looks at `{:?}` and `{:#?}` of a value, and hands it back.
    pub fn check<'a, T: Debug + ?Sized>(&self, value: &'a T) -> &'a T {
        let place = std::any::type_name::<T>();
        self.0.note(Channel::Debug, place, format!("{value:?}"));
        self.0.note(Channel::DebugPretty, place, format!("{value:#?}"));
        value
    }

    /// Looks at `{}` of a value as well, and hands it back.
    pub fn check_display<'a, T: Debug + Display + ?Sized>(&self, value: &'a T) -> &'a T {
        self.0
            .note(Channel::Display, std::any::type_name::<T>(), value.to_string());
        self.check(value)
    }

    /// Looks at an error in all its forms: `Debug`, `Display`, each of its sources, and of an [`identity_base::Error`] also its report, parts and attempts.
    pub fn check_error<'a, E: StdError + 'static>(&self, error: &'a E) -> &'a E {
        self.error_forms(error, false);
        for source in std::iter::successors(error.source(), |error| (*error).source()).take(MAX_SOURCES) {
            self.error_forms(source, true);
        }
        error
    }

    /// Looks at a result: its value's `Debug` forms, or its error as [`check_error`](Self::check_error) does.
    pub fn check_result<'a, T: Debug, E: StdError + 'static>(
        &self,
        result: &'a Result<T, E>,
    ) -> &'a Result<T, E> {
        match result {
            Ok(value) => {
                self.check(value);
            }
            Err(error) => {
                self.check_error(error);
            }
        }
        result
    }

    /// Looks at any text: a serialised value, a rendered page, a printed table. `place` is for the report.
    pub fn check_text(&self, place: &str, text: impl AsRef<[u8]>) {
        self.0.note(Channel::Text, place, text.as_ref());
    }

    /// Looks at what a child printed. `child` is for the report.
    pub fn check_output(&self, child: &str, stdout: impl AsRef<[u8]>, stderr: impl AsRef<[u8]>) {
        self.0.note(Channel::Stdout, child, stdout.as_ref());
        self.0.note(Channel::Stderr, child, stderr.as_ref());
    }

    /// Looks at the arguments of a child. `child` is for the report.
    pub fn check_argv<A: AsRef<OsStr>>(&self, child: &str, args: impl IntoIterator<Item = A>) {
        for arg in args {
            self.0.note(Channel::Argv, child, arg.as_ref().as_encoded_bytes());
        }
    }

    /// Looks at the environment of a child. `child` is for the report.
    pub fn check_environ<N, V>(&self, child: &str, variables: impl IntoIterator<Item = (N, V)>)
    where
        N: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        for (name, value) in variables {
            let name = name.as_ref();
            self.0.note(Channel::Environ, child, name.as_encoded_bytes());
            let place = format!("{child}, variable {}", name.to_string_lossy());
            self.0
                .note(Channel::Environ, place, value.as_ref().as_encoded_bytes());
        }
    }

    /// Looks at arguments and environment of a running child, as other users of the machine could. Wait until it has printed something: while
    /// a program is being loaded the system may show neither.
    ///
    /// # Panics
    /// When they can't be read, or when there are no arguments: then the test would prove nothing.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn check_process(&self, child: &str, id: u32) {
        for (file, channel) in [("cmdline", Channel::Argv), ("environ", Channel::Environ)] {
            let path = format!("/proc/{id}/{file}");
            match super::files::read(path.as_ref()) {
                Ok(contents) if contents.is_empty() && channel == Channel::Argv => panic!("{path} is empty"),
                Ok(contents) => self.0.note(channel, child, contents),
                Err(error) => panic!("{path}: {error}"),
            }
        }
    }

    /// Looks at the requests of a journal in the form of the wire cases: URLs, and headers that aren't allowed to hold secrets.
    ///
    /// # Panics
    /// When it isn't such a journal.
    #[track_caller]
    pub fn check_journal(&self, journal: &Value) {
        let requests = journal.get("requests").unwrap_or(journal);
        let Some(requests) = requests.as_array() else {
            panic!("a journal has a list of requests")
        };
        let allowed = super::lock(&self.0.allowed).headers.clone();
        for (number, request) in requests.iter().enumerate() {
            let place = format!("request {}", number + 1);
            for part in ["path", "query", "url"] {
                self.strings(Channel::Url, &place, request.get(part));
            }
            let headers = request
                .get("headers")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            for (name, value) in headers {
                if !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
                    self.strings(Channel::Header, &format!("{place}, header {name}"), Some(value));
                }
            }
        }
    }

    /// Looks at every text within a JSON value, names included.
    fn strings(&self, channel: Channel, place: &str, value: Option<&Value>) {
        match value {
            Some(Value::String(text)) => self.0.note(channel, place, text.as_str()),
            Some(Value::Array(items)) => items
                .iter()
                .for_each(|item| self.strings(channel, place, Some(item))),
            Some(Value::Object(members)) => members.iter().for_each(|(name, member)| {
                self.0.note(channel, place, name.as_str());
                self.strings(channel, place, Some(member));
            }),
            _ => {}
        }
    }

    fn error_forms(&self, error: &(dyn StdError + 'static), is_source: bool) {
        let channel = |own| if is_source { Channel::ErrorSource } else { own };
        self.0
            .note(channel(Channel::Debug), "an error", format!("{error:?}"));
        self.0
            .note(channel(Channel::DebugPretty), "an error", format!("{error:#?}"));
        self.0
            .note(channel(Channel::Display), "an error", error.to_string());
        if let Some(error) = error.downcast_ref::<identity_base::Error>() {
            self.0.note(
                Channel::Display,
                "a report on an error",
                Report::new(error).to_string(),
            );
            let parts = [
                ("message", Some(error.message())),
                ("hint", error.hint()),
                ("claims", error.claims()),
            ];
            for (name, part) in parts {
                self.0.note(
                    Channel::Text,
                    format!("an error's {name}"),
                    part.unwrap_or_default(),
                );
            }
            for attempt in error.attempts() {
                self.check_error(attempt.error());
            }
        }
    }
}
