//! Starts other programs, each with its command line printed.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::error::{Context as _, Error, Result};
use crate::workspace;

/// A program to run in the root of the workspace.
#[derive(Debug)]
pub(crate) struct Cmd {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    dir: PathBuf,
}

impl Cmd {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: workspace::root(),
        }
    }

    /// The cargo that started us, so that `cargo +toolchain xtask` holds for what we run.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Runs it with our own input and output. Anything but success is an error.
    pub(crate) fn run(self) -> Result {
        self.announce();
        let status = self.command().status().context(|| self.cannot_start())?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::new(format!("{status}: {}", self.line())))
        }
    }

    /// Runs it and returns what it wrote to its standard output. Anything but success is an error.
    pub(crate) fn output(self) -> Result<String> {
        let output = self
            .command()
            .stderr(Stdio::inherit())
            .output()
            .context(|| self.cannot_start())?;
        if !output.status.success() {
            return Err(Error::new(format!("{}: {}", output.status, self.line())));
        }
        String::from_utf8(output.stdout).context(|| format!("the output of {}", self.line()))
    }

    /// Runs it to its end: whether it succeeded, and all that it wrote.
    pub(crate) fn outcome(self) -> Result<(bool, String)> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .output()
            .context(|| self.cannot_start())?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((output.status.success(), text.join("\n")))
    }

    /// Whether it starts and succeeds; nothing is printed.
    pub(crate) fn succeeds(self) -> bool {
        let status = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    /// Starts it with pipes as its standard input and output.
    pub(crate) fn spawn(self) -> Result<Child> {
        self.announce();
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().context(|| self.cannot_start())
    }

    pub(crate) fn announce(&self) {
        println!("$ {}", self.line());
    }

    /// The command line as one would type it.
    pub(crate) fn line(&self) -> String {
        let program = self.program.to_string_lossy();
        let name = if std::env::var_os("CARGO").is_some_and(|cargo| cargo == self.program) {
            Cow::Borrowed("cargo")
        } else {
            program
        };
        let env = self
            .env
            .iter()
            .map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = self.args.iter().map(|arg| quoted(arg));
        env.chain([quoted(OsStr::new(name.as_ref()))])
            .chain(words)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        // Cargo describes the package that it runs, us, in these. A build script that watches them (ring's does)
        // would run again for every change between `cargo xtask test` and a plain `cargo test`.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(describes_us) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn cannot_start(&self) -> String {
        format!("cannot start {}", self.program.to_string_lossy())
    }
}

fn describes_us(name: &str) -> bool {
    matches!(
        name,
        "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "CARGO_CRATE_NAME" | "CARGO_BIN_NAME"
    ) || name == "CARGO_PRIMARY_PACKAGE"
        || name.starts_with("CARGO_PKG_")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_line_as_one_would_type_it() {
        let cmd = Cmd::new("tool")
            .args(["a b", "it's", "", "x=1"])
            .env("FLAGS", "-D warnings");
        assert_eq!(cmd.line(), r"FLAGS='-D warnings' tool 'a b' 'it'\''s' '' x=1");
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = Cmd::cargo()
            .args(["no-such-subcommand-of-cargo"])
            .output()
            .unwrap_err()
            .to_string();
        assert!(error.contains("no-such-subcommand-of-cargo"), "{error}");
        let error = Cmd::new("no-such-program-anywhere")
            .run()
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot start no-such-program-anywhere"), "{error}");
    }

    #[test]
    fn cargos_description_of_us_is_not_handed_on() {
        assert!(describes_us("CARGO_PKG_VERSION") && describes_us("CARGO_MANIFEST_DIR"));
        assert!(!describes_us("CARGO_HOME") && !describes_us("CARGO_TARGET_DIR") && !describes_us("CARGO"));
    }
}
