//! Roots from files, and how often they are read.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use identity_base::BoxFuture;
use identity_base::seam::{FileKind, FileMetadata, ReadOptions, WriteOptions};
use identity_testkit::{TestClock, block_on};
use zeroize::Zeroizing;

use super::*;

/// Files in memory; counts the reads.
#[derive(Debug, Default)]
struct Files {
    files: HashMap<PathBuf, Vec<u8>>,
    reads: Mutex<Vec<PathBuf>>,
}

impl Files {
    fn with(files: &[(&str, &str)]) -> Arc<Self> {
        let files = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        Arc::new(Self {
            files: files.collect(),
            reads: Mutex::default(),
        })
    }

    fn reads(&self) -> Vec<String> {
        self.reads
            .lock()
            .unwrap()
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }
}

impl FileSystem for Files {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        options: ReadOptions,
    ) -> BoxFuture<'a, io::Result<(Zeroizing<Vec<u8>>, FileMetadata)>> {
        Box::pin(async move { self.read_blocking(path, options) })
    }
    fn read_blocking(&self, path: &Path, _: ReadOptions) -> io::Result<(Zeroizing<Vec<u8>>, FileMetadata)> {
        self.reads.lock().unwrap().push(path.to_owned());
        let bytes = self.files.get(path).cloned().ok_or(io::ErrorKind::NotFound)?;
        let metadata = FileMetadata::new(FileKind::File, bytes.len() as u64);
        Ok((Zeroizing::new(bytes), metadata))
    }
    fn metadata<'a>(&'a self, _: &'a Path, _: bool) -> BoxFuture<'a, io::Result<FileMetadata>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn write<'a>(&'a self, _: &'a Path, _: &'a [u8], _: WriteOptions) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn list<'a>(&'a self, directory: &'a Path) -> BoxFuture<'a, io::Result<Vec<PathBuf>>> {
        let inside = self.files.keys().filter(|path| path.parent() == Some(directory));
        let inside: Vec<_> = inside.cloned().collect();
        Box::pin(async move {
            if inside.is_empty() {
                Err(io::ErrorKind::NotFound.into())
            } else {
                Ok(inside)
            }
        })
    }
    fn remove<'a>(&'a self, _: &'a Path) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}

fn root(name: &str) -> String {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
        .self_signed(&rcgen::KeyPair::generate().unwrap())
        .unwrap()
        .pem()
}

fn tls(env: &[(&str, &str)], files: Option<&Arc<Files>>) -> Tls {
    let env: HashMap<String, String> = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Tls::new(Settings {
        env: Arc::new(env),
        files: files.map(|files| Arc::clone(files) as _),
        clock: Arc::new(TestClock::new()),
        extra_roots: Vec::new(),
        bundled_roots: false,
    })
}

fn public(tls: &Tls) -> Result<Arc<ClientConfig>, HttpError> {
    block_on(tls.config(&ServerIdentity::PublicRoots))
}

fn roots_of(env: &[(&str, &str)], files: &Arc<Files>) -> Result<usize, String> {
    let tls = tls(env, Some(files));
    let settings = &tls.settings;
    match block_on(roots::source(&*settings.env, settings.files.as_deref())) {
        Ok(Source::Files(roots)) => Ok(roots.len()),
        Ok(Source::Platform) => Ok(0),
        Err(problem) => Err(problem.0.into_owned()),
    }
}

#[test]
fn a_named_file_is_read_once_for_all_connections() {
    let files = Files::with(&[("/ca.pem", &root("a"))]);
    let tls = tls(&[("SSL_CERT_FILE", "/ca.pem")], Some(&files));
    assert!(files.reads().is_empty());
    let first = public(&tls).unwrap();
    let second = public(&tls).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(files.reads(), ["/ca.pem"]);
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_and_is_tried_again() {
    for (content, expected) in [
        ("hello", "no certificate"),
        ("", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\n", "PEM"),
    ] {
        let files = Files::with(&[("/ca.pem", content)]);
        let tls = tls(&[("SSL_CERT_FILE", "/ca.pem")], Some(&files));
        for attempt in 1..=2 {
            let error = public(&tls).unwrap_err();
            assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Tls, false));
            assert!(
                error.message.contains("SSL_CERT_FILE") && error.message.contains(expected),
                "{error}"
            );
            assert_eq!(files.reads().len(), attempt);
        }
    }
    let missing = tls(&[("SSL_CERT_FILE", "/none.pem")], Some(&Files::with(&[])));
    assert!(public(&missing).unwrap_err().message.contains("SSL_CERT_FILE"));
    let no_files = tls(&[("SSL_CERT_FILE", "/ca.pem")], None);
    assert!(public(&no_files).unwrap_err().message.contains("file system"));
}

