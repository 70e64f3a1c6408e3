//! A credential that is made when its first token is asked for, since making it reads a file.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use identity_base::seam::{Clock, Now};
use identity_base::{AccessToken, Error, ErrorKind, TokenCredential, TokenFuture, TokenHandle, TokenRequest};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::wish::Wish;

/// How long it is remembered that the credential can't be made, so that many callers of a wrong setting read its file once.
const MEMORY: Duration = Duration::from_secs(1);

type Make = dyn Fn() -> Result<Arc<dyn TokenCredential>, Error> + Send + Sync;

/// The shared state of a credential that is made late.
pub(crate) struct Late {
    name: &'static str,
    clock: Arc<dyn Clock>,
    make: Arc<Make>,
    made: OnceCell<Arc<dyn TokenCredential>>,
    failed: Mutex<Option<(Now, Error)>>,
    closed: AtomicBool,
}

impl Late {
    /// A credential that `make` makes, which may block.
    pub(crate) fn new(
        name: &'static str,
        clock: Arc<dyn Clock>,
        make: impl Fn() -> Result<Arc<dyn TokenCredential>, Error> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            clock,
            make: Arc::new(make),
            made: OnceCell::new(),
            failed: Mutex::new(None),
            closed: AtomicBool::new(false),
        })
    }

    pub(crate) fn get_token_with<'a>(self: &'a Arc<Self>, request: TokenRequest<'_>) -> TokenFuture<'a> {
        if let Some(made) = self.made.get() {
            return made.get_token_with(request);
        }
        match Wish::of(&request) {
            Ok(wish) => TokenFuture::new(async move {
                wish.within_deadline(self.name, &*self.clock, self.obtain(&wish))
                    .await
            }),
            Err(error) => TokenFuture::ready(Err(error.with_credential(self.name))),
        }
    }

    pub(crate) fn handle(&self, scopes: &[&str]) -> Option<TokenHandle> {
        self.made.get()?.handle(scopes)
    }

    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Some(made) = self.made.get() {
            made.close().await;
        }
    }

    async fn obtain(&self, wish: &Wish) -> Result<AccessToken, Error> {
        let made = self.made.get_or_try_init(|| self.make()).await?;
        // It may have been closed while it was made.
        if self.closed.load(Ordering::Acquire) {
            made.close().await;
        }
        made.get_token_with(wish.request()).await
    }

    /// Makes it. One caller at a time comes here, and a caller that leaves gives way to the next.
    async fn make(&self) -> Result<Arc<dyn TokenCredential>, Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the credential is closed").with_credential(self.name));
        }
        let now = self.clock.now();
        if let Some(error) = self.remembered(now) {
            return Err(error);
        }
        let Ok(runtime) = Handle::try_current() else {
            let error = Error::new(
                ErrorKind::InvalidConfiguration,
                "the first token needs a tokio runtime",
            );
            return Err(error.with_credential(self.name));
        };
        let make = Arc::clone(&self.make);
        let outcome = runtime
            .spawn_blocking(move || make())
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "making the credential panicked")))
            .map_err(|error| error.with_credential(self.name));
        if let Err(error) = &outcome {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, error.clone()));
        }
        outcome
    }

    fn remembered(&self, now: Now) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed
            .as_ref()
            .filter(|(then, _)| now.since(*then) < MEMORY)
            .map(|(_, error)| error.clone())
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late")
            .field("name", &self.name)
            .field("made", &self.made.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use identity_testkit::{StaticCredential, TestClock, block_on};

    use super::*;

    const SCOPE: &[&str] = &["scope"];

    fn counted(
        clock: &TestClock,
        make: impl Fn(usize) -> Result<Arc<dyn TokenCredential>, Error> + Send + Sync + 'static,
    ) -> (Arc<Late>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let late = Late::new("Late", Arc::new(clock.clone()), move || {
            make(counter.fetch_add(1, Ordering::Relaxed))
        });
        (late, count)
    }

    #[test]
    fn it_is_made_once_at_the_first_request() {
        let credential = StaticCredential::new("t");
        let (late, made) = counted(&TestClock::new(), {
            let credential = credential.clone();
            move |_| Ok(Arc::new(credential.clone()))
        });
        assert_eq!(made.load(Ordering::Relaxed), 0);
        block_on(async {
            let many: Vec<_> = (0..100)
                .map(|_| {
                    let late = Arc::clone(&late);
                    tokio::spawn(async move { late.get_token_with(SCOPE.into()).await })
                })
                .collect();
            for one in many {
                assert_eq!(one.await.unwrap().unwrap().secret(), "t");
            }
        });
        assert_eq!((made.load(Ordering::Relaxed), credential.calls()), (1, 100));
    }

    #[test]
    fn a_failure_is_remembered_for_a_second() {
        let clock = TestClock::new();
        let (late, made) = counted(&clock, |number| match number {
            0 => Err(Error::new(ErrorKind::InvalidConfiguration, "no such file")),
            _ => Ok(Arc::new(StaticCredential::new("t"))),
        });
        block_on(async {
            for _ in 0..3 {
                let error = late.get_token_with(SCOPE.into()).await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.credential()),
                    (ErrorKind::InvalidConfiguration, Some("Late"))
                );
            }
            assert_eq!(made.load(Ordering::Relaxed), 1);
            clock.advance(MEMORY);
            late.get_token_with(SCOPE.into()).await.unwrap();
        });
    }

    #[test]
    fn a_panic_is_an_error_and_closing_ends_it() {
        let (late, _) = counted(&TestClock::new(), |_| panic!("planted"));
        block_on(async {
            let error = late.get_token_with(SCOPE.into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
            late.close().await;
            let error = late.get_token_with(SCOPE.into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Closed);
        });
    }
}
