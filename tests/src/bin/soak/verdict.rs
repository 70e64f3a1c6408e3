//! What a run has to show.

use crate::args::FULL_SECONDS;

/// The calls of a full run, those of them that reached the emulator, those that met a fault there, and the fetches of each flow.
const CALLS: u64 = 1_000_000;
const REACHED: u64 = 30_000;
const FAULTED: u64 = 5_000;
const OF_EACH_FLOW: u64 = 200;
/// By how many percent memory may grow.
const GROWTH: f64 = 5.0;
/// Shorter runs are over before memory can have settled.
pub(crate) const MIN_SECONDS_FOR_MEMORY: u64 = 60;

/// What a run did.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) seconds: u64,
    pub(crate) calls: u64,
    pub(crate) reached: u64,
    pub(crate) faulted: u64,
    /// The flow with the fewest fetches.
    pub(crate) least: (String, u64),
    pub(crate) violations: u64,
    /// Growth of memory in percent, if it can be told.
    pub(crate) growth: Option<f64>,
    /// What was beyond its bounds at some moment.
    pub(crate) unbounded: Vec<String>,
    /// What was left at the end beyond what was there at the beginning.
    pub(crate) left: Vec<String>,
}

impl Figures {
    /// What was promised and not shown.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (what, got, full) in [
            ("calls", self.calls, CALLS),
            ("calls that reached the emulator", self.reached, REACHED),
            ("calls that met a fault", self.faulted, FAULTED),
            (
                &format!("fetches of {}", self.least.0),
                self.least.1,
                OF_EACH_FLOW,
            ),
        ] {
            let wanted = demanded(full, self.seconds);
            if got < wanted {
                broken.push(format!("{got} {what}, at least {wanted} wanted"));
            }
        }
        if self.violations > 0 {
            broken.push(format!("{} violations of invariants", self.violations));
        }
        if self.seconds >= MIN_SECONDS_FOR_MEMORY {
            match self.growth {
                Some(growth) if growth <= GROWTH => {}
                Some(growth) => broken.push(format!("memory grew by {growth:.1} %, {GROWTH} % at most")),
                None => broken.push("memory was not measured".to_owned()),
            }
        }
        broken.extend(
            self.unbounded
                .iter()
                .map(|what| format!("beyond its bound: {what}")),
        );
        broken.extend(self.left.iter().map(|what| format!("left at the end: {what}")));
        broken
    }
}

/// A figure of the full run for one of so many seconds; longer runs have to show no more.
fn demanded(full: u64, seconds: u64) -> u64 {
    full * seconds.min(FULL_SECONDS) / FULL_SECONDS
}

#[cfg(test)]
mod tests {
    use super::Figures;

    fn good() -> Figures {
        Figures {
            seconds: 120,
            calls: 1_000_000,
            reached: 30_000,
            faulted: 5_000,
            least: ("browser".to_owned(), 200),
            violations: 0,
            growth: Some(5.0),
            unbounded: Vec::new(),
            left: Vec::new(),
        }
    }

    #[test]
    fn just_enough_is_enough() {
        assert!(good().broken().is_empty());
    }

    #[test]
    fn each_figure_is_demanded() {
        let breaks: [fn(&mut Figures); 9] = [
            |figures| figures.calls -= 1,
            |figures| figures.reached -= 1,
            |figures| figures.faulted -= 1,
            |figures| figures.least.1 -= 1,
            |figures| figures.violations = 1,
            |figures| figures.growth = Some(5.1),
            |figures| figures.growth = None,
            |figures| figures.unbounded.push("9 files".to_owned()),
            |figures| figures.left.push("1 task".to_owned()),
        ];
        for break_it in breaks {
            let mut figures = good();
            break_it(&mut figures);
            assert_eq!(figures.broken().len(), 1, "{figures:?}");
        }
    }

    #[test]
    fn a_shorter_run_shows_its_share_and_a_longer_one_no_more() {
        let mut short = Figures {
            seconds: 6,
            calls: 50_000,
            reached: 1_500,
            faulted: 250,
            least: ("browser".to_owned(), 10),
            growth: Some(30.0),
            ..good()
        };
        assert!(short.broken().is_empty());
        short.calls -= 1;
        assert_eq!(short.broken().len(), 1);
        assert!(
            Figures {
                seconds: 3_600,
                ..good()
            }
            .broken()
            .is_empty()
        );
    }
}
