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
#![expect(clippy::panic, reason = "a check that fails here fails a test")]

pub mod clock;
pub mod fetch;
pub mod gate;
pub mod poll;
mod watched;

pub use clock::TestClock;
pub use fetch::{FetchStep, ScriptedFetch};
pub use gate::Gate;
pub use poll::{assert_future_is_ready_on_first_poll, block_on, block_on_threads};
