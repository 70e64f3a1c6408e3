//! What a tool does when it is called.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::json;

use super::DeveloperTool;
use crate::{Emulator, HostKind};

/// How long a tool hangs that hangs: far longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(600);

/// What a stand-in for a developer tool does when it is called.
///
/// The same answer serves every tool: each prints it in its own form.
#[derive(Clone, Debug)]
#[must_use]
pub struct ToolAnswer {
    before: Vec<String>,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Token {
        token: String,
        expires_on: SystemTime,
    },
    OldToken {
        token: String,
        lives: Duration,
    },
    TokenOf {
        tenant: String,
        url: String,
    },
    NotLoggedIn,
    MfaRequired,
    /// Steps that are the same for every tool.
    Steps(Vec<String>),
}

impl ToolAnswer {
    const fn new(end: End) -> Self {
        Self {
            before: Vec::new(),
            end,
        }
    }

    fn steps(steps: impl IntoIterator<Item = String>) -> Self {
        Self::new(End::Steps(steps.into_iter().collect()))
    }

    /// Prints this token.
    pub fn token(token: impl Into<String>, expires_on: SystemTime) -> Self {
        Self::new(End::Token {
            token: token.into(),
            expires_on,
        })
    }

    /// Gets a token for whatever is asked for from the running emulator and prints it: that of its host's managed identity, as if the tool were signed in
    /// with it. The emulator's journal shows one request to IMDS for each call.
    pub fn token_of(emulator: &Emulator) -> Self {
        let base = emulator
            .host_environment(HostKind::Imds)
            .into_iter()
            .next()
            .map(|(_, url)| url)
            .unwrap_or_default();
        Self::new(End::TokenOf {
            tenant: emulator.tenant_id().to_owned(),
            url: format!("{base}/metadata/identity/oauth2/token?api-version=2018-02-01&resource="),
        })
    }

    /// Prints this token as Azure CLI before 2.54 does, with the end as local time alone (local by the child's `TZ`, if that is a POSIX text). `lives` counts
    /// from the call.
    pub fn old_token(token: impl Into<String>, lives: Duration) -> Self {
        Self::new(End::OldToken {
            token: token.into(),
            lives,
        })
    }

    /// Says that nobody is signed in.
    pub fn not_logged_in() -> Self {
        Self::new(End::NotLoggedIn)
    }

    /// Says that Entra asks for multi-factor authentication, `AADSTS50076`.
    pub fn mfa_required() -> Self {
        Self::new(End::MfaRequired)
    }

    /// Ends with `code` after printing both.
    pub fn exits(code: i32, stdout: impl AsRef<[u8]>, stderr: impl AsRef<[u8]>) -> Self {
        Self::steps([
            format!("out {}", escaped(stdout.as_ref())),
            format!("err {}", escaped(stderr.as_ref())),
            format!("exit {code}"),
        ])
    }

    /// Prints what is no answer, with exit code 0.
    pub fn garbage() -> Self {
        Self::exits(
            0,
            "<html><body>502 Bad Gateway</body></html>\n{\"accessToken\": ",
            "",
        )
    }

    /// Prints text that isn't UTF-8 where a token should be, with exit code 0.
    pub fn not_utf8() -> Self {
        Self::exits(
            0,
            b"{\"accessToken\": \"\xff\xfe\xe9\", \"token\": \"\xff\xfe\xe9\"}\nazsdk%\xff\xe9%1\n",
            b"\xe9\xff\n",
        )
    }

    /// Prints `bytes` bytes on its standard output.
    pub fn flood(bytes: u64) -> Self {
        Self::steps([format!("flood-out {bytes}")])
    }

    /// Prints `bytes` bytes on its standard error output.
    pub fn flood_stderr(bytes: u64) -> Self {
        Self::steps([format!("flood-err {bytes}")])
    }

    /// Prints nothing and doesn't end, and neither does a child that it starts.
    pub fn hang() -> Self {
        let time = FOR_EVER.as_millis();
        Self::steps([format!("hold {time}"), format!("sleep {time}")])
    }

