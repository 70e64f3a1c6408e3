//! What the tools say, as real processes say it.

use std::time::{Duration, UNIX_EPOCH};

use entra_identity::ErrorKind;
use identity_emulator::{DeveloperTool, ToolAnswer};
use identity_testkit::leak_guard;

use super::stand::{Stand, in_an_hour};
use crate::support::SCOPE;

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn a_thousand_callers_are_one_process() {
    leak_guard::run_threads(2, async |guard| {
        let stand = Stand::new(&guard);
        for tool in DeveloperTool::ALL {
            let (token, answer) = stand.token();
            let credential = stand.credential(tool, &answer.after(Duration::from_millis(50)), LIMIT);
            let callers: Vec<_> = (0..1000)
                .map(|_| {
                    let credential = credential.clone();
                    tokio::spawn(async move { credential.get_token(&[SCOPE]).await })
                })
                .collect();
            for caller in callers {
                assert_eq!(caller.await.unwrap().unwrap().secret(), token);
            }
            assert_eq!(stand.calls(tool, 1).len(), 1, "{tool:?}");
        }
    });
}

#[test]
fn a_tool_runs_in_a_system_directory_with_nothing_to_read() {
    leak_guard::run(async |guard| {
        let stand = Stand::new(&guard);
        for tool in DeveloperTool::ALL {
            let (token, answer) = stand.token();
            // One that asks sees the end of its input at once.
            let credential = stand.credential(
                tool,
                &answer.asks().warns("WARNING: a newer version is there\n"),
                // No limit at all is no trouble.
                Duration::MAX,
            );
            let found = stand.get(&*credential).await.unwrap();
            assert_eq!(found.secret(), token);
            let ahead = found.expires_on().duration_since(UNIX_EPOCH).unwrap().as_secs();
            assert!(ahead.abs_diff(in_an_hour().duration_since(UNIX_EPOCH).unwrap().as_secs()) < 30);
            let calls = stand.calls(tool, 1);
            assert_eq!(calls[0].directory, "/");
        }
    });
}

#[test]
fn what_a_tool_says_is_told_apart() {
    leak_guard::run(async |guard| {
        let stand = Stand::new(&guard);
        let (_, answer) = stand.token();
        drop(answer);
        for tool in DeveloperTool::ALL {
            let killed = match tool {
                DeveloperTool::PowerShell => ErrorKind::CredentialUnavailable,
                _ => ErrorKind::AuthenticationFailed,
            };
            for (answer, kind, words) in [
                (
                    ToolAnswer::not_logged_in(),
                    ErrorKind::CredentialUnavailable,
                    "signed in",
                ),
                (
                    ToolAnswer::mfa_required(),
                    ErrorKind::AuthenticationFailed,
                    "AADSTS50076",
                ),
                (
                    ToolAnswer::garbage(),
                    ErrorKind::AuthenticationFailed,
                    "something else than a token",
                ),
                (ToolAnswer::killed(), killed, "signal 6"),
                (
                    ToolAnswer::exits(127, "", "not found"),
                    ErrorKind::CredentialUnavailable,
                    "was not found",
                ),
            ] {
                let credential = stand.credential(tool, &answer, LIMIT);
                let error = stand.get(&*credential).await.unwrap_err();
                assert_eq!(error.kind(), kind, "{tool:?}: {error}");
                assert!(error.message().contains(words), "{tool:?}: {error}");
            }
            let credential = stand.credential(tool, &ToolAnswer::not_utf8(), LIMIT);
            assert!(stand.get(&*credential).await.is_err(), "{tool:?}");
        }
    });
}

#[test]
fn tokens_on_either_output_are_not_shown() {
    leak_guard::run(async |guard| {
        let stand = Stand::new(&guard);
        for tool in DeveloperTool::ALL {
            for code in [0, 1, 127] {
                let (token, _) = stand.token();
                let text = format!("ERROR: sent {{\"accessToken\": \"{token}\"}} and \"Bearer {token}\"\n");
                let credential = stand.credential(tool, &ToolAnswer::exits(code, &text, &text), LIMIT);
                assert!(stand.get(&*credential).await.is_err());
            }
        }
    });
}
