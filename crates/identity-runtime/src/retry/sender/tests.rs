//! The loop, on a clock that the test moves.

use super::*;
use crate::ClientOptions;
use crate::retry::RequestKey;
use http::Uri;
use identity_testkit::poll::PollOnce as _;
use identity_testkit::{Gate, HttpStep, RecordingObserver, ScriptedHttp, ScriptedRandom, TestClock};

const SECOND: Duration = Duration::from_secs(1);

struct World {
    clock: TestClock,
    http: ScriptedHttp,
    observer: RecordingObserver,
    options: ClientOptions,
    policy: RetryPolicy,
}

impl World {
    fn new(http: ScriptedHttp) -> Self {
        let (clock, observer) = (TestClock::new(), RecordingObserver::new());
        let options = ClientOptions::default()
            .with_clock(Arc::new(clock.clone()))
            .with_transport(Arc::new(http.clone()))
            .with_random(Arc::new(ScriptedRandom::seeded(1)))
            .with_observer(Arc::new(observer.clone()));
        Self {
            clock,
            http,
            observer,
            options,
            policy: RetryPolicy::new(),
        }
    }

    /// Always the same answer.
    fn answering(step: impl Fn() -> HttpStep + Send + Sync + 'static) -> Self {
        Self::new(ScriptedHttp::new().respond_with(move |_, _| step()))
    }

    async fn get(&self, call: &Call<'_>) -> Result<u16, Error> {
        let request = HttpRequest::get(Uri::from_static("https://h.test/x"));
        let judge = |response: HttpResponse, _| {
            let status = response.status.as_u16();
            match self.policy.is_transient_status(status) {
                true => {
                    let repeat = Repeat::new(failure::status("h.test", status));
                    Judgement::Repeat(if status >= 500 {
                        repeat.host_failed()
                    } else {
                        repeat
                    })
                }
                false if status == 299 => {
                    Judgement::Repeat(Repeat::new(failure::status("h.test", 299)).once())
                }
                false => Judgement::Done(Ok(status)),
            }
        };
        self.options
            .sender()
            .send(&self.policy, call, request, judge)
            .await
    }

    fn run(&self, call: &Call<'_>) -> Result<u16, Error> {
        self.clock.block_on(self.get(call))
    }

    fn elapsed(&self, since: Now) -> Duration {
        self.clock.now().since(since)
    }
}

fn call(key: &str) -> Call<'static> {
    Call::new("Test", RequestKey::of(&[key]))
}

#[test]
fn failures_of_the_moment_are_repeated_with_growing_random_waits() {
    for status in [408, 429, 500, 502, 503, 504] {
        let world = World::answering(move || HttpStep::status(status));
        let error = world.run(&call("a")).unwrap_err();
        assert_eq!((world.http.calls(), error.http_status()), (4, Some(status)));
        let waits: Vec<_> = world
            .clock
            .sleeps()
            .into_iter()
            .filter(|wait| *wait < 9 * SECOND)
            .collect();
        assert_eq!(waits.len(), 3, "{waits:?}");
        for (wait, most) in waits.iter().zip([800, 1600, 3200]) {
            assert!(wait.as_millis() <= most, "{waits:?}");
        }
        assert_eq!(world.observer.count(EventKind::Retry), 3);
    }
}

#[test]
fn a_repetition_may_succeed() {
    let world = World::new(
        ScriptedHttp::new()
            .then(HttpStep::fails_before_sending(HttpErrorKind::Dns))
            .then(HttpStep::fails_after_sending(HttpErrorKind::Reset))
            .then(HttpStep::status(503))
            .then(HttpStep::status(200)),
    );
    assert_eq!(world.run(&call("a")).unwrap(), 200);
    world.http.assert_done();
}

#[test]
fn final_failures_are_not_repeated() {
    for kind in [
        HttpErrorKind::Tls,
        HttpErrorKind::Proxy,
        HttpErrorKind::TooLarge,
        HttpErrorKind::AddressRefused,
        HttpErrorKind::NoRuntime,
    ] {
        let world = World::new(ScriptedHttp::new().then(HttpStep::fails_before_sending(kind)));
        assert!(!world.run(&call("a")).unwrap_err().is_transient());
        world.http.assert_done();
    }
    for status in [200, 400, 401, 404, 410, 501] {
        let world = World::new(ScriptedHttp::new().then(HttpStep::status(status)));
        assert_eq!(world.run(&call("a")).unwrap(), status);
    }
}

#[test]
fn a_broken_answer_is_asked_for_once_more() {
    let world = World::answering(|| HttpStep::status(299));
    assert!(world.run(&call("a")).is_err());
    assert_eq!(world.http.calls(), 2);
}

