//! Rounds: how nanoseconds are measured.
//!
//! A round lasts some milliseconds. The two sides take turns, and a pair of rounds counts only if no thread of either waited for a processor, as `/proc`
//! tells. Medians are taken over nine such pairs. Only the ratios mean something on another machine.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// How many good pairs there should be,
const ROUNDS: usize = 9;
/// and how many there have to be.
const FEWEST: usize = 3;
/// On a busy machine most pairs are spoilt; then it ends here.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a round lasts.
const ROUND: Duration = Duration::from_millis(4);

/// So many calls in a row.
pub type Work = Arc<dyn Fn(usize) + Send + Sync>;

/// Medians over the good pairs.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub ours: f64,
    pub theirs: f64,
    /// How often ours goes into theirs, pair by pair.
    pub ratio: f64,
    pub rounds: usize,
}

/// Compares the time of a call.
pub fn compare(ours: &Work, theirs: &Work, threads: usize) -> Result<Pair, String> {
    let (our_calls, their_calls) = (calls(ours), calls(theirs));
    let mut good: Vec<(f64, f64)> = Vec::new();
    let began = Instant::now();
    while good.len() < ROUNDS && began.elapsed() < PATIENCE {
        if let Some(us) = round(ours, our_calls, threads)
            && let Some(them) = round(theirs, their_calls, threads)
        {
            good.push((us, them));
        }
    }
    if good.len() < FEWEST {
        return Err(format!(
            "the machine is too busy: {} good pairs of rounds of {ROUNDS} in {} s",
            good.len(),
            PATIENCE.as_secs()
        ));
    }
    Ok(Pair {
        ours: median(good.iter().map(|(us, _)| *us)),
        theirs: median(good.iter().map(|(_, them)| *them)),
        ratio: median(good.iter().map(|(us, them)| them / us)),
        rounds: good.len(),
    })
}

/// The median of one side's good rounds.
pub fn alone(work: &Work, threads: usize) -> Result<f64, String> {
    compare(work, work, threads).map(|pair| pair.ours)
}

pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many calls make a round.
fn calls(work: &Work) -> usize {
    const SAMPLE: usize = 2_000;
    work(SAMPLE);
    let began = Instant::now();
    work(SAMPLE);
    let each = began.elapsed().as_secs_f64() / SAMPLE as f64;
    ((ROUND.as_secs_f64() / each) as usize).clamp(100, 1_000_000)
}

/// One round: the mean time of a call in nanoseconds, or `None` if a thread had to wait for a processor.
fn round(work: &Work, calls: usize, threads: usize) -> Option<f64> {
    let barrier = Barrier::new(threads);
    let run = || {
        work(200);
        barrier.wait();
        let waited = run_delay();
        let began = Instant::now();
        work(calls);
        let took = began.elapsed();
        (took.as_nanos() as f64 / calls as f64, run_delay() == waited)
    };
    let results: Vec<(f64, bool)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    let undisturbed = results.len() == threads && results.iter().all(|(_, undisturbed)| *undisturbed);
    undisturbed.then(|| results.iter().map(|(nanos, _)| nanos).sum::<f64>() / threads as f64)
}

/// How long this thread waited for a processor so far, in nanoseconds.
fn run_delay() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}
