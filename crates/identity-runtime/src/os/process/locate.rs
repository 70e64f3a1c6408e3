//! Finding a program, without falling for one that somebody planted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use identity_base::seam::{Env, ProcessError, ProcessErrorKind};

use crate::env_vars;

/// The endings that make a file a program here, in the order to try them.
#[cfg(windows)]
const ENDINGS: [&str; 3] = [".exe", ".cmd", ".bat"];
#[cfg(not(windows))]
const ENDINGS: [&str; 1] = [""];

/// The absolute path of `program`: a bare name, looked for in `PATH`, or an absolute path.
pub(in crate::os) fn program(program: &OsStr, env: &dyn Env) -> Result<PathBuf, ProcessError> {
    let path = Path::new(program);
    if path.is_absolute() {
        return match is_program(path) {
            true => Ok(path.to_owned()),
            false => Err(not_found(program, "is no program")),
        };
    }
    let mut components = path.components();
    if !matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == program)
    {
        return Err(not_found(program, "is neither a bare name nor an absolute path"));
    }
    let directories = env.raw(env_vars::PATH).unwrap_or_default();
    std::env::split_paths(&directories)
        // An empty entry means the current directory, as `.` does; both depend on where the program was started.
        .filter(|directory| directory.is_absolute() && is_safe(directory))
        .flat_map(|directory| {
            ENDINGS
                .iter()
                .map(move |ending| directory.join(with_ending(program, ending)))
        })
        .find(|candidate| is_program(candidate))
        .ok_or_else(|| not_found(program, "was not found in PATH"))
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
        format!("{} {why}", identity_base::Foreign::quoted(&name, 200)),
    )
}

/// Whether the directory's programs can be trusted: not one that everybody may write to. (With the sticky bit, as `/tmp` has, files stay their owners', but
/// anybody may add one; such a directory in `PATH` is the administrator's choice.)
#[cfg(unix)]
fn is_safe(directory: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    fs::metadata(directory).is_ok_and(|metadata| {
        let mode = metadata.permissions().mode();
        metadata.is_dir() && (mode & OTHERS_WRITE == 0 || mode & STICKY != 0)
    })
}

#[cfg(not(unix))]
fn is_safe(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|metadata| metadata.is_dir())
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
