//! The requests in the emulator's journal, compared with what the peer was recorded to send.

use std::sync::Arc;

use entra_identity::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, CertificateCredential,
    ClientAssertionCredential, FederatedIdentity, ManagedIdentityCredential, OnBehalfOfCredential,
    TokenCredential, UserAssignedId, WorkloadIdentityCredential,
};
use identity_emulator::{CodeRequest, DEFAULT_SERVICE_CONNECTION_ID, HostKind, UserTokenRequest};
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{LeakGuard, leak_guard};

use super::{CERTIFICATE, CLIENT, EXCHANGE, REDIRECT, SCOPE, Service, TENANT, USER_SCOPE, certificate, get};
use crate::support::{cases, write};

/// Gets a token, and compares the service's journal with the case, whose values `adapt` makes those of this run.
async fn compare(
    guard: &LeakGuard,
    service: &Service,
    credential: &dyn TokenCredential,
    (name, scope): (&str, &str),
    adapt: impl FnOnce(WireCase) -> WireCase,
) {
    let token = get(guard, credential, scope).await.unwrap();
    // The second call sends nothing.
    assert!(get(guard, credential, scope).await.unwrap().is_same(&token));
    service.check_journal(guard);
    let journal = service.emulator.requests().to_golden(name);
    let sent = WireRequest::from_journal(&journal).unwrap();
    let case = adapt(WireCase::load(cases("wire").join(format!("{name}.json"))));
    // A managed identity's own request comes before those of the case.
    let own = sent
        .iter()
        .take_while(|request| request.path.starts_with("/metadata/"))
        .count();
    case.assert_requests(sent.get(own..).unwrap(), &Rules::documented());
}

/// The case with an assertion of another issuer: it is opened in the journal, so both are compared with the token that was to be sent.
fn with_token(mut case: WireCase, service: &Service, token: Option<&str>) -> WireCase {
    let requests = service.emulator.requests();
    let sent = requests.last().unwrap().form("client_assertion").unwrap();
    assert!(
        token.is_none_or(|token| token == sent),
        "another assertion was sent"
    );
    let journal = WireRequest::from_journal(&requests.to_golden("sent")).unwrap();
    let opened = journal.last().unwrap().form.clone().unwrap();
    let last = case.requests.last_mut().unwrap().form.as_mut().unwrap();
    let opened = opened.get("client_assertion").unwrap().clone();
    last.insert("client_assertion".to_owned(), opened);
    case
}

#[test]
fn cert_pem() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let builder = CertificateCredential::from_bytes(TENANT, CLIENT, CERTIFICATE.pem());
        let credential = builder.with_options(&service.options()).build().unwrap();
        compare(&guard, &service, &credential, ("cert_pem", SCOPE), |case| case).await;
    });
}

#[test]
fn cert_encrypted_pem() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let password = guard.secret("password");
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("key.pem"), CERTIFICATE.key_pem());
        write(&folder.path().join("password"), password.expose());
        #[expect(
            clippy::disallowed_methods,
            reason = "users encrypt their keys with this tool"
        )]
        let made = std::process::Command::new("openssl")
            .args(["pkcs8", "-topk8", "-in", "key.pem", "-passout", "file:password"])
            .args(["-v2", "aes-256-cbc"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "openssl (version 3) is needed");
        let pem = [&made.stdout[..], CERTIFICATE.certificate_pem().as_bytes()].concat();
        let builder = CertificateCredential::from_bytes(TENANT, CLIENT, pem).with_password(password);
        let credential = builder.with_options(&service.options()).build().unwrap();
        let case = ("cert_encrypted_pem", SCOPE);
        compare(&guard, &service, &credential, case, |case| case).await;
    });
}

#[test]
fn assertion() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let token = service.emulator.service_account_token("shop", "orders");
        guard.know("assertion", token.as_str());
        let source = token.clone();
        let source = AssertionSource::from_fn(move || Ok(source.clone().into()));
        let builder = ClientAssertionCredential::builder(TENANT, CLIENT, source);
        let credential = builder.with_options(&service.options()).build().unwrap();
        compare(&guard, &service, &credential, ("assertion", SCOPE), |case| {
            with_token(case, &service, Some(&token))
        })
        .await;
    });
}

#[test]
fn obo_secret_and_obo_cert() {
    leak_guard::run(async |guard| {
        for name in ["obo_secret", "obo_cert"] {
            let service = Service::start(&guard).await;
            let user = service
                .emulator
                .mint_user_token(&UserTokenRequest::new(CLIENT))
                .unwrap();
            guard.know("user assertion", user.as_str());
            let builder = OnBehalfOfCredential::builder(TENANT, CLIENT).with_options(&service.options());
            let builder = match name {
                "obo_secret" => builder.with_client_secret(service.secret.clone()),
                _ => builder.with_certificate(certificate()),
            };
            let credential = builder.build(user.as_str()).unwrap();
            compare(&guard, &service, &credential, (name, USER_SCOPE), |case| {
                case.with_form_field("assertion", &user)
                    .with_form_field("client_secret", service.secret.expose())
            })
            .await;
        }
    });
}

#[test]
fn auth_code_public() {
    leak_guard::run(async |guard| {
        let service = Service::public(&guard).await;
        let code = service.emulator.mint_code(&CodeRequest::new(REDIRECT)).unwrap();
        guard.know("code", code.as_str());
        let builder = AuthorizationCodeCredential::builder(TENANT, CLIENT, code.as_str(), REDIRECT);
        let credential = builder.with_options(&service.options()).build().unwrap();
        let case = ("auth_code_public", USER_SCOPE);
        compare(&guard, &service, &credential, case, |case| {
            case.with_form_field("code", &code)
        })
        .await;
    });
}

#[test]
fn workload_identity() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        let token = service.emulator.service_account_token("shop", "orders");
        guard.know("service account token", token.as_str());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        write(&path, &token);
        let credential = WorkloadIdentityCredential::builder()
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT)
            .with_token_file_path(path)
            .with_options(&service.options())
            .build()
            .unwrap();
        let case = ("workload_identity", SCOPE);
        compare(&guard, &service, &credential, case, |case| {
            with_token(case, &service, Some(&token))
        })
        .await;
    });
}

#[test]
fn managed_identity_as_assertion() {
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
        let case = ("mi_token_exchange", SCOPE);
        compare(&guard, &service, &credential, case, |case| {
            with_token(case, &service, None)
        })
        .await;
    });
}

#[test]
fn pipelines() {
    leak_guard::run(async |guard| {
        let service = Service::start(&guard).await;
        service.set(service.emulator.pipelines_environment());
        let builder = AzurePipelinesCredential::from_env();
        let credential = builder.with_options(&service.options()).build().unwrap();
        let variables = service.emulator.pipelines_environment();
        let value = |name: &str| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.unwrap().1.as_str()
        };
        let path = value("SYSTEM_OIDCREQUESTURI")
            .strip_prefix(service.emulator.authority())
            .unwrap();
        compare(&guard, &service, &credential, ("pipelines", SCOPE), |case| {
            let case = case
                .with("/oidc/request", path)
                .with("conn id/1", DEFAULT_SERVICE_CONNECTION_ID)
                .with("sys-token", value("SYSTEM_ACCESSTOKEN"));
            with_token(case, &service, None)
        })
        .await;
    });
}
