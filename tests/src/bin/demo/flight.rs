//! The proof of single flight: a thousand callers that need the same token before there is one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use identity_emulator::{Fault, Route};
use tokio::sync::Notify;

use crate::promise::Promises;
use crate::stage::Stage;
use crate::{Result, rows};

const CALLERS: usize = 1_000;
const SCOPE: &str = "https://storage.azure.com/.default";

/// Holds the one request until every caller has called, then lets it go.
#[expect(clippy::disallowed_methods, reason = "real times are what is shown")]
pub(crate) async fn prove(stage: &Stage, promises: &mut Promises) -> Result<()> {
    let emulator = &stage.emulator;
    emulator.clear_requests();
    let gate = emulator.gate("single flight");
    emulator.fault(Fault::on(Route::Token).hold(&gate));
    let credential = rows::client_secret(stage)?;

    let called = Arc::new((AtomicUsize::new(0), Notify::new()));
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (credential, called) = (Arc::clone(&credential), Arc::clone(&called));
            tokio::spawn(async move {
                let call = credential.get_token(&[SCOPE]);
                // The call has been made; what follows is the wait.
                if called.0.fetch_add(1, Ordering::SeqCst) + 1 == CALLERS {
                    called.1.notify_one();
                }
                call.await
            })
        })
        .collect();
    called.1.notified().await;
    emulator.wait_for_requests(Route::Token, 1).await;
    gate.release();

    let mut tokens = Vec::with_capacity(CALLERS);
    for caller in callers {
        tokens.push(caller.await??);
    }
    let took = start.elapsed();
    emulator.clear_faults();

    let requests = emulator.requests().token().count();
    let same = tokens.windows(2).all(|pair| match pair {
        [one, other] => one.is_same(other),
        _ => true,
    });
    println!(
        "single flight: {CALLERS} callers, {requests} request, {} tokens{}, all there after {} ms",
        tokens.len(),
        if same { " that are one and the same" } else { "" },
        took.as_millis()
    );
    promises.check("a thousand callers, one request", requests == 1);
    promises.check("a thousand callers, one token", same && tokens.len() == CALLERS);
    Ok(())
}