#[test]
fn a_directory_adds_to_the_file() {
    let (a, b, c) = (root("a"), root("b"), root("c"));
    let files = Files::with(&[
        ("/ca.pem", &a),
        ("/certs/b.pem", &b),
        ("/certs/again.pem", &a),
        ("/certs/notes.txt", "not a certificate"),
        ("/hashed/0a1b2c3d.0", &c),
        ("/hashed/c.pem", &b),
        ("/hashed/0a1b2c3d.r0", "a revocation list"),
    ]);
    let separator = if cfg!(windows) { ";" } else { ":" };
    let both = format!("/certs{separator}/hashed");
    assert_eq!(
        roots_of(
            &[("SSL_CERT_FILE", "/ca.pem"), ("SSL_CERT_DIR", "/certs")],
            &files
        ),
        Ok(2)
    );
    assert_eq!(roots_of(&[("SSL_CERT_DIR", &both)], &files), Ok(3));
    assert_eq!(roots_of(&[("SSL_CERT_DIR", "/hashed")], &files), Ok(1));
    assert_eq!(
        roots_of(&[("SSL_CERT_FILE", "/ca.pem"), ("SSL_CERT_DIR", "/none")], &files),
        Ok(1)
    );
    assert!(
        roots_of(&[("SSL_CERT_DIR", "/none")], &files)
            .unwrap_err()
            .contains("SSL_CERT_DIR")
    );
    assert_eq!(
        roots_of(&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")], &files),
        Ok(0)
    );
}

#[test]
fn loading_does_not_depend_on_the_runtime_that_asked_first() {
    let files = Files::with(&[("/ca.pem", &root("a"))]);
    let tls = tls(&[("SSL_CERT_FILE", "/ca.pem")], Some(&files));
    let stalled = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut asked = Box::pin(tls.config(&ServerIdentity::PublicRoots));
    let _guard = stalled.enter();
    let _pending = asked
        .as_mut()
        .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    // The first one is never polled again.
    std::thread::scope(|scope| scope.spawn(|| public(&tls).unwrap()).join().unwrap());
}

#[test]
fn services_with_their_own_roots_have_their_own_configuration() {
    let tls = tls(&[], None);
    let roots = |name: &str| ServerIdentity::Roots {
        pem: root(name).into_bytes().into(),
        server_name: None,
    };
    let first = roots("a");
    let config = |identity: &ServerIdentity| block_on(tls.config(identity)).unwrap();
    let one = config(&first);
    assert!(Arc::ptr_eq(&one, &config(&first)));
    assert!(!Arc::ptr_eq(&one, &config(&roots("b"))));
    assert!(!Arc::ptr_eq(
        &config(&ServerIdentity::Thumbprint([1; 20])),
        &config(&ServerIdentity::Thumbprint([2; 20]))
    ));
    for name in 0..2 * MAX_SPECIAL {
        config(&roots(&name.to_string()));
    }
    assert_eq!(tls.special.lock().unwrap().len(), MAX_SPECIAL);
    let bad = ServerIdentity::Roots {
        pem: b"nothing".as_slice().into(),
        server_name: None,
    };
    assert_eq!(block_on(tls.config(&bad)).unwrap_err().kind, HttpErrorKind::Tls);
}

#[test]
fn no_early_data_no_key_log_and_only_the_offered_protocols() {
    let config = block_on(tls(&[], None).config(&ServerIdentity::Thumbprint([1; 20]))).unwrap();
    assert!(!config.enable_early_data);
    assert!(!config.key_log.will_log("CLIENT_RANDOM"));
    let offered: Vec<&[u8]> = config.alpn_protocols.iter().map(Vec::as_slice).collect();
    if cfg!(feature = "http2") {
        assert_eq!(offered, [b"h2".as_slice(), b"http/1.1"]);
    } else {
        assert_eq!(offered, [b"http/1.1"]);
    }
}
