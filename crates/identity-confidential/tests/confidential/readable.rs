//! Files that have to load.

use identity_base::Secret;
use identity_confidential::{ClientCertificate, SignatureAlgorithm};

use crate::openssl::{self, Lab, PASSWORD};

/// One file: its name, its contents, its password, and the feature without which it can't be read.
struct Row {
    name: &'static str,
    bytes: Vec<u8>,
    password: Option<&'static str>,
    feature: Option<&'static str>,
}

fn enabled(feature: &str) -> bool {
    match feature {
        "encrypted-pem" => cfg!(feature = "encrypted-pem"),
        "pkcs12" => cfg!(feature = "pkcs12"),
        other => panic!("no feature {other}"),
    }
}

/// Every way to write the key of `key.pem`.
fn key_files(lab: &Lab) -> Vec<Row> {
    let pkcs8 = "pkcs8 -topk8 -in key.pem -passout file:password";
    let traditional = "rsa -traditional -in key.pem -passout file:password";
    [
        ("pkcs8", "pkey -in key.pem".to_owned(), false),
        ("pkcs1", "rsa -traditional -in key.pem".to_owned(), false),
        ("pkcs8-aes256", format!("{pkcs8} -v2 aes-256-cbc"), true),
        ("pkcs8-aes192", format!("{pkcs8} -v2 aes-192-cbc"), true),
        ("pkcs8-aes128", format!("{pkcs8} -v2 aes-128-cbc"), true),
        (
            "pkcs8-sha1",
            format!("{pkcs8} -v2 aes-256-cbc -v2prf hmacWithSHA1"),
            true,
        ),
        (
            "pkcs8-sha512",
            format!("{pkcs8} -v2 aes-256-cbc -v2prf hmacWithSHA512"),
            true,
        ),
        ("pkcs8-3des", format!("{pkcs8} -v2 des3"), true),
        ("pkcs8-scrypt", format!("{pkcs8} -scrypt"), true),
        ("pkcs8-pbe-sha1-3des", format!("{pkcs8} -v1 PBE-SHA1-3DES"), true),
        ("traditional-aes128", format!("{traditional} -aes128"), true),
        ("traditional-aes192", format!("{traditional} -aes192"), true),
        ("traditional-aes256", format!("{traditional} -aes256"), true),
        ("traditional-3des", format!("{traditional} -des3"), true),
    ]
    .into_iter()
    .map(|(name, arguments, encrypted)| {
        let mut bytes = lab.made(&format!("{name}.key"), &arguments);
        bytes.extend(lab.read("cert.pem"));
        Row {
            name,
            bytes,
            password: encrypted.then_some(PASSWORD),
            feature: encrypted.then_some("encrypted-pem"),
        }
    })
    .collect()
}

/// Every way to write both into one PKCS#12 file.
fn pkcs12_files(lab: &Lab) -> Vec<Row> {
    let export = "pkcs12 -export -inkey key.pem -in cert.pem -passout file:password";
    let open = "pkcs12 -export -inkey key.pem -in cert.pem -passout pass:";
    lab.write("chain.pem", &lab.join(&["root.pem", "inter.pem"]));
    [
        ("pfx", export.to_owned(), true),
        ("pfx-open", open.to_owned(), false),
        ("pfx-legacy", format!("{export} -legacy"), true),
        ("pfx-legacy-open", format!("{open} -legacy"), false),
        (
            "pfx-3des",
            format!("{export} -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"),
            true,
        ),
        (
            "pfx-pbes2-3des",
            format!("{export} -keypbe DES-EDE3-CBC -certpbe DES-EDE3-CBC"),
            true,
        ),
        ("pfx-plain-certificates", format!("{export} -certpbe NONE"), true),
        (
            "pfx-nothing-encrypted",
            format!("{export} -keypbe NONE -certpbe NONE"),
            true,
        ),
        ("pfx-nomac", format!("{export} -nomac"), true),
        (
            "pfx-named-with-chain",
            format!("{export} -name app -certfile chain.pem"),
            true,
        ),
    ]
    .into_iter()
    .map(|(name, arguments, protected)| Row {
        name,
        bytes: lab.made(&format!("{name}.pfx"), &arguments),
        password: protected.then_some(PASSWORD),
        feature: Some("pkcs12"),
    })
    .collect()
}

