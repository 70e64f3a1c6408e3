//! Name resolution.

use std::fmt;
use std::io;
use std::net::IpAddr;

use crate::BoxFuture;

/// Resolves host names. The default asks the system, with a limit on look-ups at once, since a look-up that hangs holds a thread.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `host`, in the order to try them.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}
