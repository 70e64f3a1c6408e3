//! What the tool prints when it fails, and how else it may end.

use identity_base::seam::ProcessErrorKind;

use super::*;

/// What the tool has been seen to write to its standard error output, with its exit code, and what it counts as.
#[test]
fn the_failures_of_all_versions_are_told_apart() {
    use ErrorKind::{AuthenticationFailed as Failed, CredentialUnavailable as Unavailable};
    let traceback = format!(
        "WARNING: Could not retrieve credential from local cache for service principal x under tenant y.\nERROR: The command failed with an unexpected error. Here is the traceback:\nERROR: Unable to get authority configuration for \
         https://localhost:8443/x. Authority would typically be in a format of https://login.microsoftonline.com/your_tenant\nTraceback (most recent call last):\n{}\
         AADSTS90002: Tenant 'x' not found.\nTo check existing issues, please visit: https://github.com/Azure/azure-cli/issues\n",
        "  File \"/usr/lib/python3/dist-packages/azure/cli/core/x.py\", line 1, in y\n".repeat(25)
    );
    for (code, stderr, kind, aadsts, words) in [
        (
            1,
            "ERROR: Please run 'az login' to setup account.",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "Please run \"az login\" to access your accounts.",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (
            1,
            "ERROR: No subscription found. Run 'az account set' to select a subscription.",
            Unavailable,
            None,
            "nobody is signed in",
        ),
        (127, "sh: 1: az: not found", Unavailable, None, "was not found"),
        // A wrapper has a code of its own.
        (1, "sh: 1: az: not found", Unavailable, None, "was not found"),
        (
            126,
            "bash: line 1: az: command not found",
            Unavailable,
            None,
            "was not found",
        ),
        (
            255,
            "/bin/sh: az: command not found\nexit status 127",
            Unavailable,
            None,
            "was not found",
        ),
        (
            2,
            "/usr/local/bin/az: line 3: /opt/az/bin/python3: not found",
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            "ERROR: lab-az: the resource was not found",
            Failed,
            None,
            "the resource was not found",
        ),
        (
            1,
            "ERROR: az: AADSTS500011: The resource principal named x was not found in the tenant",
            Failed,
            Some(500_011),
            "AADSTS500011",
        ),
        (
            1,
            "'az' is not recognized as an internal or external command,\r\noperable program or batch file.",
            Unavailable,
            None,
            "was not found",
        ),
        (
            1,
            "ERROR: AADSTS500011: The resource principal named https://bad-scope.example was not found in the tenant named Lab. Trace ID: \
             11111111-aaaa-4bbb-8ccc-222222222222 Correlation ID: 33333333-dddd-4eee-8fff-444444444444 Timestamp: 2026-11-24 15:25:01Z\n\
             Run the command below to authenticate interactively; additional arguments may be added as needed:\naz logout\naz login",
            Failed,
            Some(500_011),
            "resource principal",
        ),
        (
            1,
            "ERROR: AADSTS500011: x\nInteractive authentication is needed. Please run:\naz login\n",
            Failed,
            Some(500_011),
            "AADSTS500011",
        ),
        (
            1,
            "ERROR: AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication",
            Failed,
            Some(50_076),
            "multi-factor",
        ),
        (
            1,
            "ERROR: AADSTS700082: The refresh token has expired due to inactivity.\naz login --tenant \"x\" --scope \"y\"",
            Failed,
            Some(700_082),
            "expired",
        ),
        (
            1,
            "ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.\naz login --scope \"y\"",
            Failed,
            Some(70_043),
            "sign-in frequency",
        ),
        (
            1,
            "ERROR: AADSTS50005: User tried to log in to a device from a platform (Unknown) that's currently not supported",
            Failed,
            Some(50_005),
            "not supported",
        ),
        (
            1,
            "ERROR: AADSTS530084: Access has been blocked by conditional access token protection policy. az login",
            Failed,
            Some(530_084),
            "token protection policy",
        ),
        (
            1,
            "ERROR: CLIInternalError: The command failed with an unexpected error. Here is the traceback:\nERROR: {'error': 'invalid_grant', 'error_description': \
             'AADSTS700082: The refresh token has expired due to inactivity.'}",
            Failed,
            Some(700_082),
            "code 1: ERROR: {'error': 'invalid_grant'",
        ),
        (
            1,
            traceback.as_str(),
            Failed,
            Some(90_002),
            "code 1: ERROR: Unable to get authority configuration",
        ),
        (
            1,
            "ERROR: Subscription 'nosub' not found. Check the spelling and casing and try again.",
            Failed,
            None,
            "Subscription 'nosub' not found",
        ),
        (
            1,
            "ERROR: Please specify only one of subscription and tenant, not both",
            Failed,
            None,
            "only one of",
        ),
        (
            1,
            "ERROR: HTTPSConnectionPool(host='localhost', port=8443): Max retries exceeded with url: /x (Caused by SSLError(CERTIFICATE_VERIFY_FAILED))\n\
             Certificate verification failed. This typically happens when using Azure CLI behind a proxy",
            Failed,
            None,
            "does not trust the certificate",
        ),
        (
            1,
            "ERROR: HTTPSConnectionPool(host='localhost', port=8443): Max retries exceeded with url: /x (Caused by NewConnectionError)",
            Failed,
            None,
            "HTTPSConnectionPool",
        ),
        (
            2,
            "ERROR: unrecognized arguments: --claims-challenge x",
            Failed,
            None,
            "unrecognized arguments",
        ),
        (
            1,
            "ERROR: AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value",
            Failed,
            Some(7_000_215),
            "Invalid client secret",
        ),
        (1, "", Failed, None, "failed with code 1"),
        (1, "WARNING: it broke", Failed, None, "WARNING: it broke"),
        (
            -1,
            "\u{1b}[31mERROR: \u{7}odd\u{202e}\u{1b}[0m",
            Failed,
            None,
            "ERROR: \\u{7}odd\\u{202e}",
        ),
    ] {
        let error = outcome(|_| ProcessStep::fails(code, stderr)).unwrap_err();
        assert_eq!(
            (error.kind(), error.aadsts()),
            (kind, aadsts),
            "{stderr}: {error}"
        );
        assert!(error.message().contains(words), "{error}");
        assert!(
            error.hint().is_some() && error.to_string().len() < 1100,
            "{error}"
        );
        if aadsts == Some(500_011) && stderr.contains("Trace") {
            assert_eq!(
                error.correlation_id(),
                Some("33333333-dddd-4eee-8fff-444444444444")
            );
            assert_eq!(error.trace_id(), Some("11111111-aaaa-4bbb-8ccc-222222222222"));
        }
    }
    let untrusted = "requests.exceptions.SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate";
    let error = outcome(|_| ProcessStep::fails(1, untrusted)).unwrap_err();
    assert!(error.message().contains("does not trust"), "{error}");
    assert!(error.hint().unwrap().contains("REQUESTS_CA_BUNDLE"), "{error}");
    let killed = outcome(|_| ProcessStep::signalled(9)).unwrap_err();
    assert_eq!(killed.kind(), Failed);
    assert!(killed.message().contains("ended by signal 9"), "{killed}");
}

#[test]
fn a_run_that_does_not_end_by_itself_is_explained() {
    for (kind, expected, transient) in [
        (
            ProcessErrorKind::NotFound,
            ErrorKind::CredentialUnavailable,
            false,
        ),
        (ProcessErrorKind::Timeout, ErrorKind::CredentialUnavailable, true),
        (ProcessErrorKind::Spawn, ErrorKind::CredentialUnavailable, true),
        (
            ProcessErrorKind::TooMuchOutput,
            ErrorKind::AuthenticationFailed,
            false,
        ),
        (ProcessErrorKind::Io, ErrorKind::AuthenticationFailed, true),
        (
            ProcessErrorKind::InvalidArgument,
            ErrorKind::InvalidConfiguration,
            false,
        ),
    ] {
        let error = outcome(|_| ProcessStep::error(kind)).unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient()),
            (expected, transient),
            "{kind:?}"
        );
    }
}