/// The same pair with other things around it.
fn arrangements(lab: &Lab) -> Vec<Row> {
    let plain = |name, bytes| Row {
        name,
        bytes,
        password: None,
        feature: None,
    };
    let pair = lab.join(&["key.pem", "cert.pem"]);
    let text = String::from_utf8(pair.clone()).unwrap();
    let with = |before: &[u8], bytes: &[u8]| [before, bytes].concat();
    let described = lab.run_words(&["x509", "-in", "cert.pem", "-text"]);
    vec![
        plain("certificate-first", lab.join(&["cert.pem", "key.pem"])),
        plain("windows-line-ends", text.replace('\n', "\r\n").into_bytes()),
        plain("one-line", text.replace('\n', " ").into_bytes()),
        plain("byte-order-mark", with(b"\xEF\xBB\xBF", &pair)),
        plain(
            "latin-1-junk",
            with(b"Bag Attributes\n friendlyName: caf\xE9 - -----\n", &pair),
        ),
        plain("text-form", with(&lab.read("key.pem"), &described)),
        plain(
            "unneeded-certificates",
            lab.join(&["ec-cert.pem", "other-cert.pem", "cert.pem", "key.pem"]),
        ),
        plain(
            "parameters-and-public-key",
            lab.join(&["pub.pem", "leaf.csr", "key.pem", "cert.pem"]),
        ),
        Row {
            password: Some("not needed"),
            ..plain("unneeded-password", pair)
        },
    ]
}

fn load(row: &Row) -> Result<ClientCertificate, identity_base::Error> {
    let password = row.password.map(Secret::new);
    ClientCertificate::from_bytes(&row.bytes, password.as_ref())
}

#[test]
fn all_kinds_of_files_load_and_sign() {
    let lab = Lab::get();
    let mut rows = key_files(lab);
    rows.extend(pkcs12_files(lab));
    rows.extend(arrangements(lab));
    rows.push(Row {
        name: "pfx-as-base64",
        bytes: lab.run_words(&["base64", "-in", "pfx-open.pfx"]),
        password: None,
        feature: Some("pkcs12"),
    });
    assert_eq!(rows.len(), 34);
    let leaf = openssl::der(lab, "cert.pem");
    for row in &rows {
        if let Some(feature) = row.feature.filter(|feature| !enabled(feature)) {
            let error = load(row).unwrap_err().to_string();
            assert!(
                error.contains(&format!("feature `{feature}`")),
                "{}: {error}",
                row.name
            );
            continue;
        }
        let certificate = load(row).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        assert_eq!(certificate.chain().next(), Some(&leaf[..]), "{}", row.name);
        assert_eq!(certificate.key_bits(), 2048, "{}", row.name);
        let message = format!("signed with {}", row.name);
        let signature = certificate
            .sign(SignatureAlgorithm::Ps256, message.as_bytes())
            .unwrap();
        assert!(
            openssl::verifies(lab, message.as_bytes(), &signature, true, row.name),
            "{}",
            row.name
        );
    }
}

#[test]
fn both_signatures_verify_and_a_changed_message_does_not() {
    let lab = Lab::get();
    let certificate = ClientCertificate::from_bytes(&lab.join(&["key.pem", "cert.pem"]), None).unwrap();
    for (algorithm, pss) in [
        (SignatureAlgorithm::Ps256, true),
        (SignatureAlgorithm::Rs256, false),
    ] {
        let signature = certificate.sign(algorithm, b"message").unwrap();
        let tag = algorithm.name();
        assert!(openssl::verifies(lab, b"message", &signature, pss, tag));
        assert!(!openssl::verifies(lab, b"massage", &signature, pss, tag));
        assert!(
            !openssl::verifies(lab, b"message", &signature, !pss, tag),
            "the other padding"
        );
    }
}

