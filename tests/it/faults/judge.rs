//! What a cell has to hold, beside what the guard sees.

use entra_identity::{Error, ErrorKind};

use super::drive::Failure;
use super::flows::{Flow, Kind};
use super::meddle::Meddle;
use super::plan::{Outcome, Planned, Seen};

/// The most memory that a call may take at once, whatever comes over the wire.
const MEMORY: u64 = 4 * 1024 * 1024;
/// What the logs of one request take at most.
const LOGS: u64 = 128 * 1024;
/// The longest error of one layer, with a line for each attempt of a chain.
const ERROR_BYTES: usize = 4 * 1024;

/// All that a cell has to hold, beside what the guard sees.
pub(super) fn as_expected(
    planned: &Planned,
    seen: &Seen<'_>,
    control: usize,
    memory: u64,
) -> Result<(), Failure> {
    let expect = planned.expected(seen.flow);
    let (met, sends, took) = (seen.met, seen.sends, seen.took);
    let facts = || {
        format!(
            "{} | after {took:?}, fault met {met} times, {sends} requests ({control} without), {memory} bytes, transport said {:?}",
            match seen.result {
                Ok(_) => "a token".to_owned(),
                Err(error) => format!("{:?}: {error}", error.kind()),
            },
            seen.stage.watch.failures(),
        )
    };
    let wrong = |what: &str| {
        Err(Failure::Wrong(format!(
            "{what}; expected {expect:?}, got {}",
            facts()
        )))
    };
    let same = match (&expect.outcome, seen.result) {
        (Outcome::Token, Ok(_)) => true,
        (Outcome::Fails(kind), Err(error)) => kind_of(seen.flow, error) == *kind,
        _ => false,
    };
    if !same {
        return wrong("another outcome");
    }
    if met < expect.met.0 || met > expect.met.1 {
        return wrong("another number of attempts");
    }
    // Whoever begins anew makes all the requests of the flow again.
    let most = match planned.meddle {
        Meddle::FirstRuntimeEnds => 2 * control,
        _ => control,
    };
    if sends > most.saturating_add(met) && !matches!(seen.flow.kind, Kind::Soft | Kind::Kept) {
        return wrong("too many requests");
    }
    if took > expect.within {
        return wrong("too late");
    }
    // What the guard keeps of the logs of each request is counted as well.
    let logs = match seen.flow.is_http2() {
        // It logs each frame in many words.
        true => 4 * LOGS,
        false => LOGS,
    };
    if memory > MEMORY + logs * u64::try_from(sends).unwrap_or_default() {
        return wrong("too much memory");
    }
    if let Err(error) = seen.result {
        let text = error.to_string();
        if text.len() > ERROR_BYTES {
            return wrong("an error that is too long");
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return wrong("control characters in the error");
        }
    }
    (planned.check)(seen).or_else(|what| wrong(&what))
}

/// What kind of failure it is; of a chain's, that of the member that ended it.
fn kind_of(flow: &Flow, error: &Error) -> ErrorKind {
    let member = error.attempts().last().map(|attempt| attempt.error().kind());
    match (flow.is_chain(), error.kind(), member) {
        (true, ErrorKind::AuthenticationFailed, Some(kind)) => kind,
        (_, kind, _) => kind,
    }
}