#[test]
fn tokens_in_whatever_it_prints_are_not_shown() {
    for shape in [
        r#"{"accessToken": "@", "expiresOn": 1}"#,
        r#"{ "accessToken" : "@" }"#,
        "{'accessToken': '@'}",
        "https://localhost/?access_token=@&x=1",
        "Authorization: Bearer @",
        "accessToken = @",
        "DEBUG: response: @",
        "\"refreshToken\": \"@",
    ] {
        for code in [0, 1, 127, 255] {
            for (out, err) in [(true, false), (false, true), (true, true)] {
                let error = outcome(|token| {
                    let text = format!("ERROR: it failed: {}", shape.replace('@', token));
                    let on = |yes: bool| if yes { text.clone() } else { String::new() };
                    ProcessStep::exits(code, on(out), on(err))
                });
                assert!(error.is_err(), "{shape} {code}");
            }
        }
    }
}

#[test]
fn a_failure_is_asked_for_again_after_a_moment() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.tools.push(
            "az",
            ProcessStep::fails(1, "ERROR: Please run 'az login' to setup account."),
        );
        machine.tools.push(
            "az",
            ProcessStep::output(answer(guard.secret("access token").expose())),
        );
        let credential = credential(&machine);
        for _ in 0..10 {
            assert!(
                machine
                    .get(&credential, &[SCOPE])
                    .await
                    .unwrap_err()
                    .is_unavailable()
            );
        }
        assert_eq!(machine.tools.calls(), 1);
        machine.clock.advance(Duration::from_secs(2));
        assert!(machine.get(&credential, &[SCOPE]).await.is_ok());
    });
}
