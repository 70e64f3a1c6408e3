//! Requests and answers of the token endpoint.

use std::sync::Arc;

use super::*;
use crate::retry::RetryPolicy;
use identity_base::seam::Clock as _;
use identity_base::{ClientId, OwnedRequest, Secret};
use identity_testkit::{HttpStep, LeakGuard, ScriptedHttp, ScriptedRandom, TestClock, leak_guard};

const SCOPE: &str = "https://management.azure.com/.default";
const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "44444444-4444-4444-4444-444444444444";

struct World {
    clock: TestClock,
    http: ScriptedHttp,
    client: EntraClient,
    secret: Secret,
}

impl World {
    fn new(guard: &LeakGuard, http: ScriptedHttp) -> Self {
        guard.watch(&http);
        let clock = TestClock::new();
        let options = ClientOptions::default()
            .with_env(Arc::new(identity_testkit::env([(
                "AZURE_HTTP_USER_AGENT",
                "x/1",
            )])))
            .with_clock(Arc::new(clock.clone()))
            .with_transport(Arc::new(http.clone()))
            .with_random(Arc::new(ScriptedRandom::seeded(1)));
        Self {
            clock,
            http,
            client: EntraClient::new(&options, "Test"),
            secret: guard.secret_with_symbols("client_secret"),
        }
    }

    fn answering(guard: &LeakGuard, step: impl Fn() -> HttpStep + Send + Sync + 'static) -> Self {
        Self::new(guard, ScriptedHttp::new().respond_with(move |_, _| step()))
    }

    fn grant(&self) -> Grant {
        let request = OwnedRequest::new(Scopes::parse([SCOPE]).unwrap());
        Grant::new("client_credentials", &ClientId::parse(CLIENT).unwrap())
            .for_request(&request)
            .unwrap()
            .auth(&ClientAuth::Secret(self.secret.clone()))
    }

    fn send(&self, grant: &Grant) -> Result<TokenResponse, Error> {
        self.clock
            .block_on(self.client.send(&TenantId::parse(TENANT).unwrap(), grant))
    }
}

/// Runs a test under the leak guard.
fn guarded(test: impl FnOnce(&LeakGuard)) {
    leak_guard::run_sync(|guard| test(&guard));
}

/// One answer with this status and body; the error, and how many requests were made.
fn refused(guard: &LeakGuard, status: u16, body: &str) -> (Error, usize) {
    let body = body.to_owned();
    let world = World::answering(guard, move || HttpStep::bytes(status, body.clone()));
    let error = world.send(&world.grant()).unwrap_err();
    guard.check_error(&error);
    assert!(error.to_string().len() <= 1024, "{error}");
    (error, world.http.calls())
}

fn token(guard: &LeakGuard, members: &str) -> String {
    format!(
        r#"{{"access_token":"{}"{members}}}"#,
        guard.secret("access_token").expose()
    )
}

#[test]
fn the_request_is_that_of_the_peers() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::token("t", 3599));
        let answer = world.send(&world.grant()).unwrap();
        assert_eq!((answer.token.expose(), answer.lifetime.as_secs()), ("t", 3599));
        guard.check(&answer);
        guard.check(&world.grant());
        guard.check(&world.client);
        let requests = world.http.requests();
        let request = &requests[0];
        assert_eq!(
            request.url(),
            format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
        );
        assert_eq!(request.method(), "POST");
        let form = request.form().unwrap();
        let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "grant_type", "scope", "client_secret"]);
        assert_eq!(
            request.form_value("client_secret").as_deref(),
            Some(world.secret.expose())
        );
        assert_eq!(request.form_value("scope").as_deref(), Some(SCOPE));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert!(
            request
                .header("user-agent")
                .unwrap()
                .starts_with("entra-identity/")
        );
        assert!(request.header("user-agent").unwrap().ends_with(" x/1"));
    });
}

#[test]
fn all_attempts_carry_one_id_and_errors_name_it() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::status(503));
        let error = world.send(&world.grant()).unwrap_err();
        let ids: std::collections::HashSet<_> = world
            .http
            .requests()
            .iter()
            .map(|request| request.header("client-request-id").unwrap().to_owned())
            .collect();
        assert_eq!((world.http.calls(), ids.len()), (4, 1));
        assert_eq!(error.correlation_id(), ids.iter().next().map(String::as_str));

        let id = "0a1b2c3d-1111-2222-3333-444455556666";
        let world = World::answering(guard, || HttpStep::token("t", 1));
        world.send(&world.grant().correlation_id(id)).unwrap();
        assert_eq!(
            world.http.requests()[0].header("x-ms-client-request-id"),
            Some(id)
        );
    });
}

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
                HttpStep::status(status).header("location", &location)
            });
            let error = world.send(&world.grant()).unwrap_err();
            guard.check_error(&error);
            assert_eq!((error.kind(), world.http.calls()), (ErrorKind::Protocol, 1));
            assert!(error.message().contains(&format!("HTTP {status}")));
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

