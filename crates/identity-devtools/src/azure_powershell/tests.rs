//! What PowerShell is asked, and what becomes of everything it has been seen to print.

use std::time::{Duration, UNIX_EPOCH};

use identity_base::seam::ProcessErrorKind;
use identity_base::{AccessToken, ErrorKind, TokenCredential, TokenRequest};
use identity_runtime::crypto;
use identity_testkit::{LeakGuard, ProcessStep, TestClock, leak_guard};

use super::*;
use crate::testing::{CLAIMS, ENCODED_CLAIMS, IN_AN_HOUR, Machine, OTHER_TENANT, PAYLOADS, SCOPE, TENANT};

fn machine(guard: &LeakGuard) -> Machine {
    let machine = Machine::new(guard);
    machine.tools.install("pwsh", "/usr/bin/pwsh");
    machine
}

fn build(machine: &Machine, windows: bool) -> AzurePowerShellCredential {
    AzurePowerShellCredential::builder()
        .with_options(&machine.options())
        .build_for(windows)
        .unwrap()
}

fn answer(token: &str) -> String {
    format!("azsdk%{token}%{IN_AN_HOUR}\r\n")
}

/// The result of one run that ends so.
fn outcome(step: impl FnOnce(&str) -> ProcessStep) -> Result<AccessToken, Error> {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        machine.tools.push("pwsh", step(token.expose()));
        machine.get(&build(&machine, false), &[SCOPE]).await
    })
}

/// The script that a run was given.
fn script(machine: &Machine, run: usize) -> String {
    let argv = machine.tools.argv(run);
    assert_eq!(argv[..3], ["-NoProfile", "-NonInteractive", "-EncodedCommand"]);
    let bytes = crypto::decode_base64(&argv[3]).unwrap();
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).unwrap()
}

#[test]
fn the_script_asks_for_the_resource_and_the_tenant() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        for (own, asked, tenant) in [
            ("", "", None),
            (TENANT, "", Some(TENANT)),
            ("", OTHER_TENANT, Some(OTHER_TENANT)),
        ] {
            machine
                .tools
                .push("pwsh", ProcessStep::output(answer(token.expose())));
            let credential = AzurePowerShellCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(own)
                .build()
                .unwrap();
            let found = machine
                .get(&credential, TokenRequest::new(&[SCOPE]).tenant_id(asked))
                .await
                .unwrap();
            assert_eq!(
                (found.secret(), found.expires_on()),
                (token.expose(), UNIX_EPOCH + Duration::from_secs(IN_AN_HOUR))
            );
            let run = machine.tools.calls() - 1;
            let script = script(&machine, run);
            assert!(
                script.contains("ResourceUrl = 'https://management.azure.com'"),
                "{script}"
            );
            let line = tenant.map(|tenant| format!("$request['TenantId'] = '{tenant}'"));
            assert_eq!(line.is_some_and(|line| script.contains(&line)), tenant.is_some());
            assert_eq!(machine.tools.runs()[run].timeout, Duration::from_secs(10));
        }
    });
}

#[test]
fn a_thousand_callers_are_one_run_and_the_token_is_cached() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.tools.push(
            "pwsh",
            ProcessStep::output(answer(guard.secret("access token").expose())).yielding(3),
        );
        let credential = build(&machine, false);
        let callers: Vec<_> = (0..1000)
            .map(|_| {
                tokio::spawn({
                    let credential = credential.clone();
                    async move { credential.get_token(&[SCOPE]).await }
                })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.unwrap().is_ok());
        }
        assert!(machine.get(&credential, &[SCOPE]).await.is_ok());
        assert_eq!(machine.tools.calls(), 1);
        credential.close().await;
        assert!(machine.get(&credential, &[SCOPE]).await.unwrap_err().is_closed());
    });
}

/// Exit code 0 with a token, `@`.
#[test]
fn the_line_with_the_answer_is_found_among_others() {
    for printed in [
        "azsdk%@%1767229200",
        "WARNING: Unable to acquire token for tenant 'x'\nazsdk%@%1767229200\n",
        "\u{feff}A new PowerShell stable release is available: v7.5\r\n   Upgrade now\r\n\r\nazsdk%@%1767229200\r\nbye\r\n",
        "\u{1b}[32;1mnoise\u{1b}[0m\nazsdk%@%1767229200",
        "NO_AZ_ACCOUNT_MODULE azsdk%@%1767229200",
    ] {
        assert!(
            outcome(|token| ProcessStep::output(printed.replace('@', token))).is_ok(),
            "{printed}"
        );
    }
    // Messages of modules while they are loaded, seen with exit code 0.
    assert!(
        outcome(|token| ProcessStep::exits(
            0,
            answer(token),
            "#< CLIXML\r\n<Objs><S S=\"warning\">x</S></Objs>"
        ))
        .is_ok()
    );
}

