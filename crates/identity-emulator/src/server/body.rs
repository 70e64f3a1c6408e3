//! Bodies that hyper sends: whole, slow, cut short, or without end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::wire::{pause, portion};
use crate::clock::real_sleep;

/// Size of the blocks that make up a huge or endless body.
const BLOCK: usize = 16 * 1024;

/// A reset of an HTTP/2 stream drops what is still queued, so it gives the part this long to go out.
const BEFORE_RESET: Duration = Duration::from_millis(20);

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body of an answer.
pub(super) enum ReplyBody {
    /// All at once, or nothing any more.
    Whole(Option<Bytes>),
    /// So many bytes a second.
    Slow {
        rest: Bytes,
        pace: u32,
        timer: Option<Timer>,
    },
    /// A part, and then an error or silence.
    Cut {
        part: Option<Bytes>,
        length: u64,
        silent: bool,
        pause: Timer,
    },
    /// Spaces, and then the real body.
    Padded { spaces: u64, body: Option<Bytes> },
    /// Spaces for ever.
    Endless,
}

impl ReplyBody {
    /// A body that promises `length` bytes, and after `part` fails or falls silent.
    pub(super) fn cut(part: Bytes, length: u64, silent: bool) -> Self {
        Self::Cut {
            part: Some(part),
            length,
            silent,
            pause: Box::pin(real_sleep(BEFORE_RESET)),
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => frame(body.take()),
            Self::Slow { rest, pace, timer } => {
                if let Some(waiting) = timer {
                    ready!(waiting.as_mut().poll(cx));
                    *timer = None;
                }
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                let next = rest.split_to(portion(*pace).min(rest.len()));
                *timer = Some(Box::pin(real_sleep(pause(next.len(), *pace))));
                frame(Some(next))
            }
            Self::Cut {
                part, silent, pause, ..
            } => {
                if let Some(part) = part.take().filter(|part| !part.is_empty()) {
                    return frame(Some(part));
                }
                if *silent {
                    return Poll::Pending;
                }
                ready!(pause.as_mut().poll(cx));
                Poll::Ready(Some(Err(io::Error::other("cut by a fault"))))
            }
            Self::Padded { spaces, body } => {
                let block = usize::try_from(*spaces).unwrap_or(BLOCK).min(BLOCK);
                if block == 0 {
                    return frame(body.take());
                }
                *spaces = spaces.saturating_sub(u64::try_from(block).unwrap_or(u64::MAX));
                frame(Some(spaces_of(block)))
            }
            Self::Endless => frame(Some(spaces_of(BLOCK))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, size);
        match self {
            Self::Whole(body) => SizeHint::with_exact(length(body)),
            Self::Slow { rest, .. } => SizeHint::with_exact(size(rest)),
            Self::Cut { length, .. } => SizeHint::with_exact(*length),
            Self::Padded { spaces, body } => SizeHint::with_exact(spaces.saturating_add(length(body))),
            Self::Endless => SizeHint::default(),
        }
    }
}

fn frame(bytes: Option<Bytes>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
    Poll::Ready(
        bytes
            .filter(|bytes| !bytes.is_empty())
            .map(|bytes| Ok(Frame::data(bytes))),
    )
}

fn size(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn spaces_of(size: usize) -> Bytes {
    static SPACES: [u8; BLOCK] = [b' '; BLOCK];
    Bytes::from_static(SPACES.get(..size).unwrap_or(&SPACES))
}
