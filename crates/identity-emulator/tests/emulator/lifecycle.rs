//! Starting, running side by side, ending.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::support::{builder, emulator, get, token};
use identity_emulator::{App, DEFAULT_CLIENT_ID, DEFAULT_SECRET, DEFAULT_TENANT_ID, Emulator, Tenant};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn the_defaults_are_fixed() {
    let emulator = builder().start_blocking().unwrap();
    assert_eq!(
        (emulator.tenant_id(), emulator.client_id()),
        (DEFAULT_TENANT_ID, DEFAULT_CLIENT_ID)
    );
    let environment = emulator.environment();
    let value = |name: &str| {
        environment
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(value("AZURE_AUTHORITY_HOST"), Some(emulator.authority()));
    assert_eq!(value("AZURE_TENANT_ID"), Some(DEFAULT_TENANT_ID));
    assert_eq!(value("AZURE_CLIENT_ID"), Some(DEFAULT_CLIENT_ID));
    assert_eq!(value("AZURE_CLIENT_SECRET"), Some(DEFAULT_SECRET));
    assert!(!format!("{emulator:?}").contains(DEFAULT_SECRET));
}

#[test]
fn it_starts_in_async_code_and_outlives_the_runtime_that_started_it() {
    let emulator = runtime()
        .block_on(builder().app(App::fixed().secret(crate::support::SECRET)).start())
        .unwrap();
    assert_eq!(token(&emulator).status, 200);
}

#[test]
fn it_ends_inside_async_code() {
    let address = runtime().block_on(async {
        let emulator = builder().start().await.unwrap();
        emulator.address()
    });
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn several_run_side_by_side_and_know_nothing_of_each_other() {
    let (one, two) = (emulator(), emulator());
    assert_ne!(one.address(), two.address());
    assert_ne!(one.ca_pem(), two.ca_pem());
    one.fault(identity_emulator::Fault::on_any().status(500));
    assert_eq!((token(&one).status, token(&two).status), (500, 200));
    two.requests().exactly(1);
}

#[test]
fn dropping_frees_the_ports_and_cuts_connections() {
    let emulator = emulator();
    let (tls, plain) = (emulator.address(), emulator.plain_address());
    let mut stream = crate::support::connect(&emulator).unwrap();
    drop(emulator);
    let (bytes, _) = crate::support::read_all(&mut stream);
    assert!(bytes.is_empty());
    for address in [tls, plain] {
        assert!(TcpStream::connect(address).is_err());
        TcpListener::bind(address).unwrap();
    }
}

#[test]
fn dropping_ends_requests_that_would_never_end() {
    let emulator = emulator();
    emulator.fault(identity_emulator::Fault::on_any().hang());
    let mut stream = crate::support::connect(&emulator).unwrap();
    std::io::Write::write_all(&mut stream, &crate::support::token_request(&emulator)).unwrap();
    runtime().block_on(emulator.wait_until(|requests| !requests.is_empty()));
    drop(emulator);
    assert!(crate::support::read_all(&mut stream).0.is_empty());
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the start's real time is what is promised"
)]
fn a_start_with_a_kept_key_takes_at_most_fifty_milliseconds() {
    drop(builder().start_blocking().unwrap());
    // The best of five: other tests share the processors.
    let best = (0..5).map(|_| {
        let before = Instant::now();
        let emulator = builder().start_blocking().unwrap();
        let took = before.elapsed();
        drop(emulator);
        took
    });
    let best = best.min().unwrap();
    assert!(best <= Duration::from_millis(50), "{best:?}");
}

#[test]
fn a_key_in_memory_is_made_when_no_file_is_given() {
    let emulator = Emulator::builder().start_blocking().unwrap();
    let other = Emulator::builder().start_blocking().unwrap();
    let key = |emulator| get(emulator, "/common/discovery/keys").json()["keys"][0]["n"].clone();
    assert_ne!(key(&emulator), key(&other));
}

#[test]
fn a_start_that_cannot_succeed_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = builder()
        .listen(taken.local_addr().unwrap())
        .start_blocking()
        .unwrap_err();
    assert!(error.is_io(), "{error}");
    assert!(
        error
            .to_string()
            .contains(&taken.local_addr().unwrap().to_string()),
        "{error}"
    );
    let error = builder()
        .tenant(Tenant::new("x").id("nonsense"))
        .start_blocking()
        .unwrap_err();
    assert!(error.to_string().contains("nonsense"), "{error}");
    let error = builder().server_name("not a näme").start_blocking().unwrap_err();
    assert!(error.to_string().contains("certificates"), "{error}");
}

#[test]
fn localhost_works_on_both_loopback_families_where_there_are_two() {
    let emulator = emulator();
    let twin = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, emulator.address().port()));
    let has_v6 = TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_ok();
    assert_eq!(TcpStream::connect(twin).is_ok(), has_v6);
}
