//! The administration over HTTP, `/_admin/…`, by which programs in any language drive the emulator.

mod people;
mod seed;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::{Call, Listener};
use crate::catalogue::Aadsts;
use crate::fault::Fault;
use crate::journal::{Connections, Requests};
use crate::refusal::Refusal;
use crate::world::World;

/// The administration answers with plain errors of its own, never with Entra's documents.
type Served = Result<Answer, String>;

macro_rules! rows {
    ($($method:literal $path:literal $handler:path: $help:literal),+ $(,)?) => {
        pub(super) const ROWS: &[Row] = &[
            $(Row::new(Route::Admin, $method, $path, Port::Any, |world, call| served(guarded(world, call, $handler)))),+
        ];
        const HELP: &[(&str, &str, &str)] = &[$(($method, $path, $help)),+];
    };
}

rows! {
    "GET" "/_admin" help: "this list",
    "GET" "/_admin/state" state: "addresses, tenants, applications, managed identities, clock, gates and counts",
    "GET" "/_admin/ca.pem" ca: "the certificate to trust",
    "GET" "/_admin/catalogue" catalogue: "every refusal by AADSTS code",
    "GET" "/_admin/faults" faults: "the faults in force, with their counts",
    "POST" "/_admin/faults" add_fault: "add a fault, or a list of them: {\"on\": {...}, \"do\": {...}}",
    "DELETE" "/_admin/faults" clear_faults: "take all faults out of force",
    "DELETE" "/_admin/faults/{id}" remove_fault: "take one fault out of force",
    "GET" "/_admin/requests" requests: "the journal; ?route=, ?grant= and ?tenant= select, ?scenario= gives the recorded form",
    "DELETE" "/_admin/requests" clear_requests: "forget the journal",
    "GET" "/_admin/clock" clock: "the clock's readings",
    "POST" "/_admin/clock" move_clock: "{\"advance\": s, \"advance_elapsed\": s, \"set_wall\": unix s, \"frozen\": bool}",
    "POST" "/_admin/gates/{name}/release" release: "open a gate, or let ?requests= through",
    "POST" "/_admin/gates/{name}/close" close: "close a gate",
    "POST" "/_admin/tokens" forge: "sign the claims in the body",
    "POST" "/_admin/user-tokens" seed::user_token: "a user's token: {\"api\": ..., \"user\": upn, \"permissions\": ..., \"lifetime\": s}",
    "POST" "/_admin/codes" seed::code: "an authorization code: {\"redirect_uri\": ..., \"user\": upn, \"scope\": ..., \"code_verifier\": ...}",
    "POST" "/_admin/sign-ins" people::script: "what the next person does: {\"user\": upn}, {\"cancel\": true}, {\"aadsts\": code} or {\"ignore\": true}, with \"polls\", \"slow_downs\", \"wrong_state\"",
    "POST" "/_admin/certificates" seed::certificate: "register a certificate: {\"pem\": ..., \"client_id\": ...}",
    "DELETE" "/_admin/certificates/{client_id}/{thumbprint}" seed::remove_certificate: "take a certificate from an application",
    "POST" "/_admin/federated-credentials" seed::federated: "{\"issuer\": ..., \"subject\": ..., \"audiences\": [...], \"pem\": key}",
    "POST" "/_admin/revocations" seed::revoke: "end all sessions of {\"user\": upn}",
    "GET" "/_admin/environments" seed::environments: "the variables that build systems and clusters set",
    "POST" "/_admin/reset" reset: "forget faults, gates, requests, sessions, later registrations and shifts of the time of day",
}

fn served(result: Served) -> Result<Answer, Refusal> {
    Ok(result.unwrap_or_else(|problem| Answer::json(400, json!({"error": problem}))))
}

/// Serves a request that names this machine. A web page that has its own name point at loopback does not get in.
fn guarded(world: &World, call: &Call, handler: fn(&World, &Call) -> Served) -> Served {
    let host = call.host_name().unwrap_or_default();
    if host.parse::<IpAddr>().is_ok() || world.is_own_name(host) {
        return handler(world, call);
    }
    let problem = format!("{host:?} is not a name of the emulator; its option for server names adds one");
    Ok(Answer::json(403, json!({"error": problem})))
}

