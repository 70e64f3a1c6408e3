//! The seams, as the operating system has them. This is the only place that touches the real clock, environment, files and processes.

mod browser;
mod buffer;
mod clock;
mod env;
mod fs;
mod off_thread;
mod process;
mod random;

pub use browser::SystemBrowser;
pub use clock::SystemClock;
pub use env::SystemEnv;
pub use fs::SystemFs;
pub use process::SystemProcess;
pub use random::SystemRandom;
