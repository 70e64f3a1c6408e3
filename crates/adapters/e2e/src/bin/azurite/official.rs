//! The official client.

use std::sync::Arc;

use azure_core::http::RequestContent;
use futures_util::TryStreamExt as _;

use crate::Result;
use crate::verdict::Verdict;
use crate::world::World;

const TEXT: &[u8] = b"hello from the official client";

/// Creates a container, uploads, lists, downloads, deletes.
pub(crate) async fn check(world: &World, verdict: &mut Verdict) -> Result<()> {
    let client = world.official_with(Arc::clone(&world.credential))?;
    let container = client.blob_container_client("official");
    container.create(None).await?;
    let blob = container.blob_client("greeting");
    blob.upload(RequestContent::from(TEXT.to_vec()), None).await?;
    let items: Vec<_> = container.list_blobs(None)?.try_collect().await?;
    let names: Vec<_> = items.into_iter().filter_map(|item| item.name).collect();
    verdict.check(
        "official client: creates a container, uploads and lists",
        names == ["greeting"],
        || format!("it lists {names:?}"),
    );
    let body = blob.download(None).await?.body.collect().await?;
    verdict.check(
        "official client: downloads what was uploaded",
        body == TEXT,
        || format!("{} bytes came", body.len()),
    );
    blob.delete(None).await?;

    let accepted = world.azurite.accepted(5).await?;
    verdict.check("Azurite verified five tokens", accepted == 5, || {
        format!("{accepted}")
    });
    let asked = world.emulator.requests().token().count();
    verdict.check("one token request for the five", asked == 1, || {
        format!("{asked}")
    });
    Ok(())
}
