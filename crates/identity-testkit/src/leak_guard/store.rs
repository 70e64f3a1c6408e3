//! What was collected, and what was found in it.

use std::collections::BTreeMap;

use super::channel::Evidence;
use super::report::Hit;
use super::scan::Scanner;
use super::{Channel, Known};

/// From how many bytes on the texts are looked at and thrown away, so that a long test doesn't keep all its logs.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Texts that came one by one, whole recordings, and finds.
#[derive(Default)]
pub(super) struct Store {
    texts: Vec<Evidence>,
    bytes: usize,
    recordings: Vec<Evidence>,
    hits: Vec<Hit>,
    /// Finds in recordings that were handed over. Recordings are looked at again and again, so they are found again.
    taken: Vec<Hit>,
    seen: BTreeMap<Channel, usize>,
}

impl Store {
    /// Keeps a text; whether it is time to [`scan`](Self::scan).
    pub(super) fn add(&mut self, channel: Channel, place: String, text: Vec<u8>) -> bool {
        *self.seen.entry(channel).or_default() += 1;
        self.bytes += text.len();
        self.texts.push(Evidence { channel, place, text });
        self.bytes > MAX_BYTES
    }

    pub(super) fn set_recordings(&mut self, recordings: Vec<Evidence>) {
        self.recordings = recordings;
    }

    pub(super) fn seen(&self, channel: Channel) -> usize {
        let recorded = self
            .recordings
            .iter()
            .filter(|item| item.channel == channel)
            .count();
        recorded + self.seen.get(&channel).copied().unwrap_or_default()
    }

    /// Looks at the texts and lets them go. A secret that becomes known later isn't found in them any more.
    pub(super) fn scan(&mut self, secrets: &[Known]) {
        if !self.texts.is_empty() {
            self.scan_with(&Scanner::new(secrets));
        }
    }

    fn scan_with(&mut self, scanner: &Scanner<'_>) {
        self.bytes = 0;
        for item in std::mem::take(&mut self.texts) {
            self.hits.extend(scanner.hits(&item));
        }
    }

    /// Looks at everything and hands those finds over that weren't before.
    pub(super) fn take_hits(&mut self, secrets: &[Known]) -> Vec<Hit> {
        let recorded = std::mem::take(&mut self.recordings);
        // Making a scanner costs more than most texts, and a guard is asked again when it goes.
        if self.texts.is_empty() && recorded.is_empty() {
            return std::mem::take(&mut self.hits);
        }
        let scanner = Scanner::new(secrets);
        self.scan_with(&scanner);
        let mut found: Vec<_> = recorded.iter().flat_map(|item| scanner.hits(item)).collect();
        found.retain(|hit| !self.taken.contains(hit));
        self.taken.extend(found.iter().cloned());
        self.hits.append(&mut found);
        std::mem::take(&mut self.hits)
    }
}
