//! The command line, an argument at a time.

use std::ffi::OsString;

use lexopt::ValueExt as _;

use crate::failure::Failure;
use crate::suggest::nearest;

/// What secrets on the command line are answered with, and how their options are recognised.
const SECRET_WORDS: [&str; 6] = ["secret", "password", "token", "assertion", "code", "verifier"];

/// The arguments of one command.
#[derive(Debug)]
pub(crate) struct Args {
    parser: lexopt::Parser,
    command: &'static str,
    options: &'static [&'static str],
}

/// One argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// An option as it was written, with its dashes and without its value.
    Option(String),
    /// Anything else.
    Value(String),
}

impl Args {
    /// The arguments of `command`, which has these options.
    pub(crate) fn new(
        arguments: Vec<OsString>,
        command: &'static str,
        options: &'static [&'static str],
    ) -> Self {
        Self {
            parser: lexopt::Parser::from_args(arguments),
            command,
            options,
        }
    }

    /// The next argument.
    ///
    /// # Errors
    /// A usage failure when an option has a value that it doesn't take, or an argument isn't Unicode.
    pub(crate) fn next(&mut self) -> Result<Option<Given>, Failure> {
        Ok(match self.parser.next()? {
            None => None,
            Some(lexopt::Arg::Long(name)) => Some(Given::Option(format!("--{name}"))),
            Some(lexopt::Arg::Short(letter)) => Some(Given::Option(format!("-{letter}"))),
            Some(lexopt::Arg::Value(value)) => Some(Given::Value(value.string()?)),
        })
    }

    /// The value of the option that [`Args::next`] gave.
    ///
    /// # Errors
    /// A usage failure when there is none, or it isn't Unicode.
    pub(crate) fn text(&mut self) -> Result<String, Failure> {
        Ok(self.parser.value()?.string()?)
    }

    /// The value as a path, which need not be Unicode.
    ///
    /// # Errors
    /// A usage failure when there is none.
    pub(crate) fn path(&mut self) -> Result<OsString, Failure> {
        Ok(self.parser.value()?)
    }

    /// The failure for an argument that the command does not take.
    pub(crate) fn unknown(&self, given: &Given) -> Failure {
        let command = self.command;
        let see = format!("`entra {command} --help` lists the options");
        let option = match given {
            Given::Value(_) => {
                return Failure::usage(format!("`entra {command}` takes no arguments beside its options"))
                    .hint(see);
            }
            Given::Option(option) => option,
        };
        let failure = Failure::usage(format!("`entra {command}` has no option {option}"));
        // Before the spelling: it is no slip, other tools have it.
        if option == "--resource" {
            return failure.hint("a resource is asked for by its scope: --scope RESOURCE/.default");
        }
        if let Some(known) = nearest(option, self.options.iter().copied()) {
            return failure.hint(format!("did you mean {known}? {see}"));
        }
        if SECRET_WORDS.iter().any(|word| option.contains(word)) {
            return failure.hint(format!(
                "secrets are never taken from arguments, which other users of the machine can read; use a variable or a file: {see}"
            ));
        }
        failure.hint(see)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(arguments: &[&str]) -> Args {
        let arguments = arguments.iter().map(OsString::from).collect();
        Args::new(arguments, "token", &["--scope", "--client-secret-file"])
    }

    #[test]
    fn options_and_values_come_in_order() {
        let mut args = args(&["--scope=a", "-o", "raw", "b", "--", "--c"]);
        let option = |name: &str| Some(Given::Option(name.to_owned()));
        assert_eq!(args.next().unwrap(), option("--scope"));
        assert_eq!(args.text().unwrap(), "a");
        assert_eq!(args.next().unwrap(), option("-o"));
        assert_eq!(args.text().unwrap(), "raw");
        assert_eq!(args.next().unwrap(), Some(Given::Value("b".to_owned())));
        assert_eq!(args.next().unwrap(), Some(Given::Value("--c".to_owned())));
        assert_eq!(args.next().unwrap(), None);
    }

    #[test]
    fn a_value_that_is_missing_or_too_many_is_told() {
        let mut missing = args(&["--scope"]);
        missing.next().unwrap();
        assert!(
            missing
                .text()
                .unwrap_err()
                .text()
                .contains("--scope needs a value")
        );
        let mut extra = args(&["--show=CNRY"]);
        extra.next().unwrap();
        let text = extra.next().unwrap_err().text();
        assert!(
            text.contains("--show takes no value") && !text.contains("CNRY"),
            "{text}"
        );
    }

    #[test]
    fn unknown_options_are_answered_helpfully() {
        let answer = |option: &str| args(&[]).unknown(&Given::Option(option.to_owned())).text();
        assert!(answer("--scop").contains("did you mean --scope?"));
        assert!(answer("--password").contains("never taken from arguments"));
        assert!(answer("--resource").contains("/.default"));
        assert!(answer("--quux").contains("entra token --help"));
        let value = args(&[]).unknown(&Given::Value("CNRY".to_owned())).text();
        assert!(!value.contains("CNRY"), "{value}");
    }
}
