//! What is counted, and what was found wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entra_identity::ErrorKind;

/// So many findings are kept word for word.
const KEPT: usize = 40;

/// The counts of all flows.
#[derive(Debug)]
pub(crate) struct Ledger {
    names: Vec<&'static str>,
    flows: Vec<Counts>,
    violations: AtomicU64,
    findings: Mutex<Vec<String>>,
}

/// The counts of one flow.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: AtomicU64,
    /// Tokens that were there at once.
    pub(crate) hits: AtomicU64,
    /// Calls that had to wait for a fetch: their own or another caller's.
    pub(crate) waited: AtomicU64,
    /// The longest wait, in milliseconds.
    pub(crate) longest: AtomicU64,
    /// Calls whose caller went away.
    pub(crate) dropped: AtomicU64,
    /// Credentials that were made.
    pub(crate) credentials: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    pub(crate) fn error(&self, kind: ErrorKind) {
        *lock(&self.errors).entry(format!("{kind:?}")).or_default() += 1;
    }

    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        lock(&self.errors).clone()
    }
}

/// One more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How many.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Ledger {
    pub(crate) fn new(names: Vec<&'static str>) -> Self {
        Self {
            flows: names.iter().map(|_| Counts::default()).collect(),
            names,
            violations: AtomicU64::new(0),
            findings: Mutex::default(),
        }
    }

    /// The counts of a flow, by its number.
    pub(crate) fn of(&self, flow: usize) -> Option<&Counts> {
        self.flows.get(flow)
    }

    /// All flows with their names.
    pub(crate) fn flows(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        self.names.iter().copied().zip(&self.flows)
    }

    /// Notes that an invariant of a flow didn't hold.
    pub(crate) fn violation(&self, flow: usize, what: &str) {
        self.found(&format!(
            "{}: {what}",
            self.names.get(flow).copied().unwrap_or("?")
        ));
    }

    /// Notes that an invariant didn't hold.
    pub(crate) fn found(&self, what: &str) {
        count(&self.violations);
        let mut findings = lock(&self.findings);
        if findings.len() < KEPT {
            findings.push(what.to_owned());
        }
    }

    /// How many there are, and the first of them.
    pub(crate) fn violations(&self) -> (u64, Vec<String>) {
        (read(&self.violations), lock(&self.findings).clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use entra_identity::ErrorKind;

    use super::{KEPT, Ledger};

    #[test]
    fn findings_are_all_counted_and_the_first_are_kept() {
        let ledger = Ledger::new(vec!["secret"]);
        for number in 0..100 {
            ledger.violation(0, &format!("finding {number}"));
        }
        let (violations, findings) = ledger.violations();
        assert_eq!((violations, findings.len()), (100, KEPT));
        assert_eq!(findings[0], "secret: finding 0");
    }

    #[test]
    fn errors_are_counted_by_kind() {
        let ledger = Ledger::new(vec!["secret"]);
        let counts = ledger.of(0).unwrap();
        counts.error(ErrorKind::Timeout);
        counts.error(ErrorKind::Timeout);
        counts.error(ErrorKind::Protocol);
        assert_eq!(
            counts.errors().into_iter().collect::<Vec<_>>(),
            [("Protocol".to_owned(), 1), ("Timeout".to_owned(), 2)]
        );
        assert!(ledger.of(1).is_none());
    }
}
