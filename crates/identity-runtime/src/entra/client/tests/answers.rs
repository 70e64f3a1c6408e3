//! What is made of answers.

use super::*;

#[test]
fn a_success_without_a_token_is_none() {
    guarded(|guard| {
        for body in [
            "{}".to_owned(),
            r#"{"expires_in":3600}"#.to_owned(),
            r#"{"access_token":"","expires_in":3600}"#.to_owned(),
            r#"{"access_token":null,"expires_in":3600}"#.to_owned(),
            r#"{"access_token":17,"expires_in":3600}"#.to_owned(),
            token(guard, ""),
            token(guard, r#","expires_in":-1"#),
            token(guard, r#","expires_in":0"#),
            token(guard, r#","expires_in":"never""#),
            token(guard, r#","expires_in":3600,"token_type":"pop""#),
            token(guard, r#","expires_in":3600,"expires_in":7200"#),
            token(guard, r#","expires_in":1e400"#),
            token(guard, r"\r\nX: y"),
            format!("{} trailing", token(guard, r#","expires_in":3600"#)),
            token(guard, r#","expires_in":3600"#).replace('}', ""),
            format!("[{}]", token(guard, r#","expires_in":3600"#)),
            String::new(),
            "<html>sign in</html>".to_owned(),
            "\u{0}".to_owned(),
        ] {
            let (error, calls) = refused(guard, 200, &body);
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
            assert_eq!(calls, 2, "a broken answer is asked for once more: {body}");
            assert_eq!(error.http_status(), Some(200));
        }
    });
}

#[test]
fn other_successes_are_no_token_either() {
    guarded(|guard| {
        for status in [204, 205] {
            assert_eq!(refused(guard, status, "").0.kind(), ErrorKind::Protocol);
        }
        let wrong_type =
            HttpStep::bytes(200, token(guard, r#","expires_in":60"#)).header("content-type", "text/html");
        let world = World::new(guard, ScriptedHttp::new().then(wrong_type));
        assert!(
            world.send(&world.grant()).is_ok(),
            "what it is decides, not what it is called"
        );
    });
}

#[test]
fn encodings_other_than_utf_8_are_refused_and_a_byte_order_mark_is_not() {
    guarded(|guard| {
        let document = token(guard, r#","expires_in":3600"#);
        let utf16: Vec<u8> = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bad = document.clone().into_bytes();
        bad.insert(20, 0xff);
        let with_mark = [b"\xef\xbb\xbf", document.as_bytes()].concat();
        for (body, good) in [(utf16, false), (bad, false), (with_mark, true)] {
            let world = World::answering(guard, move || HttpStep::bytes(200, body.clone()));
            assert_eq!(world.send(&world.grant()).is_ok(), good);
        }
    });
}

#[test]
fn an_error_document_with_status_200_is_an_error() {
    guarded(|guard| {
        let body =
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: no","error_codes":[7000215]}"#;
        let (error, calls) = refused(guard, 200, body);
        assert_eq!((error.kind(), calls), (ErrorKind::Protocol, 1));
        assert_eq!(
            (error.aadsts(), error.code()),
            (Some(7_000_215), Some("invalid_client"))
        );
    });
}

#[test]
fn refusals_are_final_and_keep_their_codes() {
    guarded(|guard| {
        for (status, code, aadsts) in [
            (400, "invalid_request", 900_144),
            (401, "invalid_client", 7_000_215),
            (403, "access_denied", 53_003),
        ] {
            let world = World::answering(guard, move || HttpStep::entra_error(status, code, aadsts, "no"));
            let error = world.send(&world.grant()).unwrap_err();
            guard.check_error(&error);
            assert_eq!(
                (error.kind(), world.http.calls()),
                (ErrorKind::AuthenticationFailed, 1)
            );
            assert_eq!(
                (error.code(), error.aadsts(), error.http_status()),
                (Some(code), Some(aadsts), Some(status))
            );
        }
    });
}

#[test]
fn redirects_are_named_and_not_followed() {
    guarded(|guard| {
        for status in [301, 302, 303, 304, 307, 308] {
            let target = guard.secret("redirect target");
            let location = format!("https://evil.test/{}", target.expose());
            let world = World::answering(guard, move || {
                HttpStep::bytes(status, r#"{"error":"invalid_client"}"#).header("location", &location)
            });
            let error = world.send(&world.grant()).unwrap_err();
            guard.check_error(&error);
            assert_eq!((error.kind(), world.http.calls()), (ErrorKind::Protocol, 1));
            assert!(error.message().contains(&format!("HTTP {status}")));
            assert_eq!(error.code(), None, "its body is not looked at");
        }
    });
}

#[test]
fn failures_that_are_no_json_are_named_by_their_status_alone() {
    guarded(|guard| {
        for (status, calls, kind) in [
            (503, 4, ErrorKind::Transport),
            (500, 4, ErrorKind::Transport),
            (429, 4, ErrorKind::Throttled),
            (408, 4, ErrorKind::Transport),
            (407, 1, ErrorKind::Protocol),
            (404, 1, ErrorKind::Protocol),
            (410, 1, ErrorKind::Protocol),
            (403, 1, ErrorKind::AuthenticationFailed),
        ] {
            let page = format!(
                "<html>{}{}</html>",
                guard.secret("page").expose(),
                "x".repeat(1 << 19)
            );
            let (error, made) = refused(guard, status, &page);
            assert_eq!(
                (error.kind(), made, error.http_status()),
                (kind, calls, Some(status))
            );
        }
    });
}

#[test]
fn a_service_that_is_unavailable_is_asked_again_after_half_a_minute_if_there_is_time() {
    guarded(|guard| {
        let body = r#"{"error":"temporarily_unavailable","error_description":"AADSTS90033: later"}"#;
        let (error, calls) = refused(guard, 400, body);
        assert!(error.is_transient());
        assert_eq!(calls, 1, "30 s and another attempt do not fit into 30 s");

        let http = ScriptedHttp::new()
            .then(HttpStep::bytes(400, body))
            .then(HttpStep::token("t", 60));
        let mut world = World::new(guard, http);
        let patient = RetryPolicy::new().with_total(Duration::from_secs(60));
        world.client = EntraClient::new(&world.client.options().clone().with_retry_policy(patient), "Test");
        let before = world.clock.now();
        world.send(&world.grant()).unwrap();
        assert!(world.clock.now().since(before) >= TRANSIENT_DELAY);
    });
}

#[test]
fn a_long_wait_that_the_service_asks_for_is_told_at_once() {
    guarded(|guard| {
        let world = World::answering(guard, || {
            HttpStep::entra_error(429, "throttled", 50_196, "slow down").header("retry-after", "3600")
        });
        let before = world.clock.now();
        let error = world.send(&world.grant()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!(world.clock.now(), before);
        assert_eq!(error.aadsts(), Some(50_196));
    });
}

#[test]
fn narrower_grants_are_refused_if_wished() {
    guarded(|guard| {
        let scopes = Scopes::parse(["User.Read", "Mail.Read"]).unwrap();
        let world = World::answering(guard, || {
            HttpStep::bytes(
                200,
                r#"{"access_token":"t","expires_in":60,"scope":"User.Read openid"}"#,
            )
        });
        let grant = world.grant().scopes(&scopes);
        assert!(world.send(&grant).is_ok());
        let error = world.send(&grant.check_granted_scopes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(error.message().contains("Mail.Read"));
    });
}
