//! A small blob store.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::Barrier;

use crate::http_service::{HttpService, Reply, Request};

/// The `WWW-Authenticate` value with which a revoked token is answered. Its claims are `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`.
pub const CHALLENGE: &str = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ==""#;
/// When everything in it was written.
const WRITTEN: &str = "Tue, 24 Nov 2026 00:00:00 GMT";

/// A request that it has had.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The bearer token, empty when there was none.
    pub token: String,
    /// The status that it was answered with.
    pub status: u16,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.target, self.status)
    }
}

/// A blob store in memory: containers, uploads in one piece, lists, downloads (also of ranges), deletion. Each request needs a bearer token.
pub struct BlobService {
    service: HttpService,
    state: Arc<State>,
}

struct State {
    store: Mutex<Store>,
    /// The first token is revoked, and those that bring it wait for each other.
    revoking: Option<Barrier>,
}

#[derive(Default)]
struct Store {
    containers: BTreeMap<String, BTreeMap<String, Bytes>>,
    revoked: Option<String>,
    calls: Vec<Call>,
}

impl BlobService {
    /// With TLS.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn tls() -> Self {
        Self::start(true, None).await
    }

    /// Without TLS.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn plain() -> Self {
        Self::start(false, None).await
    }

    /// With TLS. It has revoked the first token that it sees, and answers those that bring it when `together` of them are there.
    ///
    /// # Panics
    /// When the loopback interface can't be used.
    pub async fn revoking(together: usize) -> Self {
        Self::start(true, Some(Barrier::new(together))).await
    }

    async fn start(tls: bool, revoking: Option<Barrier>) -> Self {
        let state = Arc::new(State {
            store: Mutex::default(),
            revoking,
        });
        let answering = Arc::clone(&state);
        let handler = move |request| {
            let state = Arc::clone(&answering);
            async move { state.answer(&request).await }
        };
        let service = if tls {
            HttpService::tls(handler).await
        } else {
            HttpService::plain(handler).await
        };
        Self { service, state }
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// What clients have to trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.service.ca_pem()
    }

    /// The requests so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.store().calls.clone()
    }

    /// Makes a container, as if somebody had asked for it.
    pub fn create_container(&self, name: &str) {
        self.state.store().containers.entry(name.to_owned()).or_default();
    }
}

impl fmt::Debug for BlobService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobService")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl State {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: &Request) -> Reply {
        let header = request.headers().get(AUTHORIZATION);
        let token = header
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default()
            .to_owned();
        let reply = self.authorized(request, &token).await;
        self.store().calls.push(Call {
            method: request.method().clone(),
            target: request.uri().to_string(),
            token,
            status: reply.status().as_u16(),
        });
        reply
    }

    async fn authorized(&self, request: &Request, token: &str) -> Reply {
        if token.is_empty() {
            return failure(StatusCode::UNAUTHORIZED, "NoAuthenticationInformation");
        }
        if let Some(barrier) = &self.revoking {
            let revoked = self
                .store()
                .revoked
                .get_or_insert_with(|| token.to_owned())
                .clone();
            if revoked == token {
                barrier.wait().await;
                let mut reply = failure(StatusCode::UNAUTHORIZED, "InvalidAuthenticationInfo");
                let challenge = HeaderValue::from_static(CHALLENGE);
                reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                return reply;
            }
        }
        self.store().operation(request)
    }
}

