//! Each credential gets a token, and gets it once.

use std::sync::Arc;

use entra_identity::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, CertificateCredential,
    ClientAssertionCredential, ClientSecretCredential, FederatedIdentity, GitHubActionsCredential,
    ManagedIdentityCredential, OnBehalfOfCredential, TokenCredential, UserAssignedId,
    WorkloadIdentityCredential,
};
use identity_emulator::{CodeRequest, HostKind, User, UserTokenRequest};
use identity_testkit::{LeakGuard, leak_guard};
use serde_json::json;

use super::{
    CERTIFICATE, CLIENT, EXCHANGE, REDIRECT, SCOPE, Service, TENANT, USER_SCOPE, assertion, certificate,
    claims, get,
};
use crate::support::write;

/// How the token says that the application proved itself.
const NOTHING: &str = "0";
const SECRET: &str = "1";
const ASSERTION: &str = "2";

/// The credential's token is the application's, for whom it should be, by the right proof; a second call asks nobody.
async fn gets(
    guard: &LeakGuard,
    service: &Service,
    credential: &dyn TokenCredential,
    scope: &str,
    proof: &str,
    user: Option<&str>,
) {
    let token = get(guard, credential, scope).await.unwrap();
    let claims = claims(&token);
    let claim = |name: &str| claims.get(name).and_then(|claim| claim.as_str());
    assert_eq!(claim("appid"), Some(CLIENT), "{claims}");
    assert_eq!(claim("tid"), Some(TENANT), "{claims}");
    assert_eq!(claim("appidacr"), Some(proof), "{claims}");
    assert_eq!(claim("upn"), user, "{claims}");
    let asked = service.emulator.requests().count();
    assert!(get(guard, credential, scope).await.unwrap().is_same(&token));
    service.emulator.requests().exactly(asked);
    service.check_journal(guard);
}

#[test]
fn by_a_secret() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let builder = ClientSecretCredential::builder(TENANT, CLIENT, service.secret.clone());
        let credential = builder.with_options(&service.options()).build().unwrap();
        gets(&guard, &service, &credential, SCOPE, SECRET, None).await;
    });
}

#[test]
fn by_a_certificate_with_and_without_its_chain() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        for chain in [false, true] {
            let builder = CertificateCredential::from_bytes(TENANT, CLIENT, CERTIFICATE.pem())
                .with_certificate_chain(chain);
            let credential = builder.with_options(&service.options()).build().unwrap();
            gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
        }
    });
}

#[test]
fn by_a_certificate_file_that_is_replaced() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.pem");
        write(&path, CERTIFICATE.pem());
        let builder = CertificateCredential::from_path(TENANT, CLIENT, &path);
        let credential = builder.with_options(&service.options()).build().unwrap();
        get(&guard, &credential, SCOPE).await.unwrap();

        let next = identity_emulator::TestCertificate::generate("next").unwrap();
        guard.know("next private key", next.key_pem());
        service
            .emulator
            .register_certificate(CLIENT, next.certificate_pem())
            .unwrap();
        service
            .emulator
            .remove_certificate(CLIENT, &CERTIFICATE.thumbprint());
        write(&path, next.pem());
        get(&guard, &credential, "https://vault.azure.net/.default")
            .await
            .unwrap();
    });
}

#[test]
fn by_an_assertion_that_the_program_makes() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let key = certificate();
        let source = AssertionSource::from_fn_with(move |context| {
            Ok(assertion(&key, &context.token_endpoint, &json!({})).into())
        });
        let builder = ClientAssertionCredential::builder(TENANT, CLIENT, source);
        let credential = builder.with_options(&service.options()).build().unwrap();
        gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
    });
}

#[test]
fn by_a_managed_identity_that_the_application_trusts() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.set(service.emulator.host_environment(HostKind::Imds));
        let identity = service.emulator.managed_identity("pod").unwrap();
        let identity = ManagedIdentityCredential::builder()
            .with_user_assigned(UserAssignedId::client_id(identity.client_id_text()).unwrap())
            .with_options(&service.options());
        let identity = FederatedIdentity::new(Arc::new(identity.build().unwrap())).with_audience(EXCHANGE);
        let builder = ClientAssertionCredential::builder(TENANT, CLIENT, identity);
        let credential = builder.with_options(&service.options()).build().unwrap();
        gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
    });
}

