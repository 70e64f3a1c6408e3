//! What the service refuses of an application: the error says which of Entra's codes it was, and what to do.

use std::time::Duration;

use entra_identity::{
    AssertionSource, AzurePipelinesCredential, CertificateCredential, ClientAssertionCredential,
    ClientSecretCredential, Error, ErrorKind, GitHubActionsCredential, TokenCredential,
    WorkloadIdentityCredential,
};
use identity_emulator::TestCertificate;
use identity_testkit::{LeakGuard, leak_guard};
use serde_json::json;

use super::{CERTIFICATE, CLIENT, EXCHANGE, SCOPE, Service, TENANT, assertion, certificate, get, tampered};
use crate::support::write;

/// Gets no token, for this reason, and is told what to do.
pub(super) async fn refused(
    guard: &LeakGuard,
    service: &Service,
    credential: &dyn TokenCredential,
    scope: &str,
    expected: (ErrorKind, u32, &str),
) -> Error {
    let error = get(guard, credential, scope).await.unwrap_err();
    guard.check_error(&error);
    let (kind, code, hint) = expected;
    assert_eq!((error.kind(), error.aadsts()), (kind, Some(code)), "{error}");
    assert!(
        error.hint().is_some_and(|found| found.contains(hint)),
        "{hint}: {error:?}"
    );
    assert!(
        error.correlation_id().is_some() && error.credential() == Some(credential.name()),
        "{error:?}"
    );
    service.check_journal(guard);
    error
}

/// A credential with this one assertion, made for the token endpoint.
fn with_assertion(
    guard: &LeakGuard,
    service: &Service,
    make: impl Fn(&str) -> String,
) -> ClientAssertionCredential {
    let assertion = make(&service.emulator.token_endpoint());
    guard.know("client assertion", assertion.as_str());
    let source = AssertionSource::from_fn(move || Ok(assertion.clone().into()));
    let builder = ClientAssertionCredential::builder(TENANT, CLIENT, source);
    builder.with_options(&service.options()).build().unwrap()
}

#[test]
fn a_wrong_secret() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let builder = ClientSecretCredential::builder(TENANT, CLIENT, guard.secret("wrong"));
        let credential = builder.with_options(&service.options()).build().unwrap();
        let expected = (
            ErrorKind::AuthenticationFailed,
            7_000_215,
            "use the secret's value",
        );
        refused(&guard, &service, &credential, SCOPE, expected).await;
    });
}

#[test]
fn an_assertion_that_was_tampered_with() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let key = certificate();
        let good = |endpoint: &str| assertion(&key, endpoint, &json!({}));
        // The good one is taken, so it is the tampering that the other is refused for.
        get(&guard, &with_assertion(&guard, &service, good), SCOPE)
            .await
            .unwrap();
        let credential = with_assertion(&guard, &service, |endpoint| tampered(&good(endpoint)));
        let expected = (ErrorKind::AuthenticationFailed, 700_027, "upload the certificate");
        refused(&guard, &service, &credential, SCOPE, expected).await;
    });
}

#[test]
fn an_assertion_for_somebody_or_somewhere_else() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let key = certificate();
        let failed = ErrorKind::AuthenticationFailed;
        let other = "99999999-9999-9999-9999-999999999999";
        for (changes, code, hint) in [
            (
                json!({"aud": "https://login.test/token"}),
                700_023,
                "token endpoint",
            ),
            (
                json!({"iss": other, "sub": other}),
                700_021,
                "client id of the request",
            ),
            (json!({"sub": other}), 50_048, "iss and sub"),
        ] {
            let credential = with_assertion(&guard, &service, |endpoint| assertion(&key, endpoint, &changes));
            refused(&guard, &service, &credential, SCOPE, (failed, code, hint)).await;
        }
        let credential = with_assertion(&guard, &service, |_| "no JWT at all".to_owned());
        let expected = (failed, 50_027, "what makes the assertion");
        refused(&guard, &service, &credential, SCOPE, expected).await;
    });
}

#[test]
fn an_assertion_that_is_too_old_after_one_more_try() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let key = certificate();
        let old = json!({"nbf": 1_700_000_000, "exp": 1_700_000_600});
        let credential = with_assertion(&guard, &service, |endpoint| assertion(&key, endpoint, &old));
        let expected = (
            ErrorKind::AuthenticationFailed,
            700_024,
            "check the clock of this machine",
        );
        refused(&guard, &service, &credential, SCOPE, expected).await;
        service.emulator.requests().token().exactly(2);
    });
}