/// A path that is none of these.
pub(super) fn unknown(world: &World, call: &Call) -> Result<Answer, Refusal> {
    served(guarded(world, call, |_, call| {
        let problem = format!("there is no {} {:?}", call.method(), call.path);
        let hint = "GET /_admin lists all there is";
        Ok(Answer::json(404, json!({"error": problem, "hint": hint})))
    }))
}

fn ok(body: Value) -> Served {
    Ok(Answer::json(200, body))
}

fn help(_: &World, _: &Call) -> Served {
    let rows = HELP
        .iter()
        .map(|(method, path, help)| json!({"method": method, "path": path, "help": help}));
    ok(rows.collect())
}

fn state(world: &World, _: &Call) -> Served {
    let tenants = world.directory.tenants().iter().map(|tenant| {
        let apps = tenant.apps.iter().map(|app| {
            json!({"name": app.name, "client_id": app.id, "object_id": tenant.object_id(&app.id), "roles": app.roles})
        });
        json!({
            "name": tenant.name,
            "tenant_id": tenant.id,
            "domains": tenant.domains,
            "apps": apps.collect::<Value>(),
        })
    });
    let gates = world
        .gates
        .all()
        .into_iter()
        .map(|gate| json!({"name": gate.name(), "waiting": gate.waiting(), "arrived": gate.arrived()}));
    let identities = world.host.identities.iter().map(|identity| {
        json!({
            "name": identity.name,
            "client_id": identity.client_id,
            "object_id": identity.object_id,
            "resource_id": identity.resource_id,
            "is_system_assigned": identity.is_system,
        })
    });
    ok(json!({
        "managed_identities": identities.collect::<Value>(),
        "server_thumbprint": world.certificates.thumbprint(),
        "authority": world.authority(),
        "plain": format!("http://{}", world.addresses.plain),
        "server_names": world.names(),
        "strict": !world.directory.is_lenient(),
        "tenants": tenants.collect::<Value>(),
        "clock": readings(world),
        "gates": gates.collect::<Value>(),
        "faults": world.faults.describe().as_array().map_or(0, Vec::len),
        "requests": world.journal.requests().count(),
        "connections": counts(world.journal.connections(Listener::Tls)),
        "plain_connections": counts(world.journal.connections(Listener::Plain)),
    }))
}

fn counts(connections: Connections) -> Value {
    json!({
        "opened": connections.opened,
        "open": connections.open,
        "handshakes_failed": connections.handshakes_failed,
    })
}

fn ca(world: &World, _: &Call) -> Served {
    Ok(Answer::text(
        200,
        "application/x-pem-file",
        world.certificates.ca_pem(),
    ))
}

fn catalogue(_: &World, _: &Call) -> Served {
    ok(json!(Aadsts::all()))
}

fn faults(world: &World, _: &Call) -> Served {
    ok(world.faults.describe())
}

fn add_fault(world: &World, call: &Call) -> Served {
    let body: Value = parse(call)?;
    let rules = match body {
        Value::Array(rules) => rules,
        one => vec![one],
    };
    // All or none: a list with a mistake in it adds nothing.
    let mut checked = Vec::new();
    for rule in rules {
        let rule: Fault = serde_json::from_value(rule).map_err(|error| format!("no fault: {error}"))?;
        rule.check()?;
        checked.push(rule);
    }
    let added: Result<Vec<u64>, String> = checked
        .into_iter()
        .map(|rule| world.faults.add(rule).map(|handle| handle.id()))
        .collect();
    ok(json!({"added": added?}))
}

fn clear_faults(world: &World, _: &Call) -> Served {
    world.faults.clear();
    Ok(Answer::empty(204))
}

