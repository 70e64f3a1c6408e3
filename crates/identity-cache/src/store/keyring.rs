//! The system's keyring.
//!
//! Keyrings block: on a service that doesn't answer, on a prompt that nobody sees. So every call runs on a thread of its own that nobody waits for
//! longer than [`CALL_LIMIT`], not even the end of the program; after a call that failed no other is made for a while.

mod breaker;
mod call;
mod key;
#[cfg(all(target_os = "macos", feature = "keyring"))]
mod keychain;
#[cfg(all(target_os = "linux", feature = "keyring"))]
mod secret_service;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use identity_base::seam::FileLock;
use identity_base::{BoxFuture, Error, ErrorKind};
use identity_runtime::ClientOptions;
use zeroize::Zeroizing;

use super::file::{FileStore, MAX_BYTES, of_io};
use super::sealed::KeySource;
use super::{CacheStore, Loaded, Stamp, StoreError, StoreErrorKind, StoreLock};
use crate::StoreKind;
pub(crate) use call::Keyring;

/// Under what the peers keep their caches.
const SERVICE: &str = "Microsoft.Developer.IdentityService";
/// The label of the peers' items, and the account of the default cache.
const LABEL: &str = "MSALCache";
/// The cache whose account has a name of its own.
const DEFAULT_CACHE: &str = "msal.cache.nocae";

/// Where in the keyring a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The schema, or on macOS the account.
    pub(crate) name: String,
    /// What an item is looked up by beside the schema: a name and a value; on macOS the value is the service.
    pub(crate) attribute: (&'static str, &'static str),
    /// What people see.
    pub(crate) label: &'static str,
}

impl Item {
    /// The item of a cache, as the peers name it.
    fn of_cache(name: &str) -> Self {
        let name = match cfg!(target_os = "macos") && name == DEFAULT_CACHE {
            true => LABEL,
            false => name,
        };
        Self {
            name: name.to_owned(),
            attribute: ("MsalClientID", SERVICE),
            label: LABEL,
        }
    }

    /// The item of a key that seals a cache. It is ours alone.
    fn of_key(name: &str) -> Self {
        Self {
            name: format!("{name}.key"),
            attribute: ("EntraIdentityKey", "entra-identity"),
            label: "Token cache key",
        }
    }
}

/// A keyring. All calls may block.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// The secret of an item; `None` when there is no such item.
    fn get(&self, item: &Item) -> Result<Option<Zeroizing<Vec<u8>>>, String>;

    /// Puts a secret into an item, and makes the item if there is none.
    fn set(&self, item: &Item, secret: &[u8]) -> Result<(), String>;

    /// Whether secrets could be kept.
    fn probe(&self) -> Result<(), String>;
}

/// Keeps the contents in the keyring. A file without contents beside it, the signal, tells by its time when they were changed.
#[derive(Clone, Debug)]
pub(crate) struct KeyringStore {
    keyring: Keyring,
    item: Item,
    signal: FileStore,
}

impl KeyringStore {
    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        self.keyring.call(|backend| backend.probe()).await
    }

    async fn load_item(&self, seen: Option<&Stamp>) -> Result<Loaded, StoreError> {
        // The signal is looked at first: what is read after that is at least as new.
        let Some(signal) = self.signal.file.metadata().await.map_err(of_io)? else {
            return Ok(Loaded::Absent);
        };
        if seen.is_some_and(|seen| seen.0 == signal) {
            return Ok(Loaded::Unchanged);
        }
        let item = self.item.clone();
        match self.keyring.call(move |backend| backend.get(&item)).await? {
            Some(contents) if contents.len() as u64 > MAX_BYTES => Err(StoreError::new(
                StoreErrorKind::Refused,
                "the keyring's item is too long for a token cache",
            )),
            Some(contents) => Ok(Loaded::Contents(contents, Stamp(signal))),
            None => Ok(Loaded::Absent),
        }
    }
}

impl CacheStore for KeyringStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Keyring
    }

    fn load<'a>(&'a self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(self.load_item(seen))
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn StoreLock>, StoreError>> {
        Box::pin(async {
            self.keyring.check()?;
            let lock = self.signal.lock_file().await?;
            Ok(Box::new(HeldItem {
                store: self.clone(),
                lock,
            }) as Box<dyn StoreLock>)
        })
    }
}

/// The right to change the item.
#[derive(Debug)]
struct HeldItem {
    store: KeyringStore,
    lock: Box<dyn FileLock>,
}

impl StoreLock for HeldItem {
    fn load<'a>(&'a mut self, seen: Option<&'a Stamp>) -> BoxFuture<'a, Result<Loaded, StoreError>> {
        Box::pin(self.store.load_item(seen))
    }

    fn save(self: Box<Self>, contents: Zeroizing<Vec<u8>>) -> BoxFuture<'static, Result<Stamp, StoreError>> {
        Box::pin(async move {
            let Self { store, lock } = *self;
            // The thread that writes has the lock as well, should this future be dropped meanwhile.
            let shared = Arc::new(Mutex::new(Some(lock)));
            let (item, held) = (store.item.clone(), Arc::clone(&shared));
            let written = store
                .keyring
                .call(move |backend| {
                    let outcome = backend.set(&item, &contents);
                    drop(held);
                    outcome
                })
                .await;
            // Taken out in any case: a keyring that doesn't answer must not keep the lock.
            let lock = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
            written?;
            match lock {
                Some(lock) => lock.replace(Zeroizing::default()).await.map(Stamp).map_err(of_io),
                None => Err(StoreError::new(StoreErrorKind::Failed, "the lock was lost")),
            }
        })
    }

    /// A keyring's item can't be put aside without spreading what may be secrets; it is replaced.
    fn keep_aside(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The store that the peers use here, if there is a keyring at all.
pub(crate) fn shared(name: &str, signal: FileStore, keyring: Option<&Keyring>) -> Option<KeyringStore> {
    Some(KeyringStore {
        keyring: keyring?.clone(),
        item: Item::of_cache(name),
        signal,
    })
}

/// A key that lives in the keyring.
pub(crate) fn key_source(
    name: &str,
    keyring: Option<&Keyring>,
    client: &ClientOptions,
) -> Result<Arc<dyn KeySource>, Error> {
    match keyring {
        Some(keyring) => Ok(Arc::new(key::KeyInKeyring::new(
            keyring.clone(),
            Item::of_key(name),
            Arc::clone(client.random()),
        ))),
        None => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            "the sealing key can't be kept: there is no keyring that this program can use",
        )
        .with_hint("run in a session that has a keyring, or give the key")),
    }
}

/// The keyring of this system, if there is one. Caches that share it share what is known of it: one that hangs is waited for once.
#[cfg(all(target_os = "linux", feature = "keyring"))]
pub(crate) fn keyring(client: &ClientOptions) -> Option<Keyring> {
    let backend = secret_service::SecretService::of_env(&**client.env())?;
    Some(Keyring::new(Arc::new(backend), Arc::clone(client.clock())))
}

/// The keyring of this system.
#[cfg(all(target_os = "macos", feature = "keyring"))]
pub(crate) fn keyring(client: &ClientOptions) -> Option<Keyring> {
    Some(Keyring::new(
        Arc::new(keychain::Keychain),
        Arc::clone(client.clock()),
    ))
}

/// There is none that is known here.
#[cfg(not(all(any(target_os = "linux", target_os = "macos"), feature = "keyring")))]
pub(crate) fn keyring(_client: &ClientOptions) -> Option<Keyring> {
    None
}
