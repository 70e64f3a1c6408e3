//! The request as it goes out.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use hyper::body::{Body, Frame, SizeHint};
use identity_base::seam::{HttpError, HttpErrorKind, HttpRequest};
use zeroize::Zeroizing;

use crate::target::Target;

/// Headers that belong to the connection: a request that sets one could mean something else to the server, or to a proxy, than to us.
const RESERVED: [HeaderName; 9] = [
    http::header::CONNECTION,
    http::header::EXPECT,
    http::header::PROXY_AUTHORIZATION,
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A checked request that can be written more than once.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    #[cfg(feature = "http2")]
    uri: Uri,
    path: Uri,
    headers: HeaderMap,
    body: Arc<Zeroizing<Vec<u8>>>,
}

impl Outgoing {
    /// Takes what is needed from `request`. `Host` and `Accept` are added unless they are there.
    ///
    /// # Errors
    /// [`HttpErrorKind::Protocol`] for a CONNECT, and for headers that are this transport's business.
    pub(crate) fn new(request: &HttpRequest, target: &Target) -> Result<Self, HttpError> {
        let refuse = |message| Err(HttpError::before_sending(HttpErrorKind::Protocol, message));
        if request.method == Method::CONNECT {
            return refuse("the method CONNECT is not for requests".to_owned());
        }
        let mut headers = request.headers.clone();
        if let Some(name) = RESERVED.iter().find(|name| headers.contains_key(*name)) {
            return refuse(format!(
                "the header `{name}` is set by the transport, not by the request"
            ));
        }
        if let Some(length) = headers.remove(CONTENT_LENGTH)
            && length.as_bytes() != request.body.len().to_string().as_bytes()
        {
            return refuse("the header `content-length` differs from the body's length".to_owned());
        }
        if !headers.contains_key(HOST) {
            let host = HeaderValue::from_str(&target.authority);
            let Ok(host) = host else {
                return refuse("the URL's host can't be sent as a header".to_owned());
            };
            headers.insert(HOST, host);
        }
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        }
        Ok(Self {
            method: request.method.clone(),
            #[cfg(feature = "http2")]
            uri: request.uri.clone(),
            path: Uri::from(target.path.clone()),
            headers,
            body: Arc::clone(&request.body),
        })
    }

    /// The length of the body in bytes.
    pub(crate) fn body_len(&self) -> u64 {
        self.body.len() as u64
    }

    /// The request for HTTP/1.1, in origin form.
    pub(crate) fn http1(&self) -> Request<RequestBody> {
        self.request(self.path.clone(), self.headers.clone())
    }

    /// The request for HTTP/2, whose `:authority` stands for the `Host` header.
    #[cfg(feature = "http2")]
    pub(crate) fn http2(&self) -> Request<RequestBody> {
        let mut headers = self.headers.clone();
        headers.remove(HOST);
        let mut request = self.request(self.uri.clone(), headers);
        *request.version_mut() = http::Version::HTTP_2;
        request
    }

    fn request(&self, uri: Uri, headers: HeaderMap) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::new(Arc::clone(&self.body)));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request
    }
}

/// A body of one piece that shares the request's buffer, which is overwritten when its last user is gone.
#[derive(Debug)]
pub(crate) struct RequestBody(Option<Bytes>);

struct Shared(Arc<Zeroizing<Vec<u8>>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl RequestBody {
    fn new(body: Arc<Zeroizing<Vec<u8>>>) -> Self {
        Self((!body.is_empty()).then(|| Bytes::from_owner(Shared(body))))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.0.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(request: &HttpRequest) -> Result<Outgoing, HttpError> {
        Outgoing::new(request, &Target::parse(&request.uri).unwrap())
    }

    #[test]
    fn only_host_and_accept_are_added() {
        let uri = Uri::from_static("https://login.test:8443/t?x=1");
        let request = HttpRequest::post_form(uri, Zeroizing::new(b"a=b".to_vec()));
        let sent = outgoing(&request).unwrap().http1();
        let mut names: Vec<_> = sent.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "content-type", "host"]);
        assert_eq!(
            (sent.uri().to_string().as_str(), &sent.headers()["host"]),
            ("/t?x=1", &"login.test:8443".parse().unwrap())
        );
        assert_eq!(sent.body().size_hint().exact(), Some(3));
    }

    #[test]
    fn connection_headers_and_wrong_lengths_are_refused() {
        let base = HttpRequest::get(Uri::from_static("https://login.test/"));
        for (name, value) in [
            ("transfer-encoding", "chunked"),
            ("connection", "close"),
            ("expect", "100-continue"),
            ("proxy-authorization", "Basic CNRY"),
            ("content-length", "5"),
        ] {
            let request = base
                .clone()
                .header(name.parse().unwrap(), HeaderValue::from_static(value));
            let error = outgoing(&request).unwrap_err();
            assert_eq!(
                (error.kind, error.request_sent),
                (HttpErrorKind::Protocol, false),
                "{name}"
            );
            assert!(!error.message.contains("CNRY"));
        }
        let right = base.clone().header(CONTENT_LENGTH, HeaderValue::from_static("0"));
        assert!(
            !outgoing(&right)
                .unwrap()
                .http1()
                .headers()
                .contains_key(CONTENT_LENGTH)
        );
        let mut connect = base;
        connect.method = Method::CONNECT;
        assert!(outgoing(&connect).is_err());
    }

    #[test]
    fn the_body_is_not_copied() {
        let uri = Uri::from_static("https://login.test/");
        let request = HttpRequest::post_form(uri, Zeroizing::new(b"secret=1".to_vec()));
        let sent = outgoing(&request).unwrap().http1();
        assert_eq!(sent.body().0.as_ref().unwrap().as_ptr(), request.body.as_ptr());
    }
}
