//! Sending a request and waiting for the head of its answer, with a limit for each stage.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use identity_base::seam::{HttpError, HttpErrorKind, HttpTimeouts};
use reqwest::{Client, Request, Response};
use tokio::sync::watch;
use tower_layer::Layer;
use tower_service::Service;

use super::failure;

tokio::task_local! {
    /// The stage of the request that this task sends. reqwest connects inside of the future that sends, so its connector finds it.
    static STAGE: Arc<watch::Sender<Stage>>;
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for a connection, or is on one that was open already.
    Begun,
    /// A connection is being made for it.
    Connecting,
    /// The connection is there.
    Connected,
}

/// Sends `request`; the head of the answer.
pub(super) async fn head(
    client: &Client,
    request: Request,
    limits: &HttpTimeouts,
) -> Result<Response, HttpError> {
    let connect = limits
        .resolve
        .saturating_add(limits.connect)
        .saturating_add(limits.tls);
    let (sender, mut stages) = watch::channel(Stage::Begun);
    let mut sending = pin!(STAGE.scope(Arc::new(sender), client.execute(request)));
    loop {
        let stage = *stages.borrow_and_update();
        let limit = if stage == Stage::Connecting {
            connect
        } else {
            limits.first_byte
        };
        tokio::select! {
            answer = &mut sending => {
                let stage = *stages.borrow();
                return answer.map_err(|error| failure::of_sending(error, stage));
            }
            // The limit of the next stage begins.
            Ok(()) = stages.changed() => {}
            () = sleep(limit) => return Err(late(stage, limit)),
        }
    }
}

fn late(stage: Stage, limit: Duration) -> HttpError {
    if stage == Stage::Connecting {
        let message = format!("no connection within {limit:?}");
        return HttpError::before_sending(HttpErrorKind::Timeout, message);
    }
    HttpError::after_sending(HttpErrorKind::Timeout, format!("no answer within {limit:?}"))
}

/// All of a request within `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let late = || {
        HttpError::after_sending(
            HttpErrorKind::Timeout,
            format!("no whole answer within {limit:?}"),
        )
    };
    limited(limit, work).await.unwrap_or_else(|| Err(late()))
}

/// The lookup of a name within `limit`.
pub(super) async fn resolved_within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let late = || {
        let message = format!("the host's name did not resolve within {limit:?}");
        HttpError::before_sending(HttpErrorKind::Timeout, message)
    };
    limited(limit, work).await.unwrap_or_else(|| Err(late()))
}

/// What `work` gives, unless it takes longer than `limit`.
pub(super) async fn limited<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = sleep(limit) => None,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "reqwest runs on tokio's own time, and so do its limits"
)]
fn sleep(limit: Duration) -> tokio::time::Sleep {
    tokio::time::sleep(limit)
}

/// A layer around reqwest's connector that notes the stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observe;

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed(inner)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Observed<S>(S);

type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<S, D> Service<D> for Observed<S>
where
    S: Service<D>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Connecting<S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: D) -> Self::Future {
        let mut connecting = Box::pin(self.0.call(destination));
        Box::pin(async move {
            let Ok(stage) = STAGE.try_with(Arc::clone) else {
                return connecting.await;
            };
            stage.send_replace(Stage::Connecting);
            let mut is_own = true;
            let connection = poll_fn(|context| {
                // The request found another connection, and this one is finished in a task of its own for later ones. What the request waits for now is
                // an answer, and what breaks may have been sent.
                if is_own && !is_at_work_for(&stage) {
                    is_own = false;
                    stage.send_replace(Stage::Begun);
                }
                connecting.as_mut().poll(context)
            })
            .await?;
            if is_own {
                stage.send_replace(Stage::Connected);
            }
            Ok(connection)
        })
    }
}

/// Whether the task that polls is the one of this request.
fn is_at_work_for(stage: &Arc<watch::Sender<Stage>>) -> bool {
    STAGE
        .try_with(|current| Arc::ptr_eq(current, stage))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::future::{Pending, pending};

    use super::*;

    struct NeverConnects;

    impl Service<()> for NeverConnects {
        type Response = ();
        type Error = ();
        type Future = Pending<Result<(), ()>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            pending()
        }
    }

    /// Otherwise a code that was sent on the other connection, and got no answer, would count as never sent, and be sent again.
    #[tokio::test]
    async fn a_connection_that_others_get_is_not_the_requests_stage() {
        let (sender, stages) = watch::channel(Stage::Begun);
        let mut connecting = Observe.layer(NeverConnects).call(());
        let first = STAGE.scope(
            Arc::new(sender),
            poll_fn(|context| Poll::Ready(connecting.as_mut().poll(context).is_pending())),
        );
        assert!(first.await);
        assert_eq!(*stages.borrow(), Stage::Connecting);
        let elsewhere = poll_fn(|context| Poll::Ready(connecting.as_mut().poll(context).is_pending()));
        assert!(elsewhere.await);
        assert_eq!(*stages.borrow(), Stage::Begun);
    }
}