#[test]
fn a_certificate_that_is_not_registered_or_no_more() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let expected = (ErrorKind::AuthenticationFailed, 700_027, "upload the certificate");
        let stranger = TestCertificate::generate("stranger").unwrap();
        guard.know("stranger's private key", stranger.key_pem());
        let credential = |pem: String| {
            let builder = CertificateCredential::from_bytes(TENANT, CLIENT, pem);
            builder.with_options(&service.options()).build().unwrap()
        };
        refused(&guard, &service, &credential(stranger.pem()), SCOPE, expected).await;
        let registered = credential(CERTIFICATE.pem());
        get(&guard, &registered, SCOPE).await.unwrap();
        service
            .emulator
            .remove_certificate(CLIENT, &CERTIFICATE.thumbprint());
        let vault = "https://vault.azure.net/.default";
        refused(&guard, &service, &registered, vault, expected).await;
    });
}

#[test]
fn an_assertion_that_was_seen_before_where_each_is_taken_once() {
    leak_guard::run(async |guard| {
        let service = Service::with(&guard, identity_emulator::App::single_use_assertions).await;
        let credential = |reuse: bool| {
            let builder = CertificateCredential::from_bytes(TENANT, CLIENT, CERTIFICATE.pem())
                .with_assertion_reuse(reuse);
            builder.with_options(&service.options()).build().unwrap()
        };
        let (once, again) = (credential(false), credential(true));
        let vault = "https://vault.azure.net/.default";
        for scope in [SCOPE, vault] {
            get(&guard, &once, scope).await.unwrap();
        }
        get(&guard, &again, SCOPE).await.unwrap();
        let expected = (
            ErrorKind::AuthenticationFailed,
            50_027,
            "check what makes the assertion",
        );
        refused(&guard, &service, &again, vault, expected).await;
    });
}

#[test]
fn a_service_account_that_the_application_does_not_trust() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let emulator = &service.emulator;
        let cluster = "https://oidc.emulator.test/cluster/";
        let subject = "system:serviceaccount:shop:orders";
        let good = emulator.service_account_token("shop", "orders");
        let credential = |token: &str| {
            guard.know("service account token", token);
            write(&path, token);
            WorkloadIdentityCredential::builder()
                .with_tenant_id(TENANT)
                .with_client_id(CLIENT)
                .with_token_file_path(&path)
                .with_options(&service.options())
                .build()
                .unwrap()
        };
        let failed = ErrorKind::AuthenticationFailed;
        for (token, code, hint) in [
            (
                emulator.service_account_token("shop", "stranger"),
                700_213,
                "compare the subject",
            ),
            (
                emulator.federated_token("https://elsewhere.test/", subject, EXCHANGE),
                700_211,
                "compare the issuer",
            ),
            (
                emulator.federated_token(cluster, subject, "api://else"),
                700_212,
                EXCHANGE,
            ),
            (tampered(&good), 7_000_272, "unchanged"),
        ] {
            refused(&guard, &service, &credential(&token), SCOPE, (failed, code, hint)).await;
        }
        // A token that the cluster forgot to renew.
        emulator.clock().advance(Duration::from_secs(3600 + 301));
        let expected = (failed, 700_024, "token file");
        refused(&guard, &service, &credential(&good), SCOPE, expected).await;
    });
}

#[test]
fn a_job_whose_own_token_is_wrong() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.set(service.emulator.pipelines_environment());
        service.set(service.emulator.github_environment());
        for (variable, kind, words) in [
            (
                "SYSTEM_ACCESSTOKEN",
                ErrorKind::AuthenticationFailed,
                "System.AccessToken",
            ),
            (
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                ErrorKind::CredentialUnavailable,
                "id-token: write",
            ),
        ] {
            service.env.set(variable, guard.secret("wrong").expose());
            let options = service.options();
            let error = if variable == "SYSTEM_ACCESSTOKEN" {
                let builder = AzurePipelinesCredential::from_env();
                get(&guard, &builder.with_options(&options).build().unwrap(), SCOPE).await
            } else {
                let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
                get(&guard, &builder.with_options(&options).build().unwrap(), SCOPE).await
            };
            let error = error.unwrap_err();
            guard.check_error(&error);
            assert_eq!(error.kind(), kind, "{error}");
            let text = format!("{error} {}", error.hint().unwrap_or_default());
            assert!(text.contains(words), "{text}");
            // Nothing was asked of Entra.
            service.emulator.requests().token().none();
            service.check_journal(&guard);
        }
    });
}