#[test]
fn what_is_no_answer_gives_no_token() {
    for printed in [
        "",
        "@",
        "azsdk%",
        "azsdk%@",
        "azsdk%@%",
        "azsdk%%1767229200",
        "azsdk%@%1767229200%more",
        "azsdk%@%soon",
        "azsdk%@ %1767229200",
        "xazsdk%@%1767229200",
        "{\"Token\": \"@\"}",
        "azsdk%System.Security.SecureString%",
    ] {
        let error = outcome(|token| ProcessStep::output(printed.replace('@', token))).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationFailed,
            "{printed}: {error}"
        );
    }
    let past = outcome(|token| ProcessStep::output(format!("azsdk%{token}%1767225600"))).unwrap_err();
    assert_eq!(past.kind(), ErrorKind::Protocol);
}

/// What PowerShell has been seen to write to its standard error output, with its exit code, and what it counts as.
#[test]
fn the_failures_of_all_versions_are_told_apart() {
    use ErrorKind::{AuthenticationFailed as Failed, CredentialUnavailable as Unavailable};
    for (code, stderr, kind, aadsts, words) in [
        (
            1,
            "Get-AzAccessToken: Run Connect-AzAccount to login.",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><S S=\"Error\">Get-AzAccessToken : Run \
             Connect-AzAccount to_x000D__x000A_</S><S S=\"Error\">login._x000D__x000A_</S></Objs>",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "#< CLIXML\r\n<Objs><S S=\"Error\">Get-AzAccessToken : Run Connect-AzAccount_x000D__x000A_to login.</S></Objs>",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "Get-AzAccessToken: Run Connect-AzAccount to\n     login.",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "Import-Module : AuthorizationManager check failed.",
            Unavailable,
            None,
            "execution policy",
        ),
        (127, "sh: 1: pwsh: not found", Unavailable, None, "was not found"),
        (
            1,
            "bash: line 1: pwsh: command not found",
            Unavailable,
            None,
            "was not found",
        ),
        (9009, "", Unavailable, None, "was not found"),
        (
            1,
            "'pwsh' is not recognized as an internal or external command,",
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            "The term 'Get-AzAccessToken' is not recognized as a name of a cmdlet",
            Unavailable,
            None,
            "failed with code 1",
        ),
        (
            1,
            "#< CLIXML\r\n<Objs><S S=\"Error\">Get-AzAccessToken : Run Connect-AzAcco_x000D__x000A_</S><S S=\"Error\">unt to login.</S></Objs>",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "#< CLIXML\r\n<Objs><S S=\"Error\">it said &lt;no&gt; &amp;_x000D__x000A_</S><S S=\"Error\">broke</S></Objs>",
            Unavailable,
            None,
            "code 1: it said <no> & broke",
        ),
        (
            1,
            "#< CLIXML\r\n<Objs><S S=\"Error\">AADSTS50076: you must use multi-factor</S",
            Failed,
            Some(50_076),
            "code 1: AADSTS50076: you must use multi-factor",
        ),
        (
            1,
            "Something went wrong.",
            Unavailable,
            None,
            "Something went wrong.",
        ),
        (1, "", Unavailable, None, "failed with code 1"),
        (
            1,
            "Get-AzAccessToken: AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication",
            Failed,
            Some(50_076),
            "AADSTS50076",
        ),
    ] {
        let error = outcome(|_| ProcessStep::fails(code, stderr)).unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (kind, aadsts),
            "{stderr}: {error}"
        );
        assert!(
            error.message().contains(words) && error.hint().is_some(),
            "{error}"
        );
    }
    let no_module = outcome(|_| ProcessStep::output("NO_AZ_ACCOUNT_MODULE\r\n")).unwrap_err();
    assert!(
        no_module.is_unavailable() && no_module.message().contains("Az.Accounts"),
        "{no_module}"
    );
    let killed = outcome(|_| ProcessStep::signalled(9)).unwrap_err();
    assert!(
        killed.is_unavailable() && killed.message().contains("signal 9"),
        "{killed}"
    );
    assert_eq!(
        outcome(|_| ProcessStep::error(ProcessErrorKind::Spawn))
            .unwrap_err()
            .kind(),
        Unavailable
    );
    assert_eq!(
        outcome(|_| ProcessStep::error(ProcessErrorKind::TooMuchOutput))
            .unwrap_err()
            .kind(),
        Failed
    );
}

