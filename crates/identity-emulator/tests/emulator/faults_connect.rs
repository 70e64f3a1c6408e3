//! Faults of whole connections, seen on the wire.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{builder, connect, connect_with, emulator, read_all, token, trusting};
use identity_emulator::{Fault, WrongCertificate};
use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// The TLS error with which a connection fails.
fn tls_error(fault: Fault) -> TlsError {
    let emulator = emulator();
    emulator.fault(fault);
    let error = connect(&emulator).unwrap_err();
    assert_eq!(emulator.requests().count(), 0);
    error
        .into_inner()
        .unwrap()
        .downcast::<TlsError>()
        .map(|error| *error)
        .unwrap()
}

fn certificate_error(wrong: WrongCertificate) -> CertificateError {
    match tls_error(Fault::certificate(wrong)) {
        TlsError::InvalidCertificate(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_wrong_certificate_is_wrong_in_its_own_way() {
    use CertificateError as Error;
    let expired = certificate_error(WrongCertificate::Expired);
    assert!(
        matches!(expired, Error::Expired | Error::ExpiredContext { .. }),
        "{expired:?}"
    );
    let early = certificate_error(WrongCertificate::NotYetValid);
    assert!(
        matches!(early, Error::NotValidYet | Error::NotValidYetContext { .. }),
        "{early:?}"
    );
    let host = certificate_error(WrongCertificate::WrongHost);
    assert!(
        matches!(
            host,
            Error::NotValidForName | Error::NotValidForNameContext { .. }
        ),
        "{host:?}"
    );
    for wrong in [WrongCertificate::SelfSigned, WrongCertificate::UnknownAuthority] {
        let unknown = certificate_error(wrong);
        assert!(matches!(unknown, Error::UnknownIssuer), "{wrong:?}: {unknown:?}");
    }
}

#[test]
fn a_session_from_before_does_not_hide_a_wrong_certificate() {
    let emulator = emulator();
    let config = trusting(&emulator, &["http/1.1"]);
    for _ in 0..2 {
        let mut stream = connect_with(&emulator, config.clone(), "localhost").unwrap();
        stream
            .write_all(&crate::support::token_request(&emulator))
            .unwrap();
        assert_eq!(crate::support::read_reply(&mut stream).unwrap().status, 200);
    }
    emulator.fault(Fault::certificate(WrongCertificate::Expired));
    assert!(connect_with(&emulator, config, "localhost").is_err());
}

#[test]
fn the_good_certificate_is_for_its_names_alone() {
    let emulator = builder().server_name("login.lab.test").start_blocking().unwrap();
    for name in ["localhost", "127.0.0.1", "::1", "login.lab.test"] {
        assert!(
            connect_with(&emulator, trusting(&emulator, &[]), name).is_ok(),
            "{name}"
        );
    }
    assert!(connect_with(&emulator, trusting(&emulator, &[]), "login.microsoftonline.com").is_err());
}

#[test]
fn plain_http_answers_in_clear_text() {
    let error = tls_error(Fault::plain_http());
    assert!(matches!(error, TlsError::InvalidMessage(_)), "{error:?}");
    let emulator = emulator();
    emulator.fault(Fault::plain_http());
    let mut tcp = TcpStream::connect(emulator.address()).unwrap();
    tcp.write_all(b"hello").unwrap();
    let (bytes, error) = read_all(&mut tcp);
    assert!(String::from_utf8(bytes).unwrap().starts_with("HTTP/1.1 400 "));
    assert!(error.is_none(), "{error:?}");
}

#[test]
fn garbage_is_no_tls() {
    let emulator = emulator();
    emulator.fault(Fault::garbage(vec![0xde, 0xad, 0xbe, 0xef]));
    let mut tcp = TcpStream::connect(emulator.address()).unwrap();
    tcp.write_all(b"hello").unwrap();
    assert_eq!(read_all(&mut tcp).0, [0xde, 0xad, 0xbe, 0xef]);
}

#[test]
fn an_old_server_is_an_alert() {
    let error = tls_error(Fault::tls_alert(70));
    assert_eq!(error, TlsError::AlertReceived(AlertDescription::ProtocolVersion));
}

#[test]
fn a_reset_connection_was_never_read() {
    let emulator = emulator();
    emulator.fault(Fault::connection_reset().nth(1));
    let error = connect(&emulator).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(token(&emulator).status, 200);
    let connections = emulator.connections();
    assert_eq!((connections.opened, connections.handshakes_failed), (2, 1));
}

#[test]
fn a_closed_connection_ends_before_the_handshake() {
    let emulator = emulator();
    emulator.fault(Fault::connection_close().times(1));
    let mut tcp = TcpStream::connect(emulator.address()).unwrap();
    assert_eq!(tcp.read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn a_stalled_connection_says_nothing() {
    let emulator = emulator();
    emulator.fault(Fault::connection_stall());
    let mut tcp = TcpStream::connect(emulator.address()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert_eq!(tcp.read(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_reset_after_the_handshake_reads_no_request() {
    let emulator = emulator();
    emulator.fault(Fault::reset_after_handshake());
    // Depending on which side is quicker, the reset shows at the end of the handshake or at the first read.
    let outcome = connect(&emulator).and_then(|mut stream| {
        stream.write_all(&crate::support::token_request(&emulator))?;
        stream.read(&mut [0; 10])
    });
    let kind = outcome.unwrap_err().kind();
    assert!(
        matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{kind:?}"
    );
    assert!(emulator.requests().is_empty());
    assert_eq!(emulator.connections().handshakes_failed, 0);
}

#[test]
fn the_administration_port_has_no_faults() {
    let emulator = emulator();
    emulator.fault(Fault::connection_reset());
    emulator.fault(Fault::on_any().status(500));
    let mut tcp = TcpStream::connect(emulator.plain_address()).unwrap();
    tcp.write_all(&crate::support::request("GET", "/_admin/state", &[], b""))
        .unwrap();
    assert_eq!(crate::support::read_reply(&mut tcp).unwrap().status, 200);
}
