//! Time that passes by itself, over real sockets.
//!
//! The credential waits by a virtual clock, its requests travel over real connections. So time moves only while no connection can bring anything: when
//! nothing is under way at all, or when everything under way has met a fault that is silent for ever. No test waits for a real timer to make something
//! happen; the pump only looks again and again.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::stage::Stage;

/// How often is looked whether time may pass.
const LOOK: Duration = Duration::from_millis(1);
/// How often in a row has to be found that nothing is under way: other tasks of the runtime have had their turn by then.
const QUIET: u32 = 3;
/// How often a byte comes where bytes come slowly, and so how often time passes then.
const PACE: Duration = Duration::from_millis(20);
/// A cell that takes longer in real time hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Counts deliveries of a fault.
pub(super) type Met = Box<dyn Fn(&Stage) -> usize>;

/// A fault that is in force.
pub(super) struct InForce {
    /// How often it was delivered so far.
    pub(super) met: Met,
    /// Whether a request that meets it never ends by itself.
    pub(super) silence: Silence,
    /// Takes it away.
    pub(super) remove: Box<dyn Fn(&Stage)>,
    /// How many requests had ended without an answer before it began.
    pub(super) unanswered: usize,
}

/// What a request that has met a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It ends by itself.
    Never,
    /// It waits for ever, unless its time is over.
    Always,
    /// Bytes come slowly, in real time; so the credential's time passes in steps of this length.
    Drips(Duration),
    /// A person was asked who does nothing.
    Person,
}

fn drips(fault: Option<&InForce>) -> bool {
    fault.is_some_and(|fault| matches!(fault.silence, Silence::Drips(_)))
}

/// The cell took too long in real time: something waits that never comes.
#[derive(Debug)]
pub(super) struct Hung(pub(super) String);

impl Stage {
    /// Runs `work` and lets time pass for it.
    #[expect(
        clippy::disallowed_methods,
        reason = "real sockets and processes are looked at until they have done their part"
    )]
    pub(super) async fn drive<T>(
        &self,
        fault: Option<&InForce>,
        work: impl Future<Output = T>,
    ) -> Result<T, Hung> {
        let begun = Instant::now();
        let mut work = pin!(work);
        let (mut seen, mut quiet) = (usize::MAX, 0);
        let mut stepped = begun;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(LOOK) => {}
            }
            if begun.elapsed() > PATIENCE {
                return Err(Hung(format!(
                    "nothing came within {PATIENCE:?}; {} requests and {} file operations are under way, {} sleepers, transport said {:?}",
                    self.watch.sending(),
                    self.watch.files(),
                    self.clock.sleeping(),
                    self.watch.failures(),
                )));
            }
            let activity = self.watch.sends() + self.clock.sleeps().len();
            quiet = if activity == seen { quiet + 1 } else { 0 };
            seen = activity;
            if let Some(step) = self.may_pass(fault, quiet) {
                if drips(fault) && stepped.elapsed() < PACE {
                    continue;
                }
                (quiet, stepped) = (0, Instant::now());
                self.advance(step);
            }
        }
    }

    /// How much time may pass now.
    fn may_pass(&self, fault: Option<&InForce>, quiet: u32) -> Option<Duration> {
        if self.watch.files() > 0 {
            return None;
        }
        let silence = fault.map_or(Silence::Never, |fault| fault.silence);
        if self.watch.person() && silence != Silence::Person {
            return None;
        }
        let sending = self.watch.sending();
        if sending == 0 {
            return (quiet >= QUIET).then(|| self.clock.next_deadline()).flatten();
        }
        // Each request that ended without an answer has met the fault once; what is left over are those that wait now.
        let stuck = fault.map_or(0, |fault| {
            let ended = self.watch.unanswered() - fault.unanswered;
            (fault.met)(self).saturating_sub(ended)
        });
        match silence {
            Silence::Always if stuck >= sending && quiet >= QUIET => self.clock.next_deadline(),
            Silence::Drips(step) if stuck >= sending => Some(step),
            _ => None,
        }
    }
}
