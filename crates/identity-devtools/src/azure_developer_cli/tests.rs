//! What `azd` is asked, and what becomes of everything it has been seen to print.

use std::time::{Duration, UNIX_EPOCH};

use identity_base::seam::ProcessErrorKind;
use identity_base::{AccessToken, ErrorKind, TokenCredential, TokenRequest};
use identity_testkit::{LeakGuard, ProcessStep, TestClock, leak_guard};

use super::*;
use crate::testing::{CLAIMS, ENCODED_CLAIMS, IN_AN_HOUR, Machine, OTHER_TENANT, PAYLOADS, SCOPE, TENANT};

fn machine(guard: &LeakGuard) -> Machine {
    let machine = Machine::new(guard);
    machine.tools.install("azd", "/usr/bin/azd");
    machine
}

fn credential(machine: &Machine) -> AzureDeveloperCliCredential {
    AzureDeveloperCliCredential::builder()
        .with_options(&machine.options())
        .build()
        .unwrap()
}

fn answer(token: &str) -> String {
    format!("{{\n  \"token\": \"{token}\",\n  \"expiresOn\": \"2026-01-01T01:00:00Z\"\n}}\n")
}

/// The result of one run that ends so.
fn outcome(step: impl FnOnce(&str) -> ProcessStep) -> Result<AccessToken, Error> {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        machine.tools.push("azd", step(token.expose()));
        machine.get(&credential(&machine), &[SCOPE]).await
    })
}

#[test]
fn the_arguments_are_the_documented_ones() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let base = ["auth", "token", "--output", "json", "--no-prompt"];
        let second = "https://management.azure.com/user_impersonation";
        for (own, asked, claims, scopes, more) in [
            ("", "", "", &[SCOPE][..], vec!["--scope", SCOPE]),
            (
                TENANT,
                "",
                "",
                &[SCOPE],
                vec!["--scope", SCOPE, "--tenant-id", TENANT],
            ),
            (
                "",
                TENANT,
                "",
                &[SCOPE, second],
                vec!["--scope", SCOPE, "--scope", second, "--tenant-id", TENANT],
            ),
            (
                "",
                "",
                CLAIMS,
                &[SCOPE],
                vec!["--scope", SCOPE, "--claims", ENCODED_CLAIMS],
            ),
            (
                TENANT,
                "",
                CLAIMS,
                &[SCOPE],
                vec![
                    "--scope",
                    SCOPE,
                    "--tenant-id",
                    TENANT,
                    "--claims",
                    ENCODED_CLAIMS,
                ],
            ),
        ] {
            machine.tools.push(
                "azd",
                ProcessStep::output(answer(guard.secret("access token").expose())),
            );
            let credential = AzureDeveloperCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(own)
                .build()
                .unwrap();
            let token = machine
                .get(
                    &credential,
                    TokenRequest::new(scopes).tenant_id(asked).claims(claims),
                )
                .await
                .unwrap();
            assert_eq!(token.expires_on(), UNIX_EPOCH + Duration::from_secs(IN_AN_HOUR));
            let run = machine.tools.calls() - 1;
            assert_eq!(machine.tools.argv(run), [base.to_vec(), more].concat());
            assert!(
                machine.tools.runs()[run]
                    .env
                    .contains(&("NO_COLOR".into(), "true".into()))
            );
        }
    });
}

#[test]
fn a_thousand_callers_are_one_run_and_the_token_is_cached() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let token = guard.secret("access token");
        machine
            .tools
            .push("azd", ProcessStep::output(answer(token.expose())).yielding(3));
        let credential = credential(&machine);
        let callers: Vec<_> = (0..1000)
            .map(|_| {
                tokio::spawn({
                    let credential = credential.clone();
                    async move { credential.get_token(&[SCOPE]).await }
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap().secret(), token.expose());
        }
        assert!(machine.get(&credential, &[SCOPE]).await.is_ok());
        assert_eq!(machine.tools.calls(), 1);
        credential.close().await;
        assert!(machine.get(&credential, &[SCOPE]).await.unwrap_err().is_closed());
    });
}

#[test]
fn the_end_is_read_with_its_offset() {
    for (text, seconds) in [
        ("2026-01-01T01:00:00Z", 3600),
        ("2026-01-01T01:00:00.7Z", 3600),
        ("2025-12-31T20:00:00-05:00", 3600),
        ("2026-01-01T06:30:00+05:30", 3600),
    ] {
        let token = outcome(|token| {
            ProcessStep::output(format!("{{\"token\": \"{token}\", \"expiresOn\": \"{text}\"}}"))
        })
        .unwrap();
        let end = token.expires_on().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(end, 1_767_225_600 + seconds, "{text}");
    }
}

