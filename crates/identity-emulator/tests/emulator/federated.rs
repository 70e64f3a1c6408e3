//! Federated credentials: tokens of clusters, build systems and managed identities in a secret's place.

use std::time::Duration;

use crate::jwt::{Signer, Style, now, tampered};
use crate::support::{MANAGEMENT, Reply, builder, is_refused, post, token_path};
use identity_emulator::{
    App, DEFAULT_CLIENT_ID, DEFAULT_TENANT_ID, Emulator, FederatedCredential, Host, ManagedIdentity, User,
    UserTokenRequest,
};
use serde_json::json;

fn emulator(credential: FederatedCredential) -> Emulator {
    let app = App::confidential("default")
        .id(DEFAULT_CLIENT_ID)
        .federated(credential);
    builder().app(app).start_blocking().unwrap()
}

fn send_to(emulator: &Emulator, path: &str, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", DEFAULT_CLIENT_ID),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
        ("scope", MANAGEMENT),
    ];
    post(emulator, path, &form)
}

fn send(emulator: &Emulator, assertion: &str) -> Reply {
    send_to(emulator, &token_path(emulator), assertion)
}

#[test]
fn a_service_accounts_token_proves_the_application() {
    let emulator = emulator(FederatedCredential::service_account("shop", "orders"));
    let token = emulator.service_account_token("shop", "orders");
    assert_eq!(send(&emulator, &token).status, 200);
    // The file that it stands in may end in a line break, and not every client takes that off.
    assert_eq!(send(&emulator, &format!("{token}\n")).status, 200);
    let other = emulator.service_account_token("shop", "Orders");
    let body = is_refused(&send(&emulator, &other), 401, "invalid_client", 700_213);
    let description = body["error_description"].as_str().unwrap();
    assert!(
        description.contains("'system:serviceaccount:shop:Orders'"),
        "{description}"
    );
    is_refused(
        &send(&emulator, &tampered(&token)),
        401,
        "invalid_client",
        7_000_272,
    );
    emulator.clock().advance(Duration::from_secs(3600 + 301));
    is_refused(&send(&emulator, &token), 401, "invalid_client", 700_024);
}

#[test]
fn issuer_subject_and_audience_each_have_their_refusal() {
    let emulator = emulator(FederatedCredential::new("https://ci.test", "job"));
    let exchange = "api://AzureADTokenExchange";
    for (issuer, subject, audience, code, text) in [
        ("https://ci.test/", "job", exchange, 700_211, "'https://ci.test/'"),
        ("https://ci.test", "other", exchange, 700_213, "'other'"),
        ("https://ci.test", "job", "api://else", 700_212, "'api://else'"),
    ] {
        let token = emulator.federated_token(issuer, subject, audience);
        let body = is_refused(&send(&emulator, &token), 401, "invalid_client", code);
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains(text), "{description}");
    }
    assert_eq!(
        send(
            &emulator,
            &emulator.federated_token("https://ci.test", "job", exchange)
        )
        .status,
        200
    );
}

#[test]
fn an_issuer_may_have_a_key_of_its_own() {
    let signer = Signer::shared();
    let credential = FederatedCredential::new("https://idp.test", "service")
        .audience("api://deploy")
        .signed_by(signer.certificate.certificate_pem());
    let emulator = emulator(credential);
    let claims =
        json!({"iss": "https://idp.test", "sub": "service", "aud": "api://deploy", "exp": now() + 60});
    let header = json!({"alg": "RS256", "kid": "k1"});
    let good = signer.sign(&header, &claims, Style::Unpadded);
    assert_eq!(send(&emulator, &good).status, 200);
    // The emulator's own key is not the issuer's then.
    let forged = emulator.forge_token(&claims).unwrap();
    is_refused(&send(&emulator, &forged), 401, "invalid_client", 7_000_272);
    let stranger = Signer::stranger().sign(&header, &claims, Style::Unpadded);
    is_refused(&send(&emulator, &stranger), 401, "invalid_client", 7_000_272);
}

#[test]
fn a_managed_identitys_token_proves_the_application_and_a_users_does_not() {
    let identity = ManagedIdentity::user_assigned("deploy");
    let object_id = identity.object_id_text().to_owned();
    let app = App::confidential("default")
        .id(DEFAULT_CLIENT_ID)
        .federated(FederatedCredential::managed_identity(&object_id));
    let emulator = builder()
        .app(app)
        .host(Host::new().identity(identity))
        .start_blocking()
        .unwrap();
    let issuer = format!("https://sts.windows.net/{DEFAULT_TENANT_ID}/");
    let token = emulator.federated_token(&issuer, &object_id, "api://AzureADTokenExchange");
    assert_eq!(send(&emulator, &token).status, 200);
    let elsewhere = "https://sts.windows.net/99999999-9999-9999-9999-999999999999/";
    let stranger = emulator.federated_token(elsewhere, &object_id, "api://AzureADTokenExchange");
    is_refused(&send(&emulator, &stranger), 401, "invalid_client", 700_211);
    let users = json!({
        "iss": issuer, "sub": object_id, "aud": "api://AzureADTokenExchange", "scp": "user_impersonation", "exp": now() + 60,
    });
    let users = emulator.forge_token(&users).unwrap();
    is_refused(&send(&emulator, &users), 401, "invalid_client", 700_229);
    let real = emulator
        .mint_user_token(
            &UserTokenRequest::new("api://AzureADTokenExchange").user(User::new("eve@contoso.test")),
        )
        .unwrap();
    is_refused(&send(&emulator, &real), 401, "invalid_client", 700_213);
}

#[test]
fn the_identity_binding_proxy_takes_workloads_alone() {
    let emulator = emulator(FederatedCredential::service_account("shop", "orders"));
    let variables = emulator.binding_environment();
    let proxy = &variables
        .iter()
        .find(|(name, _)| *name == "AZURE_KUBERNETES_TOKEN_PROXY")
        .unwrap()
        .1;
    let prefix = proxy.strip_prefix(emulator.authority()).unwrap();
    let path = format!("{prefix}{}", token_path(&emulator));
    let token = emulator.service_account_token("shop", "orders");
    assert_eq!(send_to(&emulator, &path, &token).status, 200);
    emulator.requests().token().exactly(1);
    is_refused(
        &send_to(&emulator, &path, &emulator.service_account_token("shop", "x")),
        401,
        "invalid_client",
        700_213,
    );
    let reply = post(&emulator, &path, &crate::support::credentials_form());
    is_refused(&reply, 400, "invalid_request", 900_144);
}
