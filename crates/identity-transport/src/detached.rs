//! Blocking work that nothing ever waits for.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a thread of its own. The receiver fails if the work panics.
///
/// Not on the runtime's blocking pool: a runtime that shuts down waits for that, so one name look-up that hangs would hang the program's end.
pub(crate) fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        // The one who asked may be gone; then the result is dropped.
        drop(done.send(work()));
    })?;
    Ok(result)
}
