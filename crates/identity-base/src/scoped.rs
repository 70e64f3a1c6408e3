//! A credential for the time of one piece of work.

use crate::TokenCredential;

/// Lends `credential` to `work`, closes it when the work is done, and returns what the work returned, errors included.
///
/// It is what `async with credential:` is in Python. Closing acts on all clones (see [`TokenCredential::close`]), so whoever holds one afterwards gets
/// [`ErrorKind::Closed`](crate::ErrorKind::Closed). When the future is dropped before the work is done, or the work panics, the credential is dropped without
/// that wait: the drop of its last clone ends what it began.
///
/// ```
/// use identity_base::{Error, TokenCredential, scoped};
///
/// async fn once(credential: impl TokenCredential) -> Result<(), Error> {
///     scoped(credential, async |credential| {
///         let token = credential.get_token(&["https://vault.azure.net/.default"]).await?;
///         let _authorization = token.header();
///         Ok(())
///     })
///     .await
/// }
/// ```
#[doc(alias = "async with")]
#[doc(alias = "__aenter__")]
#[doc(alias = "__aexit__")]
pub async fn scoped<C: TokenCredential, T>(credential: C, work: impl AsyncFnOnce(&C) -> T) -> T {
    let result = work(&credential).await;
    credential.close().await;
    result
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, SystemTime};

    use super::scoped;
    use crate::{AccessToken, CloseFuture, Error, TokenCredential, TokenFuture, TokenRequest};

    #[derive(Clone, Debug, Default)]
    struct Counted {
        closed: Arc<AtomicUsize>,
    }

    impl TokenCredential for Counted {
        fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
            let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
            TokenFuture::ready(match self.closed.load(Ordering::SeqCst) {
                0 => AccessToken::new("eyJ", later),
                _ => Err(Error::unavailable("closed")),
            })
        }
        fn close(&self) -> CloseFuture<'_> {
            CloseFuture::new(async {
                self.closed.fetch_add(1, Ordering::SeqCst);
            })
        }
        fn name(&self) -> &'static str {
            "Counted"
        }
    }

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_credential_is_closed_after_the_work_whatever_came_of_it() {
        for fails in [false, true] {
            let credential = Counted::default();
            let clone = credential.clone();
            let work = scoped(credential, async |credential| {
                let token = credential.get_token(&["a"]).await?;
                match fails {
                    true => Err(Error::unavailable("the work's own")),
                    false => Ok(token),
                }
            });
            let Poll::Ready(result) = poll(work) else {
                panic!("nothing to wait for")
            };
            assert_eq!(result.is_err(), fails);
            assert_eq!(clone.closed.load(Ordering::SeqCst), 1);
            assert!(matches!(poll(clone.get_token(&["a"])), Poll::Ready(Err(_))));
        }
    }

    #[test]
    fn it_is_open_during_the_work_and_closing_is_awaited() {
        let credential = Counted::default();
        let closed = Arc::clone(&credential.closed);
        let work = scoped(&credential, async |_: &&Counted| {
            poll_fn(|_| Poll::<()>::Pending).await;
        });
        let mut work = pin!(work);
        let mut context = Context::from_waker(Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
        assert_eq!(closed.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn it_can_be_moved_to_another_task() {
        fn is_send<T: Send>(_: &T) {}
        is_send(&scoped(Counted::default(), async |credential: &Counted| {
            credential.get_token(&["a"]).await
        }));
    }
}
