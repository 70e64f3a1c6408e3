//! A federated token that a platform keeps fresh in a file, as Kubernetes does.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use identity_base::seam::{Clock, FileMetadata, FileSystem, Now, ReadOptions};
use identity_base::{BoxFuture, Error, ErrorKind, Secret};

use crate::ClientOptions;
use crate::assertion::{AssertionContext, ClientAssertion};

/// Longer files are refused; tokens have a few kilobytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// After this time the file is read again although it seems unchanged, for file systems with coarse times.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Reads the token file: again whenever the file was changed or replaced, after ten minutes, and when the service said the token is too old.
///
/// While the file is missing or empty, as in the middle of its replacement, the last whole token is used for up to ten minutes since it was read.
pub struct FederatedTokenFile {
    path: PathBuf,
    file_system: Arc<dyn FileSystem>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<Kept>>,
}

#[derive(Clone)]
struct Kept {
    token: Secret,
    metadata: FileMetadata,
    read: Now,
    /// Counts the different tokens seen.
    generation: u64,
}

impl FederatedTokenFile {
    /// A source for the file at `path`. The file is not touched before the first token is needed.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, options: &ClientOptions) -> Self {
        Self {
            path: path.into(),
            file_system: Arc::clone(options.file_system()),
            clock: Arc::clone(options.clock()),
            kept: Mutex::new(None),
        }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The token.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialUnavailable`] when the file can't be read, or is empty or too large; [`ErrorKind::InvalidConfiguration`] when it holds no token.
    pub async fn token(&self) -> Result<Secret, Error> {
        self.token_or_renewed(false).await
    }

    async fn token_or_renewed(&self, renew: bool) -> Result<Secret, Error> {
        let now = self.clock.now();
        let kept = self.kept().clone().filter(|kept| now.since(kept.read) < MAX_AGE);
        if let Some(kept) = kept.as_ref().filter(|_| !renew)
            && let Ok(metadata) = self.file_system.metadata(&self.path, false).await
            && is_unchanged(&metadata, &kept.metadata)
        {
            return Ok(kept.token.clone());
        }
        match self.read(now).await {
            Ok(token) => Ok(token),
            // In the middle of a replacement; what was whole a moment ago is still good.
            Err(error) => match kept.filter(|_| !renew && error.is_unavailable()) {
                Some(kept) => {
                    tracing::debug!(target: crate::trace::TARGET, "the token file can't be read, the last token is used");
                    Ok(kept.token)
                }
                None => Err(error),
            },
        }
    }

    async fn read(&self, now: Now) -> Result<Secret, Error> {
        let options = ReadOptions::new().max_bytes(MAX_FILE_BYTES);
        let (contents, metadata) = self
            .file_system
            .read(&self.path, options)
            .await
            .map_err(|error| self.unreadable(error))?;
        let text = std::str::from_utf8(&contents).unwrap_or("\u{fffd}").trim();
        if text.is_empty() {
            return Err(self.unavailable("is empty"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::InvalidConfiguration,
                format!("the federated token file {} holds no token", self.shown()),
            )
            .with_hint("the file must hold one token and nothing else"));
        }
        let token = Secret::new(text);
        let mut kept = self.kept();
        let generation = match &*kept {
            Some(known) if known.token.constant_time_eq(&token) => known.generation,
            Some(known) => known.generation.wrapping_add(1),
            None => 1,
        };
        *kept = Some(Kept {
            token: token.clone(),
            metadata,
            read: now,
            generation,
        });
        Ok(token)
    }

    fn unreadable(&self, error: io::Error) -> Error {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "doesn't exist",
            io::ErrorKind::PermissionDenied => "may not be read by this user",
            io::ErrorKind::FileTooLarge => "is larger than 64 KiB",
            _ => "can't be read",
        };
        self.unavailable(why).with_source(error)
    }

    fn unavailable(&self, why: &str) -> Error {
        Error::unavailable(format!("the federated token file {} {why}", self.shown())).with_hint(
            "check AZURE_FEDERATED_TOKEN_FILE and that the platform projects the service account's token",
        )
    }

    fn shown(&self) -> String {
        identity_base::Foreign::path(&self.path.to_string_lossy(), 300).to_string()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the file is the one that was read. Where the platform doesn't tell enough, it counts as changed.
fn is_unchanged(now: &FileMetadata, then: &FileMetadata) -> bool {
    now.modified.is_some()
        && now.modified == then.modified
        && now.identity == then.identity
        && now.len == then.len
}

impl ClientAssertion for FederatedTokenFile {
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(self.token_or_renewed(context.renew))
    }

    fn generation(&self) -> u64 {
        self.kept().as_ref().map_or(0, |kept| kept.generation)
    }
}

impl fmt::Debug for FederatedTokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedTokenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
