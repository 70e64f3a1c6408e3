//! The listeners, and the tasks that serve their connections.

mod body;
mod connection;
mod exchange;
mod io;
mod reply;
mod wire;

use std::net::{Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::call::Listener;
use crate::clock::real_sleep;
use crate::error::StartError;
use crate::world::World;

/// How long to wait before taking connections again when the system has run out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// How often a port is looked for that is free on both loopback families.
const PORT_TRIES: usize = 16;

/// One port: a listener, and its IPv6 twin where there is one.
#[derive(Debug)]
pub(crate) struct BoundPort {
    pub(crate) address: SocketAddr,
    listeners: Vec<StdListener>,
}

impl BoundPort {
    /// Binds `wanted`. The IPv4 loopback address brings along the IPv6 one with the same port, if the machine has it,
    /// so that `localhost` works in whichever order a client resolves it.
    pub(crate) fn bind(wanted: SocketAddr) -> Result<Self, StartError> {
        let mut last = Self::bind_one(wanted)?;
        if !(wanted.ip().is_loopback() && wanted.is_ipv4()) {
            return Ok(last);
        }
        for _ in 0..PORT_TRIES {
            let twin = SocketAddr::from((Ipv6Addr::LOCALHOST, last.address.port()));
            match Self::bind_one(twin) {
                Ok(twin) => {
                    last.listeners.extend(twin.listeners);
                    return Ok(last);
                }
                // Somebody else has the port on IPv6: look for another one, unless this one was asked for.
                Err(error) if error.is_address_in_use() && wanted.port() == 0 => {
                    last = Self::bind_one(wanted)?
                }
                Err(_) => return Ok(last),
            }
        }
        Ok(last)
    }

    fn bind_one(wanted: SocketAddr) -> Result<Self, StartError> {
        let io = |error| StartError::listening(wanted, error);
        let listener = StdListener::bind(wanted).map_err(io)?;
        listener.set_nonblocking(true).map_err(io)?;
        Ok(Self {
            address: listener.local_addr().map_err(io)?,
            listeners: vec![listener],
        })
    }

    /// Serves the port until the runtime ends.
    pub(crate) fn serve(self, world: &Arc<World>, listener: Listener) -> Result<(), StartError> {
        for socket in self.listeners {
            let socket = TcpListener::from_std(socket).map_err(|error| {
                StartError::caused(format!("{} could not be served", self.address), error)
            })?;
            tokio::spawn(accept(socket, Arc::clone(world), listener));
        }
        Ok(())
    }
}

async fn accept(socket: TcpListener, world: Arc<World>, listener: Listener) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection::serve(Arc::clone(&world), stream, listener));
            }
            Err(_) => real_sleep(ACCEPT_PAUSE).await,
        }
    }
}
