//! Files that can't be used: each has its own text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use identity_base::{Error, ErrorKind, Secret};
use identity_confidential::{CertificateCredential, ClientCertificate, ClientOptions};
use identity_testkit::{ScriptedHttp, TestEnv};

use crate::openssl::{self, Lab, PASSWORD};
use crate::world::{CLIENT, TENANT};

/// What is wrong, the bytes, the password, and the part of the file that the text has to name: `it` is the file as a whole.
type Row = (&'static str, Vec<u8>, Option<&'static str>, &'static str);

fn load(bytes: &[u8], password: Option<&str>) -> Result<ClientCertificate, Error> {
    let password = password.map(Secret::new);
    ClientCertificate::from_bytes(bytes, password.as_ref())
}

/// Broken files that are read the same way with and without the features.
fn plain(lab: &Lab) -> Vec<Row> {
    let pair = lab.join(&["key.pem", "cert.pem"]);
    let text = String::from_utf8(pair).unwrap();
    let cut = text.as_bytes()[..text.len() - 40].to_vec();
    // An integer's tag in the middle of the key becomes another one.
    let mut damaged = lab.run_words(&["x509", "-in", "cert.pem", "-outform", "DER"]);
    damaged[4] = 0x31;
    lab.write("damaged.der", &damaged);
    let damaged = lab.run_words(&["base64", "-in", "damaged.der"]);
    let armoured = [
        &lab.read("key.pem"),
        &b"-----BEGIN CERTIFICATE-----\n"[..],
        &damaged,
        b"-----END CERTIFICATE-----\n",
    ]
    .concat();
    lab.run("genrsa -out k1024.pem 1024");
    lab.run("req -x509 -new -key k1024.pem -subj /CN=Small -days 1 -out c1024.pem");
    let utf16: Vec<u8> = [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        ("empty", b" \r\n".to_vec(), None, "it is"),
        ("utf-16", utf16, None, "it is"),
        ("another format", b"{\"key\": 1}".to_vec(), None, "it is"),
        ("cut off", cut, None, "the CERTIFICATE block"),
        ("damaged certificate", armoured, None, "the certificate at line"),
        (
            "damaged binary",
            damaged_binary(lab),
            None,
            "the binary structure",
        ),
        ("no key", lab.read("cert.pem"), None, "no private key"),
        ("no certificate", lab.read("key.pem"), None, "no certificate"),
        (
            "another key",
            lab.join(&["other-key.pem", "cert.pem", "inter.pem"]),
            None,
            "the private key",
        ),
        (
            "not RSA",
            lab.join(&["ec-key.pem", "ec-cert.pem"]),
            None,
            "the private key",
        ),
        (
            "RSA key, other certificate",
            lab.join(&["key.pem", "ec-cert.pem"]),
            None,
            "the certificate's public key",
        ),
        (
            "too small",
            lab.join(&["k1024.pem", "c1024.pem"]),
            None,
            "the RSA key",
        ),
        (
            "too large",
            [large_key(lab), lab.read("cert.pem")].concat(),
            None,
            "the RSA key",
        ),
        (
            "inconsistent key",
            [inconsistent_key(lab), lab.read("cert.pem")].concat(),
            None,
            "the RSA private key",
        ),
        (
            "OpenSSH key",
            [
                &b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"[..],
                &lab.read("cert.pem"),
            ]
            .concat(),
            None,
            "the private key",
        ),
    ]
}

/// A binary file that is no known structure.
fn damaged_binary(lab: &Lab) -> Vec<u8> {
    let mut bytes = openssl::der(lab, "cert.pem");
    bytes.truncate(200);
    bytes
}

/// A PKCS#1 key block whose modulus has 5120 bits and nothing else in it.
fn large_key(lab: &Lab) -> Vec<u8> {
    let mut body = vec![0x02, 0x01, 0x00, 0x02, 0x82, 0x02, 0x81, 0x00];
    body.extend([0xFF; 640]);
    let mut der = vec![0x30, 0x82];
    der.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    der.extend(body);
    armour(lab, "large", &der)
}

/// The PKCS#1 key of `key.pem` with a bit of its first prime changed.
fn inconsistent_key(lab: &Lab) -> Vec<u8> {
    let mut der = lab.run_words(&["rsa", "-traditional", "-in", "key.pem", "-outform", "DER"]);
    // Version, modulus, exponent and private exponent take some 540 bytes; the primes follow.
    der[600] ^= 1;
    armour(lab, "inconsistent", &der)
}

fn armour(lab: &Lab, name: &str, der: &[u8]) -> Vec<u8> {
    lab.write(&format!("{name}.der"), der);
    let body = lab.run_words(&["base64", "-in", &format!("{name}.der")]);
    [
        &b"-----BEGIN RSA PRIVATE KEY-----\n"[..],
        &body,
        b"-----END RSA PRIVATE KEY-----\n",
    ]
    .concat()
}

/// Broken files that only the features can look into.
fn protected(lab: &Lab) -> Vec<Row> {
    let key = |name: &str, arguments: &str| {
        let mut bytes = lab.made(name, arguments);
        bytes.extend(lab.read("cert.pem"));
        bytes
    };
    let pkcs8 = key(
        "b8.key",
        "pkcs8 -topk8 -in key.pem -passout file:password -v2 aes-256-cbc",
    );
    let traditional = key(
        "b1.key",
        "rsa -traditional -in key.pem -passout file:password -aes256",
    );
    let pfx = lab.made(
        "b.pfx",
        "pkcs12 -export -inkey key.pem -in cert.pem -passout file:password",
    );
    vec![
        (
            "wrong password, PKCS#8",
            pkcs8.clone(),
            Some("wrong"),
            "the private key at line",
        ),
        (
            "wrong password, traditional",
            traditional.clone(),
            Some("wrong"),
            "the private key at line",
        ),
        (
            "wrong password, PKCS#12",
            pfx.clone(),
            Some("wrong"),
            "the PKCS#12 file",
        ),
        ("no password, PKCS#8", pkcs8, None, "the private key at line"),
        (
            "no password, traditional",
            traditional,
            None,
            "the private key at line",
        ),
        ("no password, PKCS#12", pfx.clone(), None, "the PKCS#12 file"),
        (
            "empty password, PKCS#12",
            pfx.clone(),
            Some(""),
            "the PKCS#12 file",
        ),
        (
            "password beyond the format, PKCS#12",
            pfx,
            Some("pass\u{1F511}word"),
            "the PKCS#12 file",
        ),
        (
            "unsupported encryption, PKCS#8",
            key(
                "bdes.key",
                "pkcs8 -topk8 -in key.pem -passout file:password -v1 PBE-MD5-DES -provider legacy -provider default",
            ),
            Some(PASSWORD),
            "the private key at line",
        ),
        (
            "unsupported encryption, traditional",
            key(
                "bcam.key",
                "rsa -traditional -in key.pem -passout file:password -camellia256",
            ),
            Some(PASSWORD),
            "the private key at line",
        ),
        (
            "unsupported encryption, PKCS#12",
            lab.made(
                "bcam.pfx",
                "pkcs12 -export -inkey key.pem -in cert.pem -passout file:password -keypbe camellia-256-cbc",
            ),
            Some(PASSWORD),
            "the PKCS#12 file",
        ),
        (
            "too costly",
            key(
                "biter.key",
                "pkcs8 -topk8 -in key.pem -passout file:password -v2 aes-256-cbc -iter 1000001",
            ),
            Some(PASSWORD),
            "the private key at line",
        ),
        (
            "PKCS#12 without key",
            lab.made(
                "nokey.pfx",
                "pkcs12 -export -nokeys -in cert.pem -passout file:password",
            ),
            Some(PASSWORD),
            "the PKCS#12 file",
        ),
        (
            "PKCS#12 with an elliptic-curve key",
            lab.made(
                "ec.pfx",
                "pkcs12 -export -inkey ec-key.pem -in ec-cert.pem -passout file:password",
            ),
            Some(PASSWORD),
            "the private key",
        ),
    ]
}

/// The name of the file that a row is put into.
fn file_name(row: &str, bytes: &[u8]) -> String {
    let words: Vec<String> = row
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let ending = if bytes.first() == Some(&0x30) {
        "pfx"
    } else {
        "pem"
    };
    format!("broken-{}.{ending}", words.join("-"))
}

/// The error of a credential with the certificate in this file.
fn from_file(lab: &Lab, file: &str, password: Option<&'static str>) -> Error {
    let options = ClientOptions::default()
        .with_env(Arc::new(TestEnv::new()))
        .with_transport(Arc::new(ScriptedHttp::new()));
    let mut builder = CertificateCredential::from_path(TENANT, CLIENT, lab.path(file)).with_options(&options);
    if let Some(password) = password {
        builder = builder.with_password(password);
    }
    builder.build().map(|_| ()).expect_err(file)
}

/// The errors for files with these contents, a line each: every one names the file, what of it is meant, and the remedy.
fn texts(lab: &Lab, rows: &[Row]) -> Vec<Shown> {
    rows.iter()
        .map(|(name, bytes, password, object)| {
            let file = file_name(name, bytes);
            lab.write(&file, bytes);
            let error = from_file(lab, &file, *password);
            assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{name}");
            assert!(!format!("{error} {error:?}").contains(PASSWORD), "{name}");
            let text = error
                .to_string()
                .replace(lab.path("").to_str().unwrap(), "<folder>/");
            let (cause, remedy) = text.split_once("; hint: ").expect(name);
            let (before, cause) = cause
                .split_once(&format!("\"<folder>/{file}\": "))
                .unwrap_or_else(|| panic!("{name} names no file: {text}"));
            assert!(before.ends_with("the certificate file "), "{name}: {text}");
            assert!(cause.contains(object), "{name} does not name {object}: {text}");
            assert!(
                Some(remedy) == error.hint() && remedy.len() > 20,
                "{name}: {text}"
            );
            // The same from memory, where there is no name.
            let unnamed = load(bytes, *password).map(|_| ()).expect_err(name);
            assert_eq!(
                unnamed.to_string(),
                format!("the certificate data: {cause}; hint: {remedy}")
            );
            Shown {
                without_name: text.replace(&file, "<file>"),
                line: format!("{name}\n    {text}"),
            }
        })
        .collect()
}

/// A row of the snapshot.
struct Shown {
    line: String,
    /// The text with the same name for every file.
    without_name: String,
}

#[test]
fn each_broken_file_has_its_own_text() {
    let lab = Lab::get();
    let mut shown = texts(lab, &plain(lab));
    let everything = cfg!(all(feature = "encrypted-pem", feature = "pkcs12"));
    if everything {
        shown.extend(texts(lab, &protected(lab)));
        let distinct: BTreeSet<&str> = shown.iter().map(|row| row.without_name.as_str()).collect();
        assert!(distinct.len() >= 24, "{} distinct texts", distinct.len());
        let lines: Vec<&str> = shown.iter().map(|row| row.line.as_str()).collect();
        snapbox::assert_data_eq!(lines.join("\n") + "\n", snapbox::file!["broken.txt"].raw());
    } else {
        let distinct: BTreeSet<&str> = shown.iter().map(|row| row.without_name.as_str()).collect();
        assert!(distinct.len() >= 12, "{} distinct texts", distinct.len());
        let known = include_str!("broken.txt");
        for row in shown {
            assert!(known.contains(&row.line), "{}", row.line);
        }
    }
}

#[test]
fn dates_are_checked_to_the_second() {
    let lab = Lab::get();
    let certificate = load(&lab.join(&["key.pem", "cert.pem"]), None).unwrap();
    let second = Duration::from_secs(1);
    assert!(certificate.check_validity(certificate.not_before()).is_ok());
    assert!(certificate.check_validity(certificate.not_after()).is_ok());
    let early = certificate
        .check_validity(certificate.not_before() - second)
        .unwrap_err();
    assert!(early.message().contains("is not valid before 20"), "{early}");
    let late = certificate
        .check_validity(certificate.not_after() + second)
        .unwrap_err();
    assert!(late.message().contains("the certificate expired on 20"), "{late}");
    for error in [early, late] {
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(error.hint().is_some());
    }
}

#[test]
fn no_prefix_and_no_flipped_bit_of_a_file_panics() {
    let lab = Lab::get();
    let mut files = vec![(lab.join(&["key.pem", "cert.pem"]), None)];
    files.push((
        lab.made(
            "f1.key",
            "rsa -traditional -in key.pem -passout file:password -aes256",
        ),
        Some(PASSWORD),
    ));
    files.push((
        lab.made(
            "f.pfx",
            "pkcs12 -export -inkey key.pem -in cert.pem -passout file:password -iter 1 -maciter",
        ),
        Some(PASSWORD),
    ));
    files.push((
        lab.run_words(&["x509", "-in", "cert.pem", "-outform", "DER"]),
        None,
    ));
    for (bytes, password) in files {
        for length in (0..bytes.len()).step_by(7) {
            drop(load(&bytes[..length], password));
        }
        let mut bytes = bytes;
        for position in (0..bytes.len()).step_by(11) {
            bytes[position] ^= 0x41;
            drop(load(&bytes, password));
            bytes[position] ^= 0x41;
        }
    }
    assert!(load(&[0xFF; 8], None).unwrap_err().message().contains("neither"));
    let times = SystemTime::UNIX_EPOCH;
    assert!(
        load(&lab.join(&["key.pem", "cert.pem"]), None)
            .unwrap()
            .not_before()
            > times
    );
}