/// Exit code 0 without a usable token; `@` stands for one.
#[test]
fn what_is_no_answer_gives_no_token() {
    for (printed, words) in [
        ("", "the document is empty"),
        ("@", "malformed"),
        ("{}", "no `token`"),
        (r#"{"token": ""}"#, "empty"),
        (r#"{"token": "@"}"#, "when the token ends"),
        (r#"{"token": "@", "expiresOn": "soon"}"#, "no time"),
        (r#"{"token": "@", "expiresOn": 1767229200}"#, "no time"),
        (
            r#"{"token": ["@"], "expiresOn": "2026-01-01T01:00:00Z"}"#,
            "an array",
        ),
        (
            r#"{"type":"consoleMessage","data":{"message":"it \"token\": \"@\" broke"}}"#,
            "it",
        ),
        (r#"{"error":"something broke"}"#, "something broke"),
    ] {
        let error = outcome(|token| ProcessStep::output(printed.replace('@', token))).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationFailed,
            "{printed}: {error}"
        );
        assert!(error.message().contains(words), "{error}");
    }
}

/// What the versions print when they fail: exit code, both outputs, and what it counts as.
#[test]
fn the_failures_of_all_versions_are_told_apart() {
    use ErrorKind::{AuthenticationFailed as Failed, CredentialUnavailable as Unavailable};
    let old = |message: &str| {
        serde_json::json!({"type": "consoleMessage", "timestamp": "2026-11-24T15:25:01Z", "data": {"message": message}}).to_string()
    };
    let middle = |error: &str| format!("{}\n{}", old(""), serde_json::json!({"error": error}));
    let new = |error: &str| {
        serde_json::json!({"error": error, "message": "the command failed", "suggestion": "Suggestion: try again"}).to_string()
    };
    let not_logged_in = "not logged in, run `azd auth login` to login";
    let ids = "Trace ID: x Correlation ID: 33333333-dddd-4eee-8fff-444444444444";
    let refused = [
        (
            50_005,
            format!(
                "fetching token: AADSTS50005: User tried to log in to a device from a platform that's currently not supported. {ids}"
            ),
        ),
        (
            530_084,
            format!(
                "fetching token: AADSTS530084: Access has been blocked by conditional access token protection policy. {ids}"
            ),
        ),
        (
            700_082,
            format!("fetching token: AADSTS700082: The refresh token has expired due to inactivity. {ids}"),
        ),
        (
            50_076,
            format!(
                "failed to authenticate: (invalid_grant) AADSTS50076: you must use multi-factor authentication. {ids}"
            ),
        ),
    ];
    for (code, text) in &refused {
        for (stdout, stderr) in [
            (old(&format!("\nERROR: {text}\n")), String::new()),
            (String::new(), middle(text)),
            (String::new(), new(text)),
            (new(text), format!("ERROR: {not_logged_in}")),
            (
                String::new(),
                format!("ERROR: {text}\nSuggestion: run `azd auth login` to login"),
            ),
        ] {
            let error = outcome(|_| ProcessStep::exits(1, stdout.clone(), stderr.clone())).unwrap_err();
            assert_eq!(
                (error.kind(), error.aadsts()),
                (Failed, Some(*code)),
                "{stdout}{stderr}: {error}"
            );
            assert_eq!(
                error.correlation_id(),
                Some("33333333-dddd-4eee-8fff-444444444444")
            );
            assert!(
                error.message().contains(&format!("AADSTS{code}: ")) && error.hint().is_some(),
                "{error}"
            );
        }
    }
    let expired = "fetching token: AADSTS70043: The refresh token has expired. Trace ID: x Correlation ID: 33333333-dddd-4eee-8fff-444444444444";
    for (code, stdout, stderr, kind, aadsts, words) in [
        (
            1,
            String::new(),
            format!("ERROR: {not_logged_in}"),
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            old(&format!("\nERROR: {not_logged_in}\n")),
            String::new(),
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            String::new(),
            middle(not_logged_in),
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            new(not_logged_in),
            String::new(),
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            String::new(),
            "ERROR: not logged in, run azd auth login".to_owned(),
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            127,
            String::new(),
            "sh: azd: not found".to_owned(),
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            String::new(),
            "bash: line 1: azd: command not found".to_owned(),
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            String::new(),
            "'azd' is not recognized as an internal or external command".to_owned(),
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            String::new(),
            "ERROR: unknown flag: --claims".to_owned(),
            Unavailable,
            None,
            "knows no claims",
        ),
        (
            1,
            old("ERROR: unknown flag: --claims"),
            String::new(),
            Unavailable,
            None,
            "knows no claims",
        ),
        (
            1,
            old(&format!("ERROR: {expired}")),
            String::new(),
            Failed,
            Some(70_043),
            "AADSTS70043",
        ),
        (
            1,
            String::new(),
            middle(expired),
            Failed,
            Some(70_043),
            "AADSTS70043",
        ),
        (
            1,
            String::new(),
            new(expired),
            Failed,
            Some(70_043),
            "AADSTS70043",
        ),
        // The same advice beside a refusal is no missing sign-in.
        (
            1,
            String::new(),
            format!("{expired}; {not_logged_in}"),
            Failed,
            Some(70_043),
            "AADSTS70043",
        ),
        (
            1,
            new("from stdout"),
            new("from stderr"),
            Failed,
            None,
            "from stdout",
        ),
        (
            1,
            "noise".to_owned(),
            new("from stderr"),
            Failed,
            None,
            "from stderr",
        ),
        (
            1,
            String::new(),
            "ERROR: plain words".to_owned(),
            Failed,
            None,
            "plain words",
        ),
        (
            1,
            String::new(),
            String::new(),
            Failed,
            None,
            "failed with code 1",
        ),
    ] {
        let error = outcome(|_| ProcessStep::exits(code, stdout.clone(), stderr.clone())).unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (kind, aadsts),
            "{stdout}{stderr}: {error}"
        );
        assert!(
            error.message().contains(words) && error.hint().is_some(),
            "{error}"
        );
        if aadsts.is_some() {
            assert_eq!(
                error.correlation_id(),
                Some("33333333-dddd-4eee-8fff-444444444444")
            );
        }
    }
    let killed = outcome(|_| ProcessStep::signalled(11)).unwrap_err();
    assert!(
        killed.kind() == Failed && killed.message().contains("signal 11"),
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
fn a_tool_that_is_not_there_is_unavailable() {
    leak_guard::run(async |guard| {
        let machine = Machine::new(&guard);
        let error = machine.get(&credential(&machine), &[SCOPE]).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (
                ErrorKind::CredentialUnavailable,
                "Azure Developer CLI was not found"
            )
        );
        assert!(error.hint().unwrap().contains("azd auth login"));
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
        machine.tools.always("azd", ProcessStep::hang());
        let error = machine.get(&credential(&machine), &[SCOPE]).await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains("within 10 s"),
            "{error}"
        );
        assert_eq!((machine.tools.killed(), machine.tools.running()), (1, 0));
    });
}

#[test]
fn what_cannot_be_never_reaches_the_tool() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let anything = credential(&machine);
        for payload in PAYLOADS {
            let built = AzureDeveloperCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(payload)
                .build();
            assert_eq!(
                built.unwrap_err().kind(),
                ErrorKind::InvalidConfiguration,
                "{payload:?}"
            );
            let allowed = AzureDeveloperCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id("x")
                .with_additionally_allowed_tenants([payload])
                .build();
            assert!(
                payload == "*" || allowed.is_err_and(|error| error.kind() == ErrorKind::InvalidConfiguration),
                "{payload:?}"
            );
            for request in [
                TokenRequest::new(&[payload]),
                TokenRequest::new(&[SCOPE, payload]),
                TokenRequest::new(&[payload, SCOPE]),
                TokenRequest::new(&[SCOPE]).tenant_id(payload),
                TokenRequest::new(&[SCOPE]).tenant_id(payload).claims(CLAIMS),
                TokenRequest::new(&[payload]).claims(CLAIMS),
                TokenRequest::new(&[SCOPE]).claims(payload),
            ] {
                let error = machine.get(&anything, request).await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::InvalidConfiguration,
                    "{payload:?}: {error}"
                );
            }
        }
        assert!(machine.get(&anything, &[]).await.is_err());
        assert_eq!(machine.tools.calls(), 0);
    });
}

