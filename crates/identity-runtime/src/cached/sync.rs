//! The engine's locks, in one place.
//!
//! They are held for a few instructions, never across an await, and never while a user's code runs.

pub(super) use std::sync::Mutex;
use std::sync::{MutexGuard, PoisonError};

/// Locks. What the locks guard is consistent at every step, so a panic elsewhere while one was held changes nothing.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
