//! What of an answer is taken: a bounded head, and a bounded body that is overwritten when it is dropped.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use http::response::Parts;
use identity_base::seam::{HttpError, HttpErrorKind};
use zeroize::Zeroizing;

/// The most bytes of an answer's head.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// The most fields of an answer's head.
const MAX_FIELDS: usize = 100;
/// How much is set aside for a body whose length is announced, until it has really come.
const FIRST_BUFFER: usize = 16 * 1024;

/// The most bytes of an answer's body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyCaps {
    /// Of any answer; more is a failure.
    pub(crate) body: usize,
    /// Of one that is no success; more is cut off, so that a long page before a service that is down is still a service that is down.
    pub(crate) error: usize,
}

/// Checks the head of an answer, and makes the buffer for its body.
///
/// # Errors
/// [`HttpErrorKind::TooLarge`] if the announced body is longer than the cap and can't be cut, or there are too many fields;
/// [`HttpErrorKind::Protocol`] for an encoded body, since a small one can be huge when decoded and we never ask for one, and for a change of protocol.
pub(crate) fn check_head(head: &Parts, caps: BodyCaps) -> Result<CappedBody, HttpError> {
    if head.status.is_informational() {
        return Err(HttpError::after_sending(
            HttpErrorKind::Protocol,
            format!(
                "the server answered with the interim status {}",
                head.status.as_u16()
            ),
        ));
    }
    if head.headers.len() > MAX_FIELDS {
        return Err(too_large(format!(
            "the answer's head has more than {MAX_FIELDS} fields"
        )));
    }
    if has_other_than(&head.headers, CONTENT_ENCODING, "identity")
        || has_other_than(&head.headers, TRANSFER_ENCODING, "chunked")
    {
        return Err(HttpError::after_sending(
            HttpErrorKind::Protocol,
            "the answer's body is encoded, which was not asked for",
        ));
    }
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let cuts = !head.status.is_success() && caps.error <= caps.body;
    let cap = if cuts { caps.error } else { caps.body };
    if !cuts && announced.is_some_and(|length| length > cap as u64) {
        return Err(body_too_large(cap));
    }
    let first = announced.map_or(0, |length| usize::try_from(length).unwrap_or(FIRST_BUFFER));
    Ok(CappedBody {
        buffer: Zeroizing::new(Vec::with_capacity(first.min(FIRST_BUFFER).min(cap))),
        cap,
        cuts,
    })
}

/// Whether any value of `name` is neither empty nor `accepted`.
fn has_other_than(headers: &HeaderMap, name: http::HeaderName, accepted: &str) -> bool {
    let fine = |value: &HeaderValue| {
        let value = value.as_bytes().trim_ascii();
        value.is_empty() || value.eq_ignore_ascii_case(accepted.as_bytes())
    };
    !headers.get_all(name).iter().all(fine)
}

fn too_large(message: String) -> HttpError {
    HttpError::after_sending(HttpErrorKind::TooLarge, message)
}

fn body_too_large(cap: usize) -> HttpError {
    too_large(format!("the answer's body is longer than {cap} bytes"))
}

/// A body that grows up to its cap. Unlike a plain vector it leaves no copies behind when it grows.
#[derive(Debug)]
pub(crate) struct CappedBody {
    buffer: Zeroizing<Vec<u8>>,
    cap: usize,
    /// Whether what is over the cap is left out instead of being a failure.
    cuts: bool,
}

