//! Proof by certificate, with a file that may be replaced at any time.

use std::fmt;
use std::future::ready;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_base::seam::{FileContents, FileMetadata, FileSystem, ReadOptions};
use identity_base::{BoxFuture, ClientId, Error, ErrorKind, Secret};
use identity_runtime::assertion::{AssertionContext, ClientAssertion};
use identity_runtime::entra::ClockSkew;
use identity_runtime::{ClientOptions, trace};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::jwt::{AssertionSigner, algorithm_for};
use crate::key::{ClientCertificate, MAX_BYTES, file_source};

/// What Entra says while a certificate is being replaced: the key isn't registered (any more), or the certificate has expired or was removed.
const ROTATION: &[u32] = &[700_027, 7_000_214, 1_000_502, 7_000_274, 7_000_277];

/// Where a certificate is from.
#[derive(Clone)]
pub(crate) enum CertificateSource {
    /// A file, which is watched.
    Path(PathBuf),
    /// Its contents.
    Bytes(Arc<Zeroizing<Vec<u8>>>),
    /// One that is read already.
    Ready(ClientCertificate),
}

impl fmt::Debug for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Bytes(_) => f.write_str("Bytes"),
            Self::Ready(certificate) => certificate.fmt(f),
        }
    }
}

/// How assertions are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssertionOptions {
    /// Whether the certificates go along (`x5c`).
    pub(crate) send_chain: bool,
    /// Whether an assertion is used again while it has life left.
    pub(crate) reuse: bool,
}

impl Default for AssertionOptions {
    fn default() -> Self {
        Self {
            send_chain: false,
            reuse: true,
        }
    }
}

/// A certificate and what signs with it.
pub(crate) struct CertificateProof {
    signer: AssertionSigner,
    current: Mutex<ClientCertificate>,
    file: Option<Arc<CertificateFile>>,
    /// Counts the certificates.
    generation: AtomicU64,
}

/// The file that a certificate is from.
struct CertificateFile {
    path: PathBuf,
    password: Option<Secret>,
    files: Arc<dyn FileSystem>,
    /// What the file was when it was last read.
    seen: Mutex<Option<FileMetadata>>,
}

impl CertificateProof {
    /// Reads the certificate: here, in the call, from a file.
    ///
    /// # Errors
    /// As [`ClientCertificate::from_bytes`], and when the file can't be read.
    pub(crate) fn new(
        source: CertificateSource,
        password: Option<Secret>,
        client_id: ClientId,
        assertions: AssertionOptions,
        options: &ClientOptions,
    ) -> Result<Self, Error> {
        let (certificate, file) = match source {
            CertificateSource::Ready(certificate) => (certificate, None),
            CertificateSource::Bytes(bytes) => {
                (ClientCertificate::from_bytes(&bytes, password.as_ref())?, None)
            }
            CertificateSource::Path(path) => {
                let files = Arc::clone(options.file_system());
                let file = CertificateFile {
                    path,
                    password,
                    files,
                    seen: Mutex::new(None),
                };
                let read = file.files.read_blocking(&file.path, read_options());
                (file.take(read)?, Some(Arc::new(file)))
            }
        };
        let (clock, random) = (Arc::clone(options.clock()), Arc::clone(options.random()));
        let signer = AssertionSigner::new(client_id, assertions.send_chain, assertions.reuse, clock, random);
        Ok(Self {
            signer,
            current: Mutex::new(certificate),
            file,
            generation: AtomicU64::new(0),
        })
    }

    /// Reads a file that looks changed.
    pub(super) async fn refresh(&self) {
        if let Some(file) = &self.file
            && file.has_changed().await
        {
            self.reload(file).await;
        }
    }

    /// Counts the certificates, from 0.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// A signed assertion for `context`'s endpoint.
    fn assertion(&self, context: &AssertionContext) -> Result<Secret, Error> {
        if context.renew {
            self.signer.renew(context.skew.map(ClockSkew::millis));
        }
        let certificate = lock(&self.current).clone();
        self.signer.assertion(
            &certificate,
            algorithm_for(&context.tenant),
            &context.token_endpoint,
        )
    }

