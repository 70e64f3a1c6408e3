//! The course of a soak: calm, faults, calm, and the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::args::Args;
use crate::draw::Draw;
use crate::faults::Faults;
use crate::flows;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::resources::{Sample, growth};
use crate::stage::Stage;
use crate::table::Table;
use crate::time::{instant, sleep, within};
use crate::verdict::Figures;
use crate::world::World;
use crate::{Result, worker};

/// How often faults are looked after, the journal is read, and resources are measured.
const TICK: Duration = Duration::from_millis(20);
const JOURNAL_TICKS: u32 = 5;
const SAMPLE_TICKS: u32 = 10;
/// How long the last calls may take once the soak is over.
const FINISH: Duration = Duration::from_secs(90);
/// How long everything may take to go away at the end.
const SETTLE: Duration = Duration::from_secs(20);
/// What is never more at any moment: there are some 100 workers, and each has a call or a crowd under way.
const BOUND: Sample = Sample {
    memory: u64::MAX,
    threads: 64,
    files: 600,
    tasks: 1_000,
    children: 24,
};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) table: Table,
    pub(crate) journal: Journal,
    pub(crate) faulted_connections: u64,
    pub(crate) figures: Figures,
    pub(crate) findings: Vec<String>,
    pub(crate) base: Sample,
    pub(crate) most: Sample,
    pub(crate) end: Sample,
    /// Memory in KiB at each tenth of the run.
    pub(crate) memory: Vec<u64>,
}

/// Everything, from the emulator's start to its end.
pub(crate) async fn run(args: Args, seed: u64, ledger: &Arc<Ledger>) -> Result<Outcome> {
    let begun = instant();
    let told = |what: &str| println!("{:>7.1} s  {what}", begun.elapsed().as_secs_f32());
    let stage = Stage::set(seed, args.http2).await?;
    told("the emulator is up");
    let base = Sample::take()?;
    let world = Arc::new(World::new(stage, flows::all(), seed, Arc::clone(ledger)));
    world.calm("before there was a fault").await;
    told("every flow was asked for a token, without faults");

    let mut journal = Journal::default();
    let mut faults = Faults::new(Draw::new(seed, u64::MAX));
    let mut workers = JoinSet::new();
    for (flow, plan) in world.flows.iter().enumerate() {
        for number in 0..plan.workers {
            workers.spawn(worker::work(Arc::clone(&world), flow, number));
        }
    }
    let samples = tend(&world, args.seconds, &mut faults, &mut journal).await?;
    world.stop();
    told("the time is over");
    let ended = within(FINISH, async { while workers.join_next().await.is_some() {} });
    // The journal goes on being read, or it would overflow.
    let read = async {
        loop {
            sleep(TICK * JOURNAL_TICKS).await;
            journal.read(&world.stage.emulator, &world.marks, ledger, &world.secrets, false);
        }
    };
    tokio::select! {
        ended = ended => if ended.is_none() {
            ledger.found("workers were still busy long after the end");
        },
        () = read => {}
    }
    let faulted_connections = faults.end();
    told("the last calls have ended");
    for lane in &world.lanes {
        lane.end().await;
    }
    told("the credentials are closed");
    world.calm("after the faults").await;
    told("every flow was asked for a token again, without faults");
    journal.read(&world.stage.emulator, &world.marks, ledger, &world.secrets, true);
    world.stage.close_connections();
    drop(workers);
    let end = settle(&base).await?;
    told("what was used is given back, or won't be");

    let most = samples.iter().copied().fold(base, Sample::most);
    let table = Table::of(ledger, &world.marks);
    let (calls, reached, faulted) = table.totals();
    let (violations, findings) = ledger.violations();
    let figures = Figures {
        seconds: args.seconds,
        calls,
        reached,
        faulted,
        least: table.least(),
        violations,
        growth: growth(&samples),
        unbounded: most.beyond(&BOUND),
        left: end.beyond(&base),
    };
    let tenth = (samples.len() / 10).max(1);
    Ok(Outcome {
        table,
        journal,
        faulted_connections,
        figures,
        findings,
        base,
        most,
        end,
        memory: samples
            .iter()
            .step_by(tenth)
            .map(|sample| sample.memory)
            .collect(),
    })
}

/// Looks after faults, journal and resources for so many seconds.
async fn tend(
    world: &World,
    seconds: u64,
    faults: &mut Faults,
    journal: &mut Journal,
) -> Result<Vec<Sample>> {
    // Grown at once: a list that grows would be measured as well.
    let mut samples = Vec::with_capacity(usize::try_from(seconds)?.saturating_mul(8));
    let begun = instant();
    for tick in 0u32.. {
        if begun.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
        faults.tend(&world.stage.emulator)?;
        if tick.is_multiple_of(JOURNAL_TICKS) {
            journal.read(
                &world.stage.emulator,
                &world.marks,
                &world.ledger,
                &world.secrets,
                false,
            );
        }
        if tick.is_multiple_of(SAMPLE_TICKS) {
            samples.push(Sample::take()?);
        }
        sleep(TICK).await;
    }
    Ok(samples)
}

/// Waits until no more is used than at the beginning, for a while.
async fn settle(base: &Sample) -> Result<Sample> {
    let begun = instant();
    loop {
        let now = Sample::take()?;
        if now.beyond(base).is_empty() || begun.elapsed() >= SETTLE {
            return Ok(now);
        }
        sleep(TICK).await;
    }
}
