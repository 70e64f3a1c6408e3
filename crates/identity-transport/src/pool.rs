//! Idle connections, kept for each runtime.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use identity_base::seam::{AddressRule, Clock, Now, ServerIdentity};
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use crate::exchange::{Connection, Stamp};
use crate::process::OfProcess;
use crate::target::Target;

/// The most idle connections to one host.
const MAX_IDLE: usize = 8;
/// How long a connection may be idle: less than the 90 s after which load balancers usually forget one.
const IDLE: Duration = Duration::from_secs(60);
/// How old a connection may become. A name that has moved is noticed within this time.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// A wall clock that went this much differently from the other one was set, or the machine was asleep: the peers are gone then.
const CLOCK_JUMP: u64 = 5 * 60 * 1000;

/// Connections that can stand in for each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Through the transport's proxy.
    pub(crate) proxied: bool,
    pub(crate) server: ServerIdentity,
}

impl Key {
    pub(crate) fn new(target: &Target, proxied: bool, server: &ServerIdentity) -> Self {
        Self {
            tls: target.tls,
            host: target.host.clone(),
            port: target.port,
            proxied,
            server: server.clone(),
        }
    }
}

/// The idle connections of a transport.
///
/// A connection belongs to the runtime that drives its socket, so it is only ever used there. While a runtime has idle connections, one small task on it closes
/// them when their time is over; it ends when there are none left, and takes them along when the runtime ends before.
#[derive(Default)]
pub(crate) struct Pool(Mutex<OfProcess<HashMap<Id, Runtime>>>);

#[derive(Default)]
struct Runtime {
    idle: HashMap<Key, Vec<Connection>>,
    has_reaper: bool,
    reaper: Option<AbortHandle>,
}

impl Drop for Runtime {
    /// No task stays behind when its connections are gone.
    fn drop(&mut self) {
        if let Some(reaper) = &self.reaper {
            reaper.abort();
        }
    }
}