#[test]
fn on_behalf_of_a_user_with_each_proof() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let bob = User::new("bob@contoso.test");
        let user = service
            .emulator
            .mint_user_token(&UserTokenRequest::new(CLIENT).user(bob))
            .unwrap();
        guard.know("user assertion", user.as_str());
        let options = service.options();
        let builder = || OnBehalfOfCredential::builder(TENANT, CLIENT).with_options(&options);
        let federated = service.emulator.service_account_token("shop", "orders");
        guard.know("service account token", federated.as_str());
        let source = AssertionSource::from_fn(move || Ok(federated.clone().into()));
        for (builder, proof) in [
            (builder().with_client_secret(service.secret.clone()), SECRET),
            (builder().with_certificate(certificate()), ASSERTION),
            (builder().with_client_assertion(source), ASSERTION),
        ] {
            let credential = builder.build(user.as_str()).unwrap();
            gets(
                &guard,
                &service,
                &credential,
                USER_SCOPE,
                proof,
                Some("bob@contoso.test"),
            )
            .await;
        }
    });
}

#[test]
fn by_a_code_and_then_by_refresh_tokens() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let verifier = guard.secret("code_verifier");
        let verifier = guard.know("long verifier", format!("{}-{:-<43}", verifier.expose(), ""));
        let wish = CodeRequest::new(REDIRECT)
            .scope("openid offline_access User.Read")
            .code_verifier(verifier.expose());
        let code = service.emulator.mint_code(&wish).unwrap();
        guard.know("code", code.as_str());
        let credential = AuthorizationCodeCredential::builder(TENANT, CLIENT, code, REDIRECT)
            .with_client_secret(service.secret.clone())
            .with_code_verifier(verifier)
            .with_options(&service.options())
            .build()
            .unwrap();
        let user = Some("ada@contoso.test");
        gets(&guard, &service, &credential, USER_SCOPE, SECRET, user).await;
        // Further APIs are served by the refresh token, each time by a new one.
        for scope in ["https://vault.azure.net/.default", SCOPE] {
            gets(&guard, &service, &credential, scope, SECRET, user).await;
        }
        let requests = service.emulator.requests().token().exactly(3);
        let grants: Vec<_> = requests
            .iter()
            .filter_map(|request| request.form("grant_type"))
            .collect();
        assert_eq!(grants, ["authorization_code", "refresh_token", "refresh_token"]);
    });
}

#[test]
fn by_a_code_without_any_proof() {
    leak_guard::run(async |guard| {
        let service = Service::public(&guard).await;
        let code = service.emulator.mint_code(&CodeRequest::new(REDIRECT)).unwrap();
        guard.know("code", code.as_str());
        let builder = AuthorizationCodeCredential::builder(TENANT, CLIENT, code, REDIRECT);
        let credential = builder.with_options(&service.options()).build().unwrap();
        let user = Some("ada@contoso.test");
        gets(&guard, &service, &credential, USER_SCOPE, NOTHING, user).await;
    });
}

#[test]
fn by_a_service_accounts_token_direct_and_through_the_clusters_proxy() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = service.emulator.service_account_token("shop", "orders");
        guard.know("service account token", token.as_str());
        write(&path, format!("{token}\n"));
        service.set(service.emulator.binding_environment());
        service
            .env
            .set("AZURE_FEDERATED_TOKEN_FILE", path.to_str().unwrap());
        for proxy in [false, true] {
            service.emulator.clear_requests();
            // The proxy is verified by the root that the environment has for it, under a name of its own.
            let builder = WorkloadIdentityCredential::builder().with_identity_binding_proxy(proxy);
            let credential = builder.with_options(&service.options()).build().unwrap();
            gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
            let requests = service.emulator.requests();
            let direct = format!("/{TENANT}/oauth2/v2.0/token");
            assert!(
                requests.iter().all(|request| (request.path() == direct) != proxy),
                "{requests:?}"
            );
        }
    });
}

#[test]
fn by_the_id_token_of_a_pipeline() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.set(service.emulator.pipelines_environment());
        let builder = AzurePipelinesCredential::from_env();
        let credential = builder.with_options(&service.options()).build().unwrap();
        gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
        service.emulator.requests().exactly(2);
    });
}

#[test]
fn by_the_id_token_of_a_workflow() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.set(service.emulator.github_environment());
        let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
        let credential = builder.with_options(&service.options()).build().unwrap();
        gets(&guard, &service, &credential, SCOPE, ASSERTION, None).await;
        service.emulator.requests().exactly(2);
    });
}