#[test]
fn thumbprints_and_dates_are_those_that_openssl_prints() {
    let lab = Lab::get();
    let certificate = ClientCertificate::from_bytes(&lab.join(&["key.pem", "cert.pem"]), None).unwrap();
    for (kind, digest) in [
        ("-sha1", &certificate.thumbprint_sha1()[..]),
        ("-sha256", certificate.thumbprint_sha256()),
    ] {
        let printed = lab.run_words(&["x509", "-in", "cert.pem", "-noout", "-fingerprint", kind]);
        let ours: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let printed = String::from_utf8(printed).unwrap();
        assert!(
            printed.trim().ends_with(&format!("={}", ours.join(":"))),
            "{printed}"
        );
    }
    let days = certificate
        .not_after()
        .duration_since(certificate.not_before())
        .unwrap()
        .as_secs()
        / 86_400;
    assert_eq!(days, 365);
}

#[test]
fn the_chain_is_ordered_from_the_leaf_up() {
    let lab = Lab::get();
    let expected: Vec<Vec<u8>> = ["cert.pem", "inter.pem", "root.pem"]
        .map(|name| openssl::der(lab, name))
        .into();
    let names = ["cert.pem", "inter.pem", "root.pem", "key.pem"];
    for order in [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 0, 3, 1],
        [1, 3, 0, 2],
        [2, 1, 0, 3],
    ] {
        let bytes = lab.join(&order.map(|index| names[index]));
        let certificate = ClientCertificate::from_bytes(&bytes, None).unwrap();
        assert!(
            certificate.chain().eq(expected.iter().map(Vec::as_slice)),
            "{order:?}"
        );
    }
    let doubled = lab.join(&[
        "key.pem",
        "cert.pem",
        "inter.pem",
        "root.pem",
        "inter.pem",
        "cert.pem",
    ]);
    let certificate = ClientCertificate::from_bytes(&doubled, None).unwrap();
    assert!(
        certificate.chain().eq(expected.iter().map(Vec::as_slice)),
        "each certificate once"
    );
}

#[test]
fn of_several_certificates_of_one_key_the_longest_valid_is_used() {
    let lab = Lab::get();
    lab.run("req -x509 -new -key key.pem -subj /CN=Renewed -days 3650 -out renewed.pem");
    for names in [
        ["key.pem", "cert.pem", "renewed.pem"],
        ["renewed.pem", "key.pem", "cert.pem"],
    ] {
        let certificate = ClientCertificate::from_bytes(&lab.join(&names), None).unwrap();
        assert!(
            certificate.chain().eq([&openssl::der(lab, "renewed.pem")[..]]),
            "{names:?}"
        );
    }
}

#[cfg(feature = "pkcs12")]
#[test]
fn a_key_without_a_local_key_id_is_found() {
    // Files of other libraries label neither; `openssl` can't write them, so the labels are cut out of an unencrypted file: their type is renamed.
    let lab = Lab::get();
    let mut bytes = lab.made(
        "unlabelled.pfx",
        "pkcs12 -export -inkey key.pem -in cert.pem -passout pass: -keypbe NONE -certpbe NONE -nomac",
    );
    let local_key_id = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x15];
    let mut found = 0;
    while let Some(at) = bytes.windows(9).position(|window| window == local_key_id) {
        bytes[at + 8] = 0x7F;
        found += 1;
    }
    assert_eq!(found, 2);
    let certificate = ClientCertificate::from_bytes(&bytes, None).unwrap();
    assert_eq!(
        certificate.chain().next(),
        Some(&openssl::der(lab, "cert.pem")[..])
    );
}

#[test]
fn larger_keys_sign_too() {
    let lab = Lab::get();
    for bits in [3072, 4096] {
        lab.run(&format!(
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits} -out k{bits}.pem"
        ));
        lab.run(&format!(
            "req -x509 -new -key k{bits}.pem -subj /CN=Large -days 1 -out c{bits}.pem"
        ));
        let bytes = lab.join(&[&format!("k{bits}.pem"), &format!("c{bits}.pem")]);
        let certificate = ClientCertificate::from_bytes(&bytes, None).unwrap();
        assert_eq!(certificate.key_bits(), bits);
        assert_eq!(
            certificate.sign(SignatureAlgorithm::Ps256, b"x").unwrap().len(),
            bits / 8
        );
    }
}

#[test]
fn debug_shows_the_thumbprint_and_no_key() {
    let lab = Lab::get();
    let certificate = ClientCertificate::from_bytes(&lab.join(&["key.pem", "cert.pem"]), None).unwrap();
    let shown = format!("{certificate:?}");
    assert!(shown.contains("thumbprint") && shown.len() < 300, "{shown}");
}
