//! What belongs to one process and must not be used by its children.

use std::ops::{Deref, DerefMut};

/// A value that starts anew in a child process.
///
/// After a fork the child has copies of the parent's sockets. A request on one of them would mix with the parent's.
#[derive(Default)]
pub(crate) struct OfProcess<T> {
    process: Option<u32>,
    value: T,
}

impl<T: Default> OfProcess<T> {
    /// To be called with the number of this process before each use.
    ///
    /// In a child the parent's value is not dropped but left alone: closing its sockets would take them out of the readiness queue that both processes share.
    pub(crate) fn enter(&mut self, process: u32) {
        if self
            .process
            .replace(process)
            .is_some_and(|owner| owner != process)
        {
            std::mem::forget(std::mem::take(&mut self.value));
        }
    }
}

impl<T> Deref for OfProcess<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for OfProcess<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_child_process_starts_anew_and_leaves_the_parents_alone() {
        let socket = Rc::new(());
        let mut pool: OfProcess<Vec<Rc<()>>> = OfProcess::default();
        pool.enter(1);
        pool.push(Rc::clone(&socket));
        pool.enter(1);
        assert_eq!(pool.len(), 1, "the same process");
        pool.enter(2);
        assert!(pool.is_empty(), "a child");
        assert_eq!(Rc::strong_count(&socket), 2, "not closed");
        pool.push(Rc::clone(&socket));
        pool.enter(2);
        assert_eq!(pool.len(), 1);
    }
}
