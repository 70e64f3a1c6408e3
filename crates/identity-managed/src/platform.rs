//! Where Azure Arc's agent keeps its files. A value, not a `cfg`, so that the rules of every platform are tested on each.

use std::path::PathBuf;

use identity_base::seam::Env;
use identity_runtime::env_vars::{PROGRAM_DATA, PROGRAM_FILES};

/// The directory of the agent below the Windows folders.
const WINDOWS_AGENT: &str = "AzureConnectedMachineAgent";

/// The platform, as far as Azure Arc's agent differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Linux,
    Windows,
    /// There is no agent.
    Other,
}

impl Platform {
    /// The platform this was compiled for.
    pub(crate) const fn current() -> Self {
        if cfg!(target_os = "linux") {
            Self::Linux
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Other
        }
    }

    /// What the agent's program is called. Other libraries look into one Windows folder or the other; both are right for some version.
    pub(crate) fn arc_agent_programs(self, env: &dyn Env) -> Vec<PathBuf> {
        match self {
            Self::Linux => vec![PathBuf::from("/opt/azcmagent/bin/himds")],
            Self::Windows => [PROGRAM_FILES, PROGRAM_DATA]
                .iter()
                .filter_map(|variable| env.var(variable))
                .map(|folder| {
                    PathBuf::from(format!(
                        "{}\\{WINDOWS_AGENT}\\himds.exe",
                        folder.trim_end_matches('\\')
                    ))
                })
                .collect(),
            Self::Other => Vec::new(),
        }
    }

    /// The one directory from which keys are read; `None` where there is no agent, or where Windows doesn't say where its data are.
    pub(crate) fn arc_key_directory(self, env: &dyn Env) -> Option<String> {
        match self {
            Self::Linux => Some("/var/opt/azcmagent/tokens".to_owned()),
            Self::Windows => env
                .var(PROGRAM_DATA)
                .map(|folder| format!("{}\\{WINDOWS_AGENT}\\Tokens", folder.trim_end_matches('\\'))),
            Self::Other => None,
        }
    }

    /// What separates the components of a path.
    pub(crate) const fn separator(self) -> char {
        match self {
            Self::Windows => '\\',
            Self::Linux | Self::Other => '/',
        }
    }

    /// Whether two spellings of a directory name the same one. Windows ignores case.
    pub(crate) fn is_same_directory(self, a: &str, b: &str) -> bool {
        match self {
            Self::Windows => a.eq_ignore_ascii_case(b),
            Self::Linux | Self::Other => a == b,
        }
    }
}
