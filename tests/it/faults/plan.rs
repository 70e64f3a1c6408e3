//! What the tables are made of: faults, and what is expected of a flow that meets one.

use std::time::Duration;

use entra_identity::{AccessToken, Error, ErrorKind};
use identity_emulator::{Fault, FaultHandle};

use super::flows::Flow;
use super::meddle::Meddle;
use super::pump::{Met, Silence};
use super::stage::Stage;

/// A fault that was brought about.
pub(super) struct Injected {
    pub(super) met: Met,
    pub(super) remove: Box<dyn Fn(&Stage)>,
}

impl Injected {
    pub(super) fn new(met: impl Fn(&Stage) -> usize + 'static, remove: impl Fn(&Stage) + 'static) -> Self {
        Self {
            met: Box::new(met),
            remove: Box::new(remove),
        }
    }

    /// The same, taken away like this.
    pub(super) fn restoring(mut self, remove: impl Fn(&Stage) + 'static) -> Self {
        self.remove = Box::new(remove);
        self
    }

    /// A fault of requests; the journal shows which met it.
    pub(super) fn rule(stage: &Stage, rule: Fault) -> Self {
        stage.emulator.fault(rule);
        Self::new(
            |stage| {
                let met = stage.emulator.requests();
                met.filter(|request| request.fault() == Some("planned")).count()
            },
            |stage| stage.emulator.clear_faults(),
        )
    }

    /// A fault of connections; the emulator counts which met it.
    pub(super) fn connection(stage: &Stage, rule: Fault) -> Self {
        let handle: FaultHandle = stage.emulator.fault(rule);
        Self::new(
            move |_| usize::try_from(handle.applied()).unwrap_or(usize::MAX),
            |stage| stage.emulator.clear_faults(),
        )
    }
}

/// Brings a fault about: for a flow, in the version of this number.
pub(super) type Inject = fn(&Stage, &Flow, usize) -> Injected;
/// What is expected of a flow.
pub(super) type Expected = fn(&Flow) -> Expect;

/// When the fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After the credential was made, and after what a flow asks for first.
    Call,
    /// Before the credential is made: what it reads once is wrong from the start.
    Start,
}

/// A fault: how it is brought about, which flows it is for, and what is expected of them.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    /// Its row in the plan of faults, such as `FT-37`.
    pub(super) row: &'static str,
    pub(super) id: &'static str,
    pub(super) what: &'static str,
    /// How many versions there are that differ in a number alone; a cell counts once, and only if all of them pass.
    pub(super) variants: usize,
    /// Whether a cell takes one of the versions, by turns, instead of each of them.
    pub(super) by_turns: bool,
    pub(super) silence: Silence,
    pub(super) when: When,
    pub(super) meddle: Meddle,
    pub(super) inject: Inject,
    pub(super) flows: fn(&Flow) -> bool,
    pub(super) expect: Expected,
    /// What else has to be true.
    pub(super) check: fn(&Seen<'_>) -> Result<(), String>,
    /// Flows of which something else is expected: another failure, or a token, after how many attempts.
    pub(super) except: &'static [(&'static str, Outcome, usize)],
    /// Whether the credential has to work again once the fault is gone.
    pub(super) recovers: bool,
}

impl Planned {
    pub(super) const fn new(
        row: &'static str,
        id: &'static str,
        what: &'static str,
        flows: fn(&Flow) -> bool,
        inject: Inject,
        expect: Expected,
    ) -> Self {
        Self {
            row,
            id,
            what,
            variants: 1,
            by_turns: false,
            silence: Silence::Never,
            when: When::Call,
            meddle: Meddle::Nothing,
            inject,
            flows,
            expect,
            check: |_| Ok(()),
            except: &[],
            recovers: true,
        }
    }

    pub(super) const fn variants(mut self, variants: usize) -> Self {
        self.variants = variants;
        self
    }

    /// So many versions that differ in a number alone; the flows take them by turns.
    pub(super) const fn by_turns(mut self, variants: usize) -> Self {
        self.variants = variants;
        self.by_turns = true;
        self
    }

    pub(super) const fn silent(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }

    pub(super) const fn at_the_start(mut self) -> Self {
        self.when = When::Start;
        self
    }

    /// Somebody else does this meanwhile.
    pub(super) const fn meddled(mut self, meddle: Meddle) -> Self {
        self.meddle = meddle;
        self
    }

    pub(super) const fn check(mut self, check: fn(&Seen<'_>) -> Result<(), String>) -> Self {
        self.check = check;
        self
    }

    /// Something else is expected of these.
    pub(super) const fn except(mut self, except: &'static [(&'static str, Outcome, usize)]) -> Self {
        self.except = except;
        self
    }

    /// What is expected of a flow.
    pub(super) fn expected(&self, flow: &Flow) -> Expect {
        let expect = (self.expect)(flow);
        match self.except.iter().find(|(id, ..)| *id == flow.id) {
            Some((_, outcome, met)) => Expect {
                outcome: *outcome,
                met: (*met, *met),
                ..expect
            },
            None => expect,
        }
    }

    /// Nothing brings it back: the fault is in what the credential was made of.
    pub(super) const fn for_good(mut self) -> Self {
        self.recovers = false;
        self
    }
}

/// What came of a call.
pub(super) struct Seen<'a> {
    pub(super) stage: &'a Stage,
    pub(super) flow: &'a Flow,
    pub(super) result: &'a Result<AccessToken, Error>,
    /// How often the fault was met.
    pub(super) met: usize,
    /// How many requests the call made.
    pub(super) sends: usize,
    /// How long it took, by the credential's clock; by the real one for tools.
    pub(super) took: Duration,
}

impl Seen<'_> {
    pub(super) fn error(&self) -> Result<&Error, String> {
        self.result
            .as_ref()
            .err()
            .ok_or_else(|| "there is no error".to_owned())
    }
}

/// What a flow has to make of a fault.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    pub(super) outcome: Outcome,
    /// How often the fault is met: at least and at most.
    pub(super) met: (usize, usize),
    /// How long it may take.
    pub(super) within: Duration,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Token,
    Fails(ErrorKind),
}

impl Expect {
    /// A token all the same, after the fault was met so often.
    pub(super) fn token(met: usize) -> Self {
        Self {
            outcome: Outcome::Token,
            met: (met, met),
            within: Duration::from_secs(30),
        }
    }

    /// Fails so, after the fault was met so often.
    pub(super) fn fails(kind: ErrorKind, met: usize) -> Self {
        Self {
            outcome: Outcome::Fails(kind),
            met: (met, met),
            within: Duration::from_secs(30),
        }
    }

    /// The fault is met so often at most, and once at least.
    pub(super) fn up_to(mut self, met: usize) -> Self {
        self.met = (1, met);
        self
    }

    /// The fault is met as often at most, and once at least.
    pub(super) fn at_least_once(mut self) -> Self {
        self.met.0 = 1;
        self
    }

    /// The same with another kind of failure.
    pub(super) fn of(mut self, kind: ErrorKind) -> Self {
        if self.outcome != Outcome::Token {
            self.outcome = Outcome::Fails(kind);
        }
        self
    }

    pub(super) fn within(mut self, seconds: u64) -> Self {
        self.within = Duration::from_secs(seconds);
        self
    }
}