fn remove_fault(world: &World, call: &Call) -> Served {
    let id = call.capture("id").unwrap_or_default();
    let id = id.parse().map_err(|_| format!("{id:?} is no fault's number"))?;
    Ok(Answer::empty(if world.faults.remove(id) { 204 } else { 404 }))
}

fn requests(world: &World, call: &Call) -> Served {
    let mut selected: Requests = world.journal.requests();
    if let Some(route) = call.query("route") {
        let route =
            serde_json::from_value(json!(route)).map_err(|_| format!("no route is called {route:?}"))?;
        selected = selected.route(route);
    }
    if let Some(grant) = call.query("grant") {
        selected = selected.grant(grant);
    }
    if let Some(tenant) = call.query("tenant") {
        selected = selected.tenant(tenant);
    }
    match call.query("scenario") {
        Some(scenario) => Ok(Answer::text(
            200,
            "application/json",
            selected.to_golden_text(scenario),
        )),
        None => ok(selected.iter().map(|record| record.to_json()).collect()),
    }
}

fn clear_requests(world: &World, _: &Call) -> Served {
    world.journal.clear();
    Ok(Answer::empty(204))
}

fn clock(world: &World, _: &Call) -> Served {
    ok(readings(world))
}

fn readings(world: &World) -> Value {
    json!({
        "wall": world.clock.unix_seconds(),
        "elapsed": world.clock.elapsed().as_secs_f64(),
        "frozen": world.clock.is_frozen(),
    })
}

/// Moves of the clock, in seconds; each that is there is made, in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    frozen: Option<bool>,
    set_wall: Option<f64>,
    advance: Option<f64>,
    advance_elapsed: Option<f64>,
}

fn move_clock(world: &World, call: &Call) -> Served {
    let wanted: ClockMove = parse(call)?;
    let seconds = |value: f64| {
        Duration::try_from_secs_f64(value)
            .map_err(|error| format!("{value:?} is no number of seconds: {error}"))
    };
    let set_wall = wanted.set_wall.map(|wall| {
        let distance = seconds(wall.abs())?;
        let epoch = SystemTime::UNIX_EPOCH;
        let moved = if wall < 0.0 {
            epoch.checked_sub(distance)
        } else {
            epoch.checked_add(distance)
        };
        moved.ok_or_else(|| format!("{wall:?} is out of range"))
    });
    let (set_wall, advance, advance_elapsed) = (
        set_wall.transpose()?,
        wanted.advance.map(seconds).transpose()?,
        wanted.advance_elapsed.map(seconds).transpose()?,
    );
    match wanted.frozen {
        Some(true) => world.clock.freeze(),
        Some(false) => world.clock.resume(),
        None => {}
    }
    if let Some(wall) = set_wall {
        world.clock.set_wall(wall);
    }
    if let Some(by) = advance {
        world.clock.advance(by);
    }
    if let Some(by) = advance_elapsed {
        world.clock.advance_elapsed(by);
    }
    ok(readings(world))
}

fn release(world: &World, call: &Call) -> Served {
    let gate = world.gates.get(call.capture("name").unwrap_or_default());
    match call.query("requests") {
        Some(number) => gate.release_some(number.parse().map_err(|_| format!("{number:?} is no number"))?),
        None => gate.release(),
    }
    Ok(Answer::empty(204))
}

fn close(world: &World, call: &Call) -> Served {
    world.gates.get(call.capture("name").unwrap_or_default()).close();
    Ok(Answer::empty(204))
}

fn forge(world: &World, call: &Call) -> Served {
    let claims: Value = parse(call)?;
    if !claims.is_object() {
        return Err("claims are a JSON object".to_owned());
    }
    let token = world
        .signer
        .sign(&claims)
        .ok_or("the token could not be signed")?;
    ok(json!({"token": token}))
}

fn reset(world: &World, _: &Call) -> Served {
    world.reset();
    Ok(Answer::empty(204))
}

fn parse<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    serde_json::from_slice(&call.body)
        .map_err(|error| format!("the body is not what is wanted here: {error}"))
}