#[test]
fn windows_has_a_second_powershell() {
    leak_guard::run(async |guard| {
        // Not there; there as an alias that leads nowhere.
        for step in [
            None,
            Some(ProcessStep::fails(9009, "")),
            Some(ProcessStep::fails(
                1,
                "'pwsh' is not recognized as an internal or external command",
            )),
        ] {
            let machine = Machine::new(&guard);
            let ran = usize::from(step.is_some());
            if let Some(step) = step {
                machine.tools.install("pwsh", "/pwsh").push("pwsh", step);
            }
            machine.tools.install("powershell", "/powershell");
            machine.tools.push(
                "powershell",
                ProcessStep::output(answer(guard.secret("access token").expose())),
            );
            machine.get(&build(&machine, true), &[SCOPE]).await.unwrap();
            let programs: Vec<_> = machine
                .tools
                .runs()
                .iter()
                .map(|run| run.program.clone())
                .collect();
            assert_eq!(programs.last().unwrap(), "powershell");
            assert_eq!(programs.len(), ran + 1);
            assert!(script(&machine, ran).contains("Get-AzAccessToken"));
        }
        // A failure of the first one is the answer.
        let machine = machine(&guard);
        machine.tools.install("powershell", "/powershell");
        machine
            .tools
            .push("pwsh", ProcessStep::fails(1, "Run Connect-AzAccount to login"));
        assert!(
            machine
                .get(&build(&machine, true), &[SCOPE])
                .await
                .unwrap_err()
                .message()
                .contains("signed in")
        );
        assert_eq!(machine.tools.calls(), 1);
    });
}

#[test]
fn elsewhere_there_is_one() {
    leak_guard::run(async |guard| {
        let machine = Machine::new(&guard);
        machine.tools.install("powershell", "/powershell");
        let error = machine.get(&build(&machine, false), &[SCOPE]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::CredentialUnavailable, "PowerShell was not found")
        );
        let neither = Machine::new(&guard);
        assert!(
            neither
                .get(&build(&neither, true), &[SCOPE])
                .await
                .unwrap_err()
                .is_unavailable()
        );
        assert_eq!((machine.tools.calls(), neither.tools.calls()), (0, 0));
    });
}

#[test]
fn the_time_limit_ends_the_tool() {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let machine = Machine {
            clock: clock.clone(),
            ..machine(&guard)
        };
        machine.tools.keep_time_by(clock.clone());
        machine.tools.always("pwsh", ProcessStep::hang());
        let credential = AzurePowerShellCredential::builder()
            .with_options(&machine.options())
            .with_process_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        let error = machine.get(&credential, &[SCOPE]).await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains("within 3 s"),
            "{error}"
        );
        assert_eq!((machine.tools.killed(), machine.tools.running()), (1, 0));
    });
}

#[test]
fn claims_become_the_command_that_satisfies_them() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let credential = build(&machine, false);
        let connect = format!("`Connect-AzAccount -ClaimsChallenge \"{ENCODED_CLAIMS}\"");
        let error = machine
            .get(&credential, TokenRequest::new(&[SCOPE]).claims(CLAIMS))
            .await
            .unwrap_err();
        assert!(
            error.is_unavailable() && error.hint().unwrap().contains(&format!("{connect}`")),
            "{error}"
        );
        let error = machine
            .get(
                &credential,
                TokenRequest::new(&[SCOPE])
                    .claims(CLAIMS)
                    .tenant_id("contoso.com"),
            )
            .await
            .unwrap_err();
        assert!(
            error
                .hint()
                .unwrap()
                .contains(&format!("{connect} -Tenant \"contoso.com\"`")),
            "{error}"
        );
        assert_eq!(machine.tools.calls(), 0);
        machine.tools.push(
            "pwsh",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        assert!(
            machine
                .get(&credential, TokenRequest::new(&[SCOPE]).claims(""))
                .await
                .is_ok()
        );
    });
}

