//! What is started, and with what around it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use identity_base::seam::{Env, ProcessError, ProcessErrorKind, ProcessRequest};

use super::locate;
use crate::env_vars;

/// The command for `request`, whose program was found at `program`.
pub(in crate::os) fn build(
    program: &Path,
    request: &ProcessRequest,
    env: &dyn Env,
) -> Result<Command, ProcessError> {
    if request.args.iter().any(|arg| arg.as_encoded_bytes().contains(&0)) {
        return Err(ProcessError::new(
            ProcessErrorKind::InvalidArgument,
            "an argument holds a NUL character",
        ));
    }
    let mut command = platform::command(program, request, env)?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in env_vars::SECRETS {
        command.env_remove(name);
    }
    command.env(env_vars::PATH, locate::path_of_child(env));
    for (name, value) in &request.env {
        if is_name(name) && !value.as_encoded_bytes().contains(&0) {
            command.env(name, value);
        }
    }
    Ok(command)
}

#[cfg(windows)]
pub(super) use platform::system_directory;

/// Whether a name can be a variable's, so that the standard library accepts it.
fn is_name(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    !bytes.is_empty() && !bytes.contains(&b'=') && !bytes.contains(&0)
}

#[cfg(unix)]
mod platform {
    use super::{Command, Env, Path, ProcessError, ProcessRequest};
    use std::os::unix::process::CommandExt as _;

    /// Not where the program was started: configuration files in a project must not reach the tool.
    const DIRECTORY: &str = "/";

    #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
    #[expect(clippy::unnecessary_wraps, reason = "on Windows it may fail")]
    pub(super) fn command(
        program: &Path,
        request: &ProcessRequest,
        _env: &dyn Env,
    ) -> Result<Command, ProcessError> {
        let mut command = Command::new(program);
        // A group of its own, so that the tool can be killed with all it started, and a Ctrl+C at the terminal reaches us alone.
        command
            .args(&request.args)
            .current_dir(DIRECTORY)
            .process_group(0);
        Ok(command)
    }
}

#[cfg(windows)]
mod platform {
    use super::{Command, Env, Path, ProcessError, ProcessErrorKind, ProcessRequest};
    use std::os::windows::process::CommandExt as _;
    use std::path::PathBuf;

    use super::super::quote;

    /// `CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP`.
    const FLAGS: u32 = 0x0800_0000 | 0x0000_0200;

    #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
    pub(super) fn command(
        program: &Path,
        request: &ProcessRequest,
        env: &dyn Env,
    ) -> Result<Command, ProcessError> {
        let system = system_directory(env);
        let is_batch = program
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("cmd") || ending.eq_ignore_ascii_case("bat"));
        let mut command = match is_batch {
            false => {
                let mut command = Command::new(program);
                command.args(&request.args);
                command
            }
            true => {
                let not_unicode = || {
                    ProcessError::new(
                        ProcessErrorKind::InvalidArgument,
                        "a path or an argument is not Unicode",
                    )
                };
                let args: Option<Vec<&str>> = request.args.iter().map(|arg| arg.to_str()).collect();
                let line = quote::batch_line(
                    program.to_str().ok_or_else(not_unicode)?,
                    &args.ok_or_else(not_unicode)?,
                )?;
                let mut command = Command::new(system.join("cmd.exe"));
                command.raw_arg(line);
                command
            }
        };
        command
            .current_dir(&system)
            .creation_flags(FLAGS)
            // The interpreter looks for programs in the current directory first, unless this is set.
            .env("NoDefaultCurrentDirectoryInExePath", "1");
        Ok(command)
    }

    /// The system's directory. The system's own question for it has no safe interface, so the variable is read.
    pub(in super::super) fn system_directory(env: &dyn Env) -> PathBuf {
        let root = env
            .raw("SystemRoot")
            .map(PathBuf::from)
            .filter(|root| root.is_absolute());
        root.unwrap_or_else(|| PathBuf::from(r"C:\Windows"))
            .join("System32")
    }
}

#[cfg(not(any(unix, windows)))]
mod platform {
    use super::{Command, Env, Path, ProcessError, ProcessErrorKind, ProcessRequest};

    pub(super) fn command(_: &Path, _: &ProcessRequest, _: &dyn Env) -> Result<Command, ProcessError> {
        Err(ProcessError::new(
            ProcessErrorKind::Spawn,
            "this platform has no child processes",
        ))
    }
}