impl Store {
    fn operation(&mut self, request: &Request) -> Reply {
        let path = request.uri().path().trim_start_matches('/');
        let query = request.uri().query().unwrap_or_default();
        let has = |wanted: &str| query.split('&').any(|pair| pair == wanted);
        let method = request.method();
        let Some((container, blob)) = path.split_once('/').filter(|(_, blob)| !blob.is_empty()) else {
            let container = path.trim_end_matches('/');
            return match (method.as_str(), has("restype=container"), has("comp=list")) {
                ("PUT", true, false) => self.create(container),
                ("GET", true, true) => self.list(container),
                _ => failure(StatusCode::BAD_REQUEST, "InvalidQueryParameterValue"),
            };
        };
        let Some(blobs) = self.containers.get_mut(container) else {
            return failure(StatusCode::NOT_FOUND, "ContainerNotFound");
        };
        if query.split('&').any(|pair| pair.starts_with("comp=")) {
            return failure(StatusCode::BAD_REQUEST, "InvalidQueryParameterValue");
        }
        match method.as_str() {
            "PUT" => {
                blobs.insert(blob.to_owned(), request.body().clone());
                written(StatusCode::CREATED)
            }
            "DELETE" => match blobs.remove(blob) {
                Some(_) => reply(StatusCode::ACCEPTED, Bytes::new()),
                None => failure(StatusCode::NOT_FOUND, "BlobNotFound"),
            },
            "GET" | "HEAD" => match blobs.get(blob) {
                Some(data) => download(request, data),
                None => failure(StatusCode::NOT_FOUND, "BlobNotFound"),
            },
            _ => failure(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHttpVerb"),
        }
    }

    fn create(&mut self, container: &str) -> Reply {
        if self.containers.contains_key(container) {
            return failure(StatusCode::CONFLICT, "ContainerAlreadyExists");
        }
        self.containers.insert(container.to_owned(), BTreeMap::new());
        written(StatusCode::CREATED)
    }

    fn list(&self, container: &str) -> Reply {
        let Some(blobs) = self.containers.get(container) else {
            return failure(StatusCode::NOT_FOUND, "ContainerNotFound");
        };
        let entries: String = blobs
            .iter()
            .map(|(name, data)| {
                format!(
                    "<Blob><Name>{name}</Name><Properties><Creation-Time>{WRITTEN}</Creation-Time><Last-Modified>{WRITTEN}</Last-Modified>\
                     <Etag>0x1</Etag><Content-Length>{}</Content-Length><Content-Type>application/octet-stream</Content-Type>\
                     <BlobType>BlockBlob</BlobType></Properties></Blob>",
                    data.len()
                )
            })
            .collect();
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"https://localhost/\" ContainerName=\"{container}\">\
             <Blobs>{entries}</Blobs><NextMarker /></EnumerationResults>"
        );
        let mut reply = reply(StatusCode::OK, text);
        let value = HeaderValue::from_static("application/xml");
        reply.headers_mut().insert(http::header::CONTENT_TYPE, value);
        reply
    }
}

fn download(request: &Request, data: &Bytes) -> Reply {
    let asked = request
        .headers()
        .get("x-ms-range")
        .or_else(|| request.headers().get(RANGE));
    let range = asked.and_then(|value| range(value.to_str().ok()?, data.len()));
    let mut reply = match (asked, range) {
        (None, _) => reply(StatusCode::OK, data.clone()),
        (Some(_), None) => return failure(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
        (Some(_), Some(range)) => {
            let shown = format!(
                "bytes {}-{}/{}",
                range.start,
                range.end.saturating_sub(1),
                data.len()
            );
            let mut part = reply(StatusCode::PARTIAL_CONTENT, data.slice(range));
            if let Ok(value) = HeaderValue::try_from(shown) {
                part.headers_mut().insert(CONTENT_RANGE, value);
            }
            part
        }
    };
    let headers = reply.headers_mut();
    headers.insert(LAST_MODIFIED, HeaderValue::from_static(WRITTEN));
    headers.insert(ETAG, HeaderValue::from_static("\"0x1\""));
    headers.insert(
        HeaderName::from_static("x-ms-blob-type"),
        HeaderValue::from_static("BlockBlob"),
    );
    if request.method() == Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(data.len()));
        *reply.body_mut() = Bytes::new();
    }
    reply
}

/// `bytes=0-9` and `bytes=3-` of so many bytes.
fn range(text: &str, length: usize) -> Option<Range<usize>> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let start: usize = start.parse().ok()?;
    let end = match end {
        "" => length,
        last => last.parse::<usize>().ok()?.checked_add(1)?.min(length),
    };
    (start < end).then_some(start..end)
}

fn written(status: StatusCode) -> Reply {
    let mut reply = reply(status, Bytes::new());
    let headers = reply.headers_mut();
    headers.insert(LAST_MODIFIED, HeaderValue::from_static(WRITTEN));
    headers.insert(ETAG, HeaderValue::from_static("\"0x1\""));
    headers.insert(
        HeaderName::from_static("x-ms-request-server-encrypted"),
        HeaderValue::from_static("true"),
    );
    reply
}

fn failure(status: StatusCode, code: &'static str) -> Reply {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    );
    let mut reply = reply(status, text);
    let name = HeaderName::from_static("x-ms-error-code");
    reply.headers_mut().insert(name, HeaderValue::from_static(code));
    reply
}

fn reply(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert("x-ms-request-id", HeaderValue::from_static("1"));
    headers.insert("x-ms-version", HeaderValue::from_static("2025-11-05"));
    headers.insert(http::header::DATE, HeaderValue::from_static(WRITTEN));
    reply
}
