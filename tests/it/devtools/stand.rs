//! A machine with stand-ins for the tools, which are run as real processes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use entra_identity::{
    AccessToken, AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, ClientOptions,
    Error, TokenCredential,
};
use identity_emulator::{DeveloperTool, FakeTools, ToolAnswer, ToolCall};
use identity_testkit::LeakGuard;

use crate::support::SCOPE;

/// More than anything here takes, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Stand {
    guard: LeakGuard,
    folder: tempfile::TempDir,
    pub(super) tools: FakeTools,
}

impl Stand {
    pub(super) fn new(guard: &LeakGuard) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = FakeTools::in_folder(folder.path().join("bin")).unwrap();
        Self {
            guard: guard.clone(),
            folder,
            tools,
        }
    }

    /// Options with this `PATH` and with everything else as it really is.
    pub(super) fn options(path: &str) -> ClientOptions {
        ClientOptions::new().with_env(Arc::new(HashMap::from([("PATH".to_owned(), path.to_owned())])))
    }

    pub(super) fn path(&self) -> &str {
        self.tools.folder().to_str().unwrap()
    }

    pub(super) fn folder(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A token that the guard knows, and the answer with it.
    pub(super) fn token(&self) -> (String, ToolAnswer) {
        let token = self.guard.secret("access token").expose().to_owned();
        let answer = ToolAnswer::token(&token, in_an_hour());
        (token, answer)
    }

    /// The credential of a tool that does so.
    pub(super) fn credential(
        &self,
        tool: DeveloperTool,
        answer: &ToolAnswer,
        timeout: Duration,
    ) -> Arc<dyn TokenCredential> {
        self.tools.install(tool, answer).unwrap();
        credential(tool, &Self::options(self.path()), timeout)
    }

    /// Gets a token, and shows the guard all there is to see of it.
    pub(super) async fn get(&self, credential: &dyn TokenCredential) -> Result<AccessToken, Error> {
        let result = credential.get_token(&[SCOPE]).await;
        self.guard.check_result(&result);
        result
    }

    /// How a tool was called, once that were at least so many times. The guard sees each call.
    pub(super) fn calls(&self, tool: DeveloperTool, least: usize) -> Vec<ToolCall> {
        wait_until("the tool is called", || {
            self.tools.calls(tool).unwrap().len() >= least
        });
        let calls = self.tools.calls(tool).unwrap();
        for call in &calls {
            self.guard.check_argv(tool.program(), &call.args);
            self.guard.check_environ(tool.program(), &call.variables);
        }
        calls
    }
}

pub(super) fn credential(
    tool: DeveloperTool,
    options: &ClientOptions,
    timeout: Duration,
) -> Arc<dyn TokenCredential> {
    match tool {
        DeveloperTool::AzureCli => Arc::new(
            AzureCliCredential::builder()
                .with_options(options)
                .with_process_timeout(timeout)
                .build()
                .unwrap(),
        ),
        DeveloperTool::AzureDeveloperCli => Arc::new(
            AzureDeveloperCliCredential::builder()
                .with_options(options)
                .with_process_timeout(timeout)
                .build()
                .unwrap(),
        ),
        _ => Arc::new(
            AzurePowerShellCredential::builder()
                .with_options(options)
                .with_process_timeout(timeout)
                .build()
                .unwrap(),
        ),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-ins are real programs that live in real time"
)]
pub(super) fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// How long something took.
#[expect(
    clippy::disallowed_methods,
    reason = "the time limits of real processes are the requirement"
)]
pub(super) async fn timed<T>(what: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let outcome = what.await;
    (outcome, begun.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "processes end when they end")]
pub(super) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether there is a process of this id, be it a zombie that nobody has collected.
pub(super) fn is_there(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

/// Whether a process of this id runs. A zombie doesn't: the children of a tool that was killed are collected by the system, when it finds the time.
#[expect(clippy::disallowed_methods, reason = "the real process table is looked at")]
pub(super) fn is_running(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
