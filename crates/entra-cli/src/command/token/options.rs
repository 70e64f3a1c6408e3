//! The options of `entra token`.

use std::time::Duration;

use super::output::Format;
use crate::args::{Args, Given};
use crate::client::Whom;
use crate::context::Context;
use crate::failure::Failure;
use crate::time;
use crate::via::{Settings, claims};

/// How long the command waits when nothing else is said: longer than the library tries, so that its own error is the one that is shown.
const TIMEOUT: Duration = Duration::from_secs(60);

/// All options, long forms.
pub(super) const NAMES: &[&str] = &[
    "--scope",
    "--tenant",
    "--claims",
    "--cae",
    "--via",
    "--client-id",
    "--object-id",
    "--resource-id",
    "--source",
    "--arc-key-directory",
    "--subscription",
    "--client-secret-file",
    "--certificate",
    "--certificate-password-file",
    "--send-certificate-chain",
    "--client-assertion-file",
    "--user-assertion-file",
    "--code-file",
    "--redirect-uri",
    "--code-verifier-file",
    "--token-file",
    "--identity-binding-proxy",
    "--service-connection-id",
    "--audience",
    "--authority",
    "--trust-authority",
    "--ca-file",
    "--timeout",
    "--output",
    "--show",
    "--json",
    "--quiet",
    "--help",
];

/// What was asked for.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) scopes: Vec<String>,
    /// Who asks.
    pub(super) settings: Settings,
    pub(super) claims: Option<String>,
    pub(super) cae: bool,
    pub(super) via: Option<String>,
    pub(super) whom: Whom,
    pub(super) timeout: Duration,
    pub(super) show: bool,
    pub(super) quiet: bool,
    output: Option<Format>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// A usage failure for what can't be understood.
    pub(super) fn parse(mut args: Args) -> Result<Self, Failure> {
        let mut options = Self {
            scopes: Vec::new(),
            claims: None,
            cae: false,
            via: None,
            settings: Settings::default(),
            whom: Whom::default(),
            timeout: TIMEOUT,
            show: false,
            quiet: false,
            output: None,
        };
        while let Some(given) = args.next()? {
            let option = match given {
                Given::Value(scope) => {
                    options.scopes.push(scope);
                    continue;
                }
                Given::Option(option) => option,
            };
            if options.settings.take(&option, &mut args)? || options.whom.take(&option, &mut args)? {
                continue;
            }
            match option.as_str() {
                "-s" | "--scope" => options.scopes.push(args.text()?),
                "--claims" => options.claims = Some(claims(&option, args.text()?)?),
                "--cae" => options.cae = true,
                "--via" => options.via = Some(args.text()?),
                "--timeout" => options.timeout = time::parse_duration(&option, &args.text()?)?,
                "-o" | "--output" => options.output = Some(Format::parse(&args.text()?)?),
                "--show" => options.show = true,
                // The form of failures is known already.
                "--json" => options.output = options.output.or(Some(Format::Json)),
                "-q" | "--quiet" => options.quiet = true,
                _ => return Err(args.unknown(&Given::Option(option))),
            }
        }
        options.settings.check()?;
        if options.scopes.is_empty() {
            return Err(Failure::usage("what for? A scope is missing")
                .hint("for example: entra token https://management.azure.com/.default"));
        }
        Ok(options)
    }

    /// The format, which depends on who reads.
    ///
    /// # Errors
    /// A usage failure when the format would be nothing without the token, and a terminal may not show it.
    pub(super) fn format(&self, context: &Context) -> Result<Format, Failure> {
        let format = self.output.unwrap_or(match context.stdout_is_terminal {
            true => Format::Table,
            false => Format::Raw,
        });
        if format == Format::Header && context.stdout_is_terminal && !self.show {
            return Err(
                Failure::usage("standard output is a terminal, and the header would show the token")
                    .hint("add --show, or send the output to a program"),
            );
        }
        Ok(format)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, Failure> {
        let arguments = arguments.iter().map(OsString::from).collect();
        Options::parse(Args::new(arguments, "token", NAMES))
    }

    #[test]
    fn each_option_is_understood() {
        for name in NAMES.iter().filter(|name| **name != "--help") {
            let parsed = [
                vec![*name, "s"],
                vec![*name, "5s"],
                vec![*name, "raw"],
                vec![*name, "{}"],
            ]
            .into_iter()
            .any(|arguments| parse(&[&["scope"], arguments.as_slice()].concat()).is_ok());
            assert!(parsed, "{name}");
        }
    }

    #[test]
    fn scopes_come_from_both_places_in_order() {
        let options = parse(&["a", "--scope", "b", "-s", "c", "--", "d"]).unwrap();
        assert_eq!(options.scopes, ["a", "b", "c", "d"]);
        assert!(parse(&["--cae"]).unwrap_err().text().contains("scope is missing"));
    }

    #[test]
    fn values_that_cannot_be_are_refused() {
        for bad in [
            ["s", "--tenant", ""],
            ["s", "--timeout", "0"],
            ["s", "-o", "yaml"],
            ["s", "--claims", "{bad"],
            ["s", "--claims", "[]"],
            ["s", "--claims", "eyJhIjoxfQ"],
            ["s", "--client-secret", "CNRY"],
        ] {
            let failure = parse(&bad).unwrap_err();
            assert_eq!(failure.exit(), crate::exit::Exit::Usage, "{bad:?}");
            assert!(!failure.text().contains("CNRY"), "{bad:?}");
        }
    }

    #[test]
    fn standard_input_can_be_one_secret() {
        let one = ["s", "--client-secret-file", "-", "--code-file", "f"];
        assert!(parse(&one).is_ok());
        let two = ["s", "--client-secret-file", "-", "--user-assertion-file", "-"];
        assert!(
            parse(&two)
                .unwrap_err()
                .text()
                .contains("more than one option takes standard input")
        );
    }

    #[test]
    fn json_alone_sets_the_format_and_an_explicit_one_wins() {
        assert_eq!(parse(&["s", "--json"]).unwrap().output, Some(Format::Json));
        for order in [["s", "-o", "raw", "--json"], ["s", "--json", "-o", "raw"]] {
            assert_eq!(parse(&order).unwrap().output, Some(Format::Raw));
        }
    }
}
