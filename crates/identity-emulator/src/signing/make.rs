//! Where the signing key comes from: memory, or a file that is made when it is missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::{error, fmt};

use ring::rand::{SecureRandom as _, SystemRandom};
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::error::StartError;

/// A key file larger than this is not one.
const FILE_LIMIT: u64 = 64 * 1024;
const BITS: usize = 2048;

/// Where the signing key is kept.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Nowhere: a new key each time, which costs some hundred milliseconds.
    Memory,
    /// A PKCS#8 PEM file, made when it is missing.
    File(PathBuf),
}

impl Source {
    /// The key as PKCS#8 DER.
    pub(crate) fn pkcs8(&self) -> Result<Vec<u8>, StartError> {
        match self {
            Self::Memory => {
                let made = generate()?.to_pkcs8_der();
                Ok(made.map_err(|error| encoding(&error))?.as_bytes().to_vec())
            }
            Self::File(path) => self.read_or_make(path),
        }
    }

    fn read_or_make(&self, path: &Path) -> Result<Vec<u8>, StartError> {
        let io = |error| StartError::caused(format!("{self} could not be used"), error);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        // Several test processes may start at once; one makes the key and the others read it.
        let guard = options()
            .create(true)
            .append(true)
            .open(beside(path, "lock"))
            .map_err(io)?;
        guard.lock().map_err(io)?;
        if !path.try_exists().map_err(io)? {
            let pem = generate()?
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|error| encoding(&error))?;
            let unfinished = beside(path, "new");
            let mut file = options()
                .create(true)
                .truncate(true)
                .write(true)
                .open(&unfinished)
                .map_err(io)?;
            file.write_all(pem.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(io)?;
            fs::rename(&unfinished, path).map_err(io)?;
        }
        let mut text = Vec::new();
        open(path)
            .and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut text))
            .map_err(io)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(&text)
            .map_err(|error| StartError::config(format!("{self} is not a PKCS#8 PEM file: {error:?}")))?;
        Ok(key.secret_pkcs8_der().to_vec())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("the signing key in memory"),
            Self::File(path) => write!(f, "the signing key file {}", path.display()),
        }
    }
}

fn generate() -> Result<PrivateKey, StartError> {
    PrivateKey::new(&mut RingRandom(SystemRandom::new()), BITS)
        .map_err(|error| StartError::config(format!("the signing key could not be made: {error}")))
}

fn encoding(error: &dyn fmt::Display) -> StartError {
    StartError::config(format!("the signing key could not be encoded: {error}"))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Files that only the owner may read, where the system knows such a thing.
fn options() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn open(path: &Path) -> io::Result<File> {
    options().read(true).open(path)
}

/// ring's random numbers for the `rsa` crate.
struct RingRandom(SystemRandom);

#[derive(Debug)]
struct NoRandom;

impl fmt::Display for NoRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random numbers")
    }
}

impl error::Error for NoRandom {}

impl TryRng for RingRandom {
    type Error = NoRandom;

    fn try_next_u32(&mut self) -> Result<u32, NoRandom> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandom> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), NoRandom> {
        self.0.fill(into).map_err(|_| NoRandom)
    }
}

impl TryCryptoRng for RingRandom {}
