//! How an answer goes out: by hyper, or as raw bytes where a fault wants what an HTTP library will not do.

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::body::ReplyBody;
use super::wire::{End, Script};
use crate::answer::Answer;
use crate::clock::http_date;
use crate::fault::{ResetAt, WireFault};
use crate::world::World;

/// How a request is answered.
pub(super) enum Reply {
    /// By hyper.
    Http(Response<ReplyBody>),
    /// By hyper, which then closes the connection.
    Last(Response<ReplyBody>),
    /// By taking the connection away from hyper.
    Wire(Script),
}

/// Sends an answer in a way that it should not be sent.
pub(super) fn spoil(world: &World, answer: &Answer, fault: &WireFault, http2: bool) -> Reply {
    let body = answer.bytes();
    let length = body.len();
    let part = |after: &u64| body.slice(..usize::try_from(*after).unwrap_or(usize::MAX).min(length));
    let cut = |after: &u64, end: End| {
        if http2 {
            let silent = end == End::Silence;
            let body = ReplyBody::cut(part(after), size(length), silent);
            return Reply::Http(response(answer, world, body));
        }
        let mut bytes = head(answer, world, size(length));
        bytes.extend_from_slice(&part(after));
        Reply::Wire(Script::new(bytes, end))
    };
    match fault {
        WireFault::Drip {
            bytes_per_second,
            head: true,
        } if !http2 => {
            let mut bytes = head(answer, world, size(length));
            bytes.extend_from_slice(&body);
            Reply::Wire(Script {
                pace: Some(*bytes_per_second),
                ..Script::new(bytes, End::Close)
            })
        }
        WireFault::Drip { bytes_per_second, .. } => {
            let body = ReplyBody::Slow {
                rest: body,
                pace: *bytes_per_second,
                timer: None,
            };
            Reply::Http(response(answer, world, body))
        }
        WireFault::Truncate { after } => cut(after, End::Close),
        WireFault::Stall { after } => cut(after, End::Silence),
        WireFault::Reset(ResetAt::BeforeResponse) => Reply::Wire(Script::new(Bytes::new(), End::Reset)),
        WireFault::Reset(ResetAt::MidBody(after)) => cut(after, End::Reset),
        WireFault::Reset(ResetAt::AfterResponse) if http2 => Reply::Last(respond(answer, world)),
        WireFault::Reset(ResetAt::AfterResponse) => cut(&u64::MAX, End::Reset),
        WireFault::Raw(bytes) => Reply::Wire(Script::new(bytes.bytes().unwrap_or_default(), End::Close)),
        WireFault::Huge { bytes } => Reply::Http(response(
            answer,
            world,
            ReplyBody::Padded {
                spaces: *bytes,
                body: Some(body),
            },
        )),
        WireFault::Endless => Reply::Http(response(answer, world, ReplyBody::Endless)),
        WireFault::ClaimLength { bytes } if http2 => {
            let body = ReplyBody::cut(body, *bytes, true);
            Reply::Http(response(answer, world, body))
        }
        WireFault::ClaimLength { bytes: claimed } => {
            let mut bytes = head(answer, world, *claimed);
            bytes.extend_from_slice(&body);
            Reply::Wire(Script::new(bytes, End::Silence))
        }
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The head of an HTTP/1.1 answer.
fn head(answer: &Answer, world: &World, length: u64) -> Vec<u8> {
    let reason = StatusCode::from_u16(answer.status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason.unwrap_or("Unknown"));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {length}\r\n"));
    if !answer
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("date"))
    {
        head.push_str(&format!("date: {}\r\n", http_date(world.clock.unix_seconds())));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

pub(super) fn respond(answer: &Answer, world: &World) -> Response<ReplyBody> {
    response(answer, world, ReplyBody::Whole(Some(answer.bytes())))
}

fn response(answer: &Answer, world: &World, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            headers.append(name, value);
        }
    }
    // Entra's clock is the emulator's, also where clients read it.
    if let Ok(date) = HeaderValue::from_str(&http_date(world.clock.unix_seconds())) {
        headers.entry("date").or_insert(date);
    }
    response
}
