//! Name resolution by the system.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use identity_base::BoxFuture;
use identity_base::seam::Resolver;
use tokio::sync::Semaphore;

use crate::detached;

/// How many look-ups may run at once. One that hangs holds a thread until the system gives up, and nothing can cancel it.
const MAX_LOOKUPS: usize = 4;

type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Asks the system's resolver: the hosts file, DNS, and whatever else it is set up for.
///
/// Each look-up runs on a thread of its own, at most four at once; the others wait their turn. A look-up that hangs never holds up the end of a runtime
/// or of the program. Clones share the limit.
#[derive(Clone)]
pub struct SystemResolver {
    slots: Arc<Semaphore>,
    lookup: Arc<Lookup>,
}

impl SystemResolver {
    /// The system's resolver.
    #[must_use]
    pub fn new() -> Self {
        Self::with_lookup(|host| Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }

    fn with_lookup(lookup: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            lookup: Arc::new(lookup),
        }
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let slot = Arc::clone(&self.slots)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let (lookup, host) = (Arc::clone(&self.lookup), host.to_owned());
            let answer = detached::run("identity-resolve", move || {
                let answer = lookup(&host);
                // The slot is free when the system has answered, not when the caller has given up.
                drop(slot);
                answer
            })?;
            answer
                .await
                .map_err(|_| io::Error::other("the name look-up panicked"))?
        })
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemResolver")
            .field("free_slots", &self.slots.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use identity_testkit::block_on;
    use identity_testkit::poll::assert_future_is_pending;

    use super::*;

    #[test]
    fn the_system_knows_localhost() {
        let addresses = block_on(SystemResolver::new().resolve("localhost")).unwrap();
        assert!(
            !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback),
            "{addresses:?}"
        );
    }

    #[test]
    fn four_hanging_lookups_are_all_and_hold_up_no_runtime() {
        let (release, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let (begun, begins) = mpsc::channel();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let resolver = SystemResolver::with_lookup(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap();
            let _released = wait.lock().unwrap().recv();
            Ok(Vec::new())
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut waiting: Vec<_> = (0..6)
                .map(|_| assert_future_is_pending(resolver.resolve("h")))
                .collect();
            for _ in 0..MAX_LOOKUPS {
                begins.recv().unwrap();
            }
            assert_eq!(count.load(Ordering::SeqCst), MAX_LOOKUPS);
            // Callers that give up free no slot: the threads are still stuck.
            waiting.clear();
            drop(assert_future_is_pending(resolver.resolve("h")));
            assert_eq!(resolver.slots.available_permits(), 0);
        });
        // Returns although four look-ups hang; with the blocking pool it would not.
        drop(runtime);
        assert_eq!(count.load(Ordering::SeqCst), MAX_LOOKUPS);
        drop(release);
    }

    #[test]
    fn a_lookup_that_panics_is_an_error_and_frees_its_slot() {
        let resolver = SystemResolver::with_lookup(|_| panic!("planted"));
        for _ in 0..MAX_LOOKUPS + 1 {
            assert!(block_on(resolver.resolve("h")).is_err());
        }
    }
}
