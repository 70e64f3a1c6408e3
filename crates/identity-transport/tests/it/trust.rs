//! Servers that are trusted, and by what.

use std::sync::Arc;

use identity_base::seam::{ConnectPolicy, HttpClient as _, HttpErrorKind, ServerIdentity};
use identity_testkit::{MemoryFs, block_on, env};
use identity_transport::HyperTransport;

use crate::certificates::thumbprint;
use crate::support::{Authority, HOST, Identity, TlsServer, builder, post, trusting};

#[test]
fn an_extra_root_is_enough_and_tls_is_1_2_or_1_3() {
    let authority = Authority::new();
    for (versions, expected) in [
        (&[&rustls::version::TLS13][..], rustls::ProtocolVersion::TLSv1_3),
        (&[&rustls::version::TLS12], rustls::ProtocolVersion::TLSv1_2),
    ] {
        block_on(async {
            let server = TlsServer::answering(authority.issue(|_| {}).config_for(versions)).await;
            let answer = trusting(&authority)
                .build()
                .send(post(&server.url("/t")))
                .await
                .unwrap();
            assert_eq!(answer.status, 200);
            assert!(server.journal.received().starts_with("POST /t HTTP/1.1\r\n"));
            let negotiated = server.handshakes.lock().unwrap()[0].clone().unwrap();
            assert_eq!(negotiated.version, Some(expected));
            assert_eq!(negotiated.server_name.as_deref(), Some(HOST));
            assert_eq!(negotiated.protocol.as_deref(), Some(b"http/1.1".as_slice()));
        });
    }
}

#[test]
fn an_intermediate_that_is_sent_along_is_followed() {
    let root = Authority::new();
    let intermediate = root.intermediate(|_| {});
    block_on(async {
        let server = TlsServer::answering(intermediate.issue(|_| {}).and(&intermediate).config()).await;
        assert!(trusting(&root).build().send(post(&server.url("/"))).await.is_ok());
    });
}

#[test]
fn ssl_cert_file_is_read_through_the_seams() {
    let authority = Authority::new();
    let files = MemoryFs::new();
    files.put("/etc/roots.pem", authority.pem.clone());
    block_on(async {
        let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
        let with = |variables: &[(&str, &str)]| {
            let variables = variables.iter().copied();
            builder()
                .env(Arc::new(env(variables)))
                .file_system(Arc::new(files.clone()))
                .build()
        };
        let named = with(&[("SSL_CERT_FILE", "/etc/roots.pem")]);
        for _ in 0..2 {
            assert!(named.send(post(&server.url("/"))).await.is_ok());
        }
        assert!(
            with(&[("SSL_CERT_DIR", "/etc")])
                .send(post(&server.url("/")))
                .await
                .is_ok()
        );
        let error = with(&[]).send(post(&server.url("/"))).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Tls);
        let error = with(&[("SSL_CERT_FILE", "/etc/none.pem")])
            .send(post(&server.url("/")))
            .await
            .unwrap_err();
        assert!(
            error.message.contains("SSL_CERT_FILE") && !error.request_sent,
            "{error}"
        );
    });
}

#[test]
fn roots_of_one_service_are_its_only_ones_and_its_name_may_differ() {
    let (theirs, ours) = (Authority::new(), Authority::new());
    let roots = |authority: &Authority, name: Option<&str>| {
        ConnectPolicy::new().server(ServerIdentity::Roots {
            pem: authority.pem.as_bytes().into(),
            server_name: name.map(Into::into),
        })
    };
    block_on(async {
        let server = TlsServer::answering(theirs.issue(|_| {}).config()).await;
        // The transport trusts `ours` in general, which doesn't matter here.
        let transport = trusting(&ours).build();
        let by_address = format!("https://{}/t", server.address);
        for (policy, url, fine) in [
            (roots(&theirs, None), server.url("/"), true),
            (roots(&theirs, Some(HOST)), by_address.clone(), true),
            (roots(&theirs, None), by_address.clone(), false),
            (roots(&theirs, Some("other.test")), server.url("/"), false),
            (roots(&ours, None), server.url("/"), false),
        ] {
            let answer = transport.send(post(&url).policy(policy.clone())).await;
            assert_eq!(answer.is_ok(), fine, "{policy:?} {url}: {answer:?}");
        }
        // The name is that of the certificate; the request still says whom the URL names.
        assert!(
            server
                .journal
                .received()
                .contains(&format!("host: {}\r\n", server.address))
        );
        let bad = ServerIdentity::Roots {
            pem: b"none".as_slice().into(),
            server_name: None,
        };
        let error = transport
            .send(post(&server.url("/")).policy(ConnectPolicy::new().server(bad)))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Tls, false));
    });
}

#[test]
fn a_thumbprint_accepts_exactly_one_certificate() {
    let (pinned, other) = (Identity::self_signed(), Identity::self_signed());
    let policy = ConnectPolicy::new().server(ServerIdentity::Thumbprint(thumbprint(&pinned)));
    block_on(async {
        let transport = builder().build();
        let right = TlsServer::answering(pinned.config()).await;
        for url in [right.url("/"), format!("https://{}/", right.address)] {
            assert!(
                transport.send(post(&url).policy(policy.clone())).await.is_ok(),
                "{url}"
            );
        }
        // The pin is for those requests alone.
        assert_eq!(
            transport.send(post(&right.url("/"))).await.unwrap_err().kind,
            HttpErrorKind::Tls
        );

        let authority = Authority::new();
        for wrong in [other.config(), authority.issue(|_| {}).config()] {
            let server = TlsServer::answering(wrong).await;
            // A certificate of a trusted authority is no substitute.
            let transport = trusting(&authority).build();
            let error = transport
                .send(post(&server.url("/")).policy(policy.clone()))
                .await
                .unwrap_err();
            assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Tls, false));
            assert!(error.message.contains("thumbprint"), "{error}");
            assert_eq!(server.journal.received(), "");
        }
        let mut nearly = thumbprint(&pinned);
        nearly[19] ^= 1;
        let policy = ConnectPolicy::new().server(ServerIdentity::Thumbprint(nearly));
        assert!(
            transport
                .send(post(&right.url("/")).policy(policy))
                .await
                .is_err()
        );
    });
}

#[test]
fn a_foreign_default_provider_is_neither_used_nor_needed() {
    // Nothing is installed when this begins: rustls would panic if it were asked for its default with several compiled in.
    let authority = Authority::new();
    let reach = || {
        block_on(async {
            let server = TlsServer::answering(authority.issue(|_| {}).config()).await;
            trusting(&authority)
                .build()
                .send(post(&server.url("/")))
                .await
                .unwrap()
        })
    };
    reach();
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "a default was installed"
    );
    // A default that can do nothing would make each handshake fail.
    let mut useless = rustls::crypto::ring::default_provider();
    useless.cipher_suites.clear();
    useless.kx_groups.clear();
    useless.install_default().unwrap();
    reach();
}

#[test]
fn the_default_transport_is_shared_while_it_is_used() {
    let made = std::cell::Cell::new(0);
    let shared = || {
        HyperTransport::shared_default(|| {
            made.set(made.get() + 1);
            HyperTransport::new()
        })
    };
    let first = shared();
    let second = shared();
    assert_eq!(made.get(), 1);
    drop(first);
    drop(shared());
    assert_eq!(made.get(), 1);
    drop(second);
    drop(shared());
    assert_eq!(made.get(), 2);
}
