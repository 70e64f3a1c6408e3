//! Lanes: a small number for each thread, so that threads count references in different places.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many lanes there are; a power of two.
pub(crate) const COUNT: usize = 8;

/// The next thread's lane. One of the two globals of this workspace: it carries no state beyond "which number is next".
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// This thread's lane; `COUNT` until it has one.
    static LANE: Cell<usize> = const { Cell::new(COUNT) };
}

/// This thread's lane, below [`COUNT`].
#[inline]
pub(crate) fn current() -> usize {
    LANE.try_with(|lane| match lane.get() {
        COUNT => assign(lane),
        known => known,
    })
    .unwrap_or(0)
}

#[cold]
fn assign(lane: &Cell<usize>) -> usize {
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
    lane.set(number);
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_lane() {
        assert_eq!(current(), current());
        let other = std::thread::spawn(|| (current(), current())).join().unwrap();
        assert_eq!(other.0, other.1);
        assert!(other.0 < COUNT);
    }
}
