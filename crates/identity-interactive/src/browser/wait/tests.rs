//! Tests of who keeps a place when there are too many.

use std::sync::Weak;

use identity_base::{Authority, Secret};
use identity_testkit::TestClock;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::callback::Expected;
use super::super::pages::Pages;
use super::super::redirect::Redirect;
use super::*;

/// A server on a free port, in a runtime.
fn with_server(test: impl AsyncFnOnce(Server)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listeners = Listeners::bind(&Redirect::parse(None).unwrap()).unwrap();
        let expected = Expected {
            authority: Authority::public(),
            state: Secret::new("state"),
            path: "/".to_owned(),
            port: listeners.port,
        };
        let pages = Arc::new(Pages::new(None, None).unwrap());
        let shared = Shared::new(expected, pages, Arc::new(TestClock::new()));
        test(Server {
            listeners,
            shared: Arc::new(shared),
            connections: Vec::new(),
            pause: None,
        })
        .await;
    });
}

/// Lets the server work until `is_so`.
async fn until(server: &mut Server, mut is_so: impl FnMut(&Server) -> bool) {
    // What loopback sockets were given is there at once; so many turns are for a server that never comes to it.
    for _ in 0..100_000 {
        if is_so(server) {
            return;
        }
        let polled = poll_fn(|context| Poll::Ready(server.poll(context))).await;
        assert!(polled.is_pending(), "nobody has answered");
        tokio::task::yield_now().await;
    }
    panic!("it does not come to it");
}

/// Whether the server closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[test]
fn the_silent_go_first_and_then_those_who_were_silent_longest() {
    with_server(async |mut server| {
        let mut alive: Vec<Weak<()>> = Vec::new();
        for last in [5, 0, 3, 0, 9] {
            let token = Arc::new(());
            alive.push(Arc::downgrade(&token));
            server.connections.push(Connection {
                future: Box::pin(async move {
                    let _held = token;
                    std::future::pending().await
                }),
                activity: Arc::new(Activity::at(last)),
            });
        }
        for (limit, left) in [
            (6, &[0, 1, 2, 3, 4][..]),
            (5, &[0, 1, 2, 3, 4]),
            (4, &[0, 2, 3, 4]),
            (3, &[0, 2, 4]),
            (1, &[4]),
            (0, &[]),
        ] {
            server.make_room(limit);
            let open: Vec<_> = (0..5)
                .filter(|number| alive[*number].strong_count() > 0)
                .collect();
            assert_eq!(open, left, "{limit}");
        }
    });
}

#[test]
fn sixteen_have_a_place_and_the_seventeenth_takes_the_idlest_ones() {
    with_server(async |mut server| {
        let port = server.listeners.port;
        let mut callers = Vec::new();
        for number in 0..16 {
            let mut caller = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            caller.write_all(b"POST").await.unwrap();
            callers.push(caller);
            until(&mut server, |server| {
                let count = server.connections.len();
                count == number + 1 && server.connections.iter().all(|each| each.activity.last() > 0)
            })
            .await;
        }
        // The first one goes on, so that the second is the idlest.
        let before = server.connections[0].activity.last();
        callers[0].write_all(b" /").await.unwrap();
        until(&mut server, |server| {
            server.connections[0].activity.last() > before
        })
        .await;

        callers.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        until(&mut server, |_| is_closed(&callers[1])).await;
        assert_eq!(server.connections.len(), 16);
        // That one sent nothing: it is the next to go, although it is the newest.
        callers.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        until(&mut server, |_| is_closed(&callers[16])).await;
        assert_eq!(server.connections.len(), 16);
        let open: Vec<_> = (0..callers.len())
            .filter(|number| !is_closed(&callers[*number]))
            .collect();
        assert_eq!(open, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]);
    });
}
