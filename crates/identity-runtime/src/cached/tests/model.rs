//! The engine against a model: whatever happens in whatever order, no stale token, no needless request, no lost one.
//!
//! The model knows of each token when its request was sent and how long it lives, and nothing of flights, slots and tables. Both clocks jump independently.

use std::sync::Mutex;

use identity_base::TokenRequest;
use identity_base::seam::{Clock, Now};
use identity_testkit::poll::settle;
use identity_testkit::{FetchStep, block_on};
use proptest::prelude::*;

use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A caller asks for one of three keys.
    Get(u8),
    /// A caller asks with claims.
    Challenge(u8),
    /// A caller rejects the token it got last.
    Reject(u8),
    /// Time passes on both clocks, in seconds.
    Pass(u16),
    /// The wall clock is set, by so many seconds.
    SetWall(i16),
    /// Time passes on the other clock alone.
    Suspend(u16),
    /// The service fails from now on, or works again.
    Service(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3u8).prop_map(Step::Get),
        1 => (0..3u8).prop_map(Step::Challenge),
        1 => (0..3u8).prop_map(Step::Reject),
        3 => (0..5_000u16).prop_map(Step::Pass),
        1 => any::<i16>().prop_map(Step::SetWall),
        1 => (0..5_000u16).prop_map(Step::Suspend),
        1 => any::<bool>().prop_map(Step::Service),
    ]
}

/// What the model knows of a token.
#[derive(Clone, Copy, Debug)]
struct Issued {
    number: usize,
    sent: Now,
    life: u64,
}

impl Issued {
    /// Whether it may be handed out, by the rule of the architecture: on either clock not past the end less the reserve.
    fn is_usable(&self, now: Now) -> bool {
        let usable = self.life - 30_000.min(self.life / 10);
        let wall = i64::try_from(usable).unwrap();
        now.wall < self.sent.wall + wall && now.elapsed < self.sent.elapsed + usable
    }

    /// Whether no refresh can be due yet: the earliest is a third of the life and a tenth of jitter before the end.
    fn is_surely_fresh(&self, now: Now) -> bool {
        let fresh = self.life / 10 * 4;
        now.wall < self.sent.wall + i64::try_from(fresh).unwrap() && now.elapsed < self.sent.elapsed + fresh
    }
}

/// All tokens that the service issued, by key.
type Ledger = Arc<Mutex<Vec<Vec<Issued>>>>;

fn key(key: u8) -> String {
    format!("key{key}")
}

/// A source that writes down what it issues. Lifetimes vary with the number: 5 minutes, an hour, a day.
fn source(clock: &TestClock, ledger: &Ledger, works: &Arc<std::sync::atomic::AtomicBool>) -> ScriptedFetch {
    let (clock, ledger, works) = (clock.clone(), Arc::clone(ledger), Arc::clone(works));
    ScriptedFetch::new().respond_with(move |call, request| {
        if !works.load(std::sync::atomic::Ordering::Relaxed) {
            return FetchStep::error(Error::new(ErrorKind::Transport, "down"));
        }
        let life = [300, 3_600, 86_400][call % 3];
        let name = request.scopes().joined();
        let index: usize = name.trim_start_matches("key").parse().unwrap();
        ledger.lock().unwrap()[index].push(Issued {
            number: call,
            sent: clock.now(),
            life: life * 1000,
        });
        FetchStep::token(format!("{name}-{call}"), seconds(life))
    })
}

async fn run(steps: Vec<Step>) {
    let clock = TestClock::new();
    let ledger: Ledger = Arc::new(Mutex::new(vec![Vec::new(); 3]));
    let works = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let fetch = source(&clock, &ledger, &works);
    let credential = credential(&fetch, &clock);
    let mut last: [Option<AccessToken>; 3] = [None, None, None];
    for step in steps {
        let calls = fetch.calls();
        let (index, request_claims, reject) = match step {
            Step::Get(index) => (index, false, false),
            Step::Challenge(index) => (index, true, false),
            Step::Reject(index) => (index, false, true),
            Step::Pass(by) => {
                clock.advance(seconds(by.into()));
                continue;
            }
            Step::SetWall(by) => {
                clock.jump_wall(i64::from(by) * 1000);
                continue;
            }
            Step::Suspend(by) => {
                clock.jump_elapsed(seconds(by.into()));
                continue;
            }
            Step::Service(up) => {
                works.store(up, std::sync::atomic::Ordering::Relaxed);
                continue;
            }
        };
        let slot = usize::from(index);
        let (before, now) = (ledger.lock().unwrap()[slot].last().copied(), clock.now());
        let (scope, rejected) = (key(index), last[slot].clone());
        let scopes = [scope.as_str()];
        let mut request = TokenRequest::new(&scopes);
        if request_claims {
            request = request.claims("{}");
        }
        if let (true, Some(token)) = (reject, &rejected) {
            request = request.rejected(token);
        }
        let plain = !(request_claims || reject && rejected.is_some());
        let outcome = credential.get_token_with(request).await;
        settle().await;
        assert_eq!(fetch.in_flight(), 0, "every flight ends");
        match outcome {
            Ok(token) => {
                let number: usize = token.secret().rsplit('-').next().unwrap().parse().unwrap();
                assert!(token.secret().starts_with(&scope), "never another key's token");
                let issued = *ledger.lock().unwrap()[slot]
                    .iter()
                    .find(|issued| issued.number == number)
                    .unwrap();
                assert!(issued.is_usable(now), "stale: {issued:?} at {now:?}");
                if let Some(before) = before {
                    assert!(
                        number >= before.number || before.sent.elapsed >= issued.sent.elapsed,
                        "not an older one than the newest"
                    );
                }
                if let (true, Some(rejected)) = (reject, rejected) {
                    assert!(!token.is_same(&rejected), "a rejected token doesn't come back");
                }
                last[slot] = Some(token);
            }
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                let usable = before.is_some_and(|newest| newest.is_usable(now));
                assert!(
                    !plain || !usable,
                    "a fault showed although {before:?} is usable at {now:?}"
                );
            }
        }
        if plain && before.is_some_and(|newest| newest.is_surely_fresh(now)) {
            assert_eq!(fetch.calls(), calls, "a request for a fresh token");
        }
        assert!(fetch.calls() <= calls + 1, "one request at most");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_the_promises(steps in prop::collection::vec(step(), 1..60)) {
        block_on(run(steps));
    }
}
