//! Sending a request until it succeeds, within bounds.
//!
//! A [`Sender`] repeats what failed for the moment, with jittered delays, inside one total deadline; keeps to what a service asked for with
//! `Retry-After`; spends repetitions from a budget for each host; stops asking a host that keeps failing; and never repeats a grant that can be
//! used once, unless nothing of it was sent.

mod breaker;
mod budget;
mod call;
pub mod failure;
mod hosts;
mod judge;
mod policy;
mod retry_after;
mod sender;
mod throttle;

pub use call::{Call, RequestKey};
pub use hosts::Hosts;
pub use judge::{Judgement, Repeat};
pub use policy::RetryPolicy;
pub use retry_after::retry_after;
pub use sender::Sender;
