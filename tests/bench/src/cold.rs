//! Tokens that aren't there yet: stampedes, many keys at once, a service that refuses, and a hit while another key is fetched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::report::Goal::{AtLeast, AtMost};
use crate::report::{Line, Report, number};
use crate::service::Service;
use crate::subject::{Make, OFFICIAL, OURS, SUBJECTS, Subject, runtime};

/// How long the service takes for one key that many want,
const SHORT: Duration = Duration::from_millis(50);
/// for many keys at once,
const LONG: Duration = Duration::from_millis(200);
/// and while another key is hit.
const LONGEST: Duration = Duration::from_millis(500);
const CALLERS: usize = 1_000;
const FAILING: usize = 100;

/// The columns of the table of all peers.
pub const PEER_COLUMNS: [&str; 8] = [
    "peer",
    "hit, one thread, ns",
    "hit, two threads, ns",
    "1,000 callers of a cold key: requests, ms",
    "8 cold keys, fetches' time",
    "64 cold keys, fetches' time",
    "100 callers, refused: requests, ms",
    "hit during another fetch, median and longest, ms",
];

/// What one side did.
pub struct Outcome {
    stampede: (usize, f64),
    eight: f64,
    many: f64,
    failing: (usize, f64),
    blocked: (f64, f64),
}

impl Outcome {
    /// The cells of the peers' table after name and hits.
    fn cells(&self) -> [String; 5] {
        let pair = |(requests, millis): (usize, f64)| format!("{requests}, {millis:.0}");
        [
            pair(self.stampede),
            number(self.eight),
            number(self.many),
            pair(self.failing),
            format!("{}, {}", number(self.blocked.0), number(self.blocked.1)),
        ]
    }
}

pub fn measure(report: &mut Report) -> Result<(), String> {
    let mut outcomes = Vec::new();
    for (name, make) in SUBJECTS {
        outcomes.push((name, outcome(make).map_err(|error| format!("{name}: {error}"))?));
    }
    let of = |name: &str| {
        let found = outcomes.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, outcome)| outcome)
            .ok_or_else(|| format!("no {name}"))
    };
    lines(report, of(OURS)?, of(OFFICIAL)?);
    for (name, outcome) in &outcomes {
        let [one, two] = crate::hits::peer(name)?;
        let [a, b, c, d, e] = outcome.cells();
        report.peer([format!("`{name}`"), one, two, a, b, c, d, e]);
    }
    Ok(())
}

fn lines(report: &mut Report, ours: &Outcome, theirs: &Outcome) {
    let requests = |(requests, millis): (usize, f64)| format!("{requests} requests, {millis:.0} ms");
    report.add(
        Line::new(
            "1,000 callers of one cold key",
            requests(ours.stampede),
            requests(theirs.stampede),
        )
        .figure(ours.stampede.0 as f64, "requests")
        .must(AtMost(1.0)),
    );
    report.add(
        Line::new(
            "wall time of that, beyond the service's 50 ms",
            format!("{:.0} ms", ours.stampede.1 - 50.0),
            format!("{:.0} ms", theirs.stampede.1 - 50.0),
        )
        .figure(ours.stampede.1 - 50.0, "ms")
        .aim(AtMost(25.0)),
    );
    for (what, ours, theirs) in [
        (
            "8 cold keys at once, in times of one fetch",
            ours.eight,
            theirs.eight,
        ),
        (
            "64 cold keys at once, in times of one fetch",
            ours.many,
            theirs.many,
        ),
    ] {
        report.add(
            Line::new(what, number(ours), number(theirs))
                .figure(ours, "fetches")
                .must(AtMost(1.1)),
        );
    }
    report.add(
        Line::new(
            "100 callers, the service refuses",
            requests(ours.failing),
            requests(theirs.failing),
        )
        .figure(ours.failing.0 as f64, "requests")
        .must(AtMost(1.0)),
    );
    let both =
        |(median, longest): (f64, f64)| format!("{} ms, longest {} ms", number(median), number(longest));
    report.add(
        Line::new(
            "hit while another key is fetched for 500 ms",
            both(ours.blocked),
            both(theirs.blocked),
        )
        .figure(theirs.blocked.0 / ours.blocked.0, "×")
        .must(AtLeast(100.0)),
    );
}

/// Runs everything with one side.
fn outcome(make: Make) -> Result<Outcome, String> {
    let runtime = runtime()?;
    let service = |delay| {
        let service = Service::new();
        service.take(delay);
        service
    };
    runtime.block_on(async {
        let stampede = {
            let service = service(SHORT);
            let took = at_once(make(&service, 1)?, (0..CALLERS).map(|_| 0), true).await?;
            (service.requests(), took)
        };
        let failing = {
            let service = service(SHORT);
            service.refuse();
            let took = at_once(make(&service, 1)?, (0..FAILING).map(|_| 0), false).await?;
            (service.requests(), took)
        };
        let mut fetches = [f64::NAN; 2];
        for (fetches, keys) in fetches.iter_mut().zip([8, 64]) {
            let service = service(LONG);
            let took = at_once(make(&service, keys)?, 0..keys, true).await?;
            if service.requests() != keys {
                return Err(format!("{} requests for {keys} keys", service.requests()));
            }
            *fetches = took / (LONG.as_secs_f64() * 1000.0);
        }
        let [eight, many] = fetches;
        Ok(Outcome {
            stampede,
            eight,
            many,
            failing,
            blocked: blocked(make).await?,
        })
    })
}

/// Lets each key be asked for at the same time; how many milliseconds until all have their answer, which has to be as expected.
async fn at_once(
    subject: Arc<dyn Subject>,
    keys: impl Iterator<Item = usize>,
    succeeds: bool,
) -> Result<f64, String> {
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for key in keys {
        let subject = Arc::clone(&subject);
        callers.spawn(async move { subject.get(key).await });
    }
    while let Some(answer) = callers.join_next().await {
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.is_ok() != succeeds {
            return Err(format!("an unexpected answer: {answer:?}"));
        }
    }
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

/// Median and longest of hits that are begun every 4 ms while another key is fetched, in milliseconds.
async fn blocked(make: Make) -> Result<(f64, f64), String> {
    let service = Service::new();
    let subject = make(&service, 2)?;
    subject.get(0).await?;
    service.take(LONGEST);
    let other = {
        let subject = Arc::clone(&subject);
        tokio::spawn(async move { subject.get(1).await })
    };
    while service.requests() < 2 {
        tokio::task::yield_now().await;
    }
    let mut callers = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(4));
    while !other.is_finished() {
        ticks.tick().await;
        let subject = Arc::clone(&subject);
        callers.spawn(async move {
            let began = Instant::now();
            subject
                .get(0)
                .await
                .map(|()| began.elapsed().as_secs_f64() * 1000.0)
        });
    }
    other.await.map_err(|error| error.to_string())??;
    let mut took = Vec::new();
    while let Some(answer) = callers.join_next().await {
        took.push(answer.map_err(|error| error.to_string())??);
    }
    let longest = took.iter().copied().fold(f64::NAN, f64::max);
    Ok((crate::rounds::median(took.into_iter()), longest))
}
