//! Credentials of services over real TLS: from the built-in transport to an emulated Entra that validates what Entra validates.

mod pair;
mod refused;
mod refused_user;
mod signs_in;
mod wire;

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entra_identity::{
    AccessToken, Authority, ClientCertificate, ClientOptions, Error, Secret, TokenCredential,
};
use identity_emulator::{App, CiHost, Emulator, FederatedCredential, Host, ManagedIdentity, Tenant};
use identity_testkit::{LeakGuard, TestEnv};
use serde_json::{Value, json};

pub(crate) use self::pair::CERTIFICATE;
use crate::support::{CLIENT, SCOPE, TENANT, visible};

const USER_SCOPE: &str = "https://graph.microsoft.com/User.Read";
const REDIRECT: &str = "https://app.test/signed-in";
/// The audience of federated credentials; credentials know it for Microsoft's own clouds alone.
const EXCHANGE: &str = "api://AzureADTokenExchange";
const IDENTITY: &str = "77777777-7777-7777-7777-777777777777";

/// An emulated Entra with one application, and the environment of the credentials under test.
struct Service {
    emulator: Emulator,
    env: TestEnv,
    /// The application's client secret.
    secret: Secret,
}

impl Service {
    /// With an application that takes every kind of proof.
    async fn start(guard: &LeakGuard) -> Self {
        Self::with(guard, |app| app).await
    }

    /// The same with more said about the application.
    async fn with(guard: &LeakGuard, more: impl FnOnce(App) -> App) -> Self {
        let secret = guard.secret_with_symbols("client_secret");
        let app = App::confidential("service")
            .id(CLIENT)
            .secret(secret.expose())
            .certificate(CERTIFICATE.certificate_pem())
            .federated(FederatedCredential::service_account("shop", "orders"))
            .federated(FederatedCredential::azure_pipelines())
            .federated(FederatedCredential::github_actions())
            .federated(FederatedCredential::managed_identity(IDENTITY));
        Self::of(guard, more(app), secret).await
    }

    /// With an application that proves nothing.
    async fn public(guard: &LeakGuard) -> Self {
        Self::of(guard, App::public("desktop").id(CLIENT), Secret::new("")).await
    }

    async fn of(guard: &LeakGuard, app: App, secret: Secret) -> Self {
        guard.know("private key", CERTIFICATE.key_pem());
        let ci = CiHost::fixed()
            .system_access_token(guard.secret("system_access_token").expose())
            .github_request_token(guard.secret("github_request_token").expose());
        let identity = ManagedIdentity::user_assigned("pod").object_id(IDENTITY);
        let emulator = Emulator::builder()
            .signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
            .tenant(Tenant::new("recorded").id(TENANT))
            .app(app)
            .ci(ci)
            .host(Host::new().identity(identity))
            .start()
            .await
            .unwrap();
        let env = TestEnv::new();
        Self {
            emulator,
            env,
            secret,
        }
    }

    fn options(&self) -> ClientOptions {
        ClientOptions::new()
            .with_authority(Authority::parse(self.emulator.authority()).unwrap())
            .with_disable_instance_discovery(true)
            .with_extra_roots(self.emulator.ca_pem().into_bytes())
            .with_env(Arc::new(self.env.clone()))
    }

    /// Sets variables for the credentials.
    fn set<N: AsRef<str>>(&self, variables: impl IntoIterator<Item = (N, String)>) {
        for (name, value) in variables {
            self.env.set(name.as_ref(), value);
        }
    }

    /// Shows the guard all requests that were made.
    fn check_journal(&self, guard: &LeakGuard) {
        guard.check_journal(&visible(&self.emulator.requests()));
    }
}

fn certificate() -> ClientCertificate {
    CERTIFICATE.certificate()
}

/// Gets a token, shows the guard everything, and makes the token known to it.
pub(crate) async fn get(
    guard: &LeakGuard,
    credential: &dyn TokenCredential,
    scope: &str,
) -> Result<AccessToken, Error> {
    guard.check(credential);
    let result = credential.get_token(&[scope]).await;
    if let Ok(token) = guard.check_result(&result) {
        guard.know("access_token", token.secret());
    }
    result
}

/// The claims of a token.
pub(crate) fn claims(token: &AccessToken) -> Value {
    let payload = token.secret().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// An assertion for `audience`, signed as the certificate credential signs, with other members where `changes` has them.
fn assertion(certificate: &ClientCertificate, audience: &str, changes: &Value) -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(certificate.thumbprint_sha256());
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let mut claims = json!({
        "aud": audience, "iss": CLIENT, "sub": CLIENT, "jti": "one", "nbf": now - 60, "exp": now + 600,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims
            .as_object_mut()
            .unwrap()
            .insert(name.clone(), value.clone());
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = certificate
        .sign(entra_identity::SignatureAlgorithm::Ps256, signed.as_bytes())
        .unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// A compact JWT whose signature has one bit flipped.
fn tampered(jwt: &str) -> String {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    *signature.first_mut().unwrap() ^= 1;
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
