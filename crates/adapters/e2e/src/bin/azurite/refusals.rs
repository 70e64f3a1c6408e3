//! Tokens that Azurite has to refuse: so that its yes to the others means something.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential as AzureCredential, TokenRequestOptions};
use identity_azure_core::ForAzureCore;
use identity_base::TokenCredential;
use object_store_0_14::ObjectStoreExt as _;
use object_store_0_14::path::Path;

use crate::Result;
use crate::verdict::Verdict;
use crate::world::{STORAGE, World};

const VAULT: &str = "https://vault.azure.net/.default";
const AUDIENCE: &str = "Invalid token audience.";
const EXPIRED: &str = "Lifetime validation failed. The token is expired.";

/// Asks for a token of another service than the client does.
#[derive(Debug)]
struct OtherScope(Arc<dyn AzureCredential>);

#[async_trait]
impl AzureCredential for OtherScope {
    async fn get_token(
        &self,
        _: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.0.get_token(&[VAULT], options).await
    }
}

/// A wrong audience, and a token of yesterday.
pub(crate) async fn check(world: &World, verdict: &mut Verdict) -> Result<()> {
    let inner = ForAzureCore::new(Arc::clone(&world.credential)).into_shared();
    official(
        world,
        verdict,
        Arc::new(OtherScope(inner)),
        ("wrong audience", AUDIENCE),
    )
    .await?;
    store(
        world,
        verdict,
        (Arc::clone(&world.credential), VAULT),
        ("wrong audience", AUDIENCE),
    )
    .await?;

    // From now on the token service believes that it is yesterday. Its tokens come with a lifetime, so the credential takes them for good.
    let clock = world.emulator.clock();
    let yesterday = clock.wall().checked_sub(Duration::from_secs(24 * 3600));
    clock.set_wall(yesterday.ok_or("there is no yesterday")?);
    let credential = world.fresh_credential();
    let inner = ForAzureCore::new(Arc::clone(&credential)).into_shared();
    official(world, verdict, inner, ("expired", EXPIRED)).await?;
    store(world, verdict, (credential, STORAGE), ("expired", EXPIRED)).await
}

async fn official(
    world: &World,
    verdict: &mut Verdict,
    credential: Arc<dyn AzureCredential>,
    (what, reason): (&str, &str),
) -> Result<()> {
    let before = world.azurite.log()?.len();
    let client = world.official(credential)?;
    let outcome = client.blob_container_client("refused").create(None).await;
    let status = outcome.err().and_then(|error| error.http_status()).map(u16::from);
    refused(
        world,
        verdict,
        &format!("official client, {what}"),
        (status == Some(403), before, reason),
    )
    .await
}

async fn store(
    world: &World,
    verdict: &mut Verdict,
    (credential, scope): (Arc<dyn TokenCredential>, &str),
    (what, reason): (&str, &str),
) -> Result<()> {
    let before = world.azurite.log()?.len();
    let store = world.store_0_14("current", World::for_object_store(credential, scope)?)?;
    let outcome = store.get(&Path::from("folder/small")).await;
    let denied = matches!(outcome, Err(object_store_0_14::Error::PermissionDenied { .. }));
    refused(
        world,
        verdict,
        &format!("object_store, {what}"),
        (denied, before, reason),
    )
    .await
}

async fn refused(
    world: &World,
    verdict: &mut Verdict,
    what: &str,
    (denied, before, reason): (bool, usize, &str),
) -> Result<()> {
    let said = world.azurite.comes_to_log(before, reason).await?;
    verdict.check(
        &format!("{what}: refused, and Azurite says why"),
        denied && said,
        || format!("refused: {denied}; `{reason}` in its log: {said}"),
    );
    Ok(())
}