#[test]
fn what_the_service_asks_to_wait_is_waited() {
    let world = World::new(
        ScriptedHttp::new()
            .then(HttpStep::status(429).header("retry-after", "1"))
            .then(HttpStep::status(200)),
    );
    let before = world.clock.now();
    world.run(&call("a")).unwrap();
    let waited = world.elapsed(before);
    assert!(
        waited >= SECOND && waited <= Duration::from_millis(1101),
        "{waited:?}"
    );
}

#[test]
fn a_wait_beyond_the_deadline_fails_at_once_and_is_remembered() {
    for (header, seconds) in [("3600", 3600), ("86400", 3600), ("25", 25)] {
        let header = header.to_owned();
        let world = World::answering(move || HttpStep::status(429).header("retry-after", &header));
        let before = world.clock.now();
        let error = world.run(&call("a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        assert_eq!((world.http.calls(), world.elapsed(before)), (1, Duration::ZERO));

        world.clock.advance(SECOND);
        let error = world.run(&call("a")).unwrap_err();
        assert!(error.is_throttled());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds - 1)));
        assert_eq!(world.http.calls(), 1, "nothing was sent");
        world.run(&call("another request")).unwrap_err();
        assert_eq!(world.http.calls(), 2);
        world.clock.advance(Duration::from_secs(seconds));
        world.run(&call("a")).unwrap_err();
        assert_eq!(world.http.calls(), 3);
    }
}

#[test]
fn three_kinds_of_requests_that_were_asked_to_wait_stop_the_host() {
    let world = World::answering(|| HttpStep::status(429).header("retry-after", "600"));
    for key in ["a", "b", "c", "d", "e"] {
        assert!(world.run(&call(key)).unwrap_err().is_throttled());
    }
    assert_eq!(world.http.calls(), 3);
}

