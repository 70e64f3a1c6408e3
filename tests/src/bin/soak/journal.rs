//! The emulator's journal, read again and again: it keeps only so much.

use std::collections::BTreeMap;

use identity_emulator::{Emulator, Outcome, RecordedRequest};

use crate::faults::NEVER;
use crate::ledger::Ledger;
use crate::marks::Marks;

/// How much the emulator keeps.
pub(crate) const LIMIT: usize = 2_000;

/// What has been read of the journal.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The number of the last request that was read.
    last: u64,
    /// Requests whose outcome wasn't known.
    pending: Vec<RecordedRequest>,
    /// How many there were.
    pub(crate) requests: u64,
    /// How many of them met a fault.
    pub(crate) faulted: u64,
    /// How many met each fault.
    pub(crate) faults: BTreeMap<String, u64>,
}

impl Journal {
    /// Reads what is new. `last` ends it: what is still pending counts as it is.
    pub(crate) fn read(
        &mut self,
        emulator: &Emulator,
        marks: &Marks,
        ledger: &Ledger,
        secrets: &[String],
        last: bool,
    ) {
        let seen = emulator.requests();
        let new = seen.iter().filter(|record| record.number() > self.last);
        let new: Vec<RecordedRequest> = new.cloned().collect();
        if new.first().is_some_and(|first| first.number() != self.last + 1) {
            ledger.found("the journal was not read often enough to see every request");
        }
        self.last = new.last().map_or(self.last, RecordedRequest::number);
        self.requests += u64::try_from(new.len()).unwrap_or(0);
        for record in &new {
            let target = record.target();
            if target.contains(NEVER) {
                ledger.found("a redirect was followed");
            }
            if secrets.iter().any(|secret| target.contains(secret.as_str())) {
                ledger.found("a secret is in the address of a request");
            }
        }
        self.pending.extend(new);
        let pending = std::mem::take(&mut self.pending);
        for record in pending {
            if record.outcome() == Outcome::Pending && !last {
                self.pending.push(record);
                continue;
            }
            let fault = record.fault();
            if let Some(fault) = fault {
                self.faulted += 1;
                // How an AADSTS code or a status is written is its name; what is drawn within a fault is not.
                *self.faults.entry(fault.to_owned()).or_default() += 1;
            }
            let id = record
                .header("client-request-id")
                .or_else(|| record.header("x-ms-client-request-id"));
            if let Some(id) = id {
                marks.saw(id, fault.is_some());
            }
        }
    }
}
