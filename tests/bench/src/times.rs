//! Nanoseconds of a cached hit, ours and the official crate's in turn.
//!
//! A round lasts some milliseconds and counts only if no thread of it waited for a processor, as `/proc` tells; the median of nine such rounds is printed. Only
//! the ratios mean something on another machine.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::Instant;

use crate::{ours, peer};

const ROUNDS: usize = 9;
const CALLS: u32 = 20_000;
/// On a busy machine most rounds are spoilt.
const MOST_ROUNDS: usize = 4_000;

/// What a thread does in a round.
type Work = Arc<dyn Fn(u32) + Send + Sync>;

pub fn print() -> Result<(), String> {
    let scope: Arc<str> = ours::scopes(1)[0].as_str().into();
    let ours_one = {
        let (credential, scope) = (ours::credential(1, 10_000), Arc::clone(&scope));
        work(move || {
            black_box(credential.get_token(&[&*scope]).try_now().is_ok());
        })
    };
    let handle = {
        let handle = ours::credential(1, 10_000)
            .handle(&[&*scope])
            .ok_or("no handle")?;
        work(move || {
            black_box(handle.cached().is_some());
        })
    };
    let (hundred, many) = (spread(100), spread(10_000));
    let official = official(1);
    let (official_hundred, official_many) = (official_spread(100), official_spread(10_000));
    for threads in [1, 2] {
        let [us, short, them] = medians([&ours_one, &handle, &official], threads)?;
        println!(
            "{threads} thread(s): hit {us:.0} ns, handle {short:.0} ns, azure_identity {them:.0} ns: {:.1}x, handle {:.1}x",
            them / us,
            them / short
        );
    }
    let [us, them] = medians([&hundred, &official_hundred], 1)?;
    println!(
        "100 keys: hit {us:.0} ns, azure_identity {them:.0} ns: {:.1}x",
        them / us
    );
    let [us, them] = medians([&many, &official_many], 1)?;
    println!(
        "10,000 keys: hit {us:.0} ns, azure_identity {them:.0} ns: {:.1}x",
        them / us
    );
    Ok(())
}

fn work(call: impl Fn() + Send + Sync + 'static) -> Work {
    Arc::new(move |calls| (0..calls).for_each(|_| call()))
}

/// Hits on many keys, in scattered order.
fn spread(keys: usize) -> Work {
    let credential = ours::credential(keys, 20_000);
    let scopes = ours::scopes(keys);
    Arc::new(move |calls| {
        scattered(calls, keys).for_each(|n| {
            black_box(credential.get_token(&[&scopes[n]]).try_now().is_ok());
        })
    })
}

fn scattered(calls: u32, keys: usize) -> impl Iterator<Item = usize> {
    (0..calls as usize).map(move |n| n.wrapping_mul(7_919) % keys)
}

fn official(keys: usize) -> Work {
    let credential = peer::credential(keys);
    let scope = ours::scopes(1).remove(0);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    Arc::new(move |calls| {
        runtime().block_on(async {
            for _ in 0..calls {
                black_box(credential.get_token(&[&scope], None).await.is_ok());
            }
        });
    })
}

fn official_spread(keys: usize) -> Work {
    let credential = peer::credential(keys);
    let scopes = ours::scopes(keys);
    Arc::new(move |calls| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            for n in scattered(calls, keys) {
                black_box(credential.get_token(&[&scopes[n]], None).await.is_ok());
            }
        });
    })
}

/// The medians of nine good rounds of each, taken in turn.
fn medians<const N: usize>(subjects: [&Work; N], threads: usize) -> Result<[f64; N], String> {
    let mut good: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..MOST_ROUNDS {
        for (subject, good) in subjects.iter().zip(&mut good) {
            if let Some(nanos) = round(subject, threads).filter(|_| good.len() < ROUNDS) {
                good.push(nanos);
            }
        }
        if good.iter().all(|good| good.len() >= ROUNDS) {
            return Ok(good.map(|mut good| {
                good.sort_by(f64::total_cmp);
                good[ROUNDS / 2]
            }));
        }
    }
    let counts: Vec<usize> = good.iter().map(Vec::len).collect();
    Err(format!(
        "the machine is too busy: {counts:?} good rounds of {ROUNDS} after {MOST_ROUNDS}"
    ))
}

/// One round: the mean time of a call, or `None` if a thread had to wait for a processor.
fn round(subject: &Work, threads: usize) -> Option<f64> {
    let barrier = Arc::new(Barrier::new(threads));
    let run = |subject: Work, barrier: Arc<Barrier>| {
        subject(200);
        barrier.wait();
        let waited = run_delay();
        let began = Instant::now();
        subject(CALLS);
        let took = began.elapsed();
        (took.as_nanos() as f64 / f64::from(CALLS), run_delay() == waited)
    };
    let results: Vec<(f64, bool)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| run(Arc::clone(subject), Arc::clone(&barrier))))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a round"))
            .collect()
    });
    let undisturbed = results.iter().all(|(_, undisturbed)| *undisturbed);
    undisturbed.then(|| results.iter().map(|(nanos, _)| nanos).sum::<f64>() / threads as f64)
}

/// How long this thread waited for a processor so far, in nanoseconds.
fn run_delay() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()?
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}
