//! Credentials of people.

use std::sync::Arc;

use entra_identity::{
    AuthenticationRecord, Authority, BoxFuture, ClientOptions, DeviceCodeCredential, Error, Fetched,
    InteractiveBrowserCredential, OwnedRequest, RedeemAccount, SharedTokenCacheCredential, SilentRedeemer,
    TenantId, TokenCachePersistenceOptions, TokenCaches, TokenCredential, UsernamePasswordCredential,
    VisualStudioCodeAccount, VisualStudioCodeCredential,
};
use identity_emulator::Route;

use super::{DESKTOP, Flow, Kind, OTHER_SCOPE, USER_SCOPE};
use crate::faults::stage::{ADA, EVE, Stage};
use crate::support::{TENANT, write};

const REFRESH: &str = "refresh_token";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("browser", Kind::Browser, Route::Authorize, |stage, options| {
        Box::pin(async move { browser(stage, &options) })
    })
    .scope(USER_SCOPE),
    Flow::new(
        "browser, then redemption",
        Kind::Once,
        Route::Token,
        |stage, options| Box::pin(async move { browser(stage, &options) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "browser, then refresh",
        Kind::Once,
        Route::Token,
        |stage, options| Box::pin(async move { browser(stage, &options) }),
    )
    .grant(REFRESH)
    .scope(OTHER_SCOPE)
    .after(USER_SCOPE),
    Flow::new(
        "browser, kept token",
        Kind::Kept,
        Route::Token,
        |stage, options| Box::pin(async move { browser(stage, &options) }),
    )
    .scope(USER_SCOPE)
    .aged(60),
    Flow::new(
        "device code, start",
        Kind::Start,
        Route::DeviceAuthorization,
        |stage, options| Box::pin(async move { device(stage, &options) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "device code, then poll",
        Kind::Poll,
        Route::Token,
        |stage, options| Box::pin(async move { device(stage, &options) }),
    )
    .grant(DEVICE)
    .scope(USER_SCOPE),
    Flow::new(
        "password, realm",
        Kind::Start,
        Route::UserRealm,
        |stage, options| Box::pin(async move { password(stage, &options, ADA) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "password, then token",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { password(stage, &options, ADA) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "password elsewhere, then metadata",
        Kind::Start,
        Route::WsTrustMetadata,
        |stage, options| Box::pin(async move { password(stage, &options, EVE) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "password elsewhere, then WS-Trust",
        Kind::Start,
        Route::WsTrust,
        |stage, options| Box::pin(async move { password(stage, &options, EVE) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "password elsewhere, then exchange",
        Kind::Entra,
        Route::Token,
        |stage, options| Box::pin(async move { password(stage, &options, EVE) }),
    )
    .scope(USER_SCOPE),
    Flow::new(
        "shared cache, then refresh",
        Kind::Once,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                let caches = signed_in(stage, &options, TokenCaches::in_memory()).await;
                let builder = SharedTokenCacheCredential::builder()
                    .with_options(&options)
                    .with_token_caches(&caches)
                    .with_username(ADA);
                Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
            })
        },
    )
    .grant(REFRESH)
    .scope(OTHER_SCOPE),
    Flow::new(
        "Visual Studio Code, then refresh",
        Kind::Once,
        Route::Token,
        |stage, options| {
            Box::pin(async move {
                let caches = signed_in(stage, &options, TokenCaches::in_memory()).await;
                let redeemer = Redeemer(SilentRedeemer::with_caches(&options, &caches), options.clone());
                let builder = VisualStudioCodeCredential::builder()
                    .with_options(&options)
                    .with_redeemer(Arc::new(redeemer));
                Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
            })
        },
    )
    .grant(REFRESH)
    .scope(OTHER_SCOPE),
    Flow::new("cache file", Kind::File, Route::Token, |stage, options| {
        Box::pin(async move {
            let caches = TokenCaches::new(Some(&persistence(stage)), &options).unwrap();
            let builder = DeviceCodeCredential::builder()
                .with_client_id(DESKTOP)
                .with_options(&options)
                .with_token_caches(&caches)
                .with_prompt(|_| ());
            Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
        })
    })
    .scope(USER_SCOPE),
];

/// A cache in the cell's own folder.
fn persistence(stage: &Stage) -> TokenCachePersistenceOptions {
    TokenCachePersistenceOptions::new()
        .with_name("cell")
        .with_directory(stage.path("cache"))
        .with_allow_unencrypted_storage(true)
}

fn browser(_: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let builder = InteractiveBrowserCredential::builder()
        .with_client_id(DESKTOP)
        .with_options(options);
    Arc::new(builder.build().unwrap())
}

fn device(_: &Stage, options: &ClientOptions) -> Arc<dyn TokenCredential> {
    let builder = DeviceCodeCredential::builder()
        .with_client_id(DESKTOP)
        .with_options(options)
        .with_prompt(|_| ());
    Arc::new(builder.build().unwrap())
}

fn password(stage: &Stage, options: &ClientOptions, user: &str) -> Arc<dyn TokenCredential> {
    let builder = UsernamePasswordCredential::builder(DESKTOP, user, stage.password.clone());
    Arc::new(builder.with_options(options).build().unwrap())
}

/// Caches that have a developer's sign-in, and Visual Studio Code's record of it.
async fn signed_in(stage: &Stage, options: &ClientOptions, caches: TokenCaches) -> TokenCaches {
    let tool = InteractiveBrowserCredential::builder()
        .with_options(options)
        .with_token_caches(&caches)
        .build()
        .unwrap();
    let record = tool.authenticate(&[USER_SCOPE]).await.unwrap();
    stage.env.set("HOME", stage.folder.path().to_str().unwrap());
    let folder = stage.path(".azure/ms-azuretools.vscode-azureresourcegroups");
    std::fs::create_dir_all(&folder).unwrap();
    let text = serde_json::json!({
        "username": record.username(), "tenantId": TENANT, "homeAccountId": record.home_account_id(),
        "authority": "login.microsoftonline.com", "clientId": "aebc6443-996d-45c2-90f0-388ff96faa56",
        "datetime": "2026-01-01T00:00:00Z",
    });
    write(&folder.join("authRecord.json"), text.to_string());
    caches
}

/// Redeems the account of a record at the emulator, as the default chain does at the record's authority.
#[derive(Debug)]
struct Redeemer(SilentRedeemer, ClientOptions);

impl RedeemAccount for Redeemer {
    fn redeem<'a>(
        &'a self,
        account: &'a VisualStudioCodeAccount,
        tenant: &'a TenantId,
        request: &'a OwnedRequest,
    ) -> BoxFuture<'a, Result<Fetched, Error>> {
        Box::pin(async move {
            let authority: Authority = self.1.authority()?;
            let record = AuthenticationRecord::new(
                authority,
                tenant.clone(),
                account.client_id().clone(),
                account.home_account_id(),
                account.username(),
            )?;
            self.0
                .redeem("VisualStudioCodeCredential", &record, tenant, request)
                .await
        })
    }
}
