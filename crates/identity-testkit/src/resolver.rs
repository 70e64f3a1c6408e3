//! Name resolution without a network.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use identity_base::BoxFuture;
use identity_base::seam::Resolver;

use crate::script::{Waits, waiting_methods};
use crate::watched::Watched;

/// A [`Resolver`] that knows what the test tells it. Clones are the same resolver.
///
/// ```
/// use identity_base::seam::Resolver;
/// use identity_testkit::{Lookup, ScriptedResolver, block_on};
/// let resolver = ScriptedResolver::new();
/// // The name that is local at first and somewhere else later.
/// resolver.push("metadata", Lookup::to(["127.0.0.1"])).always("metadata", Lookup::to(["8.8.8.8"]));
/// block_on(async {
///     assert!(resolver.resolve("metadata").await.unwrap()[0].is_loopback());
///     assert!(!resolver.resolve("metadata").await.unwrap()[0].is_loopback());
///     assert!(resolver.resolve("elsewhere").await.is_err());
/// });
/// ```
#[derive(Clone)]
pub struct ScriptedResolver(Arc<Watched<State>>);

#[derive(Default)]
struct State {
    hosts: BTreeMap<String, Host>,
    asked: Vec<String>,
}

#[derive(Default)]
struct Host {
    script: VecDeque<Lookup>,
    otherwise: Option<Lookup>,
}

/// How one look-up ends.
#[derive(Clone, Debug)]
pub struct Lookup {
    waits: Waits,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Addresses(Vec<IpAddr>),
    Error(io::ErrorKind),
    Hang,
}

impl Lookup {
    /// Finds these addresses, in this order.
    ///
    /// # Panics
    /// When one isn't an address.
    #[must_use]
    #[track_caller]
    pub fn to<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Self {
        let parse = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text} is no address"));
        Self::ending(End::Addresses(addresses.into_iter().map(parse).collect()))
    }

    /// Fails.
    #[must_use]
    pub const fn error(kind: io::ErrorKind) -> Self {
        Self::ending(End::Error(kind))
    }

    /// Never ends.
    #[must_use]
    pub const fn hang() -> Self {
        Self::ending(End::Hang)
    }

    const fn ending(end: End) -> Self {
        Self {
            waits: Waits::none(),
            end,
        }
    }

    waiting_methods!();
}

impl ScriptedResolver {
    /// A resolver that knows no name.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Watched::new(State::default())))
    }

    /// How the next look-up of `host` ends.
    pub fn push(&self, host: &str, lookup: Lookup) -> &Self {
        self.0.change(|state| {
            state
                .hosts
                .entry(host.to_owned())
                .or_default()
                .script
                .push_back(lookup)
        });
        self
    }

    /// How look-ups of `host` end when nothing else is scripted.
    pub fn always(&self, host: &str, lookup: Lookup) -> &Self {
        self.0
            .change(|state| state.hosts.entry(host.to_owned()).or_default().otherwise = Some(lookup));
        self
    }

    /// The names that were asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.0.read(|state| state.asked.clone())
    }

    /// Waits until `count` look-ups were begun.
    pub async fn started(&self, count: usize) {
        self.0.until(|state| state.asked.len() >= count).await;
    }
}

impl Resolver for ScriptedResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let lookup = self.0.change(|state| {
                state.asked.push(host.to_owned());
                let known = state.hosts.get_mut(host)?;
                known.script.pop_front().or_else(|| known.otherwise.clone())
            });
            let Some(lookup) = lookup else {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name is not known"));
            };
            lookup.waits.play().await;
            match lookup.end {
                End::Addresses(addresses) => Ok(addresses),
                End::Error(kind) => Err(kind.into()),
                End::Hang => std::future::pending().await,
            }
        })
    }
}

impl Default for ScriptedResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ScriptedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedResolver")
            .field("asked", &self.asked())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gate;
    use crate::poll::{PollOnce as _, block_on};

    #[test]
    fn look_ups_follow_the_script_of_their_host() {
        let (resolver, gate) = (ScriptedResolver::new(), Gate::closed());
        resolver
            .push("a", Lookup::error(io::ErrorKind::TimedOut))
            .push("a", Lookup::to(["::1", "127.0.0.1"]).at(&gate))
            .always("b", Lookup::hang());
        let error = block_on(resolver.resolve("a")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut held = resolver.resolve("a");
        assert!(held.poll_once().is_pending());
        gate.open();
        assert_eq!(block_on(held).unwrap().len(), 2);
        assert_eq!(
            block_on(resolver.resolve("a")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert!(resolver.resolve("b").poll_once().is_pending());
        assert_eq!(resolver.asked(), ["a", "a", "a", "b"]);
    }
}
