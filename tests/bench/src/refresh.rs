//! The refresh of a token that is still good: by a service that takes its time, and by one that refuses.
//!
//! Ours is brought into its window by a clock that the measurement moves. The official crate reads the system's: its token gets a life that ends a little
//! after its window has begun.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity_testkit::TestClock;
use tokio::task::JoinSet;

use crate::report::Goal::AtMost;
use crate::report::{Line, Report};
use crate::service::Service;
use crate::subject::{Subject, runtime};
use crate::{official, ours};

/// How long the service takes for the refresh.
const SLOW: Duration = Duration::from_millis(300);
/// Who takes longer waited for the service; far more than a busy machine costs.
const WAITED: Duration = Duration::from_millis(100);
/// The callers: one each millisecond.
const CALLERS: usize = 1_000;
/// How long an answer is waited for after the last caller.
const GRACE: Duration = Duration::from_secs(2);
/// The official crate refreshes so long before the end.
const OFFICIAL_WINDOW_SECONDS: u64 = 300;

#[derive(Default)]
struct Seen {
    waited: usize,
    failed: usize,
    unanswered: usize,
    requests: usize,
}

pub fn measure(report: &mut Report) -> Result<(), String> {
    let runtime = runtime()?;
    for refuses in [false, true] {
        let (ours, theirs) = runtime.block_on(async {
            let ours = ours_in_window(refuses).await?;
            Ok::<_, String>((ours, official_in_window(refuses).await?))
        })?;
        for (name, seen) in [("ours", &ours), ("azure_identity", &theirs)] {
            if seen.requests == 0 {
                return Err(format!(
                    "{name}: no refresh was begun, so the figures say nothing"
                ));
            }
        }
        let text = |seen: &Seen| {
            format!(
                "{} waited, {} errors, {} unanswered, {} requests",
                seen.waited, seen.failed, seen.unanswered, seen.requests
            )
        };
        let (what, figure, unit) = match refuses {
            false => (
                "refresh by a service that takes 300 ms, 1,000 callers",
                ours.waited,
                "callers wait",
            ),
            true => (
                "refresh that is refused, token still good, 1,000 callers",
                ours.waited + ours.failed + ours.unanswered,
                "wait or fail",
            ),
        };
        report.add(
            Line::new(what, text(&ours), text(&theirs))
                .figure(figure as f64, unit)
                .must(AtMost(0.0)),
        );
    }
    Ok(())
}

async fn ours_in_window(refuses: bool) -> Result<Seen, String> {
    let (service, clock) = (Service::new(), TestClock::new());
    service.live(3_600);
    let subject = ours::subject_with_clock(&service, Arc::new(clock.clone()))?;
    subject.get(0).await?;
    clock.advance(Duration::from_secs(3_100));
    let seen = observe(&service, &subject, refuses).await?;
    if refuses {
        // Until shortly before what is kept in reserve for the way to the service.
        clock.advance(Duration::from_secs(460));
        subject
            .get(0)
            .await
            .map_err(|error| format!("ours, ten seconds before the reserve: {error}"))?;
    }
    Ok(seen)
}

async fn official_in_window(refuses: bool) -> Result<Seen, String> {
    let service = Service::new();
    service.live(OFFICIAL_WINDOW_SECONDS + 1);
    let subject = official::subject(&service, 1)?;
    subject.get(0).await?;
    // Real time has to pass: the crate has no clock to be given.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    observe(&service, &subject, refuses).await
}

/// Asks once each millisecond, whether earlier callers have their answer or not.
async fn observe(service: &Arc<Service>, subject: &Arc<dyn Subject>, refuses: bool) -> Result<Seen, String> {
    service.live(86_400);
    service.take(SLOW);
    if refuses {
        service.refuse();
    }
    let before = service.requests();
    let mut callers = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    for _ in 0..CALLERS {
        ticks.tick().await;
        let subject = Arc::clone(subject);
        callers.spawn(async move {
            let began = Instant::now();
            let answer = subject.get(0).await;
            (answer.is_ok(), began.elapsed())
        });
    }
    let mut seen = Seen::default();
    let end = tokio::time::Instant::now() + GRACE;
    while let Ok(Some(answer)) = tokio::time::timeout_at(end, callers.join_next()).await {
        let (succeeded, took) = answer.map_err(|error| error.to_string())?;
        seen.failed += usize::from(!succeeded);
        seen.waited += usize::from(took > WAITED);
    }
    seen.unanswered = callers.len();
    callers.abort_all();
    seen.requests = service.requests() - before;
    Ok(seen)
}