    /// Is ended by a signal.
    pub fn killed() -> Self {
        Self::steps(["abort".to_owned()])
    }

    /// Takes so long first.
    pub fn after(self, delay: Duration) -> Self {
        self.first(format!("sleep {}", delay.as_millis()))
    }

    /// Starts a child first that keeps the outputs open for so long, also after the tool has ended.
    pub fn with_grandchild(self, lives: Duration) -> Self {
        self.first(format!("hold {}", lives.as_millis()))
    }

    /// Reads its standard input to the end first, as a tool does that asks something.
    pub fn asks(self) -> Self {
        self.first("read".to_owned())
    }

    /// Prints a warning on its standard error output first.
    pub fn warns(self, text: impl AsRef<[u8]>) -> Self {
        let step = format!("err {}", escaped(text.as_ref()));
        self.first(step)
    }

    fn first(mut self, step: String) -> Self {
        self.before.push(step);
        self
    }

    /// The steps for one tool, a line each.
    pub(super) fn plan(&self, tool: DeveloperTool) -> String {
        let mut steps = self.before.clone();
        match &self.end {
            End::Token { token, expires_on } => steps.push(format!(
                "out {}",
                escaped(printed(tool, token, *expires_on).as_bytes())
            )),
            End::OldToken { token, lives } => steps.push(format!("old {} {token}", lives.as_secs())),
            End::TokenOf { tenant, url } => steps.push(format!("ask {} {tenant} {url}", tool.program())),
            End::NotLoggedIn => steps.extend([
                format!("err {}", escaped(not_logged_in(tool).as_bytes())),
                "exit 1".to_owned(),
            ]),
            End::MfaRequired => steps.extend([
                format!("err {}", escaped(mfa(tool).as_bytes())),
                "exit 1".to_owned(),
            ]),
            End::Steps(more) => steps.extend(more.iter().cloned()),
        }
        steps.join("\n") + "\n"
    }
}

/// A token as the tool prints it.
fn printed(tool: DeveloperTool, token: &str, expires_on: SystemTime) -> String {
    let seconds = expires_on
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    match tool {
        DeveloperTool::AzureCli => format!(
            "{:#}\n",
            json!({ "accessToken": token, "expires_on": seconds, "tokenType": "Bearer" })
        ),
        DeveloperTool::AzureDeveloperCli => {
            let end = i64::try_from(seconds)
                .ok()
                .and_then(|seconds| Timestamp::from_second(seconds).ok());
            format!(
                "{:#}\n",
                json!({ "token": token, "expiresOn": end.unwrap_or_default().to_string() })
            )
        }
        DeveloperTool::PowerShell => format!("azsdk%{token}%{seconds}\n"),
    }
}

const fn not_logged_in(tool: DeveloperTool) -> &'static str {
    match tool {
        DeveloperTool::AzureCli => "ERROR: Please run 'az login' to setup account.\n",
        DeveloperTool::AzureDeveloperCli => "ERROR: not logged in, run `azd auth login` to login\n",
        DeveloperTool::PowerShell => "Get-AzAccessToken: Run Connect-AzAccount to login.\n",
    }
}

fn mfa(tool: DeveloperTool) -> String {
    let text = "AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource. \
                Trace ID: 11111111-aaaa-4bbb-8ccc-222222222222 Correlation ID: 33333333-dddd-4eee-8fff-444444444444";
    match tool {
        DeveloperTool::AzureCli => {
            format!("ERROR: {text}\nInteractive authentication is needed. Please run:\naz login\n")
        }
        DeveloperTool::AzureDeveloperCli => format!(
            "{}\n",
            json!({ "error": text, "message": "the token could not be fetched" })
        ),
        DeveloperTool::PowerShell => format!("Get-AzAccessToken: {text}\n"),
    }
}

/// Without line ends and bytes beyond ASCII, as the program reads it.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}
