//! A child that is running, and its end.

use std::io;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use identity_base::seam::{ProcessError, ProcessErrorKind};
use tokio::sync::oneshot;

/// A child. When it's dropped before its end, it is killed with all its children; a thread of its own waits for it either way, so that no zombie stays,
/// whatever becomes of the runtime.
pub(in crate::os) struct Running {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    pub(in crate::os) exit: oneshot::Receiver<io::Result<ExitStatus>>,
    process: Arc<Process>,
    kill_on_drop: bool,
}

struct Process {
    id: u32,
    /// `None` once its end was collected: from then on the id may belong to another process.
    child: Mutex<Option<Child>>,
}

impl Running {
    /// Starts the command. Blocks for as long as that takes.
    pub(in crate::os) fn start(mut command: Command) -> Result<Self, ProcessError> {
        let mut child = command.spawn().map_err(|error| {
            ProcessError::new(ProcessErrorKind::Spawn, format!("it can't be started: {error}"))
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let process = Arc::new(Process {
            id: child.id(),
            child: Mutex::new(Some(child)),
        });
        let (ended, exit) = oneshot::channel();
        let running = Self {
            stdout,
            stderr,
            exit,
            process: Arc::clone(&process),
            kill_on_drop: true,
        };
        let waiting = thread::Builder::new()
            .name("identity-wait".to_owned())
            .spawn(move || {
                // Nobody may be interested any more.
                drop(ended.send(process.wait()));
            });
        match waiting {
            Ok(_) => Ok(running),
            Err(error) => {
                running.process.kill();
                // Killed, so this ends at once.
                drop(running.process.wait());
                Err(ProcessError::new(
                    ProcessErrorKind::Spawn,
                    format!("no thread can be started: {error}"),
                ))
            }
        }
    }
}

impl Running {
    /// Not killed when this is dropped: a browser outlives the call that opened it.
    pub(in crate::os) const fn left_running(mut self) -> Self {
        self.kill_on_drop = false;
        self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.kill_on_drop {
            self.process.kill();
        }
    }
}

impl Process {
    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end without holding the lock, so that it can be killed meanwhile, then collects it under the lock, so that nobody kills a stranger.
    fn wait(&self) -> io::Result<ExitStatus> {
        platform::wait_without_collecting(self)?;
        match self.child().take() {
            Some(mut child) => child.wait(),
            None => Err(io::Error::other("its end was collected already")),
        }
    }

    /// Kills it with its whole group, unless it ended.
    fn kill(&self) {
        if let Some(child) = &mut *self.child() {
            platform::kill(self.id, child);
        }
    }
}

#[cfg(unix)]
mod platform {
    use super::{Child, Process, io};
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    fn pid(id: u32) -> Option<Pid> {
        Pid::from_raw(id.cast_signed())
    }

    pub(super) fn wait_without_collecting(process: &Process) -> io::Result<()> {
        let Some(pid) = pid(process.id) else {
            return Err(io::Error::other("it has no process id"));
        };
        loop {
            match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Err(rustix::io::Errno::INTR) => {}
                // No such child: somebody else in this process collected it.
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    pub(super) fn kill(id: u32, child: &mut Child) {
        let killed = pid(id).map(|group| kill_process_group(group, Signal::KILL));
        if !matches!(killed, Some(Ok(()))) {
            // There is nobody to tell; the child alone is better than nothing.
            drop(child.kill());
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use super::{Child, Process, io, thread};
    use std::time::Duration;

    /// Between two looks whether it ended; waiting would hold the lock.
    const POLL: Duration = Duration::from_millis(20);

    #[expect(clippy::disallowed_methods, reason = "a thread of its own may sleep")]
    pub(super) fn wait_without_collecting(process: &Process) -> io::Result<()> {
        loop {
            let ended = match &mut *process.child() {
                None => true,
                Some(child) => child.try_wait()?.is_some(),
            };
            if ended {
                return Ok(());
            }
            thread::sleep(POLL);
        }
    }

    #[cfg(windows)]
    #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
    pub(super) fn kill(id: u32, child: &mut Child) {
        // Ends the children as well; job objects would be better, but have no safe interface.
        let tree = std::process::Command::new(r"C:\Windows\System32\taskkill.exe")
            .args(["/T", "/F", "/PID", &id.to_string()])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn();
        drop(tree);
        drop(child.kill());
    }

    #[cfg(not(windows))]
    pub(super) fn kill(_id: u32, child: &mut Child) {
        drop(child.kill());
    }
}