impl Pool {
    /// A connection that is open as far as anybody can tell, the last used first.
    pub(crate) fn take(&self, runtime: Id, key: &Key, rule: AddressRule, now: Now) -> Option<Connection> {
        let mut closed = Vec::new();
        let mut runtimes = self.lock();
        let idle = runtimes.get_mut(&runtime)?.idle.get_mut(key)?;
        let found = loop {
            let Some(mut connection) = idle.pop() else {
                break None;
            };
            let allowed = key.proxied || rule.allows(connection.peer().ip(), key.tls);
            if !allowed || !is_fresh(connection.stamp(), now) || !connection.is_usable() {
                closed.push(connection);
                continue;
            }
            // One that carries several requests stays for the others.
            if let Some(share) = connection.share() {
                idle.push(share);
            }
            break Some(connection);
        };
        // Connections are closed after the lock is gone.
        drop(runtimes);
        drop(closed);
        found
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(
        self: &Arc<Self>,
        runtime: &Handle,
        key: Key,
        mut connection: Connection,
        clock: &Arc<dyn Clock>,
    ) {
        let now = clock.now();
        connection.stamp().used = now;
        let mut closed = Vec::new();
        let mut runtimes = self.lock();
        remove_stale(&mut runtimes, now, &mut closed);
        let runtime_entry = runtimes.entry(runtime.id()).or_default();
        let idle = runtime_entry.idle.entry(key).or_default();
        if connection.share().is_some() {
            // All shares are the same connection, so one is enough; an older one finishes what it carries.
            closed.append(idle);
        } else if idle.len() >= MAX_IDLE {
            closed.push(idle.remove(0));
        }
        idle.push(connection);
        let start_reaper = !std::mem::replace(&mut runtime_entry.has_reaper, true);
        drop(runtimes);
        drop(closed);
        if start_reaper {
            let guard = ReaperGuard {
                pool: Arc::downgrade(self),
                runtime: runtime.id(),
            };
            // On the runtime that drives the socket, whoever polls this. Without the lock: a runtime that has ended drops the task at once.
            let reaper = runtime.spawn(reap(guard, Arc::clone(clock)));
            if let Some(entry) = self.lock().get_mut(&runtime.id()) {
                entry.reaper = Some(reaper.abort_handle());
            }
        }
    }

    /// Closes the idle connections of a runtime to one host.
    pub(crate) fn discard(&self, runtime: Id, key: &Key) {
        let closed = self
            .lock()
            .get_mut(&runtime)
            .and_then(|runtime| runtime.idle.remove(key));
        drop(closed);
    }

    /// Closes all idle connections.
    pub(crate) fn clear(&self) {
        let mut closed = Vec::new();
        for runtime in self.lock().values_mut() {
            closed.extend(runtime.idle.drain());
        }
    }

    /// Closes what is too old. How long until there is something to do again on `runtime`; `None` if it has no idle connections.
    fn sweep(&self, runtime: Id, now: Now) -> Option<Duration> {
        let mut closed = Vec::new();
        let mut runtimes = self.lock();
        remove_stale(&mut runtimes, now, &mut closed);
        let entry = runtimes.get_mut(&runtime)?;
        let next = entry
            .idle
            .values_mut()
            .flatten()
            .map(|connection| left(connection.stamp(), now))
            .min();
        let ended = next.is_none().then(|| runtimes.remove(&runtime));
        drop(runtimes);
        drop(ended);
        next
    }

    fn forget(&self, runtime: Id) {
        let forgotten = self.lock().remove(&runtime);
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, OfProcess<HashMap<Id, Runtime>>> {
        let mut runtimes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runtimes.enter(std::process::id());
        runtimes
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// Removes the connections that are too old, of all runtimes: one that is not driven can't do it itself.
fn remove_stale(runtimes: &mut HashMap<Id, Runtime>, now: Now, closed: &mut Vec<Connection>) {
    for runtime in runtimes.values_mut() {
        for idle in runtime.idle.values_mut() {
            closed.extend(idle.extract_if(.., |connection| !is_fresh(connection.stamp(), now)));
        }
        runtime.idle.retain(|_, idle| !idle.is_empty());
    }
}

/// Closes the connections of a runtime when their time is over.
async fn reap(mut guard: ReaperGuard, clock: Arc<dyn Clock>) {
    loop {
        let Some(pool) = guard.pool.upgrade() else { return };
        let next = pool.sweep(guard.runtime, clock.now());
        drop(pool);
        match next {
            Some(wait) => clock.sleep(wait).await,
            None => break,
        }
    }
    // What comes from now on has a reaper of its own.
    guard.pool = Weak::new();
}

/// A runtime that ends drops its tasks, and so this: its connections are of no use any more.
struct ReaperGuard {
    pool: Weak<Pool>,
    runtime: Id,
}

impl Drop for ReaperGuard {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.forget(self.runtime);
        }
    }
}

fn is_fresh(stamp: &Stamp, now: Now) -> bool {
    !left(stamp, now).is_zero() && !has_jumped(stamp.used, now)
}

/// How long a connection may still be kept.
fn left(stamp: &Stamp, now: Now) -> Duration {
    let idle = IDLE.saturating_sub(now.since(stamp.used));
    idle.min(MAX_AGE.saturating_sub(now.since(stamp.opened)))
}

/// Whether the two clocks went differently since `then`.
fn has_jumped(then: Now, now: Now) -> bool {
    let wall = now.wall.saturating_sub(then.wall);
    let elapsed = i64::try_from(now.elapsed.saturating_sub(then.elapsed)).unwrap_or(i64::MAX);
    wall.abs_diff(elapsed) > CLOCK_JUMP
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now {
        wall: 1_000_000_000,
        elapsed: 5_000,
    };

    fn later(wall: i64, elapsed: u64) -> Now {
        Now {
            wall: START.wall + wall * 1000,
            elapsed: START.elapsed + elapsed * 1000,
        }
    }

    #[test]
    fn a_connection_ends_by_idle_time_and_by_age() {
        let mut stamp = Stamp::new(START);
        assert!(is_fresh(&stamp, later(59, 59)));
        assert!(!is_fresh(&stamp, later(60, 60)));
        stamp.used = later(290, 290);
        assert_eq!(left(&stamp, later(290, 290)), Duration::from_secs(10));
        assert!(!is_fresh(&stamp, later(300, 300)));
    }

    #[test]
    fn a_clock_that_was_set_ends_all_connections() {
        let stamp = Stamp::new(START);
        assert!(is_fresh(&stamp, later(300, 1)));
        assert!(!is_fresh(&stamp, later(302, 1)));
        assert!(!is_fresh(&stamp, later(-302, 1)));
        assert!(is_fresh(&stamp, later(-200, 1)));
    }
}