#[test]
fn other_endpoints_and_adfs() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::token("t", 60));
        let regional = "https://westus2.login.microsoft.com/t/oauth2/v2.0/token";
        world.send(&world.grant().endpoint(regional).unwrap()).unwrap();
        assert_eq!(world.http.requests()[0].url(), regional);

        let options = world
            .client
            .options()
            .clone()
            .with_authority(Authority::parse("adfs.contoso.com").unwrap());
        let client = EntraClient::new(&options, "Test");
        world
            .clock
            .block_on(client.send(&TenantId::parse("adfs").unwrap(), &world.grant()))
            .unwrap();
        assert_eq!(
            world.http.requests()[1].url(),
            "https://adfs.contoso.com/adfs/oauth2/v2.0/token"
        );
    });
}

#[test]
fn an_unknown_authority_gets_no_secret() {
    guarded(|guard| {
        let world = World::answering(guard, || HttpStep::bytes(400, r#"{"error":"invalid_instance"}"#));
        let options = world
            .client
            .options()
            .clone()
            .with_authority(Authority::parse("login.evil.test").unwrap());
        let client = EntraClient::new(&options, "Test");
        let error = world
            .clock
            .block_on(client.send(&TenantId::parse("t").unwrap(), &world.grant()))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        let requests = world.http.requests();
        assert_eq!(
            (requests.len(), requests[0].host(), requests[0].method()),
            (1, "login.microsoftonline.com", "GET")
        );
    });
}

#[test]
fn an_assertion_that_was_refused_for_its_time_is_renewed_once() {
    guarded(|guard| {
        let http = ScriptedHttp::new()
            .then(
                HttpStep::entra_error(401, "invalid_client", 700_024, "too old")
                    .header("date", "Thu, 01 Jan 2026 00:20:00 GMT"),
            )
            .then(HttpStep::token("t", 60));
        let world = World::new(guard, http);
        let source = AssertionSource::from_fn_with(|context| {
            let skew = context.skew.map_or(0, ClockSkew::millis);
            Ok(format!("{}+{skew}+{}", context.renew, context.token_endpoint).into())
        });
        let grant = Grant::new("client_credentials", &ClientId::parse(CLIENT).unwrap());
        let tenant = TenantId::parse("t").unwrap();
        world
            .clock
            .block_on(world.client.send_asserted(&tenant, &grant, &source))
            .unwrap();
        let endpoint = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
        let sent: Vec<_> = world
            .http
            .requests()
            .iter()
            .map(|request| request.form_value("client_assertion").unwrap())
            .collect();
        assert_eq!(
            sent,
            [format!("false+0+{endpoint}"), format!("true+1200000+{endpoint}")]
        );

        let stubborn = World::answering(guard, || {
            HttpStep::entra_error(401, "invalid_client", 700_024, "too old")
        });
        let outcome = stubborn
            .clock
            .block_on(stubborn.client.send_asserted(&tenant, &grant, &source));
        assert_eq!(
            (outcome.unwrap_err().aadsts(), stubborn.http.calls()),
            (Some(700_024), 2)
        );
        let quiet = World::answering(guard, || {
            HttpStep::entra_error(401, "invalid_client", 7_000_215, "x")
        });
        let outcome = quiet
            .clock
            .block_on(quiet.client.send_asserted(&tenant, &grant, &source));
        assert_eq!(
            (outcome.unwrap_err().aadsts(), quiet.http.calls()),
            (Some(7_000_215), 1)
        );
    });
}

#[test]
fn a_wrong_clock_is_warned_of_once() {
    guarded(|guard| {
        let world = World::answering(guard, || {
            HttpStep::token("t", 60).header("date", "Thu, 01 Jan 2026 00:20:00 GMT")
        });
        for _ in 0..3 {
            let answer = world.send(&world.grant()).unwrap();
            assert_eq!(answer.skew.map(ClockSkew::millis), Some(1_200_000));
        }
        let warnings = guard
            .logs()
            .iter()
            .filter(|record| {
                record
                    .fields
                    .iter()
                    .any(|(_, text)| text.contains("clock differs"))
            })
            .count();
        assert_eq!(warnings, 1);
    });
}
