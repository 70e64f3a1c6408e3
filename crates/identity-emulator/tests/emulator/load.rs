//! Many at once.

use std::io::Write as _;
use std::sync::{Arc, Barrier};
use std::thread;

use crate::support::{connect, emulator, read_reply, token_request};

#[test]
fn two_hundred_connections_at_once_are_all_served_and_counted() {
    let emulator = Arc::new(emulator());
    let everyone = Arc::new(Barrier::new(200));
    let clients: Vec<_> = (0..200)
        .map(|_| {
            let (emulator, everyone) = (Arc::clone(&emulator), Arc::clone(&everyone));
            thread::spawn(move || {
                everyone.wait();
                let mut stream = connect(&emulator).unwrap();
                stream.write_all(&token_request(&emulator)).unwrap();
                read_reply(&mut stream).unwrap().json()["access_token"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
        })
        .collect();
    let mut tokens: Vec<String> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 200);
    emulator.requests().token().exactly(200);
    assert_eq!(emulator.connections().opened, 200);
}
