//! IMDS: requests, what its answers mean, and who else answers at its address.

mod absent;
mod repetition;

use std::time::Duration;

use identity_base::seam::HttpErrorKind;
use identity_base::{ErrorKind, TokenRequest};
use identity_runtime::retry::RetryPolicy;
use identity_testkit::{HttpStep, LeakGuard, TestClock, leak_guard};
use serde_json::json;

use crate::testing::*;
use crate::{ManagedIdentityCredential, UserAssignedId};

/// A machine on which time passes by itself.
fn run(test: impl AsyncFnOnce(LeakGuard, Machine)) {
    let clock = TestClock::new();
    leak_guard::run_virtual(&clock, async |guard| {
        let machine = Machine::with_clock(&guard, &clock);
        test(guard, machine).await;
    });
}

fn not_found() -> HttpStep {
    HttpStep::json(
        400,
        &json!({"error": "invalid_request", "error_description": "Identity not found"}),
    )
}

/// What the endpoint says to a request without its header.
fn alive() -> HttpStep {
    HttpStep::json(
        400,
        &json!({"error": "invalid_request", "error_description": "Required metadata header not specified"}),
    )
}

async fn fails(guard: &LeakGuard, credential: &ManagedIdentityCredential) -> identity_base::Error {
    get(guard, credential).await.unwrap_err()
}

#[test]
fn the_request_is_the_documented_one() {
    run(async |guard, machine| {
        let secret = guard.secret("token");
        machine.answer(plain(secret.expose()));
        let token = get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(token.secret(), secret.expose());
        let request = machine.last();
        assert_eq!(
            (request.method(), request.host(), request.path()),
            ("GET", "169.254.169.254", "/metadata/identity/oauth2/token")
        );
        assert_eq!(request.request().uri.scheme_str(), Some("http"));
        assert_eq!(
            request.query(),
            [
                ("api-version".to_owned(), "2018-02-01".to_owned()),
                ("resource".to_owned(), RESOURCE.to_owned())
            ]
        );
        assert_eq!(request.header("metadata"), Some("true"));
        assert!(request.header("x-ms-client-request-id").is_some() && request.header("user-agent").is_some());
        let policy = &request.request().policy;
        assert!(policy.no_proxy, "a metadata request never goes through a proxy");
        assert_eq!(
            policy.addresses,
            identity_base::seam::AddressRule::PlainHttpToLocal
        );
    });
}

#[test]
fn each_kind_of_id_has_its_parameter() {
    run(async |guard, machine| {
        for (id, name, value) in [
            (UserAssignedId::client_id(CLIENT), "client_id", CLIENT),
            (UserAssignedId::object_id(OBJECT), "object_id", OBJECT),
            (
                UserAssignedId::resource_id(RESOURCE_ID),
                "msi_res_id",
                RESOURCE_ID,
            ),
        ] {
            machine.answer(plain("t"));
            let credential = machine.builder().with_user_assigned(id.unwrap()).build().unwrap();
            get(&guard, &credential).await.unwrap();
            assert_eq!(machine.last_query(), [(name.to_owned(), value.to_owned())]);
        }
        // The host's own identity has none.
        machine.answer(plain("t"));
        get(&guard, &machine.credential()).await.unwrap();
        assert_eq!(machine.last_query(), []);
    });
}

