//! Credentials of people, and those that act on behalf of them.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    AuthorizationCodeCredential, ClientOptions, DeviceCodeCredential, InteractiveBrowserCredential,
    OnBehalfOfCredential, OnBehalfOfCredentialBuilder, SharedTokenCacheCredential,
    TokenCachePersistenceOptions, TokenCaches, UsernamePasswordCredential,
};

use super::{Flow, Made, Make, PERSON, services};
use crate::check::Identity;
use crate::stage::{CLIENT, FEDERATED_USER, REDIRECT, Stage, USER, api};

/// The application of Azure's own tools, which the shared cache is of.
const DEVELOPER: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// How long a sign-in may take.
const PATIENCE: Duration = Duration::from_secs(10);

const DESKTOP: Flow = Flow {
    identity: |stage| Identity {
        client: stage.desktop().to_owned(),
        ..(PERSON.identity)(stage)
    },
    fetches: 40,
    ..PERSON
};

pub(super) const FLOWS: &[Flow] = &[
    Flow {
        name: "on behalf of, secret",
        make: Make::Now(|stage, options, _| {
            on_behalf_of(stage, options, |builder| {
                builder.with_client_secret(Stage::secret())
            })
        }),
        ..PERSON
    },
    Flow {
        name: "on behalf of, certificate",
        make: Make::Now(|stage, options, _| {
            let certificate = services::certificate(stage)?;
            on_behalf_of(stage, options, |builder| builder.with_certificate(certificate))
        }),
        ..PERSON
    },
    Flow {
        name: "on behalf of, assertion",
        make: Make::Now(|stage, options, _| {
            on_behalf_of(stage, options, |builder| {
                builder.with_client_assertion(services::service_account(stage))
            })
        }),
        ..PERSON
    },
    Flow {
        name: "authorization code, refresh",
        fetches: 25,
        make: Make::Now(|stage, options, _| {
            let builder =
                AuthorizationCodeCredential::builder(stage.tenant(), CLIENT, stage.code(), REDIRECT)
                    .with_client_secret(Stage::secret());
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..PERSON
    },
    Flow {
        name: "browser",
        make: Make::Now(|stage, options, _| {
            let options = options
                .clone()
                .with_browser_opener(Arc::new(stage.emulator.browser()));
            let builder = InteractiveBrowserCredential::builder()
                .with_client_id(stage.desktop())
                .with_tenant_id(stage.tenant())
                .with_login_hint(USER)
                .with_timeout(PATIENCE);
            Ok(Arc::new(builder.with_options(&options).build()?))
        }),
        ..DESKTOP
    },
    Flow {
        name: "device code",
        workers: 6,
        fetches: 60,
        make: Make::Now(|stage, options, _| {
            let builder = DeviceCodeCredential::builder()
                .with_client_id(stage.desktop())
                .with_tenant_id(stage.tenant())
                .with_timeout(PATIENCE)
                .with_prompt(|_| ());
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..DESKTOP
    },
    Flow {
        name: "password",
        make: Make::Now(|stage, options, _| password(stage, options, USER)),
        ..DESKTOP
    },
    Flow {
        name: "password, another organization's",
        identity: |stage| Identity {
            user: Some(FEDERATED_USER.to_owned()),
            ..(DESKTOP.identity)(stage)
        },
        make: Make::Now(|stage, options, _| password(stage, options, FEDERATED_USER)),
        ..DESKTOP
    },
    Flow {
        name: "password, cache in a file",
        make: Make::Now(|stage, options, number| {
            let kept = TokenCachePersistenceOptions::new()
                .with_name(format!("soak-{}", number % 4))
                .with_directory(stage.path("cache"))
                .with_allow_unencrypted_storage(true);
            let builder = UsernamePasswordCredential::builder(stage.desktop(), USER, Stage::password())
                .with_tenant_id(stage.tenant())
                .with_cache_persistence(kept);
            Ok(Arc::new(builder.with_options(options).build()?))
        }),
        ..DESKTOP
    },
    Flow {
        name: "shared cache",
        identity: |stage| Identity {
            client: DEVELOPER.to_owned(),
            ..(PERSON.identity)(stage)
        },
        make: Make::After(|stage, options| {
            Box::pin(async move {
                let caches = TokenCaches::in_memory();
                let other = UsernamePasswordCredential::builder(DEVELOPER, USER, Stage::password())
                    .with_tenant_id(stage.tenant())
                    .with_token_caches(&caches)
                    .with_options(options)
                    .build()?;
                other.authenticate(&[&format!("{}/Orders.Read", api(0))]).await?;
                let builder = SharedTokenCacheCredential::builder()
                    .with_tenant_id(stage.tenant())
                    .with_token_caches(&caches)
                    .with_username(USER);
                Ok(Arc::new(builder.with_options(options).build()?) as Arc<_>)
            })
        }),
        ..DESKTOP
    },
];

fn on_behalf_of(
    stage: &Stage,
    options: &ClientOptions,
    proof: impl FnOnce(OnBehalfOfCredentialBuilder) -> OnBehalfOfCredentialBuilder,
) -> Made {
    let builder = OnBehalfOfCredential::builder(stage.tenant(), CLIENT).with_options(options);
    Ok(Arc::new(proof(builder).build(stage.users_token())?))
}

fn password(stage: &Stage, options: &ClientOptions, user: &str) -> Made {
    let builder = UsernamePasswordCredential::builder(stage.desktop(), user, Stage::password())
        .with_tenant_id(stage.tenant());
    Ok(Arc::new(builder.with_options(options).build()?))
}
