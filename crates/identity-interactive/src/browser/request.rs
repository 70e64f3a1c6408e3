//! Reading a request of whoever connects, defensively: this listener speaks as little HTTP as a browser needs.

use std::fmt;

use zeroize::Zeroizing;

/// The longest head.
pub(super) const MAX_HEAD_BYTES: usize = 8 * 1024;
/// The longest body. A code and its state have a few kilobytes.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// The end of a head.
const END: &[u8] = b"\r\n\r\n";

/// The head of a request.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Zeroizing<String>,
    pub(super) host: String,
    pub(super) origin: Option<String>,
    pub(super) is_form: bool,
    pub(super) body_bytes: usize,
}

/// The methods that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Other,
}

/// Why a request is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It isn't HTTP as it should be.
    Malformed,
    /// The head is too long.
    HeadTooLarge,
    /// The body is too long, or its length isn't told.
    BodyTooLarge,
}

impl Refusal {
    pub(super) const fn status(self) -> &'static str {
        match self {
            Self::Malformed => "400 Bad Request",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::BodyTooLarge => "413 Content Too Large",
        }
    }
}

/// Where the body begins, once the head is whole.
pub(super) fn end_of_head(received: &[u8]) -> Option<usize> {
    received
        .windows(END.len())
        .position(|window| window == END)
        .map(|at| at + END.len())
}

impl Head {
    /// Reads a whole head:
    ///
    /// ```text
    /// head    = method SP target SP ("HTTP/1.1" / "HTTP/1.0") CRLF *(name ":" value CRLF) CRLF
    /// method  = 1*tchar                 ; as in RFC 9110
    /// target  = "/" *(%x21-7E)
    /// name    = 1*tchar                 ; Host once, Origin, Content-Type and Content-Length at most once, no Transfer-Encoding, no Upgrade
    /// value   = *(HTAB / %x20-7E / UTF-8 beyond ASCII)   ; that of Content-Length is 1*DIGIT and at most the longest body
    /// ```
    ///
    /// # Errors
    /// [`Refusal`] for anything unusual: what is refused here is at worst read anew by a browser that means it.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Refusal> {
        let text = head
            .strip_suffix(END)
            .filter(|head| {
                head.iter()
                    .all(|b| matches!(b, b'\r' | b'\n' | b'\t' | b' '..=b'~' | 0x80..))
            })
            .and_then(|head| std::str::from_utf8(head).ok())
            .ok_or(Refusal::Malformed)?;
        let mut lines = text.split("\r\n");
        let mut parts = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !path.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic()) || !is_token(method) {
            return Err(Refusal::Malformed);
        }
        let mut headers = Headers::default();
        for line in lines {
            headers.read(line)?;
        }
        Ok(Self {
            method: match method {
                "GET" => Method::Get,
                "POST" => Method::Post,
                _ => Method::Other,
            },
            path: path.to_owned(),
            query: Zeroizing::new(query.to_owned()),
            host: headers.host.ok_or(Refusal::Malformed)?,
            origin: headers.origin,
            is_form: headers.content_type.as_deref().is_some_and(is_form),
            body_bytes: body_bytes(headers.content_length.as_deref())?,
        })
    }
}

/// The headers that matter, each at most once.
#[derive(Default)]
struct Headers {
    host: Option<String>,
    origin: Option<String>,
    content_type: Option<String>,
    content_length: Option<String>,
}

impl Headers {
    fn read(&mut self, line: &str) -> Result<(), Refusal> {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        if !is_token(name) || line.contains(['\r', '\n']) {
            return Err(Refusal::Malformed);
        }
        let slot = match name.to_ascii_lowercase().as_str() {
            "host" => &mut self.host,
            "origin" => &mut self.origin,
            "content-type" => &mut self.content_type,
            "content-length" => &mut self.content_length,
            // A body whose length isn't told can't be kept within bounds early.
            "transfer-encoding" | "upgrade" => return Err(Refusal::BodyTooLarge),
            _ => return Ok(()),
        };
        match slot.replace(value.trim_matches([' ', '\t']).to_owned()) {
            None => Ok(()),
            Some(_) => Err(Refusal::Malformed),
        }
    }
}

/// What methods and names of headers are made of.
fn is_token(text: &str) -> bool {
    let is_tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn is_form(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn body_bytes(length: Option<&str>) -> Result<usize, Refusal> {
    let Some(length) = length else { return Ok(0) };
    if length.is_empty() || !length.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Malformed);
    }
    match length.parse() {
        Ok(length) if length <= MAX_BODY_BYTES => Ok(length),
        _ => Err(Refusal::BodyTooLarge),
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("body_bytes", &self.body_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
