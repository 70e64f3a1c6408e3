//! Credentials of services.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    AssertionSource, AuthorizationCodeCredential, AzurePipelinesCredential, CertificateCredential,
    ChainedTokenCredential, ClientAssertionCredential, ClientCertificate, ClientOptions,
    ClientSecretCredential, DefaultAzureCredential, EnvironmentCredential, FederatedIdentity,
    GitHubActionsCredential, ManagedIdentityCredential, OnBehalfOfCredential, OnBehalfOfCredentialBuilder,
    TokenCredential, UserAssignedId, WorkloadIdentityCredential,
};
use identity_emulator::{CodeRequest, HostKind, Route, User, UserTokenRequest};

use super::{Flow, Kind, OTHER_SCOPE, USER_SCOPE};
use crate::confidential::CERTIFICATE;
use crate::faults::stage::{IDENTITY, Stage};
use crate::support::{CLIENT, TENANT, write};

/// The audience of federated credentials.
const EXCHANGE: &str = "api://AzureADTokenExchange";
const REDIRECT: &str = "https://app.test/signed-in";
const VAULT: &str = "https://vault.azure.net/.default";
const REFRESH: &str = "refresh_token";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("client secret", Kind::Entra, Route::Token, |stage, options| {
        Box::pin(async move { secret(stage, &options) })
    }),
    Flow::new(
        "client secret, token due for refresh",
        Kind::Soft,
        Route::Token,
        |stage, options| Box::pin(async move { secret(stage, &options) }),
    )
    .aged(3300),
    Flow::new(
        "client secret, HTTP/2",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { secret(stage, &options) }),
    ),
    Flow::new(
        "client certificate",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                let builder = CertificateCredential::from_bytes(TENANT, CLIENT, pem(stage));
                shared(builder.with_options(&options).build().unwrap())
            })
        },
    ),
    Flow::new(
        "client certificate, file",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                let path = stage.path("service.pem");
                write(&path, pem(stage));
                let builder = CertificateCredential::from_path(TENANT, CLIENT, &path);
                shared(builder.with_options(&options).build().unwrap())
            })
        },
    )
    .after(VAULT),
    Flow::new(
        "client secret, kept token",
        Kind::Kept,
        Route::Token,
        |stage, options| Box::pin(async move { secret(stage, &options) }),
    )
    .aged(60),
    Flow::new(
        "client certificate, kept token",
        Kind::Kept,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                let builder = CertificateCredential::from_bytes(TENANT, CLIENT, pem(stage));
                shared(builder.with_options(&options).build().unwrap())
            })
        },
    )
    .aged(60),
    Flow::new("client assertion", Kind::Entra, Route::Token, |stage, options| {
        Box::pin(async move {
            let source = service_account(stage);
            let builder = ClientAssertionCredential::builder(TENANT, CLIENT, source);
            shared(builder.with_options(&options).build().unwrap())
        })
    }),
    Flow::new(
        "on behalf of, secret",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                on_behalf_of(stage, &options, |builder| {
                    builder.with_client_secret(stage.secret.clone())
                })
            })
        },
    )
    .scope(USER_SCOPE),
    Flow::new(
        "on behalf of, certificate",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                on_behalf_of(stage, &options, |builder| {
                    builder.with_certificate(certificate(stage))
                })
            })
        },
    )
    .scope(USER_SCOPE),
    Flow::new(
        "on behalf of, assertion",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                on_behalf_of(stage, &options, |builder| {
                    builder.with_client_assertion(service_account(stage))
                })
            })
        },
    )
    .scope(USER_SCOPE),
    Flow::new(
        "authorization code",
        Kind::Once,
        Route::Token,
        |stage, options| Box::pin(async move { code(stage, &options) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "authorization code, then refresh",
        Kind::Once,
        Route::Token,
        |stage, options| Box::pin(async move { code(stage, &options) }),
    )
    .grant(REFRESH)
    .scope(OTHER_SCOPE)
    .after(USER_SCOPE),
    Flow::new(
        "workload identity",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { workload(stage, &options, false) }),
    ),
    Flow::new(
        "workload identity, proxy",
        Kind::Entra,
        Route::IdentityBinding,
        |stage, options| Box::pin(async move { workload(stage, &options, true) }),
    ),
    Flow::new(
        "pipelines, id token",
        Kind::Oidc,
        Route::PipelinesOidc,
        |stage, options| Box::pin(async move { pipelines(stage, &options) }),
    ),
    Flow::new(
        "pipelines, then exchange",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { pipelines(stage, &options) }),
    ),
    Flow::new(
        "GitHub, id token",
        Kind::Oidc,
        Route::GitHubOidc,
        |stage, options| Box::pin(async move { github(stage, &options) }),
    ),
    Flow::new(
        "GitHub, then exchange",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { github(stage, &options) }),
    ),
    Flow::new(
        "managed identity as credential",
        Kind::Imds,
        Route::Imds,
        |stage, options| Box::pin(async move { managed_as_credential(stage, &options) }),
    ),
    Flow::new(
        "managed identity as credential, then exchange",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { managed_as_credential(stage, &options) }),
    ),
    Flow::new("environment", Kind::Entra, Route::Token, |stage, options| {
        Box::pin(async move {
            application(stage);
            shared(
                EnvironmentCredential::builder()
                    .with_options(&options)
                    .build()
                    .unwrap(),
            )
        })
    }),
    Flow::new("chain", Kind::Entra, Route::Token, |stage, options| {
        Box::pin(async move {
            let nobody = WorkloadIdentityCredential::builder().with_options(&options);
            let chain = ChainedTokenCredential::builder();
            let chain = match nobody.build() {
                Ok(nobody) => chain.push(shared(nobody)),
                Err(_) => chain,
            };
            shared(chain.push(secret(stage, &options)).build().unwrap())
        })
    }),
    Flow::new(
        "default chain, environment",
        Kind::Entra,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                application(stage);
                shared(
                    DefaultAzureCredential::builder()
                        .with_options(&options)
                        .build()
                        .unwrap(),
                )
            })
        },
    ),
    Flow::new(
        "client secret, authority confirmed first",
        Kind::Discovery,
        Route::InstanceDiscovery,
        |stage, options| {
            Box::pin(async move { secret(stage, &options.with_disable_instance_discovery(false)) })
        },
    ),
    Flow::new(
        "client secret, region found out",
        Kind::Region,
        Route::InstanceMetadata,
        |stage, options| {
            Box::pin(async move {
                let builder = ClientSecretCredential::builder(TENANT, CLIENT, stage.secret.clone())
                    .with_region("tryautodetect");
                shared(builder.with_options(&options).build().unwrap())
            })
        },
    ),
];