    /// Whether a refusal is one that comes while a certificate is replaced, and there is another one by now than that of generation `used`. Another
    /// request may have found it: several are under way, and all of them were refused.
    pub(super) async fn is_replaced_after(&self, error: &Error, used: u64) -> bool {
        let is_rotation = error.aadsts().is_some_and(|code| ROTATION.contains(&code));
        if let Some(file) = &self.file
            && is_rotation
        {
            self.reload(file).await;
        }
        is_rotation && self.generation() != used
    }

    /// Reads the file. The old certificate stays in use while the new file isn't whole.
    async fn reload(&self, file: &Arc<CertificateFile>) {
        let read = file.files.read(&file.path, read_options()).await;
        match file.take_aside(read).await {
            Ok(certificate) => {
                let mut current = lock(&self.current);
                let is_new = current.thumbprint_sha256() != certificate.thumbprint_sha256();
                if !is_new && !current.chain().eq(certificate.chain()) {
                    // Assertions that carry the certificates carry the old ones.
                    self.signer.renew(None);
                }
                *current = certificate;
                if is_new {
                    self.generation.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(error) => {
                tracing::warn!(target: trace::TARGET, %error, "the changed certificate can't be used; the one before stays in use");
            }
        }
    }
}

impl CertificateFile {
    /// Whether the file looks other than when it was last read. One that is missing for a moment has not changed.
    async fn has_changed(&self) -> bool {
        match self.files.metadata(&self.path, false).await {
            Ok(metadata) => lock(&self.seen).as_ref() != Some(&metadata),
            Err(_) => false,
        }
    }

    /// As [`CertificateFile::take`], away from the async threads: a key that a password protects may take a second to derive.
    async fn take_aside(
        self: &Arc<Self>,
        read: io::Result<FileContents>,
    ) -> Result<ClientCertificate, Error> {
        let (sender, taken) = oneshot::channel();
        let file = Arc::clone(self);
        // Nobody may be waiting any more.
        let work = Box::new(move || drop(sender.send(file.take(read))));
        let ran = self.files.run_blocking(work).await;
        match taken.await {
            Ok(taken) => taken,
            Err(_) => {
                let error = Error::new(ErrorKind::Internal, "the certificate could not be read aside");
                Err(match ran {
                    Ok(()) => error,
                    Err(cause) => error.with_source(cause),
                })
            }
        }
    }

    /// Makes a certificate of what was read.
    fn take(&self, read: io::Result<FileContents>) -> Result<ClientCertificate, Error> {
        let source = file_source(&self.path);
        let (bytes, metadata) = read.map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::NotFound => "it does not exist",
                io::ErrorKind::PermissionDenied => "this user may not read it",
                io::ErrorKind::FileTooLarge => "it is larger than 1 MiB",
                _ => "it can't be read",
            };
            Error::new(ErrorKind::InvalidConfiguration, format!("{source}: {what}"))
                .with_hint("give the path of a PEM or PKCS#12 file with the certificate and its private key")
                .with_source(error)
        })?;
        let taken = ClientCertificate::named(&bytes, self.password.as_ref(), source);
        // Not before: who finds the file unchanged takes the certificate that is in use.
        *lock(&self.seen) = Some(metadata);
        taken
    }
}

fn read_options() -> ReadOptions {
    ReadOptions::new().max_bytes(MAX_BYTES as u64)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for CertificateProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateProof")
            .field("certificate", &*lock(&self.current))
            .field("path", &self.file.as_ref().map(|file| &file.path))
            .finish_non_exhaustive()
    }
}

/// A certificate as a source of assertions, beside its other uses.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<CertificateProof>);

impl ClientAssertion for Shared {
    fn assertion<'a>(&'a self, context: &'a AssertionContext) -> BoxFuture<'a, Result<Secret, Error>> {
        Box::pin(ready(self.0.assertion(context)))
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }
}
