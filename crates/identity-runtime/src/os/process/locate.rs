//! Finding a program, without falling for one that somebody planted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use identity_base::Foreign;
use identity_base::seam::{Env, ProcessError, ProcessErrorKind};

use super::trust;
use crate::env_vars;

/// The endings that make a file a program here, in the order to try them.
#[cfg(windows)]
const ENDINGS: [&str; 3] = [".exe", ".cmd", ".bat"];
#[cfg(not(windows))]
const ENDINGS: [&str; 1] = [""];
/// Where a child looks for programs when nothing of our own `PATH` can be trusted. Without any, shells choose for themselves, some the current directory.
#[cfg(not(windows))]
const SYSTEM_PATH: &str = "/usr/bin:/bin";
/// So much of a path is shown.
const MAX_SHOWN_BYTES: usize = 200;

/// The absolute path of `program`: a bare name, looked for in `PATH`, or an absolute path. Everybody may write neither to it nor to its folder.
pub(in crate::os) fn program(program: &OsStr, env: &dyn Env) -> Result<PathBuf, ProcessError> {
    let path = Path::new(program);
    if !path.is_absolute() {
        return named(program, env);
    }
    match opener(program, env) {
        Ok(path) if !trust::is_safe_program(&path) => Err(untrusted(&path)),
        found => found,
    }
}

/// The same for what opens a browser, which an absolute path may name wherever it is: it is the person's own choice, or that of the Windows side of a
/// subsystem for Linux, where everybody may write to everything as far as Linux can see.
pub(in crate::os) fn opener(program: &OsStr, env: &dyn Env) -> Result<PathBuf, ProcessError> {
    let path = Path::new(program);
    match (path.is_absolute(), is_program(path)) {
        (true, true) => Ok(path.to_owned()),
        (true, false) => Err(not_found(program, "is no program")),
        (false, _) => named(program, env),
    }
}

/// The directories of `PATH` as a child may have them: absolute ones that not everybody may write to. So neither the tool nor a launcher such as
/// `#!/usr/bin/env python3` starts something that was planted.
pub(super) fn path_of_child(env: &dyn Env) -> OsString {
    let directories = directories(env).filter(|directory| trust::is_safe_folder(directory));
    match std::env::join_paths(directories) {
        Ok(path) if !path.is_empty() => path,
        _ => system_path(env),
    }
}

#[cfg(not(windows))]
fn system_path(_env: &dyn Env) -> OsString {
    SYSTEM_PATH.into()
}

#[cfg(windows)]
fn system_path(env: &dyn Env) -> OsString {
    super::command::system_directory(env).into_os_string()
}

fn named(program: &OsStr, env: &dyn Env) -> Result<PathBuf, ProcessError> {
    let mut components = Path::new(program).components();
    if !matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == program)
    {
        return Err(not_found(program, "is neither a bare name nor an absolute path"));
    }
    let mut refused = None;
    for directory in directories(env) {
        let candidates = ENDINGS
            .iter()
            .map(|ending| directory.join(with_ending(program, ending)));
        for candidate in candidates.filter(|candidate| is_program(candidate)) {
            if trust::is_safe_folder(&directory) && trust::is_safe_program(&candidate) {
                return Ok(candidate);
            }
            refused.get_or_insert(candidate);
        }
    }
    Err(match refused {
        Some(path) => untrusted(&path),
        None => not_found(program, "was not found in PATH"),
    })
}

/// The absolute directories of `PATH`. An empty entry means the current directory, as `.` does; both depend on where this program was started.
fn directories(env: &dyn Env) -> impl Iterator<Item = PathBuf> {
    let path = env.raw(env_vars::PATH).unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .collect();
    directories.into_iter()
}

fn with_ending(program: &OsStr, ending: &str) -> OsString {
    let mut name = program.to_owned();
    name.push(ending);
    name
}

fn not_found(program: &OsStr, why: &str) -> ProcessError {
    let name = program.to_string_lossy();
    ProcessError::new(
        ProcessErrorKind::NotFound,
        format!("{} {why}", Foreign::quoted(&name, MAX_SHOWN_BYTES)),
    )
}

fn untrusted(path: &Path) -> ProcessError {
    let path = path.to_string_lossy();
    ProcessError::new(
        ProcessErrorKind::Untrusted,
        format!(
            "{} is not run: everybody may write to it, or to a folder on the way to it",
            Foreign::quoted(&path, MAX_SHOWN_BYTES)
        ),
    )
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
