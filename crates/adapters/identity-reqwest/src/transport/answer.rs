//! Reading an answer, up to its cap.

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use identity_base::seam::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use reqwest::Response;
use zeroize::Zeroizing;

use super::failure;
use super::head::limited;

/// How much is set aside for a body until it has really come.
const FIRST_BUFFER: usize = 16 * 1024;

/// A body that grows up to its cap, and leaves no copies behind when it grows.
pub(super) struct Answer {
    body: Zeroizing<Vec<u8>>,
    cap: usize,
    /// Whether what is over the cap is left out instead of being a failure.
    cuts: bool,
}

impl Answer {
    /// Reads the answer to `request`.
    ///
    /// # Errors
    /// [`HttpErrorKind::TooLarge`] over the cap, [`HttpErrorKind::Protocol`] for an encoded body or an interim status, and whatever breaks on the way.
    pub(super) async fn read(
        mut response: Response,
        request: &HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let mut answer = Self::begin(&response, request)?;
        let idle = request.timeouts.idle;
        loop {
            let Some(chunk) = limited(idle, response.chunk()).await else {
                let message = format!("the answer stopped for {idle:?}");
                return Err(HttpError::after_sending(HttpErrorKind::Timeout, message));
            };
            match chunk.map_err(failure::of_reading)? {
                Some(chunk) if answer.push(&chunk)? => {}
                _ => break,
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = std::mem::take(&mut *answer.body);
        Ok(HttpResponse::new(status, headers, body))
    }

    fn begin(response: &Response, request: &HttpRequest) -> Result<Self, HttpError> {
        let (status, headers) = (response.status(), response.headers());
        if status.is_informational() {
            let message = format!("the server answered with the interim status {}", status.as_u16());
            return Err(HttpError::after_sending(HttpErrorKind::Protocol, message));
        }
        if is_encoded(headers) {
            return Err(HttpError::after_sending(
                HttpErrorKind::Protocol,
                "the answer's body is encoded, which was not asked for",
            ));
        }
        let (cap, cuts) = cap(status, request);
        let announced = response.content_length();
        if !cuts
            && announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > cap))
        {
            return Err(too_large(cap));
        }
        let first = announced
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(FIRST_BUFFER);
        Ok(Self {
            body: Zeroizing::new(Vec::with_capacity(first.min(FIRST_BUFFER).min(cap))),
            cap,
            cuts,
        })
    }

    /// Adds what has come, and tells whether more is wanted.
    fn push(&mut self, data: &[u8]) -> Result<bool, HttpError> {
        let room = self.cap.saturating_sub(self.body.len());
        let taken = data.get(..room).unwrap_or(data);
        if taken.len() < data.len() && !self.cuts {
            return Err(too_large(self.cap));
        }
        let needed = self.body.len().saturating_add(taken.len());
        if needed > self.body.capacity() {
            let room = needed.max(self.body.capacity().saturating_mul(2)).min(self.cap);
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.body);
            self.body = larger;
        }
        self.body.extend_from_slice(taken);
        Ok(taken.len() == data.len())
    }
}

/// The cap of an answer with this status, and whether a longer one is cut.
fn cap(status: StatusCode, request: &HttpRequest) -> (usize, bool) {
    let cuts = !status.is_success() && request.max_error_body <= request.max_body;
    let cap = if cuts {
        request.max_error_body
    } else {
        request.max_body
    };
    (cap, cuts)
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let plain = |value: &http::HeaderValue| {
        let value = value.as_bytes().trim_ascii();
        value.is_empty() || value.eq_ignore_ascii_case(b"identity")
    };
    !headers.get_all(CONTENT_ENCODING).iter().all(plain)
}

fn too_large(cap: usize) -> HttpError {
    HttpError::after_sending(
        HttpErrorKind::TooLarge,
        format!("the answer's body is longer than {cap} bytes"),
    )
}
