//! Reading a child's outputs to its end.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use identity_base::BoxFuture;
use identity_base::seam::{Clock as _, ProcessError, ProcessErrorKind, ProcessOutput};
use tokio::io::{AsyncRead, ReadBuf};

use super::super::SystemClock;
use super::super::buffer::Buffer;
use super::child::Running;

/// After the child's end its outputs are read for so long at most: a child of the child that left the group, and so wasn't killed, may keep them open for
/// ever.
const DRAIN: Duration = Duration::from_millis(500);

/// Reads both outputs and waits for the end. Dropping the future kills the child.
pub(super) async fn collect(mut running: Running, max_output: usize) -> Result<ProcessOutput, ProcessError> {
    let mut stdout = Output::new(running.stdout.take(), tokio::process::ChildStdout::from_std)?;
    let mut stderr = Output::new(running.stderr.take(), tokio::process::ChildStderr::from_std)?;
    let mut status: Option<ExitStatus> = None;
    let mut drain: Option<BoxFuture<'static, ()>> = None;
    let status = poll_fn(|context| {
        let done = (
            stdout.poll(context, max_output)?,
            stderr.poll(context, max_output)?,
        );
        if status.is_none()
            && let Poll::Ready(ended) = Pin::new(&mut running.exit).poll(context)
        {
            status = Some(exit_status(ended)?);
            drain = Some(SystemClock::new().sleep(DRAIN));
        }
        match (status, &mut drain) {
            (Some(status), _) if done == (true, true) => Poll::Ready(Ok(status)),
            (Some(status), Some(drain)) => drain.as_mut().poll(context).map(|()| Ok(status)),
            _ => Poll::Pending,
        }
    })
    .await?;
    let mut output = ProcessOutput::exited(0, Vec::new(), Vec::new());
    output.code = status.code();
    output.signal = signal(status);
    output.stdout = stdout.buffer.into_bytes();
    output.stderr = stderr.buffer.into_bytes();
    Ok(output)
}

fn exit_status(
    ended: Result<io::Result<ExitStatus>, tokio::sync::oneshot::error::RecvError>,
) -> Result<ExitStatus, ProcessError> {
    match ended {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&io::Error::other("its end was not seen"))),
    }
}

fn failed(error: &io::Error) -> ProcessError {
    ProcessError::new(ProcessErrorKind::Io, format!("its output can't be read: {error}"))
}

/// One output and what was read of it.
struct Output<P> {
    pipe: Option<P>,
    buffer: Buffer,
}

impl<P: AsyncRead + Unpin> Output<P> {
    /// Makes the pipe asynchronous.
    fn new<S>(pipe: Option<S>, convert: impl Fn(S) -> io::Result<P>) -> Result<Self, ProcessError> {
        // tokio panics in a runtime without I/O, and has no question for it.
        let converted =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pipe.map(convert).transpose()));
        let pipe = converted
            .map_err(|_| {
                ProcessError::new(
                    ProcessErrorKind::Spawn,
                    "developer tools need a tokio runtime with I/O enabled",
                )
            })?
            .map_err(|error| failed(&error))?;
        Ok(Self {
            pipe,
            buffer: Buffer::default(),
        })
    }

    /// Reads what is there; whether the output is at its end.
    fn poll(&mut self, context: &mut Context<'_>, max: usize) -> Result<bool, ProcessError> {
        while let Some(pipe) = &mut self.pipe {
            let Poll::Ready(read) = poll_read(pipe, &mut self.buffer, max, context) else {
                return Ok(false);
            };
            match read.map_err(|error| failed(&error))? {
                0 => self.pipe = None,
                _ if self.buffer.len() > max => {
                    return Err(ProcessError::new(
                        ProcessErrorKind::TooMuchOutput,
                        format!("it printed more than {max} bytes and was killed"),
                    ));
                }
                _ => {}
            }
        }
        Ok(true)
    }
}

fn poll_read<P: AsyncRead + Unpin>(
    pipe: &mut P,
    buffer: &mut Buffer,
    max: usize,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut room = ReadBuf::new(buffer.room_up_to(max.saturating_add(1)));
    ready!(Pin::new(pipe).poll_read(context, &mut room))?;
    let read = room.filled().len();
    buffer.advance(read);
    Poll::Ready(Ok(read))
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}
