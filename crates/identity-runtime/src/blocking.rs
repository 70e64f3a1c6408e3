//! Credentials for code that isn't async.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use identity_base::{AccessToken, Error, ErrorKind, TokenCredential, TokenRequest};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Asks a credential for tokens from code that isn't async.
///
/// Cached tokens come without any detour. For the others there is one thread that does the network's work; it is started when it is first needed and ends with
/// the last clone. It works on any thread, inside an async runtime as well, but there it blocks the thread it is called on: async code should ask the
/// credential itself.
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::{Duration, SystemTime};
/// # use identity_base::{AccessToken, TokenCredential, TokenFuture, TokenRequest};
/// # #[derive(Debug)] struct Fixed;
/// # impl TokenCredential for Fixed {
/// #     fn get_token_with(&self, _: TokenRequest<'_>) -> TokenFuture<'_> {
/// #         TokenFuture::ready(AccessToken::new("eyJ", SystemTime::now() + Duration::from_secs(60)))
/// #     }
/// #     fn name(&self) -> &'static str { "Fixed" }
/// # }
/// use identity_runtime::BlockingCredential;
/// let credential = BlockingCredential::new(Arc::new(Fixed));
/// let token = credential.get_token(&["https://vault.azure.net/.default"])?;
/// # assert_eq!(token.secret(), "eyJ");
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone)]
pub struct BlockingCredential {
    credential: Arc<dyn TokenCredential>,
    engine: Arc<OnceLock<Result<Engine, Error>>>,
}

impl BlockingCredential {
    /// Wraps a credential. Nothing is started yet.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self {
            credential,
            engine: Arc::default(),
        }
    }

    /// Obtains a token for `scopes`, and waits for it.
    ///
    /// # Errors
    /// As the credential.
    pub fn get_token(&self, scopes: &[&str]) -> Result<AccessToken, Error> {
        self.get_token_with(TokenRequest::new(scopes))
    }

    /// Obtains a token as `request` says, and waits for it.
    ///
    /// # Errors
    /// As the credential.
    pub fn get_token_with(&self, request: TokenRequest<'_>) -> Result<AccessToken, Error> {
        match self.credential.get_token_with(request).try_now() {
            Ok(answer) => answer,
            Err(future) => self.engine()?.run(future),
        }
    }

    /// Closes the credential and waits until it is closed.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when the system gave no thread.
    pub fn close(&self) -> Result<(), Error> {
        self.engine()?.run(self.credential.close());
        Ok(())
    }

    /// The credential itself.
    #[must_use]
    pub fn credential(&self) -> &Arc<dyn TokenCredential> {
        &self.credential
    }

    fn engine(&self) -> Result<&Engine, Error> {
        self.engine
            .get_or_init(Engine::start)
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl fmt::Debug for BlockingCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingCredential")
            .field(&self.credential)
            .finish()
    }
}

/// A runtime on a thread of its own. Sockets and timers work through it, while the futures are polled on the caller's thread; so they may borrow, and a
/// call from within another runtime nests nothing.
struct Engine {
    runtime: Handle,
    /// Dropped with the engine, which ends the thread.
    _alive: oneshot::Sender<()>,
}

impl Engine {
    fn start() -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Error::new(
                ErrorKind::Internal,
                "the thread for blocking calls can't be started",
            )
            .with_source(error)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("identity-blocking".to_owned())
            .spawn(move || {
                // The sender never sends; it goes away.
                drop(runtime.block_on(ended));
                // A look-up that hangs must not keep the thread.
                runtime.shutdown_background();
            })
            .map_err(failed)?;
        Ok(Self {
            runtime: handle,
            _alive: alive,
        })
    }

    fn run<F: Future>(&self, future: F) -> F::Output {
        let _inside = self.runtime.enter();
        block_on(future)
    }
}

/// Polls on this thread, and parks it in between.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark {
        thread: Thread,
        /// Says it besides the thread's own token, which a future that parks the thread itself takes away: one that makes another blocking call, say.
        woken: AtomicBool,
    }

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.woken.store(true, Ordering::Release);
            self.thread.unpark();
        }
    }

    let unpark = Arc::new(Unpark {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                while !unpark.woken.swap(false, Ordering::Acquire) {
                    thread::park();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity_base::TokenFuture;
    use std::sync::atomic::AtomicU32;
    use std::time::{Duration, SystemTime};

    /// Needs a runtime for every token: a timer, a task, and I/O.
    #[derive(Debug, Default)]
    struct Networked(AtomicU32);

    impl TokenCredential for Networked {
        fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
            let scope_count = request.scopes().len();
            TokenFuture::new(async move {
                self.0.fetch_add(1, Ordering::Relaxed);
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let client =
                    tokio::spawn(async move { tokio::net::TcpStream::connect(address).await.is_ok() });
                listener.accept().await.unwrap();
                assert!(client.await.unwrap());
                AccessToken::new(
                    format!("t{scope_count}"),
                    SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000),
                )
            })
        }

        fn name(&self) -> &'static str {
            "Networked"
        }
    }

    #[test]
    fn tokens_come_outside_of_a_runtime() {
        let credential = BlockingCredential::new(Arc::new(Networked::default()));
        assert_eq!(credential.get_token(&["a", "b"]).unwrap().secret(), "t2");
        assert_eq!(credential.get_token(&["a"]).unwrap().secret(), "t1");
        credential.close().unwrap();
    }

    #[test]
    fn tokens_come_inside_of_a_runtime_and_from_many_threads() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let credential = BlockingCredential::new(Arc::new(Networked::default()));
        runtime.block_on(async {
            assert_eq!(credential.get_token(&["a"]).unwrap().secret(), "t1");
        });
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| credential.get_token(&["a"]).unwrap());
            }
        });
    }

    #[test]
    fn a_wake_is_not_lost_when_the_future_parks_the_thread_itself() {
        // As a future does that makes another blocking call: whoever parks next takes the thread's one token.
        struct ParksInside(bool);
        impl Future for ParksInside {
            type Output = ();

            fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
                if std::mem::replace(&mut self.0, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                thread::park();
                Poll::Pending
            }
        }

        let (ended, end) = std::sync::mpsc::channel();
        let waiting = thread::spawn(move || {
            block_on(ParksInside(false));
            ended.send(()).unwrap();
        });
        end.recv_timeout(Duration::from_secs(10)).expect("it was woken");
        waiting.join().unwrap();
    }

    #[test]
    fn a_token_that_is_there_needs_no_thread() {
        #[derive(Debug)]
        struct Ready;
        impl TokenCredential for Ready {
            fn get_token_with(&self, _request: TokenRequest<'_>) -> TokenFuture<'_> {
                TokenFuture::ready(Err(Error::unavailable("x")))
            }
            fn name(&self) -> &'static str {
                "Ready"
            }
        }
        let credential = BlockingCredential::new(Arc::new(Ready));
        assert!(credential.get_token(&["a"]).unwrap_err().is_unavailable());
        assert!(credential.engine.get().is_none());
    }
}
