//! An observer that keeps what it is told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use identity_base::{ErrorKind, Event, EventKind, Observer};

use crate::watched::Watched;

/// An [`Observer`] that keeps all events. Clones are the same observer.
///
/// ```
/// use identity_base::{Event, EventKind, Observer};
/// use identity_testkit::RecordingObserver;
/// let observer = RecordingObserver::new();
/// observer.event(&Event::new("ClientSecretCredential", EventKind::Hit));
/// assert_eq!(observer.count(EventKind::Hit), 1);
/// ```
#[derive(Clone)]
pub struct RecordingObserver(Arc<Watched<Vec<RecordedEvent>>>);

/// One [`Event`], owned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedEvent {
    /// The credential's type name.
    pub credential: String,
    /// What happened.
    pub kind: EventKind,
    /// How long it took.
    pub latency: Option<Duration>,
    /// The kind of the error.
    pub error: Option<ErrorKind>,
}

impl RecordingObserver {
    /// An observer that was told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Watched::new(Vec::new())))
    }

    /// All events, in order.
    #[must_use]
    pub fn events(&self) -> Vec<RecordedEvent> {
        self.0.read(Clone::clone)
    }

    /// The kinds of all events, in order.
    #[must_use]
    pub fn kinds(&self) -> Vec<EventKind> {
        self.0
            .read(|events| events.iter().map(|event| event.kind).collect())
    }

    /// How many events of this kind there were.
    #[must_use]
    pub fn count(&self, kind: EventKind) -> usize {
        self.0.read(|events| count(events, kind))
    }

    /// Waits until there were `at_least` events of this kind: for what happens in the background.
    pub async fn seen(&self, kind: EventKind, at_least: usize) {
        self.0.until(|events| count(events, kind) >= at_least).await;
    }

    /// Forgets all events.
    pub fn clear(&self) {
        self.0.change(Vec::clear);
    }
}

fn count(events: &[RecordedEvent], kind: EventKind) -> usize {
    events.iter().filter(|event| event.kind == kind).count()
}

impl Observer for RecordingObserver {
    fn event(&self, event: &Event<'_>) {
        let event = RecordedEvent {
            credential: event.credential.to_owned(),
            kind: event.kind,
            latency: event.latency,
            error: event.error,
        };
        self.0.change(|events| events.push(event));
    }
}

impl Default for RecordingObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RecordingObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingObserver")
            .field("events", &self.events().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::block_on;

    #[test]
    fn events_are_kept_counted_and_awaited() {
        let observer = RecordingObserver::new();
        let failed = Event::new("A", EventKind::FetchFailed)
            .with_error(ErrorKind::Timeout)
            .with_latency(Duration::from_secs(1));
        block_on(async {
            let seen = tokio::spawn({
                let observer = observer.clone();
                async move { observer.seen(EventKind::FetchFailed, 2).await }
            });
            observer.event(&failed);
            observer.event(&Event::new("A", EventKind::Hit));
            crate::poll::settle().await;
            assert!(!seen.is_finished());
            observer.event(&failed);
            seen.await.unwrap();
        });
        assert_eq!(
            observer.kinds(),
            [EventKind::FetchFailed, EventKind::Hit, EventKind::FetchFailed]
        );
        assert_eq!(observer.events()[0].error, Some(ErrorKind::Timeout));
        observer.clear();
        assert_eq!(observer.count(EventKind::Hit), 0);
    }
}
