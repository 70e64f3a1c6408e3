//! Output of developer tools.

use std::sync::Arc;

use identity_base::TokenCredential;
use identity_devtools::{AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential};
use identity_testkit::{HttpStep, ProcessStep, ScriptedProcess, TestClock, TestEnv};

use super::outcome::{self, SCOPE};

/// Exit codes, the last one for an end by a signal.
const CODES: [i32; 5] = [0, 1, 2, 127, -9];

/// A tool prints these bytes: its standard output before the first zero byte, its standard error behind it. The first two bytes choose the tool and how it ends.
pub fn output(data: &[u8]) {
    let (tool, rest) = outcome::choice(data, 3);
    let (code, rest) = outcome::choice(rest, CODES.len());
    let (stdout, stderr) = outcome::halves(rest);
    let code = CODES[code];
    let result = run(tool, code, stdout, stderr);
    let clock = TestClock::new();
    assert!(
        code == 0 || result.is_err(),
        "a token of a tool that ended with {code}"
    );
    outcome::token(&result, clock.wall());
}

pub(super) fn run(
    tool: usize,
    code: i32,
    stdout: &[u8],
    stderr: &[u8],
) -> Result<identity_base::AccessToken, identity_base::Error> {
    let (clock, env) = (TestClock::new(), TestEnv::new());
    let process = ScriptedProcess::new();
    for name in ["az", "azd", "pwsh", "powershell"] {
        let step = match code {
            -9 => ProcessStep::signalled(9),
            code => ProcessStep::exits(code, stdout, stderr),
        };
        process
            .install(name, format!("/usr/bin/{name}"))
            .always(name, step);
    }
    process.keep_time_by(clock.clone());
    let options =
        outcome::options(&clock, &env, |_, _| HttpStep::status(500)).with_process_runner(Arc::new(process));
    let credential: Box<dyn TokenCredential> = match tool {
        0 => Box::new(
            AzureCliCredential::builder()
                .with_options(&options)
                .build()
                .expect("good settings"),
        ),
        1 => Box::new(
            AzureDeveloperCliCredential::builder()
                .with_options(&options)
                .build()
                .expect("good settings"),
        ),
        _ => Box::new(
            AzurePowerShellCredential::builder()
                .with_options(&options)
                .build()
                .expect("good settings"),
        ),
    };
    clock.block_on(credential.get_token(&[SCOPE]))
}
