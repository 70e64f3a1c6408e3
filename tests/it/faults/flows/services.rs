//! Credentials of services.

use entra_identity::{
    CertificateCredential, ChainedTokenCredential, ClientAssertionCredential, ClientSecretCredential,
    DefaultAzureCredential, EnvironmentCredential, WorkloadIdentityCredential,
};
use identity_emulator::Route;

use super::made::{
    application, certificate, code, github, managed_as_credential, on_behalf_of, pem, pipelines, secret,
    service_account, shared, workload,
};
use super::{Flow, Kind, OTHER_SCOPE, USER_SCOPE};
use crate::support::{CLIENT, TENANT, write};

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
