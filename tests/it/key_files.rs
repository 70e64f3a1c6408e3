//! The files that the fuzz targets begin with, read once each: every kind that is accepted is among them, and loads; the malformed ones are refused.

#[expect(clippy::disallowed_methods, reason = "starts openssl and reads what it made")]
#[path = "../fuzz/seeds.rs"]
mod seeds;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entra_identity::{CertificateCredential, ClientCertificate, ClientOptions, Error, ErrorKind, Secret};
use identity_testkit::{ScriptedHttp, TestEnv, leak_guard};

use self::seeds::{PASSWORD, Seed};
use crate::support::{CLIENT, TENANT};

fn load(bytes: &[u8], password: Option<&str>) -> Result<ClientCertificate, Error> {
    ClientCertificate::from_bytes(bytes, password.map(Secret::new).as_ref())
}

/// The error of a credential with the certificate in this file.
fn load_path(path: &Path, password: Option<&str>) -> Error {
    let options = ClientOptions::new()
        .with_transport(Arc::new(ScriptedHttp::new()))
        .with_env(Arc::new(TestEnv::new()));
    let mut builder = CertificateCredential::from_path(TENANT, CLIENT, path).with_options(&options);
    if let Some(password) = password {
        builder = builder.with_password(password);
    }
    builder.build().unwrap_err()
}

/// What tells one kind of file from another, as the reader sees it: the format, the label or algorithm, and how it is encrypted.
fn kind(seed: &Seed) -> &'static str {
    let has = |part: &[u8]| seed.bytes.windows(part.len()).any(|window| window == part);
    // Object identifiers, as they stand in the files.
    let (aes128, aes192, aes256) = (
        has(b"\x60\x86\x48\x01\x65\x03\x04\x01\x02"),
        has(b"\x60\x86\x48\x01\x65\x03\x04\x01\x16"),
        has(b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a"),
    );
    let binary = match (aes128, aes192, aes256) {
        (true, ..) => "aes-128",
        (_, true, _) => "aes-192",
        (_, _, true) => "aes-256",
        _ if has(b"\x2a\x86\x48\x86\xf7\x0d\x03\x07") => "3des",
        _ if has(b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06") => "pbe-rc2-40",
        _ if has(b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03") => "pbe-3des",
        _ => "plain",
    };
    match () {
        () if seed.bytes.first() == Some(&0x30) => binary,
        () if !has(b"-----BEGIN") => "bare base64",
        () if has(b"ENCRYPTED PRIVATE KEY") => "encrypted pkcs8",
        () if has(b"DEK-Info: AES-128-CBC") => "traditional aes-128",
        () if has(b"DEK-Info: AES-192-CBC") => "traditional aes-192",
        () if has(b"DEK-Info: AES-256-CBC") => "traditional aes-256",
        () if has(b"DEK-Info: DES-EDE3-CBC") => "traditional 3des",
        () if has(b"RSA PRIVATE KEY") => "pkcs1",
        () => "pkcs8",
    }
}

#[test]
fn every_kind_of_key_file_is_among_the_seeds_and_loads() {
    leak_guard::run_sync(|guard| {
        let folder = tempfile::tempdir().unwrap();
        let seeds = seeds::make(folder.path()).unwrap();
        for seed in seeds.iter().filter(|seed| kind(seed) == "pkcs8") {
            let text = String::from_utf8_lossy(&seed.bytes);
            if let Some((_, rest)) = text.split_once("BEGIN PRIVATE KEY-----") {
                guard.know("private key", rest.split("-----END").next().unwrap());
            }
        }
        let mut loaded: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for seed in &seeds {
            let name = seed.name;
            let password = seed.protected.then_some(PASSWORD);
            let certificate = load(&seed.bytes, password).unwrap_or_else(|error| panic!("{name}: {error}"));
            guard.check(&certificate);
            assert_eq!(
                (certificate.key_bits(), certificate.chain().len()),
                (2048, seed.chain),
                "{name}"
            );
            // It is the right one that opens those that are protected.
            for wrong in [None, Some("another")] {
                let outcome = load(&seed.bytes, wrong);
                guard.check_result(&outcome);
                assert!(!seed.protected || outcome.is_err(), "{name}");
            }
            loaded.entry(seed.target).or_default().insert(kind(seed));
        }
        let pem = [
            "encrypted pkcs8",
            "pkcs1",
            "pkcs8",
            "traditional 3des",
            "traditional aes-128",
            "traditional aes-192",
            "traditional aes-256",
        ];
        let pkcs12 = [
            "3des",
            "aes-256",
            "bare base64",
            "pbe-3des",
            "pbe-rc2-40",
            "plain",
        ];
        assert_eq!(
            loaded,
            BTreeMap::from([("pem", BTreeSet::from(pem)), ("pkcs12", BTreeSet::from(pkcs12))])
        );
    });
}

#[test]
fn every_scheme_of_encrypted_pkcs8_is_among_the_seeds() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let seeds = seeds::make(folder.path()).unwrap();
    let keys: Vec<Vec<u8>> = seeds
        .iter()
        .filter(|seed| kind(seed) == "encrypted pkcs8")
        .map(|seed| {
            let text = std::str::from_utf8(&seed.bytes).unwrap();
            let (_, rest) = text.split_once("PRIVATE KEY-----").unwrap();
            let (body, _) = rest.split_once("-----END").unwrap();
            let body: String = body.split_whitespace().collect();
            base64::prelude::BASE64_STANDARD.decode(body).unwrap()
        })
        .collect();
    for (scheme, oid) in [
        ("AES-128-CBC", &b"\x60\x86\x48\x01\x65\x03\x04\x01\x02"[..]),
        ("AES-192-CBC", b"\x60\x86\x48\x01\x65\x03\x04\x01\x16"),
        ("AES-256-CBC", b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a"),
        ("DES-EDE3-CBC", b"\x2a\x86\x48\x86\xf7\x0d\x03\x07"),
        ("PBKDF2", b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"),
        ("scrypt", b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"),
        ("HMAC-SHA-512", b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b"),
        ("PBE-SHA1-3DES", b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03"),
    ] {
        let found = keys
            .iter()
            .any(|key| key.windows(oid.len()).any(|window| window == oid));
        assert!(found, "{scheme}");
    }
}

#[test]
fn malformed_files_are_refused_with_a_text_that_says_what_to_do() {
    let mut texts = BTreeSet::new();
    let mut files = 0;
    for target in ["pem", "pkcs12"] {
        for path in malformed(target) {
            let bytes = read(&path);
            let error = load(&bytes, Some(PASSWORD)).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::InvalidConfiguration,
                "{}",
                path.display()
            );
            assert!(error.hint().is_some(), "{}: {error}", path.display());
            // By path it says the same, and names the file.
            let by_path = load_path(&path, Some(PASSWORD)).to_string();
            let (_, unnamed) = error
                .message()
                .split_once("the certificate data: ")
                .unwrap_or_else(|| panic!("{error}"));
            let named = format!("the certificate file \"{}\": {unnamed}", path.display());
            assert!(by_path.contains(&named), "{by_path}");
            assert!(by_path.ends_with(error.hint().unwrap()), "{by_path}");
            texts.insert(error.to_string());
            files += 1;
        }
    }
    assert_eq!(files, 22);
    assert!(texts.len() >= 10, "{texts:#?}");
}

fn malformed(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[expect(clippy::disallowed_methods, reason = "files of the tests")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