#[test]
fn a_single_use_grant_is_repeated_only_when_nothing_was_sent() {
    let single = call("a").single_use(true);
    let world = World::new(
        ScriptedHttp::new()
            .then(HttpStep::fails_before_sending(HttpErrorKind::Connect))
            .then(HttpStep::fails_after_sending(HttpErrorKind::Reset)),
    );
    let error = world.run(&single).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(!error.is_transient() || error.kind() != ErrorKind::Transport);
    world.http.assert_done();

    let answered = World::answering(|| HttpStep::status(503));
    assert_eq!(answered.run(&single).unwrap_err().http_status(), Some(503));
    assert_eq!(answered.http.calls(), 1);

    // Nor can anybody tell when the answer was no HTTP, or too long.
    for kind in [
        HttpErrorKind::Protocol,
        HttpErrorKind::TooLarge,
        HttpErrorKind::Tls,
    ] {
        let garbled = World::answering(move || HttpStep::fails_after_sending(kind));
        let error = garbled.run(&single).unwrap_err();
        assert_eq!(
            (error.kind(), garbled.http.calls()),
            (ErrorKind::OutcomeUnknown, 1)
        );
        let unsent = World::answering(move || HttpStep::fails_before_sending(kind));
        assert_ne!(unsent.run(&single).unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    }

    let silent = World::answering(HttpStep::hang);
    assert_eq!(silent.run(&single).unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(silent.http.calls(), 1);
}

#[test]
fn a_background_refresh_makes_one_attempt() {
    let world = World::answering(|| HttpStep::status(503));
    assert!(world.run(&call("a").background(true)).is_err());
    assert_eq!(
        (world.http.calls(), world.observer.count(EventKind::Retry)),
        (1, 0)
    );
}

#[test]
fn a_service_that_never_answers_is_given_up_at_the_deadline() {
    let world = World::answering(HttpStep::hang);
    let before = world.clock.now();
    let error = world.run(&call("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        world.elapsed(before) <= 30 * SECOND,
        "{:?}",
        world.elapsed(before)
    );
    assert_eq!(
        world.http.calls(),
        2,
        "no third attempt, since a whole one does not fit any more"
    );
    assert_eq!(world.http.abandoned(), 2);

    let mut short = World::answering(HttpStep::hang);
    short.policy = RetryPolicy::new().with_total(2 * SECOND);
    let before = short.clock.now();
    short.run(&call("a")).unwrap_err();
    assert_eq!(
        (short.elapsed(before), short.http.calls()),
        (2 * SECOND, 1),
        "one attempt is always made"
    );
}

#[test]
fn a_machine_that_slept_during_a_wait_makes_no_attempt_without_time() {
    let world = World::answering(|| HttpStep::status(503));
    let key = call("a");
    let mut sending = std::pin::pin!(world.get(&key));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(sending.as_mut().poll(&mut context).is_pending());
    assert_eq!((world.http.calls(), world.clock.sleeping()), (1, 1), "it waits");
    world.clock.jump_elapsed(8 * 3600 * SECOND);
    let std::task::Poll::Ready(Err(error)) = sending.as_mut().poll(&mut context) else {
        panic!("its time is over")
    };
    assert_eq!(
        (error.kind(), error.http_status()),
        (ErrorKind::Transport, Some(503))
    );
    assert_eq!(world.http.calls(), 1);
}

#[test]
fn repetitions_come_out_of_a_budget() {
    let world = World::answering(|| HttpStep::status(429));
    for n in 0..100 {
        world.run(&call(&n.to_string())).unwrap_err();
        world.clock.advance(SECOND);
    }
    let repeated = world.http.calls() - 100;
    assert!((50..=60).contains(&repeated), "{repeated}");
}

#[test]
fn a_host_that_keeps_failing_rests() {
    let world = World::answering(|| HttpStep::fails_before_sending(HttpErrorKind::Connect));
    world.run(&call("a")).unwrap_err();
    assert_eq!(world.http.calls(), 4);
    let fifth = world.run(&call("b")).unwrap_err();
    assert_eq!((world.http.calls(), fifth.kind()), (5, ErrorKind::Transport));
    assert!(fifth.message().contains("h.test"));

    let before = world.clock.now();
    let error = world.run(&call("c")).unwrap_err();
    assert_eq!(
        (world.http.calls(), world.elapsed(before)),
        (5, Duration::ZERO),
        "nothing is sent, nobody waits"
    );
    assert!(error.retry_after().unwrap() <= 5 * SECOND && error.is_transient());

    world.clock.advance(5 * SECOND);
    world.http.push(HttpStep::status(200));
    assert_eq!(world.run(&call("c")).unwrap(), 200);
    world.http.push(HttpStep::status(200));
    assert_eq!(world.run(&call("d")).unwrap(), 200, "one success closes it");
}

#[test]
fn answers_that_refuse_do_not_make_the_host_rest() {
    let world = World::answering(|| HttpStep::status(400));
    for n in 0..50 {
        assert_eq!(world.run(&call(&n.to_string())).unwrap(), 400);
    }
    assert_eq!(world.http.calls(), 50);
}

#[test]
fn turns_are_limited_and_given_back_when_a_request_is_dropped() {
    let gate = Gate::closed();
    let held = gate.clone();
    let mut world = World::new(ScriptedHttp::new().respond_with(move |_, _| HttpStep::status(200).at(&held)));
    world.policy.max_concurrent = 2;
    identity_testkit::block_on(async {
        let calls: Vec<_> = (0..6).map(|n| call(&n.to_string())).collect();
        let mut requests: Vec<_> = calls.iter().map(|call| Box::pin(world.get(call))).collect();
        for request in &mut requests {
            assert!(request.poll_once().is_pending());
        }
        assert_eq!(world.http.in_flight(), 2);
        drop(requests.remove(0));
        gate.open();
        for request in requests {
            assert_eq!(request.await.unwrap(), 200);
        }
        assert_eq!((world.http.calls(), world.http.most_at_once()), (6, 2));
    });
}

#[test]
fn a_metadata_endpoint_that_is_being_updated_is_waited_for() {
    let mut world = World::answering(|| HttpStep::status(410));
    world.policy = RetryPolicy::metadata();
    let before = world.clock.now();
    world.run(&call("a")).unwrap_err();
    assert!(
        world.elapsed(before) >= Duration::from_secs(70),
        "{:?}",
        world.elapsed(before)
    );
    assert!(world.elapsed(before) <= Duration::from_secs(90));

    let mut missing = World::answering(|| HttpStep::status(404));
    missing.policy = RetryPolicy::metadata();
    missing.run(&call("a")).unwrap_err();
    assert_eq!(missing.http.calls(), 7);
}

#[test]
fn a_metadata_endpoint_that_cannot_be_reached_is_given_up_earlier() {
    let mut world = World::answering(|| HttpStep::fails_before_sending(HttpErrorKind::Connect));
    world.policy = RetryPolicy::metadata();
    world.run(&call("a")).unwrap_err();
    assert_eq!(world.http.calls(), 4);
    // What was sent and got no answer is another matter.
    let mut silent = World::answering(|| HttpStep::fails_after_sending(HttpErrorKind::Reset));
    silent.policy = RetryPolicy::metadata();
    silent.run(&call("a")).unwrap_err();
    assert_eq!(silent.http.calls(), 7);
}

#[test]
fn keys_are_unambiguous() {
    assert_ne!(RequestKey::of(&["a", "bc"]), RequestKey::of(&["ab", "c"]));
    assert_eq!(RequestKey::of(&["a", "b"]), RequestKey::of(&["a", "b"]));
    assert!(!format!("{:?}", RequestKey::of(&["CNRY"])).contains("CNRY"));
}
