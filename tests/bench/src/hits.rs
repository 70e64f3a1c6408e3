//! Nanoseconds of a cached hit, each beside the official crate's in turn.

use std::hint::black_box;
use std::sync::Arc;

use identity_base::seam::Clock;
use identity_runtime::os::SystemClock;

use crate::report::Goal::AtLeast;
use crate::report::{Line, Report, number};
use crate::rounds::{self, Work};
use crate::service::{Service, scope, scopes};
use crate::subject::local_runtime;
use crate::{official, others, ours};

const HANDLE: &str = "the goal came from a prototype that lends the token; ours counts a reference to it, and can take it back when it is replaced, see the notes";

const THEIR_TRAIT: &str = "their token owns its text and their call is a boxed future: the copy and the box cost more than the hit itself";

pub fn measure(report: &mut Report) -> Result<(), String> {
    let official_one = official_spread(1)?;
    let hit = hit()?;
    let handle = handle()?;
    for threads in [1, 2] {
        let tasks = if threads == 1 { "one thread" } else { "two threads" };
        line(
            report,
            &format!("cached hit, {tasks}, ns"),
            &hit,
            &official_one,
            threads,
            |line| line.must(AtLeast(5.0)).aim(AtLeast(7.0)),
        );
        line(
            report,
            &format!("handle, {tasks}, ns"),
            &handle,
            &official_one,
            threads,
            |line| {
                line.must(AtLeast(15.0))
                    .aim(AtLeast(25.0))
                    .stands(HANDLE, AtLeast(8.0))
            },
        );
        let adapter = their_trait(ours::behind_their_trait()?, 1)?;
        line(
            report,
            &format!("behind their trait, {tasks}, ns"),
            &adapter,
            &official_one,
            threads,
            |line| line.must(AtLeast(2.0)).stands(THEIR_TRAIT, AtLeast(1.3)),
        );
    }
    line(
        report,
        "cached hit, 100 keys, ns",
        &spread(100)?,
        &official_spread(100)?,
        1,
        |line| line.must(AtLeast(2.0)).aim(AtLeast(3.0)),
    );
    line(
        report,
        "cached hit, 10,000 keys, ns",
        &spread(10_000)?,
        &official_spread(10_000)?,
        1,
        |line| line.must(AtLeast(1.0)).aim(AtLeast(2.0)),
    );
    parts(report)
}

/// The hit of each peer beside ours: how often ours goes into theirs, with one thread and with two.
pub fn peer(name: &str) -> Result<[String; 2], String> {
    let ours = hit()?;
    let theirs = match name {
        crate::subject::OURS => Arc::clone(&ours),
        crate::subject::OFFICIAL => official_spread(1)?,
        "object_store" => object_store()?,
        _ => reqsign()?,
    };
    let cell = |threads| match rounds::compare(&ours, &theirs, threads) {
        Ok(pair) => format!("{} ({}×)", number(pair.theirs), number(pair.ratio)),
        Err(_) => "machine too busy".to_owned(),
    };
    Ok([cell(1), cell(2)])
}

/// Our hit in nanoseconds, for ratios to what measures itself.
pub fn ours_alone() -> Result<f64, String> {
    rounds::alone(&hit()?, 1)
}

fn line(
    report: &mut Report,
    what: &str,
    ours: &Work,
    theirs: &Work,
    threads: usize,
    goals: impl FnOnce(Line) -> Line,
) {
    let line = match rounds::compare(ours, theirs, threads) {
        Ok(pair) => {
            let rounds = match pair.rounds {
                9 => String::new(),
                fewer => format!(" ({fewer} rounds)"),
            };
            Line::new(what, number(pair.ours) + &rounds, number(pair.theirs)).figure(pair.ratio, "×")
        }
        Err(error) => Line::new(what, error, "–"),
    };
    report.add(goals(line));
}

/// What a handle's hit is made of, so that its distance from the goal explains itself.
fn parts(report: &mut Report) -> Result<(), String> {
    let handle = ours::credential(1)?.handle(&[&scope(0)]).ok_or("no handle")?;
    let token = handle.cached().ok_or("no token")?;
    let clone = work(move || drop(black_box(token.clone())));
    let clock = SystemClock::new();
    let tick = work(move || {
        black_box(clock.tick());
    });
    let lock = std::sync::Mutex::new(0_u64);
    let locked = work(move || {
        black_box(lock.try_lock().is_ok());
    });
    let [clone, tick, locked] =
        [clone, tick, locked].map(|part| rounds::alone(&part, 1).map_or_else(|_| "?".to_owned(), number));
    report.note(format!(
        "a handle's hit contains the clone and drop of the token ({clone} ns), one reading of the clock ({tick} ns), and a lock that nobody else wants ({locked} ns)"
    ));
    Ok(())
}

fn work(call: impl Fn() + Send + Sync + 'static) -> Work {
    Arc::new(move |calls| (0..calls).for_each(|_| call()))
}

fn hit() -> Result<Work, String> {
    let (credential, scope) = (ours::credential(1)?, scope(0));
    Ok(work(move || {
        black_box(credential.get_token(&[&scope]).try_now().is_ok());
    }))
}

fn handle() -> Result<Work, String> {
    let handle = ours::credential(1)?.handle(&[&scope(0)]).ok_or("no handle")?;
    Ok(work(move || {
        black_box(handle.cached().is_some());
    }))
}

/// Hits on many keys, in scattered order.
fn spread(keys: usize) -> Result<Work, String> {
    let (credential, scopes) = (ours::credential(keys)?, scopes(keys));
    Ok(Arc::new(move |calls| {
        for scope in scattered(calls, &scopes) {
            black_box(credential.get_token(&[scope]).try_now().is_ok());
        }
    }))
}

fn scattered(calls: usize, scopes: &[String]) -> impl Iterator<Item = &str> {
    (0..calls).filter_map(|n| {
        scopes
            .get(n.wrapping_mul(7_919) % scopes.len())
            .map(String::as_str)
    })
}

fn official_spread(keys: usize) -> Result<Work, String> {
    their_trait(official::credential(keys)?, keys)
}

/// Hits through the official trait.
fn their_trait(
    credential: Arc<dyn azure_core::credentials::TokenCredential>,
    keys: usize,
) -> Result<Work, String> {
    let scopes = scopes(keys);
    awaited(move |runtime, calls| {
        runtime.block_on(async {
            for scope in scattered(calls, &scopes) {
                black_box(credential.get_token(&[scope], None).await.is_ok());
            }
        });
    })
}

fn object_store() -> Result<Work, String> {
    let provider = others::object_store_provider(&Service::new())?;
    awaited(move |runtime, calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                black_box(provider.get_credential().await.is_ok());
            }
        });
    })
}

fn reqsign() -> Result<Work, String> {
    let signer = others::signer(&Service::new());
    awaited(move |runtime, calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                black_box(others::sign(&signer).await.is_ok());
            }
        });
    })
}

/// Calls that are futures: one runtime for all calls of a round.
fn awaited(calls: impl Fn(&tokio::runtime::Runtime, usize) + Send + Sync + 'static) -> Result<Work, String> {
    local_runtime()?;
    Ok(Arc::new(move |count| {
        // Made before already: a second one doesn't fail.
        if let Ok(runtime) = local_runtime() {
            calls(&runtime, count);
        }
    }))
}
