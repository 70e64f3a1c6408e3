//! What goes over the wire, compared field by field with what the peer was recorded to send.

use std::sync::Arc;
use std::time::Duration;

use identity_base::{Secret, TokenCredential, TokenRequest};
use identity_confidential::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, CertificateCredential,
    ClientAssertionCredential, ClientCertificate, ClientSecretCredential, FederatedIdentity,
    OnBehalfOfCredential, WorkloadIdentityCredential,
};
use identity_runtime::crypto::base64url;
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{HttpStep, StaticCredential, TestClock};
use serde_json::json;

use crate::openssl::Lab;
use crate::world::{CLIENT, SCOPE, TENANT, World, run_at};

const USER_SCOPE: &str = "https://graph.microsoft.com/User.Read";

fn pair() -> Vec<u8> {
    Lab::get().join(&["key.pem", "cert.pem"])
}

/// Runs `scenario`, and compares what it sent with the recording of that name.
fn compare(name: &str, scenario: impl AsyncFnOnce(&World)) {
    let certificate = ClientCertificate::from_bytes(&pair(), None).unwrap();
    let clock = TestClock::at(certificate.not_before() + Duration::from_secs(3600));
    run_at(clock, async |world| {
        scenario(world).await;
        let path = format!(
            "{}/../../tests/cases/wire/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let case = WireCase::load(path).with("HOST:PORT", "login.microsoftonline.com");
        case.assert_requests(&WireRequest::of_all(&world.http.requests()), &Rules::documented());
    });
}

/// Gets a token, which the next answer is.
async fn token(world: &World, credential: &dyn TokenCredential, request: TokenRequest<'_>) {
    world.answer("token");
    credential.get_token_with(request).await.unwrap();
}

#[test]
fn client_secret() {
    for (name, cae) in [("client_secret", false), ("client_secret_cae", true)] {
        compare(name, async |world| {
            let secret = if cae { "s3cret" } else { "s3cret&=%" };
            let builder =
                ClientSecretCredential::builder(TENANT, CLIENT, secret).with_options(&world.options());
            token(
                world,
                &builder.build().unwrap(),
                TokenRequest::new(SCOPE).enable_cae(cae),
            )
            .await;
        });
    }
}

#[test]
fn cert_pem() {
    compare("cert_pem", async |world| {
        let builder =
            CertificateCredential::from_bytes(TENANT, CLIENT, pair()).with_options(&world.options());
        token(world, &builder.build().unwrap(), TokenRequest::new(SCOPE)).await;
    });
}

#[cfg(feature = "encrypted-pem")]
#[test]
fn cert_encrypted_pem() {
    compare("cert_encrypted_pem", async |world| {
        let lab = Lab::get();
        let mut pem = lab.made(
            "wire.key",
            "pkcs8 -topk8 -in key.pem -passout file:password -v2 aes-256-cbc",
        );
        pem.extend(lab.read("cert.pem"));
        let builder =
            CertificateCredential::from_bytes(TENANT, CLIENT, pem).with_password(crate::openssl::PASSWORD);
        let credential = builder.with_options(&world.options()).build().unwrap();
        token(world, &credential, TokenRequest::new(SCOPE)).await;
    });
}

#[test]
fn assertion() {
    compare("assertion", async |world| {
        let source = AssertionSource::from_fn(|| Ok(Secret::new("the-assertion")));
        let builder =
            ClientAssertionCredential::builder(TENANT, CLIENT, source).with_options(&world.options());
        token(world, &builder.build().unwrap(), TokenRequest::new(SCOPE)).await;
    });
}

#[test]
fn mi_token_exchange() {
    compare("mi_token_exchange", async |world| {
        let identity =
            StaticCredential::expiring_at("federated-token", world.clock.wall() + Duration::from_secs(3600));
        let source = FederatedIdentity::new(Arc::new(identity));
        let builder =
            ClientAssertionCredential::builder(TENANT, CLIENT, source).with_options(&world.options());
        token(world, &builder.build().unwrap(), TokenRequest::new(SCOPE)).await;
    });
}

#[test]
fn obo_secret() {
    compare("obo_secret", async |world| {
        let builder = OnBehalfOfCredential::builder(TENANT, CLIENT).with_client_secret("s3cret");
        let credential = builder
            .with_options(&world.options())
            .build("user-assertion")
            .unwrap();
        token(world, &credential, TokenRequest::new(USER_SCOPE)).await;
    });
}

#[test]
fn obo_cert() {
    compare("obo_cert", async |world| {
        let certificate = ClientCertificate::from_bytes(&pair(), None).unwrap();
        let builder = OnBehalfOfCredential::builder(TENANT, CLIENT).with_certificate(certificate);
        let credential = builder
            .with_options(&world.options())
            .build("user-assertion")
            .unwrap();
        token(world, &credential, TokenRequest::new(USER_SCOPE)).await;
    });
}

#[test]
fn auth_code_public() {
    compare("auth_code_public", async |world| {
        let builder =
            AuthorizationCodeCredential::builder(TENANT, CLIENT, "the-code", "https://localhost:8080/cb");
        token(
            world,
            &builder.with_options(&world.options()).build().unwrap(),
            TokenRequest::new(USER_SCOPE),
        )
        .await;
    });
}

#[test]
fn workload_identity() {
    compare("workload_identity", async |world| {
        world.files.put("/token", "federated-token\n");
        let builder = WorkloadIdentityCredential::builder()
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT);
        let credential = builder
            .with_token_file_path("/token")
            .with_options(&world.options())
            .build()
            .unwrap();
        token(world, &credential, TokenRequest::new(SCOPE)).await;
    });
}

#[test]
fn pipelines() {
    compare("pipelines", async |world| {
        world
            .env
            .set("SYSTEM_OIDCREQUESTURI", "https://dev.azure.test/oidc/request");
        let part = |value: serde_json::Value| base64url(value.to_string().as_bytes());
        let id_token = format!(
            "{}.{}.",
            part(json!({"alg": "none", "typ": "JWT"})),
            part(json!({"iss": "https://vstoken.dev.azure.test", "sub": "sc://org/proj/conn"}))
        );
        world
            .http
            .push(HttpStep::json(200, &json!({"oidcToken": id_token})));
        let builder = AzurePipelinesCredential::builder(TENANT, CLIENT, "conn id/1", "sys-token");
        token(
            world,
            &builder.with_options(&world.options()).build().unwrap(),
            TokenRequest::new(SCOPE),
        )
        .await;
    });
}
