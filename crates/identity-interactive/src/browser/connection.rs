//! One connection: a request is read, judged, and answered.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use identity_base::seam::Clock;
use identity_base::{Error, Secret};
use identity_runtime::time::timeout;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::callback::{Expected, Verdict};
use super::pages::{self, Page, Pages};
use super::request::{Head, MAX_HEAD_BYTES, Method, Refusal, end_of_head};

/// How long a connection may take in all.
const MAX_TIME: Duration = Duration::from_secs(10);
/// How long the last page may take to be written.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// What all connections of a sign-in share.
pub(super) struct Shared {
    pub(super) expected: Expected,
    pub(super) pages: Arc<Pages>,
    pub(super) clock: Arc<dyn Clock>,
    /// Counts what is received, to tell who was idle longest.
    received: AtomicU64,
}

impl Shared {
    pub(super) const fn new(expected: Expected, pages: Arc<Pages>, clock: Arc<dyn Clock>) -> Self {
        Self {
            expected,
            pages,
            clock,
            // 0 is for connections that have sent nothing.
            received: AtomicU64::new(1),
        }
    }
}

/// When a connection last sent something: 0 when it never did.
#[derive(Debug, Default)]
pub(super) struct Activity(AtomicU64);

impl Activity {
    #[cfg(test)]
    pub(super) const fn at(last: u64) -> Self {
        Self(AtomicU64::new(last))
    }

    pub(super) fn last(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The answer, and the connection on which the person waits for its outcome.
pub(super) struct Answered {
    pub(super) outcome: Result<Secret, Error>,
    pub(super) reply: Reply,
}

/// A connection on which a page is still to be shown.
pub(super) struct Reply {
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl Reply {
    /// Shows how it went. A person who closed the window misses nothing.
    pub(super) async fn show(mut self, page: Page) {
        let answer = self.shared.pages.answer(page);
        let clock = Arc::clone(&self.shared.clock);
        drop(timeout(&*clock, FAREWELL_TIME, send(&mut self.stream, &answer)).await);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

/// Serves a connection; what comes back is the answer that the sign-in waits for.
pub(super) async fn serve(
    stream: TcpStream,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
) -> Option<Answered> {
    let clock = Arc::clone(&shared.clock);
    timeout(&*clock, MAX_TIME, converse(stream, shared, activity))
        .await?
        .ok()?
}

async fn converse(
    mut stream: TcpStream,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
) -> io::Result<Option<Answered>> {
    let verdict = match read(&mut stream, &shared, &activity).await? {
        Ok((head, body)) => shared.expected.judge(&head, &body),
        Err(refusal) => Verdict::Status(refusal.status()),
    };
    let answer = match verdict {
        Verdict::Answer(outcome) => {
            return Ok(Some(Answered {
                outcome,
                reply: Reply { stream, shared },
            }));
        }
        Verdict::Page(page) => shared.pages.answer(page),
        Verdict::Status(status) => pages::empty(status),
    };
    send(&mut stream, &answer).await?;
    Ok(None)
}

type Whole = (Head, Zeroizing<Vec<u8>>);

/// Reads a request. Bodies of requests that are none of ours are not waited for.
async fn read(
    stream: &mut TcpStream,
    shared: &Shared,
    activity: &Activity,
) -> io::Result<Result<Whole, Refusal>> {
    // Made in its full size, so that no copy of a code stays behind when it grows.
    let mut received = Zeroizing::new(Vec::with_capacity(MAX_HEAD_BYTES));
    let end = loop {
        let room = MAX_HEAD_BYTES - received.len();
        if room == 0 {
            return Ok(Err(Refusal::HeadTooLarge));
        }
        if (&mut *stream).take(room as u64).read_buf(&mut *received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        activity
            .0
            .store(shared.received.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(end) = end_of_head(&received) {
            break end;
        }
    };
    let (head, rest) = received.split_at(end);
    let head = match Head::parse(head) {
        Ok(head) => head,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut body = Zeroizing::new(Vec::with_capacity(head.body_bytes));
    if head.method == Method::Post && !shared.expected.wants(&head) {
        return Ok(Ok((head, body)));
    }
    body.extend_from_slice(rest.get(..head.body_bytes.min(rest.len())).unwrap_or_default());
    while body.len() < head.body_bytes {
        let room = head.body_bytes - body.len();
        if (&mut *stream).take(room as u64).read_buf(&mut *body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        activity
            .0
            .store(shared.received.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }
    Ok(Ok((head, body)))
}

async fn send(stream: &mut TcpStream, answer: &str) -> io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
