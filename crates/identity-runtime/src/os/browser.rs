//! Opening the person's browser.

mod openers;

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use identity_base::seam::{BrowserOpener, Env, ProcessError, ProcessRequest};
use identity_base::{BoxFuture, Error, ErrorKind};

use super::off_thread::off_thread;
use super::process::{Group, Running, build_command, find_opener};
use super::{SystemClock, SystemEnv};
use crate::time::timeout;

/// An opener that runs for so long has its browser; one that failed says so earlier.
const FAILS_WITHIN: Duration = Duration::from_secs(2);

/// Opens the person's browser: what `$BROWSER` names, else the desktop's opener (`xdg-open` and the like, `open` on macOS, the URL handler on Windows and,
/// from within the Windows Subsystem for Linux, that of the Windows side).
///
/// Openers are found as developer tools are, run without a shell and without this process's secrets in their environment, and are not killed afterwards: some
/// of them are the browser itself.
#[derive(Clone)]
pub struct SystemBrowser {
    env: Arc<dyn Env>,
}

impl SystemBrowser {
    /// The browser that the environment of this process leads to.
    #[must_use]
    pub fn new() -> Self {
        Self::with_env(Arc::new(SystemEnv::new()))
    }

    /// The browser that `env` leads to: its `BROWSER`, `PATH`, `DISPLAY`, `WAYLAND_DISPLAY` and `WSL_DISTRO_NAME`.
    #[must_use]
    pub fn with_env(env: Arc<dyn Env>) -> Self {
        Self { env }
    }

    async fn try_openers(&self, url: &str) -> Result<(), Error> {
        check_url(url)?;
        let openers = openers::openers(&*self.env, url);
        if openers.is_empty() {
            return Err(unavailable(
                "there is no graphical session, and BROWSER is not set",
            ));
        }
        for request in openers {
            match self.launch(request).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(target: crate::trace::TARGET, error = %error, "a browser could not be opened");
                }
            }
        }
        Err(unavailable("no browser could be opened"))
    }

    /// Starts an opener; whether it did not fail at once.
    async fn launch(&self, request: ProcessRequest) -> Result<bool, ProcessError> {
        let env = Arc::clone(&self.env);
        let started = off_thread(move || {
            Ok(find_opener(&request.program, &*env).and_then(|program| {
                let mut command = build_command(&program, &request, &*env)?;
                command.stdout(Stdio::null()).stderr(Stdio::null());
                Running::start(command, Group::Left)
            }))
        });
        let mut running = started.await.map_err(|error| {
            ProcessError::new(identity_base::seam::ProcessErrorKind::Spawn, error.to_string())
        })??;
        let clock = SystemClock::new();
        match timeout(&clock, FAILS_WITHIN, &mut running.exit).await {
            Some(Ok(Ok(status))) => Ok(status.success()),
            Some(_) => Ok(false),
            None => Ok(true),
        }
    }
}

/// What goes to another program has to be harmless to all of them.
fn check_url(url: &str) -> Result<(), Error> {
    let is_plain = url.bytes().all(|b| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'`' | b'^' | b'|')
    });
    match url.starts_with("https://") && is_plain {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::InvalidConfiguration,
            "only https URLs of plain characters are opened in a browser",
        )),
    }
}

fn unavailable(message: &'static str) -> Error {
    Error::unavailable(message).with_hint("use the device code flow where there is no browser")
}

impl Default for SystemBrowser {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemBrowser").finish_non_exhaustive()
    }
}

impl BrowserOpener for SystemBrowser {
    fn open<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.try_openers(url))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
