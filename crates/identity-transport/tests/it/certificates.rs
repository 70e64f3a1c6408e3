//! Servers that must not get a byte of the request: their certificates or their TLS are wrong.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use identity_base::Report;
use identity_base::seam::{ConnectPolicy, HttpClient as _, HttpError, HttpErrorKind, ServerIdentity};
use identity_testkit::transport_conformance::{RawServer, Step};
use identity_testkit::{TestClock, block_on};
use identity_transport::HyperTransport;
use rcgen::{ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints, date_time_ymd};
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::support::{Authority, CANARY, HOST, Identity, TlsServer, builder, post, trusting};

/// Sends a request to a server with this configuration: it must fail in TLS, say why, and send nothing.
fn refused(transport: &HyperTransport, config: ServerConfig, reason: &str) -> HttpError {
    block_on(async {
        let server = TlsServer::answering(config).await;
        let error = transport.send(post(&server.url("/token"))).await.unwrap_err();
        server.journal.until_ended(1).await;
        check(&error, reason);
        assert_eq!(
            server.journal.received(),
            "",
            "bytes of the request were sent: {reason}"
        );
        error
    })
}

fn check(error: &HttpError, reason: &str) {
    let text = format!("{} {error:?}", Report::new(error));
    assert_eq!(
        (error.kind, error.request_sent),
        (HttpErrorKind::Tls, false),
        "{text}"
    );
    assert!(error.message.contains(reason), "no {reason:?} in {text}");
    // Neither the request nor what the server presented.
    assert!(!text.contains("CNRY") && text.len() < 1500, "{text}");
}

fn wrong_leaf(change: impl FnOnce(&mut rcgen::CertificateParams), reason: &str) -> HttpError {
    let authority = Authority::new();
    let transport = trusting(&authority).build();
    refused(&transport, authority.issue(change).config(), reason)
}

#[test]
fn unknown_authority() {
    // By the platform's roots.
    let error = refused(
        &builder().build(),
        Authority::new().issue(|_| {}).config(),
        "unknown issuer",
    );
    assert!(error.message.contains(HOST));
}

#[test]
fn unknown_authority_beside_an_extra_root() {
    refused(
        &trusting(&Authority::new()).build(),
        Authority::new().issue(|_| {}).config(),
        "issuer",
    );
}

#[test]
fn wrong_host() {
    let other = |params: &mut rcgen::CertificateParams| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("other.test".try_into().unwrap())];
    };
    wrong_leaf(other, "another name");
}

#[test]
fn expired() {
    let error = wrong_leaf(|params| params.not_after = date_time_ymd(2020, 1, 1), "expired");
    assert!(error.message.contains("date and time"), "{error}");
}

#[test]
fn not_yet_valid() {
    let error = wrong_leaf(
        |params| params.not_before = date_time_ymd(2999, 1, 1),
        "not valid yet",
    );
    assert!(error.message.contains("date and time"), "{error}");
}

#[test]
fn good_certificate_but_a_wrong_clock() {
    let authority = Authority::new();
    let good_until_2030 = authority.issue(|params| params.not_after = date_time_ymd(2030, 1, 1));
    let in_2032 = TestClock::at(UNIX_EPOCH + Duration::from_secs(62 * 31_557_600));
    let transport = trusting(&authority).clock(Arc::new(in_2032)).build();
    let error = refused(&transport, good_until_2030.config(), "expired");
    assert!(
        error.message.contains("check this machine's date and time"),
        "{error}"
    );
}

#[test]
fn self_signed() {
    refused(
        &builder().build(),
        Identity::self_signed().config(),
        "self-signed",
    );
}

#[test]
fn for_clients_only() {
    wrong_leaf(
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        "certificate was refused: ",
    );
}

#[test]
fn an_authority_as_server() {
    wrong_leaf(
        |params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
        "authority",
    );
}

#[test]
fn without_its_intermediate() {
    let root = Authority::new();
    let intermediate = root.intermediate(|_| {});
    refused(
        &trusting(&root).build(),
        intermediate.issue(|_| {}).config(),
        "issuer",
    );
}

#[test]
fn with_an_expired_intermediate() {
    let root = Authority::new();
    let intermediate = root.intermediate(|params| params.not_after = date_time_ymd(2020, 1, 1));
    refused(
        &trusting(&root).build(),
        intermediate.issue(|_| {}).and(&intermediate).config(),
        "expired",
    );
}

#[test]
fn outside_of_its_issuers_names() {
    let root = Authority::with(|params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    refused(
        &trusting(&root).build(),
        root.issue(|_| {}).config(),
        "may not vouch",
    );
}

#[test]
fn without_the_certificates_key() {
    let authority = Authority::new();
    let (good, other) = (authority.issue(|_| {}), authority.issue(|_| {}));
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let provider = rustls::crypto::ring::default_provider();
        let key = provider.key_provider.load_private_key(other.key()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
                good.chain.clone(),
                key,
            ))));
        refused(&trusting(&authority).build(), config.clone(), "wrong signature");

        // A pinned certificate alone proves nothing either.
        block_on(async {
            let server = TlsServer::answering(config).await;
            let pinned = ServerIdentity::Thumbprint(thumbprint(&good));
            let request = post(&server.url("/")).policy(ConnectPolicy::new().server(pinned));
            let error = builder().build().send(request).await.unwrap_err();
            check(&error, "wrong signature");
            assert_eq!(server.journal.received(), "");
        });
    }
}

/// The SHA-1 of a server's own certificate.
pub(crate) fn thumbprint(identity: &Identity) -> [u8; 20] {
    ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &identity.chain[0])
        .as_ref()
        .try_into()
        .unwrap()
}

/// A server that isn't rustls: it sends these bytes as its part of the handshake.
fn refused_by_bytes(bytes: Vec<u8>, reason: &str) {
    block_on(async {
        let server = RawServer::start(vec![vec![Step::Send(bytes), Step::Hang]]).await;
        let url = format!("https://{HOST}:{}/", server.address().port());
        let error = builder().build().send(post(&url)).await.unwrap_err();
        check(&error, reason);
        server.journal().until_ended(1).await;
        assert!(!server.journal().received().contains(CANARY));
    });
}

#[test]
fn tls_1_1_only() {
    // A ServerHello for TLS 1.1 with a cipher suite of that time.
    let mut hello = vec![0x16, 3, 2, 0, 0, 2, 0, 0, 0, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let length = hello.len() as u8;
    (hello[4], hello[8]) = (length - 5, length - 9);
    refused_by_bytes(hello, "1.2 or newer");
    // What most servers send to a client that is too new for them.
    refused_by_bytes(vec![0x15, 3, 1, 0, 2, 2, 70], "does not offer TLS 1.2");
}

#[test]
fn plain_http_on_the_port() {
    refused_by_bytes(
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec(),
        "not TLS",
    );
}

#[test]
fn an_alert() {
    refused_by_bytes(vec![0x15, 3, 3, 0, 2, 2, 40], "HandshakeFailure");
}
