//! One transport, several runtimes, and none.

use identity_base::seam::{HttpClient as _, HttpErrorKind};
use identity_testkit::poll::block_on_std;
use identity_testkit::transport_conformance::{RawServer, Step};
use identity_transport::HyperTransport;
use tokio::runtime::{Builder, Runtime};

use crate::support::get;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A runtime that the servers run on.
fn servers() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn url(server: &RawServer) -> String {
    server.uri("http", "/").to_string()
}

#[test]
fn each_runtime_has_its_own_connections() {
    let servers = servers();
    let server = servers.block_on(RawServer::answering(200, "ok"));
    let transport = HyperTransport::new();
    let (first, second) = (current_thread(), current_thread());
    for _ in 0..3 {
        for runtime in [&first, &second] {
            runtime.block_on(transport.send(get(&url(&server)))).unwrap();
        }
    }
    // Never the other's: that one isn't driven now.
    assert_eq!(server.journal().connections(), 2);
}

#[test]
fn a_runtime_that_ends_takes_its_connections_along() {
    let servers = servers();
    let server = servers.block_on(RawServer::answering(200, "ok"));
    let transport = HyperTransport::new();
    for round in 1..=3 {
        let runtime = current_thread();
        runtime.block_on(transport.send(get(&url(&server)))).unwrap();
        drop(runtime);
        servers.block_on(server.journal().until_ended(round));
    }
    let last = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    last.block_on(transport.send(get(&url(&server)))).unwrap();
    assert_eq!(server.journal().connections(), 4);
}

#[test]
fn a_runtime_that_ends_in_the_middle_of_a_request_ends_it() {
    let servers = servers();
    let server = servers.block_on(RawServer::start(vec![
        vec![Step::Request, Step::Hang],
        vec![Step::Request, Step::answer(200, "ok")],
    ]));
    let transport = HyperTransport::new();
    let runtime = current_thread();
    let request = get(&url(&server));
    let sent = transport.clone();
    drop(runtime.spawn(async move { sent.send(request).await }));
    runtime.block_on(server.journal().until_received("GET /"));
    drop(runtime);
    servers.block_on(server.journal().until_ended(1));
    assert!(
        current_thread()
            .block_on(transport.send(get(&url(&server))))
            .is_ok()
    );
}

#[test]
fn the_last_clone_closes_all_connections() {
    let servers = servers();
    let server = servers.block_on(RawServer::answering(200, "ok"));
    let runtime = current_thread();
    let transport = HyperTransport::new();
    let clone = transport.clone();
    runtime.block_on(transport.send(get(&url(&server)))).unwrap();
    drop(transport);
    runtime.block_on(clone.send(get(&url(&server)))).unwrap();
    assert_eq!(server.journal().connections(), 1);
    // Outside of any runtime, whose own is not driven.
    drop(clone);
    servers.block_on(server.journal().until_ended(1));
}

#[test]
fn without_a_runtime_or_its_drivers_the_error_says_so() {
    let servers = servers();
    let server = servers.block_on(RawServer::answering(200, "ok"));
    let transport = HyperTransport::new();
    let bare = Builder::new_current_thread().build().unwrap();
    let mut no_io = Builder::new_current_thread();
    let no_io = no_io.enable_time().build().unwrap();
    let mut no_time = Builder::new_current_thread();
    let no_time = no_time.enable_io().build().unwrap();
    for (name, answer) in [
        ("none", block_on_std(transport.send(get(&url(&server))))),
        ("bare", bare.block_on(transport.send(get(&url(&server))))),
        ("no io", no_io.block_on(transport.send(get(&url(&server))))),
        ("no time", no_time.block_on(transport.send(get(&url(&server))))),
    ] {
        let error = answer.unwrap_err();
        assert_eq!(
            (error.kind, error.request_sent),
            (HttpErrorKind::NoRuntime, false),
            "{name}"
        );
    }
    assert_eq!(server.journal().received(), "");
    assert!(
        current_thread()
            .block_on(transport.send(get(&url(&server))))
            .is_ok()
    );
}

#[test]
fn no_task_stays_behind() {
    let servers = servers();
    let server = servers.block_on(RawServer::answering(200, "ok"));
    let runtime = current_thread();
    let alive = runtime.metrics();
    for _ in 0..3 {
        let transport = HyperTransport::new();
        runtime.block_on(transport.send(get(&url(&server)))).unwrap();
        // The one that closes the idle connection in time; let it begin its wait.
        runtime.block_on(tokio::task::yield_now());
        assert_eq!(alive.num_alive_tasks(), 1);
        drop(transport);
        runtime.block_on(tokio::task::yield_now());
        assert_eq!(alive.num_alive_tasks(), 0);
    }
}
