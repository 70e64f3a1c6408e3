//! Faults: drawn in batches, delivered by the emulator, counted there.

use std::time::Duration;

use identity_emulator::{Emulator, Fault, FaultHandle, ResetAt, Route};

use crate::draw::Draw;
use crate::stage::FORGED;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Status(u16),
    /// A status, and to come back in a second.
    Later(u16),
    ResetBefore,
    ResetWithin,
    ResetAfter,
    Truncated,
    Garbage,
    /// JSON that is no answer.
    Array,
    /// Bytes that are no HTTP.
    Noise,
    /// A member of the answer that can't be.
    Field(&'static str),
    /// A member of the answer that is missing.
    Without(&'static str),
    Huge,
    Slow,
    Redirect,
    Aadsts(u32),
    ConnectionReset,
    ConnectionClose,
    ResetAfterHandshake,
    TlsAlert,
}

/// Where a redirect leads: nobody may ever follow it.
pub(crate) const NEVER: &str = "/never/asked";

/// What can go wrong with every answer.
const ANY: [(Shape, u64); 15] = [
    (Shape::Status(500), 12),
    (Shape::Status(503), 12),
    (Shape::Status(429), 6),
    (Shape::Later(503), 1),
    (Shape::Later(429), 1),
    (Shape::ResetBefore, 6),
    (Shape::ResetWithin, 6),
    (Shape::ResetAfter, 6),
    (Shape::Truncated, 6),
    (Shape::Garbage, 6),
    (Shape::Array, 3),
    (Shape::Noise, 4),
    (Shape::Huge, 1),
    (Shape::Slow, 14),
    (Shape::Redirect, 4),
];
/// What can go wrong with Entra's as well.
const ENTRA: [(Shape, u64); 9] = [
    (Shape::Field("expires_in"), 3),
    (Shape::Without("access_token"), 3),
    (Shape::Aadsts(90_033), 4),
    (Shape::Aadsts(50_196), 1),
    (Shape::Aadsts(7_000_215), 2),
    (Shape::Aadsts(50_076), 2),
    (Shape::Aadsts(700_082), 1),
    (Shape::Aadsts(53_000), 1),
    (Shape::Aadsts(700_016), 1),
];
/// What can go wrong with connections.
const CONNECTIONS: [(Shape, u64); 4] = [
    (Shape::ConnectionReset, 2),
    (Shape::ConnectionClose, 2),
    (Shape::ResetAfterHandshake, 2),
    (Shape::TlsAlert, 1),
];

/// What faults are planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Route(Route),
    Connections,
}

/// All places, with the longest run of answers between two faults.
pub(crate) const PLACES: [(Place, u64); 15] = [
    (Place::Route(Route::Token), 8),
    (Place::Route(Route::IdentityBinding), 8),
    (Place::Route(Route::Imds), 9),
    (Place::Route(Route::AppService), 8),
    (Place::Route(Route::AzureArc), 10),
    (Place::Route(Route::CloudShell), 8),
    (Place::Route(Route::ServiceFabric), 8),
    (Place::Route(Route::PipelinesOidc), 12),
    (Place::Route(Route::GitHubOidc), 12),
    (Place::Route(Route::DeviceAuthorization), 12),
    (Place::Route(Route::UserRealm), 12),
    (Place::Route(Route::WsTrustMetadata), 12),
    (Place::Route(Route::WsTrust), 12),
    (Place::Route(Route::Keys), 8),
    (Place::Connections, 24),
];

/// How many faults are planned at once for a place.
const BATCH: usize = 24;

/// Which answers of a place go wrong, counted from 1, and how: the next faults.
pub(crate) fn batch(draw: &mut Draw, place: Place, longest_gap: u64) -> Vec<(u64, Shape)> {
    let mut position = 0;
    (0..BATCH)
        .filter_map(|_| {
            position += draw.between(1, longest_gap);
            let shape = match place {
                Place::Connections => draw.weighted(&CONNECTIONS),
                Place::Route(Route::Token | Route::IdentityBinding) => {
                    let all: Vec<_> = ANY.into_iter().chain(ENTRA).collect();
                    draw.weighted(&all)
                }
                Place::Route(_) => draw.weighted(&ANY),
            };
            Some((position, shape?))
        })
        .collect()
}

