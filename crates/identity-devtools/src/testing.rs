//! What the tests of all tools need.

use std::sync::Arc;

use identity_base::{AccessToken, Error, TokenCredential, TokenRequest};
use identity_runtime::ClientOptions;
use identity_testkit::{LeakGuard, MemoryFs, ScriptedHttp, ScriptedProcess, TestClock, TestEnv};

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const OTHER_TENANT: &str = "33333333-3333-3333-3333-333333333333";
pub(crate) const SCOPE: &str = "https://management.azure.com/.default";
pub(crate) const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1764"}}}"#;
/// The claims as the tools take them.
pub(crate) const ENCODED_CLAIMS: &str =
    "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzY0In19fQ==";
/// An hour after the test clock's start, in seconds since the epoch.
pub(crate) const IN_AN_HOUR: u64 = 1_767_225_600 + 3600;

/// A machine with scripted tools, and with nothing of the real one.
pub(crate) struct Machine {
    pub(crate) guard: LeakGuard,
    pub(crate) clock: TestClock,
    pub(crate) tools: ScriptedProcess,
    pub(crate) env: TestEnv,
    pub(crate) files: MemoryFs,
}

impl Machine {
    pub(crate) fn new(guard: &LeakGuard) -> Self {
        let clock = TestClock::new();
        let machine = Self {
            guard: guard.clone(),
            tools: ScriptedProcess::new(),
            env: TestEnv::new(),
            files: MemoryFs::with_clock(&clock),
            clock,
        };
        guard.watch(&machine.tools);
        machine
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::new()
            .with_transport(Arc::new(ScriptedHttp::new()))
            .with_clock(Arc::new(self.clock.clone()))
            .with_env(Arc::new(self.env.clone()))
            .with_file_system(Arc::new(self.files.clone()))
            .with_process_runner(Arc::new(self.tools.clone()))
    }

    /// Gets a token, and shows the guard all there is to see of it.
    pub(crate) async fn get<'a>(
        &self,
        credential: &dyn TokenCredential,
        request: impl Into<TokenRequest<'a>>,
    ) -> Result<AccessToken, Error> {
        let result = credential.get_token_with(request.into()).await;
        self.guard.check(credential);
        self.guard.check_result(&result);
        result
    }
}

/// Texts that try to become more than one argument, or another option, in one shell or another.
pub(crate) const PAYLOADS: [&str; 44] = [
    "; id",
    "x;id",
    "x|id",
    "x||id",
    "x&id",
    "x&&id",
    "`id`",
    "$(id)",
    "${IFS}id",
    "x\nid",
    "x\rid",
    "x\r\nid",
    "x\0id",
    "x id\t",
    "'",
    "\"",
    "x' -c 'id",
    "x\" -c \"id",
    "x';id;'",
    "x\");id;(\"",
    "--debug",
    "-h",
    "--query=x",
    "-",
    "--",
    ".",
    "..",
    "../x",
    "x/../../y",
    ".hidden",
    "%PATH%",
    "x%0aid",
    "!x!",
    "^x",
    "x^&id",
    "<x",
    ">x",
    "x>y",
    "(x)",
    "{x}",
    "*",
    "~",
    "x\u{2028}id",
    "ａbc",
];
