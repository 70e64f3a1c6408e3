//! Which calls reached the emulator and met a fault there: the emulator's journal says so, by the id that a call sends.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// So many of a flow's latest calls are told apart; a call's requests are over long before so many others came.
const WINDOW: u64 = 1 << 16;
const REACHED: u8 = 1;
const FAULTED: u8 = 2;
const PREFIX: &str = "50a4c0de-";
/// What stands between flow and number, by whether the call answers a challenge: some requests don't tell it otherwise.
const PLAIN: &str = "-4000-8000-";
const CHALLENGED: &str = "-4001-8000-";

/// The calls of all flows.
#[derive(Debug)]
pub(crate) struct Marks(Vec<Row>);

#[derive(Debug)]
struct Row {
    last: AtomicU64,
    seen: Vec<AtomicU8>,
    reached: AtomicU64,
    faulted: AtomicU64,
}

impl Marks {
    /// All the memory that it will need is used at once, so that a soak's memory doesn't grow by it.
    pub(crate) fn new(flows: usize) -> Self {
        let row = || Row {
            last: AtomicU64::new(0),
            seen: (0..WINDOW).map(|_| AtomicU8::new(0)).collect(),
            reached: AtomicU64::new(0),
            faulted: AtomicU64::new(0),
        };
        Self((0..flows).map(|_| row()).collect())
    }

    /// The id of a flow's next call.
    pub(crate) fn begin(&self, flow: usize) -> String {
        self.begin_as(flow, PLAIN)
    }

    /// The same for a call that answers a challenge.
    pub(crate) fn begin_challenged(&self, flow: usize) -> String {
        self.begin_as(flow, CHALLENGED)
    }

    fn begin_as(&self, flow: usize, kind: &str) -> String {
        let serial = self.0.get(flow).map_or(0, |row| {
            let serial = row.last.fetch_add(1, Ordering::Relaxed);
            if let Some(mark) = row.mark(serial) {
                mark.store(0, Ordering::Relaxed);
            }
            serial
        });
        format!("{PREFIX}{flow:04x}{kind}{serial:012x}")
    }

    /// Notes a request with this id; whether it is one of ours.
    pub(crate) fn saw(&self, id: &str, faulted: bool) -> bool {
        let Some((flow, serial)) = parse(id) else {
            return false;
        };
        let Some(row) = self.0.get(flow) else { return false };
        let Some(mark) = row.mark(serial) else {
            return false;
        };
        let bits = if faulted { REACHED | FAULTED } else { REACHED };
        let fresh = bits & !mark.fetch_or(bits, Ordering::Relaxed);
        row.reached
            .fetch_add(u64::from(fresh & REACHED != 0), Ordering::Relaxed);
        row.faulted
            .fetch_add(u64::from(fresh & FAULTED != 0), Ordering::Relaxed);
        true
    }

    /// How many calls of a flow reached the emulator, and how many of those met a fault.
    pub(crate) fn counts(&self, flow: usize) -> (u64, u64) {
        self.0.get(flow).map_or((0, 0), |row| {
            (
                row.reached.load(Ordering::Relaxed),
                row.faulted.load(Ordering::Relaxed),
            )
        })
    }
}

impl Row {
    fn mark(&self, serial: u64) -> Option<&AtomicU8> {
        self.seen.get(usize::try_from(serial % WINDOW).ok()?)
    }
}

/// Whether an id is that of a call that answers a challenge.
pub(crate) fn is_challenged(id: &str) -> bool {
    id.contains(CHALLENGED)
}

fn parse(id: &str) -> Option<(usize, u64)> {
    let rest = id.strip_prefix(PREFIX)?;
    let (flow, serial) = rest.split_once(PLAIN).or_else(|| rest.split_once(CHALLENGED))?;
    Some((
        usize::from_str_radix(flow, 16).ok()?,
        u64::from_str_radix(serial, 16).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::{Marks, WINDOW, is_challenged};

    #[test]
    fn a_call_counts_once_however_many_requests_it_makes() {
        let marks = Marks::new(2);
        let (one, two) = (marks.begin(1), marks.begin_challenged(1));
        assert!(!is_challenged(&one) && is_challenged(&two));
        assert!(marks.saw(&one, false) && marks.saw(&one, true) && marks.saw(&one, true));
        assert!(marks.saw(&two, false));
        assert_eq!((marks.counts(0), marks.counts(1)), ((0, 0), (2, 1)));
    }

    #[test]
    fn ids_are_guids_and_foreign_ones_count_for_nobody() {
        let marks = Marks::new(1);
        let id = marks.begin(0);
        assert_eq!(id.len(), 36);
        for foreign in [
            "",
            "1950a258-0000-4000-8000-000000000000",
            "50a4c0de-0009-4000-8000-000000000000",
        ] {
            assert!(!marks.saw(foreign, true), "{foreign}");
        }
        assert_eq!(marks.counts(0), (0, 0));
    }

    #[test]
    fn a_window_later_the_place_is_used_again() {
        let marks = Marks::new(1);
        let first = marks.begin(0);
        marks.saw(&first, true);
        for _ in 1..WINDOW {
            marks.begin(0);
        }
        let same_place = marks.begin(0);
        marks.saw(&same_place, true);
        assert_eq!(marks.counts(0), (2, 2));
    }
}