impl Shape {
    /// The rule for the answer at this position of a place.
    fn rule(self, place: Place, position: u64, draw: &mut Draw) -> Fault {
        let rule = match place {
            Place::Route(route) => Fault::on(route),
            Place::Connections => Fault::default(),
        };
        let rule = match self {
            Self::Status(status) => rule.status(status),
            Self::Later(status) => rule.status(status).retry_after(Duration::from_secs(1)),
            Self::ResetBefore => rule.reset(ResetAt::BeforeResponse),
            Self::ResetWithin => rule.reset(ResetAt::MidBody(draw.between(1, 200))),
            Self::ResetAfter => rule.reset(ResetAt::AfterResponse),
            Self::Truncated => rule.truncate(draw.between(1, 200)),
            Self::Garbage => rule.body(
                Some("text/html"),
                format!("<html><body>502 eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.{FORGED}</body></html>"),
            ),
            Self::Array => rule.status(200).json(serde_json::json!(["no", "answer"])),
            Self::Noise => rule.raw("\u{1}\u{2}this is no answer\r\n\r\n"),
            Self::Field(name) => rule.field(name, -1),
            Self::Without(name) => rule.without_field(name),
            Self::Huge => rule.huge_body(2 * 1024 * 1024),
            Self::Slow => rule.delay(Duration::from_millis(draw.between(5, 60))),
            Self::Redirect => rule.redirect(302, NEVER),
            Self::Aadsts(code) => rule.aadsts(code),
            Self::ConnectionReset => Fault::connection_reset(),
            Self::ConnectionClose => Fault::connection_close(),
            Self::ResetAfterHandshake => Fault::reset_after_handshake(),
            Self::TlsAlert => Fault::tls_alert(80),
        };
        rule.named(format!("{self:?}")).nth(position)
    }
}

/// The faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    draw: Draw,
    batches: Vec<(Place, u64, Vec<FaultHandle>)>,
    /// How many connections met one, in batches that are over.
    connections: u64,
}

impl Faults {
    pub(crate) fn new(draw: Draw) -> Self {
        Self {
            draw,
            batches: PLACES
                .into_iter()
                .map(|(place, gap)| (place, gap, Vec::new()))
                .collect(),
            connections: 0,
        }
    }

    /// Plans anew wherever the last planned fault was delivered.
    pub(crate) fn tend(&mut self, emulator: &Emulator) -> Result<(), String> {
        for (place, gap, handles) in &mut self.batches {
            if handles.last().is_some_and(|last| last.applied() == 0) {
                continue;
            }
            self.connections += take_out(*place, handles);
            for (position, shape) in batch(&mut self.draw, *place, *gap) {
                let rule = shape.rule(*place, position, &mut self.draw);
                handles.push(emulator.try_fault(rule)?);
            }
        }
        Ok(())
    }

    /// Ends all faults; how many connections met one.
    pub(crate) fn end(mut self) -> u64 {
        for (place, _, handles) in &mut self.batches {
            self.connections += take_out(*place, handles);
        }
        self.connections
    }
}

/// Takes rules out of force; how many connections met one.
fn take_out(place: Place, handles: &mut Vec<FaultHandle>) -> u64 {
    let mut met = 0;
    for handle in handles.drain(..) {
        if place == Place::Connections {
            met += handle.applied();
        }
        handle.remove();
    }
    met
}

#[cfg(test)]
mod tests {
    use identity_emulator::{Emulator, Route};

    use super::{ANY, BATCH, CONNECTIONS, ENTRA, PLACES, Place, Shape, batch};
    use crate::draw::Draw;

    #[test]
    fn a_batch_goes_forward_by_at_most_the_gap_and_a_seed_gives_it_again() {
        let made = |seed| batch(&mut Draw::new(seed, 0), Place::Route(Route::Token), 8);
        let faults = made(1);
        assert_eq!(faults.len(), BATCH);
        let mut before = 0;
        for (position, _) in &faults {
            assert!(*position > before && *position <= before + 8);
            before = *position;
        }
        assert_eq!(faults, made(1));
        assert_ne!(faults, made(2));
    }

    #[test]
    fn only_entra_refuses_by_code_and_only_connections_end_before_a_request() {
        let mut draw = Draw::new(1, 0);
        for _ in 0..100 {
            for (place, gap) in PLACES {
                for (_, shape) in batch(&mut draw, place, gap) {
                    let of = |table: &[(Shape, u64)]| table.iter().any(|(one, _)| *one == shape);
                    let fits = match place {
                        Place::Connections => of(&CONNECTIONS),
                        Place::Route(Route::Token | Route::IdentityBinding) => of(&ANY) || of(&ENTRA),
                        Place::Route(_) => of(&ANY),
                    };
                    assert!(fits, "{shape:?} at {place:?}");
                }
            }
        }
    }

    #[test]
    fn the_emulator_takes_every_rule() {
        let emulator = Emulator::builder().start_blocking().unwrap();
        let mut draw = Draw::new(1, 0);
        let route = Place::Route(Route::Token);
        let at = |table: &[(Shape, u64)], place| -> Vec<(Shape, Place)> {
            table.iter().map(|(shape, _)| (*shape, place)).collect()
        };
        for (shape, place) in [
            at(&ANY, route),
            at(&ENTRA, route),
            at(&CONNECTIONS, Place::Connections),
        ]
        .concat()
        {
            let rule = shape.rule(place, 1, &mut draw);
            assert!(emulator.try_fault(rule).is_ok(), "{shape:?}");
        }
    }
}
