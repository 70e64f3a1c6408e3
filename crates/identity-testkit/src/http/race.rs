//! An answer against its time limit.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use identity_base::seam::{Clock, HttpError, HttpErrorKind, HttpResponse, HttpTimeouts};

/// The answer, or a time-out after the tighter of the limits for the first byte and for all of it.
pub(super) async fn within(
    answer: impl Future<Output = Result<HttpResponse, HttpError>>,
    clock: &dyn Clock,
    limits: HttpTimeouts,
) -> Result<HttpResponse, HttpError> {
    let mut answer = pin!(answer);
    let mut limit = clock.sleep(limits.first_byte.min(limits.total));
    std::future::poll_fn(|context| {
        if let Poll::Ready(result) = answer.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        limit.as_mut().poll(context).map(|()| {
            Err(HttpError::after_sending(
                HttpErrorKind::Timeout,
                "no answer in time",
            ))
        })
    })
    .await
}
