//! `--via account`: whoever signed in with `entra login`.

use std::sync::Arc;

use entra_identity::{CloseFuture, InteractiveBrowserCredential, TokenCredential, TokenFuture, TokenRequest};

use super::{Inputs, Opened, Way};
use crate::account;
use crate::failure::Failure;

pub(super) const WAY: Way = Way {
    name: "account",
    credential: "AccountCredential",
    summary: "the account of `entra login`; nobody is asked",
    variables: &[(
        "XDG_CONFIG_HOME",
        "the folder with who is signed in; default: .config in HOME",
    )],
    open: |inputs| Box::pin(open(inputs)),
};

async fn open(inputs: &Inputs) -> Result<Opened, Failure> {
    let record = account::signed_in(&inputs.client).await?;
    let caches = account::caches(&inputs.client, true)?;
    let mut builder = InteractiveBrowserCredential::builder()
        .with_options(&inputs.client)
        .with_token_caches(&caches)
        .with_additionally_allowed_tenants(["*"])
        .with_authentication_record(record.clone())
        .with_disable_automatic_authentication(true);
    if let Some(tenant) = &inputs.settings.tenant {
        builder = builder.with_tenant_id(tenant);
    }
    let credential: Arc<dyn TokenCredential> = Arc::new(Account(builder.build()?));
    Ok(Opened {
        credential,
        tenant: Some(record.tenant_id().as_str().to_owned()),
        client_id: Some(record.client_id().as_str().to_owned()),
    })
}

/// The credential by a name of its own, so that reports don't speak of a browser.
#[derive(Debug)]
struct Account(InteractiveBrowserCredential);

/// How it is called in errors.
const NAME: &str = WAY.credential;

impl TokenCredential for Account {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.0.get_token_with(request)
    }

    fn close(&self) -> CloseFuture<'_> {
        self.0.close()
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