#[test]
fn the_host_can_be_replaced() {
    for (host, expected) in [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("http://LocalHost:5000//", "http://LocalHost:5000"),
    ] {
        run(async |guard, machine| {
            machine
                .var("AZURE_POD_IDENTITY_AUTHORITY_HOST", host)
                .answer(plain("t"));
            // Where the host is said there is no question whether there is one.
            let credential = machine.builder().with_probe(true).build().unwrap();
            get(&guard, &credential).await.unwrap();
            assert!(
                machine
                    .last()
                    .url()
                    .starts_with(&format!("{expected}/metadata/identity/oauth2/token?")),
                "{}",
                machine.last().url()
            );
            assert_eq!(machine.http.calls(), 1);
        });
    }
    leak_guard::run_sync(|guard| {
        let machine = Machine::new(&guard);
        machine.var("AZURE_POD_IDENTITY_AUTHORITY_HOST", "127.0.0.1:5000");
        let error = machine.builder().build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(
            error.message().contains("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            "{error}"
        );
    });
}

#[test]
fn tokens_are_cached_under_what_was_asked_whatever_the_answer_says() {
    run(async |guard, machine| {
        // Without the resource, with a slash more, and in other letters.
        for resource in [
            json!({"resource": null}),
            json!({"resource": format!("{RESOURCE}/")}),
            json!({"resource": "HTTPS://MANAGEMENT.AZURE.COM"}),
        ] {
            let credential = machine.credential();
            machine.answer(token("t", &resource));
            let before = machine.http.calls();
            for _ in 0..3 {
                get(&guard, &credential).await.unwrap();
            }
            assert_eq!(machine.http.calls(), before + 1, "{resource}");
        }
    });
}

#[test]
fn an_expired_token_is_fetched_again() {
    run(async |guard, machine| {
        let credential = machine.credential();
        machine
            .answer(token("first", &json!({"expires_in": 600})))
            .answer(plain("second"));
        assert_eq!(get(&guard, &credential).await.unwrap().secret(), "first");
        machine.clock.advance(Duration::from_secs(601));
        assert_eq!(get(&guard, &credential).await.unwrap().secret(), "second");
    });
}

#[test]
fn a_missing_identity_is_told_apart_from_a_missing_resource() {
    run(async |guard, machine| {
        // The host has no identity of its own: nothing is set up, a chain goes on.
        machine.answer(not_found());
        let error = fails(&guard, &machine.credential()).await;
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(
            error.message().contains("no system-assigned identity")
                && error.message().contains("Identity not found"),
            "{error}"
        );

        // The one that was named isn't there: using another one instead would be wrong.
        machine.answer(not_found());
        let id = UserAssignedId::client_id(CLIENT).unwrap();
        let error = fails(&guard, &machine.builder().with_user_assigned(id).build().unwrap()).await;
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
        assert!(
            error.message().contains("the requested identity is not assigned"),
            "{error}"
        );

        // The identity is there, the resource isn't.
        for body in [
            json!({"error": "invalid_resource", "error_description": "AADSTS500011: The resource principal was not found"}),
            json!({"error": "invalid_resource", "error_description": "what?"}),
            json!({"error": "invalid_request", "error_description": "AADSTS70011: bad scope"}),
        ] {
            machine.answer(HttpStep::json(400, &body));
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert!(error.hint().unwrap().contains("scope"), "{error}");
        }
        assert_eq!(machine.http.calls(), 5, "none of these is repeated");
    });
}

#[test]
fn what_is_no_metadata_answer_is_no_token() {
    for (status, body) in [
        (200, "<html>Sign in to the hotel</html>"),
        (200, "token"),
        (200, ""),
        (204, ""),
        (200, "[\"access_token\"]"),
        (200, "{}"),
        (200, r#"{"error":"x"}"#),
    ] {
        run(async |guard, machine| {
            machine.answer(HttpStep::bytes(status, body));
            let error = fails(&guard, &machine.credential()).await;
            assert_eq!(error.kind(), ErrorKind::Protocol, "{body}: {error}");
        });
        run(async |guard, machine| {
            machine.answer(alive()).answer(HttpStep::bytes(status, body));
            let error = fails(&guard, &machine.builder().with_probe(true).build().unwrap()).await;
            assert!(error.is_unavailable(), "in a chain: {body}: {error}");
        });
    }
    // A refusal in the endpoint's own words is one, in a chain as well.
    run(async |guard, machine| {
        let body = json!({"error": "forbidden", "error_description": "no"});
        machine.answer(alive()).answer(HttpStep::json(403, &body));
        let error = fails(&guard, &machine.builder().with_probe(true).build().unwrap()).await;
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
    });
    run(async |guard, machine| {
        let http = machine.http.clone().respond_with(|number, _| match number {
            1 => alive(),
            _ => HttpStep::bytes(502, "<h1>Bad Gateway</h1>"),
        });
        let machine = Machine { http, ..machine };
        let error = fails(&guard, &machine.builder().with_probe(true).build().unwrap()).await;
        assert!(
            error.is_unavailable(),
            "a gateway in a chain, after all repetitions: {error}"
        );
        assert_eq!(machine.http.calls(), 8);
    });
}

#[test]
fn json_under_another_content_type_is_fine_and_redirects_are_not_followed() {
    run(async |guard, machine| {
        let body = json!({"access_token": "t", "expires_in": "3600", "token_type": "Bearer"}).to_string();
        machine.answer(HttpStep::bytes(200, body).header("content-type", "text/plain"));
        assert!(get(&guard, &machine.credential()).await.is_ok());
        for status in [301, 302, 303, 307, 308] {
            machine.answer(HttpStep::status(status).header("location", "http://127.0.0.1/elsewhere"));
            let error = fails(&guard, &machine.credential()).await;
            assert!(
                error.kind() == ErrorKind::Protocol && error.message().contains("redirect"),
                "{error}"
            );
        }
        assert_eq!(machine.http.calls(), 6);
    });
}

#[test]
fn one_scope_at_a_time() {
    run(async |guard, machine| {
        let credential = machine.credential();
        for scopes in [&[][..], &["https://a/.default", "https://b/.default"]] {
            let error = get_with(&guard, &credential, TokenRequest::new(scopes))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{scopes:?}");
        }
        assert_eq!(machine.http.calls(), 0);
    });
}
