//! Which store the options choose.

use std::path::PathBuf;
use std::sync::Arc;

use identity_base::seam::PrivateFile;
use identity_base::{Error, ErrorKind};
use identity_runtime::ClientOptions;

use super::CacheStore;
use super::file::FileStore;
use super::keyring::Keyring;
use super::protected::ProtectedStore;
use super::read_only::ReadOnly;
use super::sealed::Sealing;
use crate::options::{CacheSealing, TokenCachePersistenceOptions};

/// The folder that all who share the cache look in.
const FOLDER: &str = ".IdentityService";

/// Which of the caches of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suffix {
    /// Tokens without Continuous Access Evaluation.
    NoCae,
    /// Tokens with it.
    Cae,
    /// What older tools write. It is only read.
    None,
}

impl Suffix {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NoCae => ".nocae",
            Self::Cae => ".cae",
            Self::None => "",
        }
    }
}

/// The store that `options` choose.
pub(crate) fn open(
    options: &TokenCachePersistenceOptions,
    suffix: Suffix,
    keyring: Option<&Keyring>,
    client: &ClientOptions,
) -> Result<Arc<dyn CacheStore>, Error> {
    options.validate()?;
    let name = format!("{}{}", options.name(), suffix.as_str());
    let store = match options.sealing() {
        Some(sealing) => sealed(options, sealing, &name, keyring, client)?,
        None => shared(options, &name, keyring, client)?,
    };
    Ok(match suffix {
        Suffix::None => Arc::new(ReadOnly::new(store)),
        Suffix::NoCae | Suffix::Cae => store,
    })
}

fn sealed(
    options: &TokenCachePersistenceOptions,
    sealing: &CacheSealing,
    name: &str,
    keyring: Option<&Keyring>,
    client: &ClientOptions,
) -> Result<Arc<dyn CacheStore>, Error> {
    let source: Arc<dyn super::sealed::KeySource> = match sealing {
        CacheSealing::Key(key) => Arc::new(key.clone()),
        CacheSealing::KeyInKeyring => super::keyring::key_source(options.name(), keyring, client)?,
    };
    let file = private_file(options, &format!("{name}.sealed"), client)?;
    let sealing = Sealing::new(source, Arc::clone(client.random()), name);
    Ok(Arc::new(ProtectedStore::new(
        FileStore::new(file, Arc::clone(client.clock())),
        Arc::new(sealing),
    )))
}

/// As the peers keep it on this system.
#[cfg(not(all(windows, feature = "keyring")))]
fn shared(
    options: &TokenCachePersistenceOptions,
    name: &str,
    keyring: Option<&Keyring>,
    client: &ClientOptions,
) -> Result<Arc<dyn CacheStore>, Error> {
    let file = private_file(options, name, client)?;
    let file = FileStore::new(file, Arc::clone(client.clock()));
    let keyring = super::keyring::shared(name, file.clone(), keyring);
    match (keyring, options.allow_unencrypted_storage()) {
        (Some(keyring), true) => Ok(Arc::new(super::fallback::Fallback::new(keyring, file))),
        (Some(keyring), false) => Ok(Arc::new(keyring)),
        (None, true) => Ok(Arc::new(file)),
        (None, false) => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            "the token cache can't be encrypted: there is no keyring that this program can use",
        )
        .with_hint(
            "build with the feature `keyring` and run in a session that has one, set a sealing key, or allow unencrypted storage",
        )),
    }
}

/// As the peers keep it on Windows.
#[cfg(all(windows, feature = "keyring"))]
fn shared(
    options: &TokenCachePersistenceOptions,
    name: &str,
    _keyring: Option<&Keyring>,
    client: &ClientOptions,
) -> Result<Arc<dyn CacheStore>, Error> {
    let file = private_file(options, name, client)?;
    Ok(Arc::new(ProtectedStore::new(
        FileStore::new(file, Arc::clone(client.clock())),
        Arc::new(super::data_protection::DataProtection),
    )))
}

fn private_file(
    options: &TokenCachePersistenceOptions,
    name: &str,
    client: &ClientOptions,
) -> Result<Arc<dyn PrivateFile>, Error> {
    let directory = match options.directory() {
        Some(directory) => directory.to_owned(),
        None => default_directory(client)?,
    };
    client
        .file_system()
        .private_file(&directory.join(name))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                "the file system can't keep private files, which a persistent token cache needs",
            )
        })
}

fn default_directory(client: &ClientOptions) -> Result<PathBuf, Error> {
    let variable = if cfg!(windows) { "LOCALAPPDATA" } else { "HOME" };
    client
        .env()
        .raw(variable)
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
        .map(|home| home.join(FOLDER))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfiguration,
                format!("there is no folder for the token cache: {variable} is not an absolute path"),
            )
            .with_hint(format!("set {variable}, or a directory in the options"))
        })
}
