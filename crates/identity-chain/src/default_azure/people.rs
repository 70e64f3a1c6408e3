//! The members that stand for a person: an account of the shared token cache or of Visual Studio Code, or somebody at a browser.

use std::sync::Arc;

use identity_base::{BoxFuture, Error, Fetched, OwnedRequest, TenantId};
use identity_devtools::{RedeemAccount, VisualStudioCodeAccount, VisualStudioCodeCredential};
use identity_interactive::{
    AuthenticationRecord, InteractiveBrowserCredential, SharedTokenCacheCredential, SilentRedeemer,
};
use identity_runtime::env_vars::{AZURE_TENANT_ID, AZURE_USERNAME};

use super::assemble::{Made, Settings};

pub(super) fn shared_token_cache(settings: &Settings) -> Made {
    let mut builder = SharedTokenCacheCredential::builder()
        .with_options(&settings.options)
        .with_additionally_allowed_tenants(&settings.additionally_allowed_tenants);
    if let Some(username) = or_variable(settings, &settings.shared_cache_username, AZURE_USERNAME) {
        builder = builder.with_username(username);
    }
    if let Some(tenant) = or_variable(settings, &settings.shared_cache_tenant_id, AZURE_TENANT_ID) {
        builder = builder.with_tenant_id(tenant);
    }
    Ok(Arc::new(builder.build()?))
}

pub(super) fn browser(settings: &Settings) -> Made {
    let mut builder = InteractiveBrowserCredential::builder()
        .with_options(&settings.options)
        .with_additionally_allowed_tenants(&settings.additionally_allowed_tenants);
    if let Some(tenant) = or_variable(settings, &settings.interactive_browser_tenant_id, AZURE_TENANT_ID) {
        builder = builder.with_tenant_id(tenant);
    }
    if let Some(client) = &settings.interactive_browser_client_id {
        builder = builder.with_client_id(client);
    }
    Ok(Arc::new(builder.build()?))
}

pub(super) fn visual_studio_code(settings: &Settings) -> Made {
    let mut builder = VisualStudioCodeCredential::builder()
        .with_options(&settings.options)
        .with_additionally_allowed_tenants(&settings.additionally_allowed_tenants);
    if let Some(tenant) = &settings.visual_studio_code_tenant_id {
        builder = builder.with_tenant_id(tenant);
    }
    let redeemer = SilentRedeemer::new(&settings.options)
        .map_err(|error| Error::unavailable("the shared token cache can't be opened").with_source(error))?;
    Ok(Arc::new(
        builder.with_redeemer(Arc::new(Shared(redeemer))).build()?,
    ))
}

/// What the program said, else the variable.
fn or_variable(settings: &Settings, given: &Option<String>, variable: &str) -> Option<String> {
    let given = given.clone().filter(|value| !value.is_empty());
    given.or_else(|| settings.options.env().var(variable))
}

/// The sign-in that the shared token cache has for the account of Visual Studio Code.
#[derive(Debug)]
struct Shared(SilentRedeemer);

impl RedeemAccount for Shared {
    fn redeem<'a>(
        &'a self,
        account: &'a VisualStudioCodeAccount,
        tenant: &'a TenantId,
        request: &'a OwnedRequest,
    ) -> BoxFuture<'a, Result<Fetched, Error>> {
        Box::pin(async move {
            let record = AuthenticationRecord::new(
                account.authority().clone(),
                account.tenant_id().clone(),
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
