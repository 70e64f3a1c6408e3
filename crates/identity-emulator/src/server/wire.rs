//! Answers as raw bytes, for what an HTTP library will not do.

use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::io::SharedStream;
use crate::clock::real_sleep;

/// How long an ended connection may go on reading, so that its close is no reset.
const LINGER: Duration = Duration::from_secs(1);
/// How many bytes it may go on reading.
const LINGER_BYTES: u64 = 256 * 1024;

/// What is written to a connection, and how it ends.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) bytes: Bytes,
    /// Bytes a second; all at once if absent.
    pub(super) pace: Option<u32>,
    pub(super) end: End,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In order: the peer sees the end of the stream.
    Close,
    /// With RST.
    Reset,
    /// Not at all: silence until the peer goes.
    Silence,
}

impl Script {
    pub(super) fn new(bytes: impl Into<Bytes>, end: End) -> Self {
        Self {
            bytes: bytes.into(),
            pace: None,
            end,
        }
    }

    /// Plays the script. Errors are the peer's going away and end it.
    pub(super) async fn play(self, mut stream: SharedStream) {
        if self.end == End::Reset && self.bytes.is_empty() {
            stream.reset_on_close();
            return;
        }
        if self.write(&mut stream).await.is_err() {
            return;
        }
        match self.end {
            End::Reset => stream.reset_on_close(),
            End::Silence => drain(&mut stream, u64::MAX).await,
            End::Close => {
                if stream.shutdown().await.is_ok() {
                    let mut rest = pin!(drain(&mut stream, LINGER_BYTES));
                    let mut limit = pin!(real_sleep(LINGER));
                    std::future::poll_fn(|cx| {
                        if rest.as_mut().poll(cx).is_ready() {
                            Poll::Ready(())
                        } else {
                            limit.as_mut().poll(cx)
                        }
                    })
                    .await;
                }
            }
        }
    }

    async fn write(&self, stream: &mut SharedStream) -> io::Result<()> {
        let Some(pace) = self.pace else {
            stream.write_all(&self.bytes).await?;
            return stream.flush().await;
        };
        for portion in portions(&self.bytes, pace) {
            stream.write_all(portion).await?;
            stream.flush().await?;
            real_sleep(pause(portion.len(), pace)).await;
        }
        Ok(())
    }
}

/// Cuts bytes into what goes out at once: ten portions a second, or single bytes when that is less.
pub(super) fn portions(bytes: &[u8], pace: u32) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(portion(pace))
}

pub(super) fn portion(pace: u32) -> usize {
    usize::try_from(pace / 10).unwrap_or(1).max(1)
}

/// The pause after a portion.
pub(super) fn pause(portion: usize, pace: u32) -> Duration {
    let portion = u32::try_from(portion).unwrap_or(u32::MAX);
    Duration::from_secs(1).saturating_mul(portion) / pace.max(1)
}

/// Reads and forgets, until the peer goes or so many bytes have come.
async fn drain(stream: &mut SharedStream, limit: u64) {
    let mut left = limit;
    let mut buffer = [0; 4096];
    while left > 0 {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{pause, portions};

    #[test]
    fn portions_keep_the_pace() {
        assert_eq!(portions(&[0; 5], 1).count(), 5);
        assert_eq!(pause(1, 1), Duration::from_secs(1));
        assert_eq!(portions(&[0; 1000], 1000).count(), 10);
        assert_eq!(pause(100, 1000), Duration::from_millis(100));
    }
}