#[test]
fn what_cannot_be_never_reaches_the_tool() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let anything = build(&machine, false);
        for payload in PAYLOADS {
            let built = AzurePowerShellCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(payload)
                .build();
            assert_eq!(
                built.unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{payload:?}"
            );
            let allowed = AzurePowerShellCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id("x")
                .with_additionally_allowed_tenants([payload])
                .build();
            assert!(
                payload == "*" || allowed.is_err_and(|error| error.kind() == ErrorKind::InvalidConfiguration),
                "{payload:?}"
            );
            // Within claims that are some, it is in letters that nothing interprets.
            let claims = serde_json::json!({ "access_token": { payload: payload } }).to_string();
            let request = TokenRequest::new(&[SCOPE]).claims(&claims).tenant_id(TENANT);
            let error = machine.get(&anything, request).await.unwrap_err();
            let hint = error.hint().unwrap();
            assert!(
                hint.contains("`Connect-AzAccount -ClaimsChallenge \"eyJ"),
                "{hint}"
            );
            assert!(
                hint.chars()
                    .all(|c| c.is_ascii_alphanumeric() || " `-\"+/=.,".contains(c)),
                "{hint}"
            );
            for request in [
                TokenRequest::new(&[payload]),
                TokenRequest::new(&[SCOPE]).tenant_id(payload),
                TokenRequest::new(&[payload]).claims(CLAIMS),
                TokenRequest::new(&[SCOPE]).claims(CLAIMS).tenant_id(payload),
                TokenRequest::new(&[SCOPE]).claims(payload),
                TokenRequest::new(&[SCOPE]).claims(payload).tenant_id(TENANT),
            ] {
                let error = machine.get(&anything, request).await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::InvalidConfiguration,
                    "{payload:?}: {error}"
                );
                assert!(
                    !error.hint().unwrap_or_default().contains("Connect-AzAccount"),
                    "{error}"
                );
            }
        }
        for scopes in [&[][..], &[SCOPE, "https://vault.azure.net/.default"]] {
            assert_eq!(
                machine.get(&anything, scopes).await.unwrap_err().kind(),
                ErrorKind::InvalidConfiguration
            );
        }
        assert_eq!(machine.tools.calls(), 0);
    });
}

#[test]
fn other_tenants_need_permission() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let build = |allowed: &[&str]| {
            AzurePowerShellCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(TENANT)
                .with_additionally_allowed_tenants(allowed.iter().copied())
                .build()
                .unwrap()
        };
        let request = || TokenRequest::new(&[SCOPE]).tenant_id(OTHER_TENANT);
        let error = machine.get(&build(&[]), request()).await.unwrap_err();
        assert_eq!(
            (error.kind(), machine.tools.calls()),
            (ErrorKind::AuthenticationFailed, 0)
        );
        machine.tools.push(
            "pwsh",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        machine.get(&build(&[OTHER_TENANT]), request()).await.unwrap();
        assert!(script(&machine, 0).contains(OTHER_TENANT));
    });
}

#[test]
fn tokens_in_whatever_it_prints_are_not_shown() {
    for shape in [
        "azsdk%@",
        "azsdk%@%x%y",
        "Token : @",
        "<S N=\"Token\">@</S>",
        "#< CLIXML <Objs><S N=\"Token\">@</S><S>accessToken=</S><S>@</S></Objs>",
        "#< CLIXML\r\n<Objs><S S=\"Error\">got {1}_x000D__x000A_</S><S S=\"Error\">{2} back_x000D__x000A_</S></Objs>",
        "#< CLIXML\r\n<Objs><S S=\"Error\">got &quot;{1}</S><S S=\"Error\">{2}&quot;</S></Objs>",
        "got {1}\r\n{2} back",
        "Bearer @",
        "got @",
    ] {
        for code in [0, 1, 127] {
            for (out, err) in [(true, false), (false, true), (true, true)] {
                let result = outcome(|token| {
                    let (first, second) = token.split_at(token.len() / 2);
                    let text = shape
                        .replace('@', token)
                        .replace("{1}", first)
                        .replace("{2}", second);
                    let on = |yes: bool| if yes { text.clone() } else { String::new() };
                    ProcessStep::exits(code, on(out), on(err))
                });
                assert!(result.is_err(), "{shape} {code}");
            }
        }
    }
}
