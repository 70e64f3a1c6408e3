//! An authority, a TLS server, and requests.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use identity_base::seam::{ConnectPolicy, HttpRequest, HttpTimeouts};
use identity_testkit::ScriptedResolver;
use identity_testkit::resolver::Lookup;
use identity_testkit::transport_conformance::{Journal, Step, play};
use identity_transport::{HyperTransport, HyperTransportBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// The name that all test servers have.
pub(crate) const HOST: &str = "login.test";
/// Stands for the secret of a request.
pub(crate) const CANARY: &str = "CNRYtlsbody0123456789abcdefghijklmnopqrstuvwx";

/// A certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = (ca_params(change), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one.
    pub(crate) fn intermediate(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = (ca_params(change), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A server's certificate for [`HOST`], and its key.
    pub(crate) fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf_params(change).signed_by(&key, &self.issuer).unwrap();
        Identity {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
        }
    }
}

fn ca_params(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    // Each its own name: two of one name but with different keys would be another mistake.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!(
        "Test authority CNRYissuer {}",
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    params.distinguished_name.push(DnType::CommonName, name);
    change(&mut params);
    params
}

pub(crate) fn leaf_params(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.distinguished_name.push(DnType::CommonName, "CNRYsubject");
    change(&mut params);
    params
}

/// What a server proves itself with.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

impl Identity {
    /// A certificate that is its own issuer.
    pub(crate) fn self_signed() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf_params(|_| {}).self_signed(&key).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
        }
    }

    /// The same with another certificate in the chain.
    pub(crate) fn and(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.certificate.clone());
        self
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    pub(crate) fn config(&self) -> ServerConfig {
        self.config_for(&[&rustls::version::TLS12, &rustls::version::TLS13])
    }

    pub(crate) fn config_for(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(versions)
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(self.chain.clone(), self.key())
                .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

/// A TLS server that answers as told. The journal has what came inside of TLS.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    pub(crate) journal: Journal,
    /// Whether each handshake succeeded, from the server's side, and what was negotiated.
    pub(crate) handshakes: Arc<Mutex<Vec<Result<Negotiated, String>>>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub(crate) protocol: Option<Vec<u8>>,
    pub(crate) server_name: Option<String>,
    pub(crate) version: Option<rustls::ProtocolVersion>,
}

impl TlsServer {
    pub(crate) async fn start(config: ServerConfig, scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, journal) = (listener.local_addr().unwrap(), Journal::new());
        let (acceptor, noted) = (TlsAcceptor::from(Arc::new(config)), journal.clone());
        let handshakes = Arc::new(Mutex::new(Vec::new()));
        let results = Arc::clone(&handshakes);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = noted.begin();
                let script = scripts
                    .get(number)
                    .or_else(|| scripts.last())
                    .cloned()
                    .unwrap_or_default();
                let (acceptor, noted, results) = (acceptor.clone(), noted.clone(), Arc::clone(&results));
                tokio::spawn(async move {
                    let accepted = acceptor.accept(stream).await;
                    results.lock().unwrap().push(match &accepted {
                        Ok(stream) => {
                            let connection = stream.get_ref().1;
                            Ok(Negotiated {
                                protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
                                server_name: connection.server_name().map(str::to_owned),
                                version: connection.protocol_version(),
                            })
                        }
                        Err(error) => Err(error.to_string()),
                    });
                    if let Ok(mut stream) = accepted {
                        // A client that closes early ends the script.
                        drop(play(&mut stream, &script, &noted, number).await);
                    }
                    noted.end(number);
                });
            }
        });
        Self {
            address,
            journal,
            handshakes,
            task,
        }
    }

    /// A server that answers every request with 200.
    pub(crate) async fn answering(config: ServerConfig) -> Self {
        let once = [Step::Request, Step::answer(200, "ok")];
        Self::start(config, vec![once.iter().cycle().take(200).cloned().collect()]).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.address.port())
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A transport under construction that knows [`HOST`].
pub(crate) fn builder() -> HyperTransportBuilder {
    let resolver = ScriptedResolver::new();
    resolver.always(HOST, Lookup::to(["127.0.0.1"]));
    HyperTransport::builder().resolver(Arc::new(resolver))
}

/// The same, trusting this authority too.
pub(crate) fn trusting(authority: &Authority) -> HyperTransportBuilder {
    builder().extra_root_pem(&authority.pem).unwrap()
}

/// A POST with a secret.
pub(crate) fn post(url: &str) -> HttpRequest {
    let body = Zeroizing::new(format!("client_secret={CANARY}").into_bytes());
    HttpRequest::post_form(url.parse().unwrap(), body)
}

/// A request of a metadata endpoint.
pub(crate) fn get(url: &str) -> HttpRequest {
    HttpRequest::get(url.parse().unwrap()).policy(ConnectPolicy::metadata())
}

/// Limits that all differ, so that the one that passed is known by its length.
pub(crate) fn distinct_limits() -> HttpTimeouts {
    use std::time::Duration;
    let mut limits = HttpTimeouts::new();
    limits.resolve = Duration::from_secs(2);
    limits.connect = Duration::from_secs(3);
    limits.tls = Duration::from_secs(4);
    limits.first_byte = Duration::from_secs(8);
    limits.idle = Duration::from_secs(5);
    limits.total = Duration::from_secs(100);
    limits
}