impl CappedBody {
    /// Adds what has come, and tells whether more is wanted.
    ///
    /// # Errors
    /// [`HttpErrorKind::TooLarge`] if that makes a body that can't be cut longer than its cap; nothing is added then.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<bool, HttpError> {
        let room = self.cap.saturating_sub(self.buffer.len());
        if data.len() > room {
            if !self.cuts {
                return Err(body_too_large(self.cap));
            }
            self.add(data.get(..room).unwrap_or_default());
            return Ok(false);
        }
        self.add(data);
        Ok(true)
    }

    /// Adds what there is room for.
    fn add(&mut self, data: &[u8]) {
        let needed = self.buffer.len().saturating_add(data.len());
        if needed > self.buffer.capacity() {
            let room = needed.max(self.buffer.capacity().saturating_mul(2)).min(self.cap);
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
        self.buffer.extend_from_slice(data);
    }

    /// The whole body.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Parts {
        let mut response = http::Response::new(());
        for (name, value) in fields {
            response.headers_mut().append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        response.into_parts().0
    }

    /// Caps of which none is for failures.
    fn only(body: usize) -> BodyCaps {
        BodyCaps {
            body,
            error: usize::MAX,
        }
    }

    fn kind(fields: &[(&str, &str)]) -> Option<HttpErrorKind> {
        check_head(&head(fields), only(1024))
            .err()
            .map(|error| error.kind)
    }

    #[test]
    fn heads_are_checked() {
        assert_eq!(kind(&[]), None);
        assert_eq!(kind(&[("content-length", "1024")]), None);
        assert_eq!(kind(&[("content-length", "1025")]), Some(HttpErrorKind::TooLarge));
        assert_eq!(
            kind(&[("content-length", "18446744073709551615")]),
            Some(HttpErrorKind::TooLarge)
        );
        for value in ["identity", "Identity", ""] {
            assert_eq!(kind(&[("content-encoding", value)]), None, "{value}");
        }
        for value in ["gzip", "br", "deflate", "identity, gzip", "zstd"] {
            assert_eq!(
                kind(&[("content-encoding", value)]),
                Some(HttpErrorKind::Protocol),
                "{value}"
            );
        }
        assert_eq!(
            kind(&[("content-encoding", "identity"), ("content-encoding", "gzip")]),
            Some(HttpErrorKind::Protocol)
        );
        assert_eq!(
            kind(&[("transfer-encoding", "gzip, chunked")]),
            Some(HttpErrorKind::Protocol)
        );
        assert_eq!(kind(&[("transfer-encoding", "Chunked")]), None);
        assert_eq!(kind(&vec![("x", "y"); 100]), None);
        assert_eq!(kind(&vec![("x", "y"); 101]), Some(HttpErrorKind::TooLarge));
    }

    #[test]
    fn a_huge_announcement_sets_little_aside() {
        let body = check_head(&head(&[("content-length", "1000000")]), only(1024 * 1024)).unwrap();
        assert!(body.buffer.capacity() <= FIRST_BUFFER);
    }

    #[test]
    fn the_cap_is_exact_however_the_body_comes() {
        for piece in [1, 7, 1000, 1024] {
            let mut body = check_head(&head(&[]), only(1024)).unwrap();
            let mut sent = Vec::new();
            while sent.len() + piece <= 1024 {
                let data: Vec<u8> = (0..piece).map(|i| (sent.len() + i) as u8).collect();
                assert!(body.push(&data).unwrap());
                sent.extend(data);
            }
            let one_too_many = vec![0; 1025 - sent.len()];
            assert_eq!(
                body.push(&one_too_many).unwrap_err().kind,
                HttpErrorKind::TooLarge
            );
            assert!(body.buffer.capacity() <= 1024);
            assert_eq!(body.finish(), sent);
        }
    }

    #[test]
    fn the_body_of_a_failure_is_cut_and_that_of_a_success_is_not() {
        let caps = BodyCaps {
            body: 1024,
            error: 64,
        };
        let mut failure = head(&[("content-length", "18446744073709551615")]);
        failure.status = http::StatusCode::SERVICE_UNAVAILABLE;
        for piece in [1, 7, 64, 65, 1000] {
            let mut body = check_head(&failure, caps).unwrap();
            let mut sent = 0;
            while body.push(&vec![b'x'; piece]).unwrap() {
                sent += piece;
                assert!(sent <= 64, "{piece}");
            }
            assert!(body.buffer.capacity() <= 64);
            assert_eq!(body.finish(), [b'x'; 64], "{piece}");
        }
        let mut body = check_head(&failure, caps).unwrap();
        assert!(body.push(&[b'x'; 64]).unwrap(), "just the cap is not cut");
        let mut success = check_head(&head(&[]), caps).unwrap();
        assert!(success.push(&[b'x'; 1024]).unwrap());
        assert_eq!(success.push(b"x").unwrap_err().kind, HttpErrorKind::TooLarge);
        // Where failures may be as long as successes, too much of one is a failure.
        assert_eq!(
            check_head(&failure, only(1024)).unwrap_err().kind,
            HttpErrorKind::TooLarge
        );
    }
}
