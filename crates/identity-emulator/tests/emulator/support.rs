//! A raw HTTP/1.1 client over TLS that shows what was really on the wire.

use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use identity_emulator::{App, Builder, Emulator};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "s3cret&=% ü";
pub(crate) const MANAGEMENT: &str = "https://management.azure.com/.default";

/// A builder with a signing key that all tests share.
pub(crate) fn builder() -> Builder {
    Emulator::builder().signing_key_file(concat!(env!("CARGO_TARGET_TMPDIR"), "/emulator-signing-key.pem"))
}

/// One tenant, one application called `daemon`.
pub(crate) fn emulator() -> Emulator {
    builder()
        .app(App::fixed().secret(SECRET))
        .start_blocking()
        .unwrap()
}

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A TLS client that trusts the emulator.
pub(crate) fn trusting(emulator: &Emulator, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(emulator.ca_der())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Connects and finishes the handshake, or says how that failed.
pub(crate) fn connect_with(emulator: &Emulator, config: Arc<ClientConfig>, name: &str) -> io::Result<Tls> {
    let mut tcp = TcpStream::connect(emulator.address())?;
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut session = ClientConnection::new(config, name).unwrap();
    while session.is_handshaking() {
        session.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(session, tcp))
}

pub(crate) fn connect(emulator: &Emulator) -> io::Result<Tls> {
    connect_with(emulator, trusting(emulator, &["http/1.1"]), "localhost")
}

/// An answer, with whatever came before the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{error} in status {} {:?}",
                self.status,
                String::from_utf8_lossy(&self.body)
            )
        })
    }
}

/// The head of a request to `path` with the given headers and body.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Everything until the end of the stream, and the error if it was no orderly one.
pub(crate) fn read_all(stream: &mut impl io::Read) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (bytes, None),
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

/// Reads one answer with a `content-length`, leaving the connection usable.
pub(crate) fn read_reply(stream: &mut impl io::Read) -> io::Result<Reply> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "ended in the head"));
        }
        head.push(byte[0]);
    }
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(Reply {
        status,
        headers,
        body,
    })
}

/// One request on a connection of its own.
pub(crate) fn call(
    emulator: &Emulator,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = connect(emulator).unwrap();
    stream.write_all(&request(method, path, headers, body)).unwrap();
    read_reply(&mut stream).unwrap()
}

pub(crate) fn get(emulator: &Emulator, path: &str) -> Reply {
    call(emulator, "GET", path, &[], b"")
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn encode(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

pub(crate) fn post(emulator: &Emulator, path: &str, form: &[(&str, &str)]) -> Reply {
    call(emulator, "POST", path, &[FORM], encode(form).as_bytes())
}

/// The form of a good client credentials request.
pub(crate) fn credentials_form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", identity_emulator::DEFAULT_CLIENT_ID),
        ("client_secret", SECRET),
        ("scope", MANAGEMENT),
    ]
}

pub(crate) fn token_path(emulator: &Emulator) -> String {
    format!("/{}/oauth2/v2.0/token", emulator.tenant_id())
}

/// A good client credentials request on a connection of its own.
pub(crate) fn token(emulator: &Emulator) -> Reply {
    post(emulator, &token_path(emulator), &credentials_form())
}

/// The bytes of a good client credentials request.
pub(crate) fn token_request(emulator: &Emulator) -> Vec<u8> {
    request(
        "POST",
        &token_path(emulator),
        &[FORM],
        encode(&credentials_form()).as_bytes(),
    )
}

/// That an answer is this refusal; returns its document.
#[track_caller]
pub(crate) fn is_refused(reply: &Reply, status: u16, error: &str, code: u32) -> Value {
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["error"], &body["error_codes"]),
        (status, &json!(error), &json!([code])),
        "{body}"
    );
    body
}
