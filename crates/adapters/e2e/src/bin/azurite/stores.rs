//! object_store, in both versions.

use std::sync::Arc;

use futures_util::TryStreamExt as _;

use crate::Result;
use crate::verdict::Verdict;
use crate::world::{STORAGE, World};

/// Uploads (whole and in parts), lists and downloads, in a container of its own. So many tokens were verified before.
macro_rules! check_version {
    ($world:expr, $verdict:expr, $version:ident, $store:ident, $container:literal, $before:literal) => {{
        use $version::{ObjectStore as _, ObjectStoreExt as _, PutPayload, path::Path};

        let provider = World::for_object_store(Arc::clone(&$world.credential), STORAGE)?;
        let before = $world.azurite.accepted($before).await?;
        // object_store has no call that creates a container.
        let official = $world.official_with(Arc::clone(&$world.credential))?;
        official.blob_container_client($container).create(None).await?;
        let store = $world.$store($container, provider)?;
        let (small, large) = (Path::from("folder/small"), Path::from("folder/large"));
        store.put(&small, "hello".into()).await?;
        let mut parts = store.put_multipart(&large).await?;
        for byte in [b'a', b'b'] {
            parts
                .put_part(PutPayload::from(vec![byte; 6 * 1024 * 1024]))
                .await?;
        }
        parts.complete().await?;
        let mut listed: Vec<_> = store
            .list(Some(&Path::from("folder")))
            .map_ok(|item| (item.location.to_string(), item.size))
            .try_collect()
            .await?;
        listed.sort();
        let wanted = [("folder/large", 12 * 1024 * 1024), ("folder/small", 5)];
        $verdict.check(
            concat!(stringify!($version), ": uploads, whole and in parts, and lists"),
            listed
                .iter()
                .map(|(name, size)| (name.as_str(), *size))
                .eq(wanted),
            || format!("it lists {listed:?}"),
        );
        let read = store.get(&small).await?.bytes().await?;
        let part = store
            .get_range(&large, 6 * 1024 * 1024 - 1..6 * 1024 * 1024 + 1)
            .await?;
        $verdict.check(
            concat!(stringify!($version), ": downloads what was uploaded"),
            read == "hello" && part == "ab",
            || format!("{} and {} bytes came", read.len(), part.len()),
        );
        // The container, three puts and the list of blocks, a list, two reads.
        let accepted = $world.azurite.accepted(before + 8).await?.saturating_sub(before);
        $verdict.check(
            concat!(stringify!($version), ": Azurite verified eight tokens"),
            accepted == 8,
            || format!("{accepted}"),
        );
    }};
}

/// Both versions.
pub(crate) async fn check(world: &World, verdict: &mut Verdict) -> Result<()> {
    check_version!(world, verdict, object_store_0_14, store_0_14, "current", 5);
    check_version!(world, verdict, object_store_0_13, store_0_13, "previous", 13);
    let asked = world.emulator.requests().token().count();
    verdict.check("still one token request", asked == 1, || format!("{asked}"));
    Ok(())
}
