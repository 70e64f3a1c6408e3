//! One request from its head to its answer: the journal, the fault that meets it, the route that serves it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

use super::body::ReplyBody;
use super::wire::{End, Script};
use crate::answer::{Answer, Content};
use crate::call::{Call, Listener};
use crate::clock::{http_date, real_sleep};
use crate::fault::{Applied, BodyFault, Effect, Facts, ResetAt, WireFault};
use crate::journal::{Outcome, RecordedRequest};
use crate::refusal::Refusal;
use crate::routes::{self, Route};
use crate::world::World;

/// The largest request body that is read.
const BODY_LIMIT: usize = 1024 * 1024;

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) listener: Listener,
    pub(super) connection: u64,
}

/// How a request is answered.
pub(super) enum Reply {
    /// By hyper.
    Http(Response<ReplyBody>),
    /// By hyper, which then closes the connection.
    Last(Response<ReplyBody>),
    /// By taking the connection away from hyper.
    Wire(Script),
}

pub(super) async fn exchange(world: Arc<World>, origin: Origin, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let found = routes::find(origin.listener, parts.method.as_str(), parts.uri.path());
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Reply::Last(respond(&Answer::empty(413), &world));
    };
    let http2 = parts.version == hyper::Version::HTTP_2;
    let call = Call::new(
        origin.listener,
        origin.connection,
        &parts,
        body.to_bytes(),
        &found,
    );
    if found.route() == Route::Admin {
        return Reply::Http(respond(&found.serve(&world, &call), &world));
    }
    // Read before the journal shows the request: whoever sees it there may advance the clock at once.
    let arrived = world.clock.elapsed();
    let entry = world
        .journal
        .begin(|number| RecordedRequest::new(number, &world.clock, call));
    let call = entry.call();
    let Some(Applied { name, effect }) = world.faults.request(facts(call)) else {
        let answer = found.serve(&world, call);
        entry.finish(answered(&answer));
        return Reply::Http(respond(&answer, &world));
    };
    entry.fault(&name);
    wait(&world, &effect, arrived).await;
    let mut answer = if effect.replaces_answer() {
        replacement(&world, call, &effect)
    } else {
        found.serve(&world, call)
    };
    alter(&mut answer, &effect);
    let broken = !matches!(
        effect.wire,
        None | Some(WireFault::Drip { .. } | WireFault::Huge { .. })
    );
    entry.finish(if broken {
        Outcome::Broken
    } else {
        answered(&answer)
    });
    match effect.wire {
        None => Reply::Http(respond(&answer, &world)),
        Some(fault) => spoil(&world, &answer, &fault, http2),
    }
}

fn facts(call: &Call) -> Facts<'_> {
    Facts {
        route: call.route,
        method: call.method(),
        path: &call.path,
        grant: call.form("grant_type"),
        tenant: call.tenant(),
        client_id: call
            .form("client_id")
            .or_else(|| call.basic().map(|(user, _)| user)),
    }
}

fn answered(answer: &Answer) -> Outcome {
    Outcome::Answered {
        status: answer.status,
        aadsts: answer.aadsts,
    }
}

async fn wait(world: &World, effect: &Effect, arrived: Duration) {
    if let Some(real) = effect.delay_ms {
        real_sleep(Duration::from_millis(real)).await;
    }
    if let Some(by) = effect.clock_delay_ms {
        world
            .clock
            .wait_until(arrived.saturating_add(Duration::from_millis(by)))
            .await;
    }
    if let Some(gate) = &effect.hold {
        world.gates.get(gate).pass().await;
    }
    if effect.hang {
        std::future::pending::<()>().await;
    }
}

/// The answer of a fault that has one of its own.
fn replacement(world: &World, call: &Call, effect: &Effect) -> Answer {
    let status = effect.status;
    let mut answer = match (&effect.aadsts, &effect.body, status) {
        (Some(code), None, _) => Refusal::new(*code)
            .suberror(effect.suberror.clone())
            .claims(effect.claims.clone())
            .answer(world, call),
        (_, Some(BodyFault::Json(value)), _) => Answer::json(200, value.clone()),
        (_, Some(BodyFault::Other { content_type, bytes }), _) => {
            let bytes = bytes.bytes().unwrap_or_default();
            match content_type {
                Some(kind) => Answer::text(200, kind, bytes),
                None => Answer {
                    body: Content::Bytes(bytes.into()),
                    ..Answer::empty(200)
                },
            }
        }
        (None, None, Some(429)) => Refusal::new(90055).answer(world, call),
        (None, None, Some(500..)) => Refusal::new(90033).answer(world, call),
        (None, None, _) => Answer::empty(200),
    };
    if let Some(status) = status {
        answer.status = status;
    }
    answer
}

/// Changes single headers and fields.
fn alter(answer: &mut Answer, effect: &Effect) {
    for name in &effect.without_headers {
        answer
            .headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }
    // The rule's own headers replace the answer's, but a rule may well send one twice.
    for (name, _) in &effect.headers {
        answer
            .headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }
    for (name, value) in &effect.headers {
        answer.headers.push((name.clone().into(), value.clone()));
    }
    let Content::Json(Value::Object(fields)) = &mut answer.body else {
        return;
    };
    for name in &effect.without_fields {
        fields.remove(name);
    }
    fields.extend(
        effect
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    if !effect.literals.is_empty() {
        let text = with_literals(fields, &effect.literals);
        answer.body = Content::Bytes(text.into());
    }
}

/// Writes the object with pieces of text in place of values, which a JSON library could not hold.
fn with_literals(fields: &serde_json::Map<String, Value>, literals: &BTreeMap<String, String>) -> String {
    let kept = fields.iter().filter(|(name, _)| !literals.contains_key(*name));
    let kept = kept.map(|(name, value)| (name, value.to_string()));
    let made = literals.iter().map(|(name, text)| (name, text.clone()));
    let all: Vec<String> = kept
        .chain(made)
        .map(|(name, text)| format!("{}:{text}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", all.join(","))
}

/// Sends an answer in a way that it should not be sent.
fn spoil(world: &World, answer: &Answer, fault: &WireFault, http2: bool) -> Reply {
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

fn respond(answer: &Answer, world: &World) -> Response<ReplyBody> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::with_literals;

    #[test]
    fn literals_are_written_as_they_stand() {
        let fields = json!({"a": 1, "expires_in": 2}).as_object().unwrap().clone();
        let text = with_literals(&fields, &[("expires_in".to_owned(), "1e400".to_owned())].into());
        assert_eq!(text, r#"{"a":1,"expires_in":1e400}"#);
    }
}
