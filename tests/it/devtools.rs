//! The credentials of developer tools: what they run, compared with what a peer was recorded to run, and stand-ins as real processes.

#[cfg(unix)]
mod ending;
#[cfg(unix)]
mod planted;
#[cfg(unix)]
mod real;
#[cfg(unix)]
mod stand;
mod wire;
