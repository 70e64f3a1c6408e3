//! What tests of this workspace share: fakes of every seam, the leak guard, and the comparison with recorded requests.
//!
//! Nothing here waits for real time, reads the process environment or leaves the loopback interface. The kit is a dev-dependency only, so its
//! ways to fail are panics: a check that fails here is a failed test.
//!
//! | to control | use |
//! |---|---|
//! | time | [`TestClock`] |
//! | when something goes on | [`Gate`] |
//! | what a token source does | [`ScriptedFetch`] |
//! | how often and when a future is polled | [`poll`] |
//! | the environment, random bytes, files | [`TestEnv`] or [`env()`], [`ScriptedRandom`], [`MemoryFs`] |
//! | HTTP, names, programs, the browser | [`ScriptedHttp`], [`ScriptedResolver`], [`ScriptedProcess`], [`RecordingBrowser`] |
//! | which host a program of its own reaches | [`TunnelProxy`] |
//! | credentials and metrics around the code under test | [`StaticCredential`], [`FailingCredential`], [`RecordingObserver`] |
//!
//! What was sent is compared with recorded requests by [`wire`].
//! Every test that handles a secret runs under the [leak guard](leak_guard).
#![expect(clippy::panic, reason = "a check that fails here fails a test")]

pub mod browser;
pub mod clock;
pub mod credential;
pub mod env;
pub mod fetch;
pub mod fs;
pub mod gate;
pub mod http;
pub mod leak_guard;
pub mod observer;
pub mod poll;
pub mod process;
pub mod random;
pub mod resolver;
mod script;
pub mod transport_conformance;
mod tunnel;
mod watched;
pub mod wire;

pub use browser::RecordingBrowser;
pub use clock::TestClock;
pub use credential::{FailingCredential, StaticCredential};
pub use env::{TestEnv, env};
pub use fetch::{FetchStep, ScriptedFetch};
pub use fs::{FsOp, MemoryFs};
pub use gate::Gate;
pub use http::{HttpStep, RecordedRequest, ScriptedHttp};
pub use leak_guard::LeakGuard;
pub use observer::RecordingObserver;
pub use poll::{assert_future_is_ready_on_first_poll, block_on, block_on_threads};
pub use process::{ProcessStep, ScriptedProcess};
pub use random::ScriptedRandom;
pub use resolver::{Lookup, ScriptedResolver};
pub use tunnel::TunnelProxy;
