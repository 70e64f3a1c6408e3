//! How the credentials of services are made.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, ClientAssertionCredential,
    ClientCertificate, ClientOptions, ClientSecretCredential, FederatedIdentity, GitHubActionsCredential,
    ManagedIdentityCredential, OnBehalfOfCredential, OnBehalfOfCredentialBuilder, TokenCredential,
    UserAssignedId, WorkloadIdentityCredential,
};
use identity_emulator::{CodeRequest, HostKind, User, UserTokenRequest};

use crate::confidential::CERTIFICATE;
use crate::faults::stage::{IDENTITY, Stage};
use crate::support::{CLIENT, TENANT, write};

/// The audience of federated credentials.
const EXCHANGE: &str = "api://AzureADTokenExchange";
const REDIRECT: &str = "https://app.test/signed-in";

pub(super) fn shared(credential: impl TokenCredential + 'static) -> Arc<dyn TokenCredential> {
    Arc::new(credential)
}

pub(super) fn certificate(stage: &Stage) -> ClientCertificate {
    ClientCertificate::from_bytes(pem(stage).as_bytes(), None).unwrap()
}

/// The application's certificate with its key, which the guard knows.
pub(super) fn pem(stage: &Stage) -> String {
    stage.know("private key", CERTIFICATE.key_pem());
    CERTIFICATE.pem()
}

pub(in crate::faults) fn secret(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let builder = ClientSecretCredential::builder(TENANT, CLIENT, stage.secret.clone());
    shared(builder.with_options(options).build().unwrap())
}

/// Names the application in the environment.
pub(super) fn application(stage: &Stage) {
    stage
        .env
        .set("AZURE_TENANT_ID", TENANT)
        .set("AZURE_CLIENT_ID", CLIENT)
        .set("AZURE_CLIENT_SECRET", stage.secret.expose());
}

pub(super) fn service_account(stage: &Stage) -> AssertionSource {
    let token = stage.emulator.service_account_token("shop", "orders");
    stage.know("service account token", token.as_str());
    AssertionSource::from_fn(move || Ok(token.clone().into()))
}

pub(super) fn on_behalf_of(
    stage: &Stage,
    options: &ClientOptions,
    proof: impl FnOnce(OnBehalfOfCredentialBuilder) -> OnBehalfOfCredentialBuilder,
) -> Arc<dyn TokenCredential> {
    let request = UserTokenRequest::new(CLIENT)
        .user(User::new("bob@contoso.test"))
        .lifetime(Duration::from_secs(2 * 86_400));
    let user = stage.emulator.mint_user_token(&request).unwrap();
    stage.know("user assertion", user.as_str());
    let builder = OnBehalfOfCredential::builder(TENANT, CLIENT).with_options(options);
    shared(proof(builder).build(user.as_str()).unwrap())
}

pub(super) fn code(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let wish = CodeRequest::new(REDIRECT).scope("openid offline_access User.Read");
    let code = stage.emulator.mint_code(&wish).unwrap();
    stage.know("code", code.as_str());
    let builder = AuthorizationCodeCredential::builder(TENANT, CLIENT, code, REDIRECT)
        .with_client_secret(stage.secret.clone());
    shared(builder.with_options(options).build().unwrap())
}

pub(super) fn workload(stage: &Stage, options: &ClientOptions, proxy: bool) -> Arc<dyn TokenCredential> {
    let path = stage.path("service-account-token");
    let token = stage.emulator.service_account_token("shop", "orders");
    stage.know("service account token", token.as_str());
    write(&path, format!("{token}\n"));
    stage.set(stage.emulator.binding_environment());
    stage
        .env
        .set("AZURE_FEDERATED_TOKEN_FILE", path.to_str().unwrap());
    let builder = WorkloadIdentityCredential::builder().with_identity_binding_proxy(proxy);
    shared(builder.with_options(options).build().unwrap())
}

pub(super) fn pipelines(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.pipelines_environment());
    shared(
        AzurePipelinesCredential::from_env()
            .with_options(options)
            .build()
            .unwrap(),
    )
}

pub(super) fn github(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.github_environment());
    let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
    shared(builder.with_options(options).build().unwrap())
}

pub(super) fn managed_as_credential(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.host_environment(HostKind::Imds));
    let identity = ManagedIdentityCredential::builder()
        .with_user_assigned(UserAssignedId::object_id(IDENTITY).unwrap())
        .with_options(options);
    let identity = FederatedIdentity::new(Arc::new(identity.build().unwrap())).with_audience(EXCHANGE);
    let builder = ClientAssertionCredential::builder(TENANT, CLIENT, identity);
    shared(builder.with_options(options).build().unwrap())
}
