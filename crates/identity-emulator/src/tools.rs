//! Stand-ins for the developer tools `az`, `azd` and `pwsh`, as programs in a folder.

mod answer;
mod call;
#[cfg(test)]
#[expect(
    dead_code,
    clippy::disallowed_methods,
    reason = "the build script compiles it as a program of its own; here it is looked at and tested"
)]
mod stub;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub use answer::ToolAnswer;
pub use call::ToolCall;

/// The program that all tools are.
#[cfg(tool_stub)]
const STUB: Option<&[u8]> = Some(include_bytes!(concat!(env!("OUT_DIR"), "/tool-stub")));
#[cfg(not(tool_stub))]
const STUB: Option<&[u8]> = None;

/// Set to see whether the program can be started.
const CHECK: &str = "IDENTITY_EMULATOR_TOOL_CHECK";
/// How often that is tried: a file that was just written can't be started while another thread's new child still holds it open.
const CHECKS: u32 = 200;

/// A developer tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeveloperTool {
    /// `az`
    AzureCli,
    /// `azd`
    AzureDeveloperCli,
    /// `pwsh`, with the module Az.Accounts
    PowerShell,
}

impl DeveloperTool {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AzureCli, Self::AzureDeveloperCli, Self::PowerShell];

    /// The program's name.
    pub const fn program(self) -> &'static str {
        match self {
            Self::AzureCli => "az",
            Self::AzureDeveloperCli => "azd",
            Self::PowerShell => "pwsh",
        }
    }
}

/// A folder with stand-ins for developer tools, to be put into a `PATH`.
///
/// Each tool is a small compiled program that does what its [`ToolAnswer`] says and writes its calls down. Nothing is removed when this is dropped; use a
/// temporary folder.
///
/// ```
/// use identity_emulator::{DeveloperTool, Emulator, FakeTools, ToolAnswer};
///
/// # let folder = tempfile::tempdir()?;
/// let emulator = Emulator::builder().start_blocking()?;
/// let tools = FakeTools::in_folder(folder.path())?;
/// tools.install(DeveloperTool::AzureCli, &ToolAnswer::token_of(&emulator))?;
/// tools.install(DeveloperTool::AzureDeveloperCli, &ToolAnswer::not_logged_in())?;
///
/// // … run a program with `tools.folder()` in its PATH …
///
/// assert_eq!(tools.calls(DeveloperTool::AzureCli)?.len(), 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FakeTools {
    folder: PathBuf,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stand-in for the outside world lays out real files and starts them"
)]
impl FakeTools {
    /// Uses this folder, which is made if it isn't there.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn in_folder(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = std::path::absolute(folder.into())?;
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a tool there, or changes what it answers, and returns its path. The calls so far are forgotten.
    ///
    /// # Errors
    /// When its files can't be written, when it can't be started, or with [`io::ErrorKind::Unsupported`] where this library was built without the program.
    pub fn install(&self, tool: DeveloperTool, answer: &ToolAnswer) -> io::Result<PathBuf> {
        let stub = STUB.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "there is no stand-in for developer tools on this platform",
            )
        })?;
        let program = self.program(tool);
        fs::write(program.with_extension("plan"), answer.plan(tool))?;
        match fs::remove_file(program.with_extension("calls")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if fs::read(&program).is_ok_and(|there| there == stub) {
            return Ok(program);
        }
        // Another file, so that a process that still runs the old one keeps it.
        let unfinished = self.folder.join(format!(".{}-unfinished", tool.program()));
        fs::write(&unfinished, stub)?;
        executable(&unfinished)?;
        fs::rename(&unfinished, &program)?;
        can_be_started(&program)?;
        Ok(program)
    }

    /// Takes a tool away.
    ///
    /// # Errors
    /// When it was not there, or can't be removed.
    pub fn uninstall(&self, tool: DeveloperTool) -> io::Result<()> {
        fs::remove_file(self.program(tool))
    }

    /// How a tool was called since it was installed, in order. A child that a tool starts to keep its outputs open is a call as well.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn calls(&self, tool: DeveloperTool) -> io::Result<Vec<ToolCall>> {
        match fs::read_to_string(self.program(tool).with_extension("calls")) {
            Ok(text) => Ok(text.lines().filter_map(ToolCall::parse).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn program(&self, tool: DeveloperTool) -> PathBuf {
        self.folder
            .join(format!("{}{}", tool.program(), std::env::consts::EXE_SUFFIX))
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Starts it until it starts.
#[expect(clippy::disallowed_methods, reason = "the program is meant to be started")]
fn can_be_started(program: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..CHECKS {
        let status = Command::new(program)
            .env(CHECK, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => last = Err(io::Error::other(format!("{}: {status}", program.display()))),
            Err(error) => last = Err(error),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    last
}
