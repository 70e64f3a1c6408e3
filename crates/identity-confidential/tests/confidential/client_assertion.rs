//! `ClientAssertionCredential`, with closures and with another credential as the source.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity_base::{Authority, Error, ErrorKind, Secret, TokenCredential, TokenRequest};
use identity_confidential::{AssertionSource, ClientAssertionCredential, FederatedIdentity};
use identity_testkit::{FailingCredential, HttpStep, StaticCredential};

use crate::world::{CLIENT, OTHER_SCOPE, OTHER_TENANT, SCOPE, TENANT, World, fields, run};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn credential(world: &World, source: impl Into<AssertionSource>) -> ClientAssertionCredential {
    ClientAssertionCredential::builder(TENANT, CLIENT, source)
        .with_options(&world.options())
        .with_additionally_allowed_tenants(["*"])
        .build()
        .unwrap()
}

/// A source that counts its calls.
fn counting(assertion: Secret) -> (AssertionSource, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let source = AssertionSource::from_async_fn(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(assertion.clone()))
    });
    (source, calls)
}

#[test]
fn the_request_is_the_peers_and_the_callback_is_called_once_for_it() {
    run(async |world| {
        let assertion = world.guard.secret("assertion");
        let (source, calls) = counting(assertion.clone());
        let credential = credential(world, source);
        let token = world.answer("token");
        for _ in 0..3 {
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        let expected = fields([
            ("client_assertion", assertion.expose()),
            ("client_assertion_type", TYPE),
            ("client_id", CLIENT),
            ("grant_type", "client_credentials"),
            ("scope", SCOPE),
        ]);
        assert_eq!(world.form(0), expected);
    });
}

#[test]
fn the_callback_is_told_for_which_request() {
    run(async |world| {
        let source = AssertionSource::from_fn_with(|context| {
            assert_eq!(context.client_id.as_str(), CLIENT);
            Ok(Secret::new(format!(
                "{}@{}",
                context.tenant, context.token_endpoint
            )))
        });
        let credential = credential(world, source);
        world.answer("token");
        credential
            .get_token_with(TokenRequest::new(SCOPE).tenant_id(OTHER_TENANT))
            .await
            .unwrap();
        let expected =
            format!("{OTHER_TENANT}@https://login.microsoftonline.com/{OTHER_TENANT}/oauth2/v2.0/token");
        assert_eq!(world.form(0)["client_assertion"], expected);
    });
}

#[test]
fn a_failing_callback_is_the_answer_and_no_request_is_made() {
    run(async |world| {
        let source = AssertionSource::from_fn(|| Err(Error::unavailable("no agent here")));
        let error = world.token(&credential(world, source), SCOPE).await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message() == "no agent here",
            "{error}"
        );
        assert_eq!(error.credential(), Some("ClientAssertionCredential"));
        let empty = AssertionSource::from_fn(|| Ok(Secret::new("")));
        let error = world.token(&credential(world, empty), SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    });
}

#[test]
fn a_panicking_callback_fails_its_callers_and_the_next_call_works() {
    run(async |world| {
        let calls = AtomicUsize::new(0);
        let source = AssertionSource::from_fn(move || match calls.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("a defect of the program"),
            _ => Ok(Secret::new("assertion")),
        });
        let credential = credential(world, source);
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        world.clock.advance(Duration::from_secs(31));
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
    });
}

#[test]
fn an_assertion_out_of_its_time_is_asked_for_once_more() {
    run(async |world| {
        let (source, calls) = counting(world.guard.secret("assertion"));
        let credential = credential(world, source);
        world.refuse("invalid_client", 700_024);
        let token = world.answer("token");
        assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        for _ in 0..2 {
            world.refuse("invalid_client", 700_024);
        }
        assert_eq!(
            world.token(&credential, OTHER_SCOPE).await.unwrap_err().aadsts(),
            Some(700_024)
        );
    });
}

#[test]
fn retries_of_one_request_send_the_same_assertion() {
    run(async |world| {
        let (source, calls) = counting(world.guard.secret("assertion"));
        world.http.push(HttpStep::status(500));
        world.answer("token");
        world.token(&credential(world, source), SCOPE).await.unwrap();
        assert_eq!((calls.load(Ordering::Relaxed), world.http.calls()), (1, 2));
    });
}

#[test]
fn another_credentials_token_is_the_assertion() {
    for (authority, audience) in [
        (Authority::public(), "api://AzureADTokenExchange/.default"),
        (
            Authority::us_government(),
            "api://AzureADTokenExchangeUSGov/.default",
        ),
    ] {
        run(async |world| {
            let assertion = world.guard.secret("identity token");
            let identity = StaticCredential::new(assertion.expose());
            let credential = ClientAssertionCredential::builder(
                TENANT,
                CLIENT,
                FederatedIdentity::new(Arc::new(identity.clone())),
            )
            .with_options(&world.options().with_authority(authority.clone()))
            .build()
            .unwrap();
            let token = world.answer("token");
            assert_eq!(world.token(&credential, SCOPE).await.unwrap(), token);
            assert_eq!(world.form(0)["client_assertion"], assertion.expose());
            let asked = identity.requests();
            assert_eq!(asked.len(), 1);
            assert_eq!(asked[0].as_ref().unwrap().scopes().joined(), audience);
        });
    }
}

#[test]
fn the_audience_can_be_given_and_unknown_clouds_need_it() {
    run(async |world| {
        let identity = StaticCredential::new("identity-token");
        let custom = world
            .options()
            .with_authority(Authority::parse("login.private.example").unwrap());
        let build = |source: FederatedIdentity| {
            let options = custom.clone().with_disable_instance_discovery(true);
            ClientAssertionCredential::builder(TENANT, CLIENT, source)
                .with_options(&options)
                .build()
                .unwrap()
        };
        let source = FederatedIdentity::new(Arc::new(identity.clone()));
        let error = world.token(&build(source.clone()), SCOPE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert_eq!(identity.calls(), 0);
        world.answer("token");
        world
            .token(&build(source.with_audience("api://Exchange/")), SCOPE)
            .await
            .unwrap();
        assert_eq!(
            identity.requests()[0].as_ref().unwrap().scopes().joined(),
            "api://Exchange/.default"
        );
    });
}

#[test]
fn an_unavailable_identity_lets_a_chain_go_on() {
    run(async |world| {
        let identity = FailingCredential::new(Error::unavailable("no metadata service"));
        let credential = credential(world, FederatedIdentity::new(Arc::new(identity)));
        let error = world.token(&credential, SCOPE).await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
    });
}
