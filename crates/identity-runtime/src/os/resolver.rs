//! Name resolution by the system.

use std::io;
use std::net::IpAddr;

use identity_base::BoxFuture;
use identity_base::seam::Resolver;

/// Asks the system's resolver.
#[derive(Clone, Debug, Default)]
pub struct SystemResolver(());

impl SystemResolver {
    /// The system's resolver.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host, 0))
                .await?
                .map(|address| address.ip())
                .collect())
        })
    }
}
