//! A child that is running, and its end.

use std::io;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use identity_base::seam::{ProcessError, ProcessErrorKind};
use tokio::sync::oneshot;

/// What becomes of a child's group: itself and all that it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::os) enum Group {
    /// Killed when the [`Running`] is dropped, and what is left of it when the child itself has ended.
    Killed,
    /// Left alone: a browser outlives the call that opened it, and its opener.
    Left,
}

/// A child. A thread of its own waits for it, so that no zombie stays, whatever becomes of the runtime.
pub(in crate::os) struct Running {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    pub(in crate::os) exit: oneshot::Receiver<io::Result<ExitStatus>>,
    process: Arc<Process>,
}

struct Process {
    id: u32,
    group: Group,
    state: Mutex<State>,
}

struct State {
    /// `None` once its end was seen: from then on the id may belong to another process.
    child: Option<Child>,
    /// What ends its children before itself, where the system has no groups.
    #[cfg(not(unix))]
    ending: platform::Ending,
}

impl Running {
    /// Starts the command. Blocks for as long as that takes.
    pub(in crate::os) fn start(mut command: Command, group: Group) -> Result<Self, ProcessError> {
        let mut child = command.spawn().map_err(|error| {
            ProcessError::new(ProcessErrorKind::Spawn, format!("it can't be started: {error}"))
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let process = Arc::new(Process::new(child, group));
        let (ended, exit) = oneshot::channel();
        let running = Self {
            stdout,
            stderr,
            exit,
            process: Arc::clone(&process),
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

impl Drop for Running {
    fn drop(&mut self) {
        if self.process.group == Group::Killed {
            self.process.kill();
        }
    }
}

impl Process {
    fn new(child: Child, group: Group) -> Self {
        Self {
            id: child.id(),
            group,
            state: Mutex::new(State {
                child: Some(child),
                #[cfg(not(unix))]
                ending: platform::Ending::default(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end without holding the lock, so that it can be killed meanwhile. Then kills what it left running and collects it, under the lock and
    /// in this order: until it is collected, neither its id nor its group's can be a stranger's.
    fn wait(&self) -> io::Result<ExitStatus> {
        let ended = platform::wait_without_collecting(self);
        let mut state = self.state();
        // Also after an error: who can't be waited for was collected by somebody else, and the id is free for a stranger.
        let child = state.child.take();
        ended?;
        let Some(mut child) = child else {
            return Err(io::Error::other("its end was collected already"));
        };
        if self.group == Group::Killed {
            platform::kill_rest(self.id);
        }
        child.wait()
    }

    /// Kills it with its whole group, unless it ended.
    fn kill(&self) {
        platform::kill(self.id, &mut self.state());
    }
}

#[cfg(unix)]
mod platform {
    use super::{Process, State, io};
    use rustix::io::Errno;
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
                Err(Errno::INTR) => {}
                Err(Errno::CHILD) => {
                    return Err(io::Error::other(
                        "its end can't be seen: this program ignores SIGCHLD, or collects children that aren't its own",
                    ));
                }
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// Kills what is left of the group of a child that has ended, but wasn't collected.
    pub(super) fn kill_rest(id: u32) {
        if let Some(group) = pid(id) {
            // Nothing may be left of it, and then there is nobody to tell.
            kill_process_group(group, Signal::KILL).ok();
        }
    }

    pub(super) fn kill(id: u32, state: &mut State) {
        let Some(child) = &mut state.child else { return };
        let killed = pid(id).map(|group| kill_process_group(group, Signal::KILL));
        if !matches!(killed, Some(Ok(()))) {
            // There is nobody to tell; the child alone is better than nothing.
            drop(child.kill());
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use super::{Process, State, io, thread};
    use std::time::Duration;

    /// Between two looks whether it ended; waiting would hold the lock.
    const POLL: Duration = Duration::from_millis(20);

    /// The program that ends the tree of a child. It has to be done before the child ends: the tree hangs on it.
    #[derive(Default)]
    pub(super) struct Ending(Option<std::process::Child>);

    #[expect(clippy::disallowed_methods, reason = "a thread of its own may sleep")]
    pub(super) fn wait_without_collecting(process: &Process) -> io::Result<()> {
        loop {
            {
                let mut state = process.state();
                let State { child, ending } = &mut *state;
                let Some(child) = child else { return Ok(()) };
                // Under the lock, so that the child's handle, and with it the id, stays ours while the tree is looked for.
                if let Some(mut tree) = ending.0.take() {
                    drop(tree.wait());
                    // What it could not end.
                    drop(child.kill());
                }
                if child.try_wait()?.is_some() {
                    return Ok(());
                }
            }
            thread::sleep(POLL);
        }
    }

    /// What a child left running can't be found any more: its tree hung on it, and job objects have no safe interface.
    pub(super) fn kill_rest(_id: u32) {}

    /// Starts the end of the tree and doesn't wait: this runs where a future is dropped. The child itself is killed once that is done, by the thread that
    /// waits for it; killed at once it would leave its children where `taskkill` finds them no more. It goes on when this program ends meanwhile.
    #[cfg(windows)]
    #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
    pub(super) fn kill(id: u32, state: &mut State) {
        use super::super::command::system_directory;

        let State { child, ending } = state;
        let Some(child) = child else { return };
        if ending.0.is_some() {
            return;
        }
        let system = system_directory(&crate::os::SystemEnv::new());
        let tree = std::process::Command::new(system.join("taskkill.exe"))
            .args(["/T", "/F", "/PID", &id.to_string()])
            .current_dir(&system)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn();
        match tree {
            Ok(tree) => ending.0 = Some(tree),
            Err(_) => drop(child.kill()),
        }
    }

    #[cfg(not(windows))]
    pub(super) fn kill(_id: u32, state: &mut State) {
        if let Some(child) = &mut state.child {
            drop(child.kill());
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

    /// A child that has ended, or will at once.
    #[expect(clippy::disallowed_methods, reason = "real children are the subject")]
    fn process() -> Process {
        Process::new(Command::new("/bin/true").spawn().unwrap(), Group::Killed)
    }

    #[test]
    fn an_end_that_was_collected_by_somebody_else_leaves_no_id_to_kill() {
        let process = process();
        let pid = Pid::from_raw(process.id.cast_signed()).unwrap();
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED).unwrap();
        let error = process.wait().unwrap_err();
        assert!(error.to_string().contains("SIGCHLD"), "{error}");
        assert!(process.state().child.is_none());
    }

    #[test]
    fn an_end_that_was_seen_leaves_no_id_to_kill() {
        let process = process();
        assert!(process.wait().unwrap().success());
        assert!(process.state().child.is_none());
        process.kill();
        assert!(process.wait().is_err());
    }
}
