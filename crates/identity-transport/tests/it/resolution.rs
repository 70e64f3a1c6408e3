//! Names, and the addresses that may be connected to.

use std::sync::Arc;

use identity_base::seam::{HttpClient as _, HttpErrorKind};
use identity_testkit::resolver::Lookup;
use identity_testkit::transport_conformance::RawServer;
use identity_testkit::{ScriptedResolver, block_on};
use identity_transport::HyperTransport;

use crate::support::{get, post};

fn resolving(host: &str, lookup: Lookup) -> HyperTransport {
    let resolver = ScriptedResolver::new();
    resolver.always(host, lookup);
    HyperTransport::builder().resolver(Arc::new(resolver)).build()
}

#[test]
fn a_metadata_name_must_resolve_to_local_addresses_alone() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let url = format!("http://metadata.test:{}/", server.address().port());
        for (addresses, fine) in [
            (&["127.0.0.1"][..], true),
            (&["127.0.0.1", "8.8.8.8"], false),
            (&["8.8.8.8", "127.0.0.1"], false),
            (&["10.0.0.1"], false),
            (&["::ffff:8.8.8.8", "127.0.0.1"], false),
        ] {
            let transport = resolving("metadata.test", Lookup::to(addresses.iter().copied()));
            let before = server.journal().connections();
            match transport.send(get(&url)).await {
                Ok(_) => assert!(fine, "{addresses:?}"),
                Err(error) => {
                    assert!(!fine, "{addresses:?}: {error}");
                    assert_eq!(
                        (error.kind, error.request_sent),
                        (HttpErrorKind::AddressRefused, false)
                    );
                    assert_eq!(server.journal().connections(), before, "it connected");
                }
            }
        }
    });
}

#[test]
fn a_name_that_changes_is_checked_each_time() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let url = format!("http://metadata.test:{}/", server.address().port());
        let resolver = Arc::new(ScriptedResolver::new());
        resolver.push("metadata.test", Lookup::to(["127.0.0.1"]));
        resolver.push("metadata.test", Lookup::to(["8.8.8.8"]));
        let transport = HyperTransport::builder().resolver(resolver).build();
        transport.send(get(&url)).await.unwrap();
        transport.close_idle();
        assert_eq!(
            transport.send(get(&url)).await.unwrap_err().kind,
            HttpErrorKind::AddressRefused
        );
    });
}

#[test]
fn failed_lookups_are_dns_errors_and_are_not_remembered() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let url = format!("http://metadata.test:{}/", server.address().port());
        let resolver = Arc::new(ScriptedResolver::new());
        resolver.push("metadata.test", Lookup::error(std::io::ErrorKind::NotFound));
        resolver.push("metadata.test", Lookup::to([]));
        resolver.push("metadata.test", Lookup::to(["127.0.0.1"]));
        let transport = HyperTransport::builder().resolver(resolver).build();
        for _ in 0..2 {
            let error = transport.send(get(&url)).await.unwrap_err();
            assert_eq!((error.kind, error.request_sent), (HttpErrorKind::Dns, false));
            assert!(error.message.contains("metadata.test") && error.kind.is_transient());
        }
        assert!(transport.send(get(&url)).await.is_ok());
    });
}

#[test]
fn the_second_address_is_tried_when_the_first_refuses() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let url = format!("http://metadata.test:{}/", server.address().port());
        // Nobody listens on ::1 at this port, nor on 127.0.0.2.
        let transport = resolving("metadata.test", Lookup::to(["::1", "127.0.0.2", "127.0.0.1"]));
        assert!(transport.send(get(&url)).await.is_ok());
    });
}

#[test]
fn addresses_in_the_url_are_not_looked_up() {
    block_on(async {
        let server = RawServer::answering(200, "ok").await;
        let resolver = ScriptedResolver::new();
        let transport = HyperTransport::builder()
            .resolver(Arc::new(resolver.clone()))
            .build();
        assert!(
            transport
                .send(get(&server.uri("http", "/").to_string()))
                .await
                .is_ok()
        );
        assert!(resolver.asked().is_empty());
        // And the real resolver knows the names of this machine.
        let named = format!("http://localhost:{}/", server.address().port());
        assert!(HyperTransport::new().send(get(&named)).await.is_ok());
        assert_eq!(
            HyperTransport::new().send(post(&named)).await.unwrap_err().kind,
            HttpErrorKind::AddressRefused
        );
    });
}
