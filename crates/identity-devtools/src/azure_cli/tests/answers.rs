//! What the tool prints with exit code 0.

use super::*;

/// What the versions of the tool print with exit code 0, `@` standing for the token, and the end that is read, in seconds after the test clock's start.
#[test]
fn the_answers_of_all_versions_are_read() {
    for (printed, seconds) in [
        // 2.91, 2.54: seconds and a date; the seconds win.
        (
            r#"{"accessToken": "@", "expiresOn": "2000-01-01 00:00:00.000000", "expires_on": 1767229200, "tokenType": "Bearer"}"#,
            3600,
        ),
        (r#"{"accessToken": "@", "expires_on": "1767229200"}"#, 3600),
        (r#"{"accessToken": "@", "expires_on": 1767229200.0}"#, 3600),
        // With --tenant, and for an account without subscriptions.
        (
            r#"{"accessToken": "@", "expires_on": 1767229200, "tenant": "11111111-1111-1111-1111-111111111111", "tokenType": "Bearer"}"#,
            3600,
        ),
        (
            r#"{"accessToken": "@", "expires_on": 1767229200, "subscription": "11111111-1111-1111-1111-111111111111"}"#,
            3600,
        ),
        // 2.45 and older: the date alone, with and without its fraction.
        (
            r#"{"accessToken": "@", "expiresOn": "2026-01-01 01:30:00.000000", "subscription": "x", "tenant": "y", "tokenType": "Bearer"}"#,
            5400,
        ),
        (
            r#"{"accessToken": "@", "expiresOn": "2026-01-01 01:30:00"}"#,
            5400,
        ),
        (
            r#"{"accessToken": "@", "expires_on": null, "expiresOn": "2026-01-01 01:30:00.123456"}"#,
            5400,
        ),
        (
            r#"{"accessToken": "@", "expiresOn": "2026-01-01T02:30:00+01:00"}"#,
            5400,
        ),
        (
            r#"{"accessToken": "@", "expires_on": 1767229200, "tokenType": "bearer", "more": [1, {}]}"#,
            3600,
        ),
        // Something before the answer.
        (
            "WARNING: You have 2 update(s) available.\n{\"accessToken\": \"@\", \"expires_on\": 1767229200}\n",
            3600,
        ),
        (
            "\u{feff}{\"accessToken\": \"@\", \"expires_on\": 1767229200}",
            3600,
        ),
    ] {
        let token = outcome(|token| ProcessStep::output(printed.replace('@', token)))
            .unwrap_or_else(|error| panic!("{printed}: {error}"));
        assert_eq!(end(&token), 1_767_225_600 + seconds, "{printed}");
    }
}

#[test]
fn utf_16_and_warnings_beside_the_answer_do_no_harm() {
    let token = outcome(|token| {
        let text = format!("{{\"accessToken\": \"{token}\", \"expires_on\": {IN_AN_HOUR}}}");
        let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes);
        ProcessStep::output([0xff, 0xfe].into_iter().chain(utf16).collect::<Vec<u8>>())
    });
    assert!(token.is_ok());
    // Seen with a service principal and another --tenant.
    let warned = outcome(|token| {
        ProcessStep::exits(
            0,
            answer(token),
            "WARNING: Could not retrieve credential from local cache for service principal x under tenant y.",
        )
    });
    assert!(warned.is_ok());
}

/// Exit code 0 without a usable token; `@` stands for one.
#[test]
fn what_is_no_answer_gives_no_token() {
    for printed in [
        "",
        "@",
        "null",
        "[]",
        "\"@\"",
        "{",
        "{}",
        r#"{"accessToken": "@""#,
        r#"{"accessToken": "@"}"#,
        r#"{"accessToken": "", "expires_on": 1767229200}"#,
        r#"{"accessToken": null, "expires_on": 1767229200}"#,
        r#"{"accessToken": {"value": "@"}, "expires_on": 1767229200}"#,
        r#"{"accesstoken": "@", "expires_on": 1767229200}"#,
        r#"{"accessToken": "@", "accessToken": "@", "expires_on": 1767229200}"#,
        r#"{"accessToken": "@", "expires_on": "soon @"}"#,
        r#"{"accessToken": "@", "expires_on": true, "expiresOn": "2026-01-01 01:30:00.000000"}"#,
        r#"{"accessToken": "@", "expiresOn": "tomorrow @"}"#,
        r#"{"accessToken": "@", "expires_on": 1767229200, "tokenType": "pop"}"#,
        r#"{"accessToken": "@", "expires_on": 1767229200, "tokenType": 1}"#,
        r#"{"error": "invalid_grant", "error_description": "AADSTS700082: @"}"#,
    ] {
        let error = outcome(|token| ProcessStep::output(printed.replace('@', token))).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::AuthenticationFailed,
            "{printed}: {error}"
        );
        assert_eq!(error.credential(), Some(NAME));
    }
    // A readable answer that can't be used: it ended before it came, and characters that no header may hold.
    for printed in [
        r#"{"accessToken": "@", "expires_on": 1767225600}"#,
        r#"{"accessToken": "@ x", "expires_on": 1767229200}"#,
        "{\"accessToken\": \"@\\r\\nx: y\", \"expires_on\": 1767229200}",
        "{\"accessToken\": \"@é\", \"expires_on\": 1767229200}",
    ] {
        let error = outcome(|token| ProcessStep::output(printed.replace('@', token))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{printed}: {error}");
    }
    let latin1 =
        outcome(|_| ProcessStep::output(&b"{\"accessToken\": \"\xe9\", \"expires_on\": 1767229200}"[..]));
    assert_eq!(latin1.unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn a_long_token_passes_and_a_longer_one_does_not() {
    let long = |length: usize| {
        leak_guard::run(async |guard| {
            let machine = machine(&guard);
            let text = format!(
                "{{\"accessToken\": \"{}\", \"expires_on\": {IN_AN_HOUR}}}",
                "x".repeat(length)
            );
            machine.tools.push("az", ProcessStep::output(text));
            machine
                .get(&credential(&machine), &[SCOPE])
                .await
                .map_err(|error| error.kind())
        })
    };
    assert!(long(64 * 1024).is_ok());
    assert_eq!(long(64 * 1024 + 1).unwrap_err(), ErrorKind::Protocol);
    assert_eq!(
        long(1024 * 1024).unwrap_err(),
        ErrorKind::AuthenticationFailed,
        "more output than is read"
    );
}

#[test]
fn an_answer_for_another_account_is_none() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let asked = async |tenant: &str, subscription: &str, printed: &str| {
            let token = guard.secret("access token");
            machine
                .tools
                .push("az", ProcessStep::output(printed.replace('@', token.expose())));
            let credential = AzureCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id(tenant)
                .with_subscription(subscription)
                .build()
                .unwrap();
            machine
                .get(&credential, &[SCOPE])
                .await
                .map(drop)
                .map_err(|error| error.kind())
        };
        let of = |member: &str, value: &str| {
            format!("{{\"accessToken\": \"@\", \"expires_on\": {IN_AN_HOUR}, \"{member}\": \"{value}\"}}")
        };
        let mismatch = Err(ErrorKind::IdentityMismatch);
        for (tenant, answered, expected) in [
            (TENANT, TENANT, Ok(())),
            (
                "AAAAAAAA-1111-1111-1111-111111111111",
                "aaaaaaaa-1111-1111-1111-111111111111",
                Ok(()),
            ),
            (TENANT, OTHER_TENANT, mismatch),
            ("contoso.com", "Contoso.com", Ok(())),
            ("contoso.com", "fabrikam.com", mismatch),
            // An id of a domain can't be looked up here.
            ("contoso.com", OTHER_TENANT, Ok(())),
            ("", OTHER_TENANT, Ok(())),
        ] {
            assert_eq!(
                asked(tenant, "", &of("tenant", answered)).await,
                expected,
                "{tenant} {answered}"
            );
        }
        for (subscription, answered, expected) in [
            (SUBSCRIPTION, SUBSCRIPTION, Ok(())),
            (SUBSCRIPTION, OTHER_TENANT, mismatch),
            ("Pay as you go", OTHER_TENANT, Ok(())),
        ] {
            assert_eq!(
                asked("", subscription, &of("subscription", answered)).await,
                expected,
                "{subscription}"
            );
        }
        // What isn't an id is not repeated: it may be anything.
        for answered in [
            guard.secret("in the tenant's place").expose(),
            "eyJ0eXAi.CNRY.x",
            "short",
        ] {
            machine.tools.push(
                "az",
                ProcessStep::output(of("tenant", answered).replace('@', "t")),
            );
            let credential = AzureCliCredential::builder()
                .with_options(&machine.options())
                .with_tenant_id("contoso.com")
                .build()
                .unwrap();
            let error = machine.get(&credential, &[SCOPE]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::IdentityMismatch);
            assert_eq!(
                error.message(),
                "Azure CLI answered for another tenant instead of contoso.com"
            );
        }
        assert_eq!(
            asked(
                TENANT,
                "",
                &format!("{{\"accessToken\": \"@\", \"expires_on\": {IN_AN_HOUR}}}")
            )
            .await,
            Ok(())
        );
    });
}
