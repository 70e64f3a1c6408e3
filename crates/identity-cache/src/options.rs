//! Which cache, and how it may be kept.

use std::path::{Path, PathBuf};

use identity_base::{Error, ErrorKind, Foreign};

use crate::SealingKey;

/// The name that Microsoft's developer tools share.
const DEFAULT_NAME: &str = "msal.cache";
/// The longest name: with the endings of the files beside it, it has to be a file name.
const MAX_NAME_BYTES: usize = 128;

/// How a credential's tokens are kept beyond the process.
///
/// The default is the cache that azure-identity and the developer tools of Microsoft share. It is encrypted by the system's own means: the keyring on
/// Linux and macOS, data protection on Windows. Where that is impossible, nothing is kept unless
/// [`with_allow_unencrypted_storage`](Self::with_allow_unencrypted_storage) says that a file readable by its owner alone is enough.
///
/// ```
/// use identity_cache::TokenCachePersistenceOptions;
/// let options = TokenCachePersistenceOptions::new().with_name("backup-job").with_allow_unencrypted_storage(true);
/// assert_eq!(options.name(), "backup-job");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCachePersistenceOptions {
    name: String,
    allow_unencrypted_storage: bool,
    directory: Option<PathBuf>,
    sealing: Option<CacheSealing>,
}

/// How a cache that no other program shares is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CacheSealing {
    /// With a key that the program gives.
    Key(SealingKey),
    /// With a key that lives in the system's keyring.
    KeyInKeyring,
}

impl TokenCachePersistenceOptions {
    /// The shared cache, encrypted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            allow_unencrypted_storage: false,
            directory: None,
            sealing: None,
        }
    }

    /// Sets the name, to keep this program's tokens apart from those of others. Default: `msal.cache`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Allows a file without encryption, readable by its owner alone, where encryption is impossible. Default: no.
    #[must_use]
    pub fn with_allow_unencrypted_storage(mut self, allow: bool) -> Self {
        self.allow_unencrypted_storage = allow;
        self
    }

    /// Sets the folder. Default: `.IdentityService` in the home folder (`HOME`), on Windows in `LOCALAPPDATA`, as all who share the cache expect.
    #[must_use]
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Seals the cache with a key that the program gives, in a file of its own that no other program shares. No keyring is needed then.
    #[must_use]
    pub fn with_sealing_key(mut self, key: SealingKey) -> Self {
        self.sealing = Some(CacheSealing::Key(key));
        self
    }

    /// Seals the cache with a key that is made once and lives in the system's keyring, in a file of its own that no other program shares. For caches that
    /// are larger than a keyring's items should be. Needs the feature `keyring`.
    #[must_use]
    pub fn with_sealing_key_in_keyring(mut self) -> Self {
        self.sealing = Some(CacheSealing::KeyInKeyring);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a file without encryption is allowed.
    #[must_use]
    pub const fn allow_unencrypted_storage(&self) -> bool {
        self.allow_unencrypted_storage
    }

    /// The folder, if it was set.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    pub(crate) const fn sealing(&self) -> Option<&CacheSealing> {
        self.sealing.as_ref()
    }

    /// Checks what can be checked without I/O. Credentials call it in `build()`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the name can't be part of a file name: 1 to 128 letters, digits, `-`, `_`, `.`, not beginning with `.`.
    pub fn validate(&self) -> Result<(), Error> {
        let fits = (1..=MAX_NAME_BYTES).contains(&self.name.len())
            && !self.name.starts_with('.')
            && self
                .name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        match fits {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!(
                    "{} can't be the name of a token cache",
                    Foreign::quoted(&self.name, 80)
                ),
            )
            .with_hint("use 1 to 128 letters, digits, `-`, `_` and `.`, not beginning with `.`")),
        }
    }
}

impl Default for TokenCachePersistenceOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_file_names() {
        for good in ["msal.cache", "a", "A_b-1.c", &"n".repeat(128)] {
            assert!(
                TokenCachePersistenceOptions::new()
                    .with_name(good)
                    .validate()
                    .is_ok(),
                "{good}"
            );
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a b",
            "a\n",
            "é",
            "a:b",
            &"n".repeat(129),
        ] {
            let error = TokenCachePersistenceOptions::new()
                .with_name(bad)
                .validate()
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{bad:?}");
        }
    }
}