#[test]
fn claims_are_passed_on_in_letters_that_nothing_interprets() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        for payload in PAYLOADS {
            machine.tools.push(
                "azd",
                ProcessStep::output(answer(guard.secret("access token").expose())),
            );
            let claims = serde_json::json!({ "access_token": { payload: payload } }).to_string();
            let request = TokenRequest::new(&[SCOPE]).claims(&claims);
            machine.get(&credential(&machine), request).await.unwrap();
            let argv = machine.tools.argv(machine.tools.calls() - 1);
            let passed = argv.last().unwrap();
            assert_eq!(argv[argv.len() - 2], "--claims");
            assert!(
                passed
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')),
                "{passed}"
            );
            let decoded = identity_runtime::crypto::decode_base64(passed).unwrap();
            assert_eq!(
                serde_json::from_slice::<serde_json::Value>(&decoded).unwrap(),
                claims.parse::<serde_json::Value>().unwrap()
            );
        }
    });
}

#[test]
fn other_tenants_need_permission() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let build = |allowed: &[&str]| {
            AzureDeveloperCliCredential::builder()
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
            "azd",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        machine.get(&build(&["*"]), request()).await.unwrap();
        assert!(
            machine
                .tools
                .argv(0)
                .ends_with(&["--tenant-id".to_owned(), OTHER_TENANT.to_owned()])
        );
    });
}

#[test]
fn tokens_in_whatever_it_prints_are_not_shown() {
    for shape in [
        r#"{"token": "@", "expiresOn": 1}"#,
        r#"{"type":"consoleMessage","data":{"message":"got \"token\": \"@\""}}"#,
        r#"{"error":"sent Bearer @ and failed"}"#,
        "{'token': '@'}",
        "ERROR: response @",
    ] {
        for code in [0, 1, 127] {
            for (out, err) in [(true, false), (false, true), (true, true)] {
                let result = outcome(|token| {
                    let text = shape.replace('@', token);
                    let on = |yes: bool| if yes { text.clone() } else { String::new() };
                    ProcessStep::exits(code, on(out), on(err))
                });
                assert!(result.is_err(), "{shape} {code}");
            }
        }
    }
}
