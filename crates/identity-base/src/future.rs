//! The futures of the contract: ready, or boxed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{AccessToken, Error};

/// A boxed, sendable future: what the seams return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The answer of [`TokenCredential::get_token_with`](crate::TokenCredential::get_token_with): either ready, without any allocation, or a boxed
/// future that fetches the token.
///
/// It borrows the credential alone, never the request, so it can be stored, joined, selected and collected whatever the scopes' lifetime.
#[must_use = "a token future does nothing until it is awaited"]
pub struct TokenFuture<'a>(State<'a>);

enum State<'a> {
    Ready(Option<Result<AccessToken, Error>>),
    Boxed(BoxFuture<'a, Result<AccessToken, Error>>),
}

impl<'a> TokenFuture<'a> {
    /// An answer that is there already.
    #[inline]
    pub fn ready(result: Result<AccessToken, Error>) -> Self {
        Self(State::Ready(Some(result)))
    }

    /// Boxes `future`.
    pub fn new(future: impl Future<Output = Result<AccessToken, Error>> + Send + 'a) -> Self {
        Self(State::Boxed(Box::pin(future)))
    }

    /// Takes over a future that is boxed already, for example that of an `async_trait` method.
    pub fn from_boxed(future: BoxFuture<'a, Result<AccessToken, Error>>) -> Self {
        Self(State::Boxed(future))
    }

    /// The answer, if it is there without waiting; else the future back.
    ///
    /// # Errors
    /// The future itself, when the token has to be fetched. (The inner `Result` is the credential's answer.)
    #[inline]
    pub fn try_now(self) -> Result<Result<AccessToken, Error>, Self> {
        match self.0 {
            State::Ready(Some(result)) => Ok(result),
            other => Err(Self(other)),
        }
    }
}

impl Future for TokenFuture<'_> {
    type Output = Result<AccessToken, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // Polled again after it was ready: never again, as std's `pending`, rather than a panic.
            State::Ready(result) => result.take().map_or(Poll::Pending, Poll::Ready),
            State::Boxed(future) => future.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for TokenFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.0 {
            State::Ready(_) => "Ready",
            State::Boxed(_) => "Boxed",
        };
        f.debug_tuple("TokenFuture").field(&state).finish()
    }
}

/// The future of [`TokenCredential::close`](crate::TokenCredential::close).
#[must_use = "closing happens when the future is awaited"]
pub struct CloseFuture<'a>(Option<BoxFuture<'a, ()>>);

impl<'a> CloseFuture<'a> {
    /// There was nothing to close, or it is closed already.
    pub fn ready() -> Self {
        Self(None)
    }

    /// Boxes `future`.
    pub fn new(future: impl Future<Output = ()> + Send + 'a) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl Future for CloseFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            None => Poll::Ready(()),
            Some(future) => future.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for CloseFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloseFuture").finish_non_exhaustive()
    }
}