fn shared(credential: impl TokenCredential + 'static) -> Arc<dyn TokenCredential> {
    Arc::new(credential)
}

fn certificate(stage: &Stage) -> ClientCertificate {
    ClientCertificate::from_bytes(pem(stage).as_bytes(), None).unwrap()
}

/// The application's certificate with its key, which the guard knows.
fn pem(stage: &Stage) -> String {
    stage.know("private key", CERTIFICATE.key_pem());
    CERTIFICATE.pem()
}

fn secret(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let builder = ClientSecretCredential::builder(TENANT, CLIENT, stage.secret.clone());
    shared(builder.with_options(options).build().unwrap())
}

/// Names the application in the environment.
fn application(stage: &Stage) {
    stage
        .env
        .set("AZURE_TENANT_ID", TENANT)
        .set("AZURE_CLIENT_ID", CLIENT)
        .set("AZURE_CLIENT_SECRET", stage.secret.expose());
}

fn service_account(stage: &Stage) -> AssertionSource {
    let token = stage.emulator.service_account_token("shop", "orders");
    stage.know("service account token", token.as_str());
    AssertionSource::from_fn(move || Ok(token.clone().into()))
}

fn on_behalf_of(
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

fn code(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let wish = CodeRequest::new(REDIRECT).scope("openid offline_access User.Read");
    let code = stage.emulator.mint_code(&wish).unwrap();
    stage.know("code", code.as_str());
    let builder = AuthorizationCodeCredential::builder(TENANT, CLIENT, code, REDIRECT)
        .with_client_secret(stage.secret.clone());
    shared(builder.with_options(options).build().unwrap())
}

fn workload(stage: &Stage, options: &ClientOptions, proxy: bool) -> Arc<dyn TokenCredential> {
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

fn pipelines(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.pipelines_environment());
    shared(
        AzurePipelinesCredential::from_env()
            .with_options(options)
            .build()
            .unwrap(),
    )
}

fn github(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.github_environment());
    let builder = GitHubActionsCredential::from_env().with_audience(EXCHANGE);
    shared(builder.with_options(options).build().unwrap())
}

fn managed_as_credential(stage: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    stage.set(stage.emulator.host_environment(HostKind::Imds));
    let identity = ManagedIdentityCredential::builder()
        .with_user_assigned(UserAssignedId::object_id(IDENTITY).unwrap())
        .with_options(options);
    let identity = FederatedIdentity::new(Arc::new(identity.build().unwrap())).with_audience(EXCHANGE);
    let builder = ClientAssertionCredential::builder(TENANT, CLIENT, identity);
    shared(builder.with_options(options).build().unwrap())
}
