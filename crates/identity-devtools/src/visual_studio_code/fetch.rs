//! What the token engine calls: the record, then whoever redeems it.

use std::sync::Arc;

use identity_base::{Error, FetchToken, Fetched, KeyBuilder, OwnedRequest, TenantId};
use identity_runtime::{ClientOptions, TenantPolicy};

use super::{NAME, RedeemAccount, record};

/// Fetches tokens for the account of the record.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) options: ClientOptions,
    pub(super) tenants: TenantPolicy,
    pub(super) redeemer: Option<Arc<dyn RedeemAccount>>,
}

impl FetchToken for Fetch {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cache_identity(&self, key: &mut KeyBuilder) {
        key.field("tool", "vscode");
        if let Some(tenant) = self.tenants.own() {
            key.field("tenant", tenant.as_str().to_ascii_lowercase());
        }
    }

    async fn fetch(&self, request: &OwnedRequest) -> Result<Fetched, Error> {
        let account = record::read(&self.options).await?;
        let redeemer = self.redeemer.as_ref().ok_or_else(|| {
            Error::unavailable(
                "the account of Visual Studio Code was found, and nothing here can sign it in silently",
            )
            .with_hint("give the builder a redeemer, or use `az login` and the Azure CLI")
        })?;
        let tenant = match (request.tenant(), self.tenants.own()) {
            (Some(tenant), _) => TenantId::parse(tenant)?,
            (None, Some(own)) => own.clone(),
            (None, None) => account.tenant_id().clone(),
        };
        redeemer.redeem(&account, &tenant, request).await
    }

    fn resolve_tenant(&self, requested: &str) -> Result<Option<String>, Error> {
        self.tenants.resolve(requested, &**self.options.env())
    }
}
