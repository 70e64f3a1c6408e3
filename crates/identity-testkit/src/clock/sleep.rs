//! A future that waits on the virtual clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Key, Time, millis};
use crate::watched::Watched;

/// Ready once the clock has moved on far enough. The time counts from the call, the sleeper from its first poll.
pub(super) struct Sleep {
    time: Arc<Watched<Time>>,
    duration: Duration,
    deadline: u64,
    key: Option<Key>,
}

impl Sleep {
    pub(super) fn new(time: Arc<Watched<Time>>, duration: Duration) -> Self {
        let deadline = time.read(|time| time.elapsed.saturating_add(millis(duration)));
        Self {
            time,
            duration,
            deadline,
            key: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.time.change(|time| {
            let key = *this.key.get_or_insert_with(|| {
                time.next_id += 1;
                time.begun.push(this.duration);
                (this.deadline, time.next_id)
            });
            if time.elapsed >= this.deadline {
                time.sleepers.remove(&key);
                return Poll::Ready(());
            }
            time.sleepers.insert(key, context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // The waker is dropped after the lock: it may own the task that owns other sleeps.
            let waker = self.time.change(|time| time.sleepers.remove(&key));
            drop(waker);
        }
    }
}
