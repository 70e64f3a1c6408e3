//! Whom to trust, and where that is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use identity_base::Foreign;
use identity_base::seam::{Env, FileSystem, ReadOptions};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

use super::verify::Explained;
use super::{Problem, Settings, provider};

const FILE: &str = "SSL_CERT_FILE";
const DIRECTORY: &str = "SSL_CERT_DIR";

/// The most bytes of a file with roots. Bundles of all public roots have about 250 KiB.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The most files of a directory that are read.
const MAX_FILES: usize = 2048;

/// Where the public roots come from.
pub(super) enum Source {
    /// The operating system, or the roots compiled in.
    Platform,
    /// The files that the environment names.
    Files(Vec<CertificateDer<'static>>),
}

/// Whether the environment names files with roots.
pub(super) fn in_files(env: &dyn Env) -> bool {
    [FILE, DIRECTORY]
        .iter()
        .any(|name| env.raw(name).is_some_and(|value| !value.is_empty()))
}

/// Reads the files that the environment names, if any.
pub(super) async fn source(env: &dyn Env, files: Option<&dyn FileSystem>) -> Result<Source, Problem> {
    if !in_files(env) {
        return Ok(Source::Platform);
    }
    let Some(files) = files else {
        return Err(Problem(
            format!("{FILE} or {DIRECTORY} is set, but this transport was built without a file system")
                .into(),
        ));
    };
    let set = |name| env.raw(name).filter(|value| !value.is_empty());
    let mut roots = Vec::new();
    if let Some(path) = set(FILE) {
        // A file that was named has to be right: silently trusting others instead would be the worse surprise.
        roots = read(files, Path::new(&path))
            .await
            .map_err(|error| Problem(format!("the file of {FILE} can't be used: {error}").into()))?;
    }
    if let Some(directories) = set(DIRECTORY) {
        for directory in std::env::split_paths(&directories) {
            for file in certificate_files(files.list(&directory).await.unwrap_or_default()) {
                // A directory may hold other things too.
                roots.extend(read(files, &file).await.unwrap_or_default());
            }
        }
    }
    // The same root is often there under two names.
    roots.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    roots.dedup();
    if roots.is_empty() {
        return Err(Problem(
            format!("the directory of {DIRECTORY} holds no certificate").into(),
        ));
    }
    Ok(Source::Files(roots))
}

/// The files to read: those named by a hash, as OpenSSL does, or all if there are none.
fn certificate_files(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_hashed = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.split_once('.').is_some_and(|(hash, number)| {
            hash.len() == 8
                && hash.bytes().all(|b| b.is_ascii_hexdigit())
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if files.iter().any(is_hashed) {
        files.retain(is_hashed);
    }
    files.sort_unstable();
    files.truncate(MAX_FILES);
    files
}

async fn read(files: &dyn FileSystem, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let (bytes, _) = files
        .read(path, ReadOptions::new().max_bytes(MAX_FILE))
        .await
        .map_err(|error| Foreign::new(&error.to_string(), 200).to_string())?;
    parse_pem(&bytes).map_err(|problem| problem.0.into_owned())
}

/// The certificates of a PEM text.
///
/// # Errors
/// If it holds none, or isn't PEM.
pub(crate) fn parse_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Problem("it holds no certificate in PEM".into())),
        Err(_) => Err(Problem("it is not valid PEM".into())),
    }
}

/// The verifier for public roots. Slow: the platform's roots are read and parsed.
pub(super) fn verifier(source: &Source, settings: &Settings) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let extra = &settings.extra_roots;
    let verifier = match source {
        Source::Files(roots) => over(store(roots.iter().chain(extra)))?,
        Source::Platform if settings.bundled_roots => bundled(extra)?,
        Source::Platform => match Verifier::new_with_extra_roots(extra.iter().cloned(), provider()) {
            Ok(verifier) => Arc::new(verifier),
            Err(_) => bundled(extra)?,
        },
    };
    Ok(Arc::new(Explained(verifier)))
}

/// The verifier for exactly the roots of `pem`.
pub(super) fn exclusive(pem: &[u8]) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let roots = parse_pem(pem).map_err(|problem| {
        Problem(format!("the roots of this server can't be used: {}", problem.0).into())
    })?;
    Ok(Arc::new(Explained(over(store(roots.iter()))?)))
}

fn store<'a>(roots: impl Iterator<Item = &'a CertificateDer<'static>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    // Bundles hold now and then a root that can't be parsed; the others are fine.
    store.add_parsable_certificates(roots.cloned());
    store
}

fn over(store: RootCertStore) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
    match verifier {
        Ok(verifier) => Ok(verifier),
        Err(_) => Err(Problem("none of the given roots can be used".into())),
    }
}

/// The roots compiled in.
#[cfg(feature = "webpki-roots")]
fn bundled(extra: &[CertificateDer<'static>]) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let mut store = store(extra.iter());
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    over(store)
}

#[cfg(not(feature = "webpki-roots"))]
fn bundled(_: &[CertificateDer<'static>]) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    Err(Problem(
        format!(
            "this system has no root certificates; install them (often the package ca-certificates), set {FILE}, or build with the \
             feature `webpki-roots`"
        )
        .into(),
    ))
}
