//! Selections of the journal and what tests demand of them.

use std::fmt::Write as _;

use serde_json::Value;

use super::{RecordedRequest, golden};
use crate::routes::Route;

/// A selection of the requests seen so far: a snapshot that later requests do not change.
///
/// Selecting methods narrow it, demanding methods panic with a list of the requests when they are not met, and return
/// the selection so that demands can be chained.
#[derive(Clone, Debug)]
pub struct Requests {
    records: Vec<RecordedRequest>,
    lost: u64,
}

impl Requests {
    pub(super) fn new(records: Vec<RecordedRequest>, lost: u64) -> Self {
        Self { records, lost }
    }

    /// Those for which `keep` says yes.
    #[must_use]
    pub fn filter(mut self, mut keep: impl FnMut(&RecordedRequest) -> bool) -> Self {
        self.records.retain(|record| keep(record));
        self
    }

    /// Those for one route.
    #[must_use]
    pub fn route(self, route: Route) -> Self {
        self.filter(|record| record.route() == route)
    }

    /// Those to a token endpoint of either version.
    #[must_use]
    pub fn token(self) -> Self {
        self.filter(|record| record.route().is_token())
    }

    /// Those with this `grant_type`.
    #[must_use]
    pub fn grant(self, grant: &str) -> Self {
        self.filter(|record| record.grant() == Some(grant))
    }

    /// Those whose path names this tenant.
    #[must_use]
    pub fn tenant(self, tenant: &str) -> Self {
        self.filter(|record| {
            record
                .tenant()
                .is_some_and(|given| given.eq_ignore_ascii_case(tenant))
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The requests, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, RecordedRequest> {
        self.records.iter()
    }

    /// The oldest.
    pub fn first(&self) -> Option<&RecordedRequest> {
        self.records.first()
    }

    /// The newest.
    pub fn last(&self) -> Option<&RecordedRequest> {
        self.records.last()
    }

    /// How many different connections they came on.
    pub fn connections(&self) -> usize {
        let mut numbers: Vec<u64> = self.records.iter().map(RecordedRequest::connection).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }

    /// Demands that there are exactly `n`.
    ///
    /// # Panics
    /// If there are not.
    #[track_caller]
    pub fn exactly(self, n: usize) -> Self {
        let met = self.count() == n;
        self.demand(met, &format!("exactly {n} requests"))
    }

    /// Demands that there are at least `n`.
    ///
    /// # Panics
    /// If there are not.
    #[track_caller]
    pub fn at_least(self, n: usize) -> Self {
        let met = self.count() >= n;
        self.demand(met, &format!("at least {n} requests"))
    }

    /// Demands that there are none.
    ///
    /// # Panics
    /// If there are some.
    #[track_caller]
    pub fn none(self) -> Self {
        let met = self.is_empty();
        self.demand(met, "no requests")
    }

    /// Demands of each that its form has this field with this value.
    ///
    /// # Panics
    /// If one has not.
    #[track_caller]
    pub fn with_form(self, name: &str, value: &str) -> Self {
        let met = self.records.iter().all(|record| record.form(name) == Some(value));
        self.demand(
            met,
            &format!("the form field {name} with the value wanted in each"),
        )
    }

    /// Demands of each that its form does not have this field.
    ///
    /// # Panics
    /// If one has.
    #[track_caller]
    pub fn without_form(self, name: &str) -> Self {
        let met = self.records.iter().all(|record| record.form(name).is_none());
        self.demand(met, &format!("no form field {name}"))
    }

    /// Demands of each that its query has this parameter with this value.
    ///
    /// # Panics
    /// If one has not.
    #[track_caller]
    pub fn with_query(self, name: &str, value: &str) -> Self {
        let met = self
            .records
            .iter()
            .all(|record| record.query(name) == Some(value));
        self.demand(
            met,
            &format!("the query parameter {name} with the value wanted in each"),
        )
    }

    /// Demands of each that it has this header with this value.
    ///
    /// # Panics
    /// If one has not.
    #[track_caller]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        let met = self
            .records
            .iter()
            .all(|record| record.header(name) == Some(value));
        self.demand(met, &format!("the header {name} with the value wanted in each"))
    }

    /// Demands of each that it does not have this header.
    ///
    /// # Panics
    /// If one has.
    #[track_caller]
    pub fn without_header(self, name: &str) -> Self {
        let met = self.records.iter().all(|record| record.header(name).is_none());
        self.demand(met, &format!("no header {name}"))
    }

    /// Demands that they all came on one connection.
    ///
    /// # Panics
    /// If they did not.
    #[track_caller]
    pub fn on_one_connection(self) -> Self {
        let met = self.connections() <= 1;
        self.demand(met, "one connection for all")
    }

    /// The selection in the form of the recorded cases: volatile values masked, scopes sorted, a few headers, claims
    /// and assertions decoded, keys sorted.
    pub fn to_golden(&self, scenario: &str) -> Value {
        golden::scenario(scenario, &self.records)
    }

    /// [`to_golden`](Self::to_golden) as text with one space of indentation, ready for a file.
    pub fn to_golden_text(&self, scenario: &str) -> String {
        golden::text(&self.to_golden(scenario))
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an unmet demand fails the test that makes it")]
    fn demand(self, met: bool, wanted: &str) -> Self {
        if met {
            return self;
        }
        let mut list = String::new();
        for record in &self.records {
            let _infallible = write!(list, "\n  {record:?}");
        }
        if self.lost > 0 {
            let _infallible = write!(
                list,
                "\n  ({} older requests are no longer in the journal)",
                self.lost
            );
        }
        panic!(
            "the emulator was to see {wanted}, but saw {} requests:{list}",
            self.count()
        );
    }
}

impl<'a> IntoIterator for &'a Requests {
    type Item = &'a RecordedRequest;
    type IntoIter = std::slice::Iter<'a, RecordedRequest>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
