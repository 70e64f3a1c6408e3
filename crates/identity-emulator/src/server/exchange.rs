//! One request from its head to its answer: the journal, the fault that meets it, the route that serves it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::Request;
use hyper::body::Incoming;
use serde_json::Value;

use super::reply::{Reply, respond, spoil};
use crate::answer::{Answer, Content};
use crate::call::{Call, Listener};
use crate::clock::real_sleep;
use crate::fault::{Applied, BodyFault, Effect, Facts, WireFault};
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
