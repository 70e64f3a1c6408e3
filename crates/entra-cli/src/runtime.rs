//! The async runtime of a command: one thread, signals, and an end that waits for nothing.

use std::io;
use std::time::Duration;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::race::{First, race};

/// After a signal the start of a developer tool that is under way is waited for so long: only what was started can be ended. It takes milliseconds.
const START_OF_TOOL: Duration = Duration::from_millis(100);

/// Runs `work` until it is done or a signal comes. Then it is dropped, which ends the developer tools that it runs; they have process groups of their own, so
/// Ctrl-C at a terminal doesn't reach them.
///
/// Whatever else still runs is left behind: a name look-up that hangs in the system can't keep the program from ending.
///
/// # Errors
/// As `work`; a signal is a failure with the exit code that shells use for it.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("no runtime could be made: {error}")))?;
    let result = runtime.block_on(async {
        // Signals come first, so that they are heard before there is anything that has to be ended.
        match race(signal(), work).await {
            First::Left(Ok(exit)) => Err((Failure::signalled(exit), START_OF_TOOL)),
            First::Left(Err(error)) => Err((
                Failure::internal(format!("signals can't be received: {error}")),
                Duration::ZERO,
            )),
            First::Right(result) => result.map_err(|failure| (failure, Duration::ZERO)),
        }
    });
    match result {
        Ok(value) => {
            runtime.shutdown_background();
            Ok(value)
        }
        Err((failure, patience)) => {
            runtime.shutdown_timeout(patience);
            Err(failure)
        }
    }
}

/// Waits for a signal that asks to end.
#[cfg(unix)]
pub(crate) async fn signal() -> io::Result<Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(match race(interrupt.recv(), terminate.recv()).await {
        First::Left(_) => Exit::Interrupted,
        First::Right(_) => Exit::Terminated,
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn signal() -> io::Result<Exit> {
    tokio::signal::ctrl_c().await?;
    Ok(Exit::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    /// How quickly the program has to end although something hangs.
    const END: Duration = Duration::from_millis(200);

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the requirement is about real time")]
    fn a_thread_that_hangs_does_not_delay_the_end() {
        let (release, hang) = mpsc::channel::<()>();
        let start = Instant::now();
        let result = block_on(async {
            // As a look-up that the system never answers.
            let look_up = tokio::task::spawn_blocking(move || hang.recv().is_ok());
            match race(look_up, tokio::task::yield_now()).await {
                First::Left(_) => Ok("answered"),
                First::Right(()) => Err(Failure::internal("gave up")),
            }
        });
        let took = start.elapsed();
        assert!(result.is_err_and(|failure| failure.text().contains("gave up")));
        assert!(took < END, "{took:?}");
        drop(release);
    }
}
