//! The guard's ear for `tracing`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, Weak};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_core::span::Current;

use super::{Channel, Inner, live, lock};

/// How many records a guard keeps for [`LeakGuard::logs`](super::LeakGuard::logs). What comes after is still searched.
const MAX_RECORDS: usize = 100_000;

/// Something that was logged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogRecord {
    /// What it is.
    pub kind: LogKind,
    /// Its level.
    pub level: Level,
    /// Its target, the module's path by default.
    pub target: &'static str,
    /// The span's name, or the event's (file and line by default).
    pub name: &'static str,
    /// Names and values of its fields, in order; an event's text is the field `message`.
    pub fields: Vec<(&'static str, String)>,
    /// The names of the spans around it on its thread, the outermost first.
    pub spans: Vec<&'static str>,
}

/// What a [`LogRecord`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogKind {
    /// A span was made.
    Span,
    /// Fields were added to a span.
    Record,
    /// An event.
    Event,
}

impl LogRecord {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find_map(|(known, value)| (*known == name).then_some(value.as_str()))
    }
}

thread_local! {
    /// The spans that this thread is in, of any subscriber of this kind.
    static ENTERED: RefCell<Vec<(u64, &'static Metadata<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// Numbers of spans, shared by all subscribers of this kind since they share [`ENTERED`].
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Shows everything to one guard, or to all.
struct Ear {
    to: To,
    /// Open spans and how often each is held.
    spans: Mutex<HashMap<u64, (&'static Metadata<'static>, usize)>>,
}

enum To {
    One(Weak<Inner>),
    All,
}

/// The subscriber of one guard.
pub(super) fn dispatch(guard: &Arc<Inner>) -> tracing::Dispatch {
    tracing::Dispatch::new(Ear::new(To::One(Arc::downgrade(guard))))
}

/// Installs the subscriber for all threads that have none of their own.
#[track_caller]
pub(super) fn install_for_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if tracing::subscriber::set_global_default(Ear::new(To::All)).is_err() {
            panic!("another tracing subscriber is installed for the whole process, so the leak guard would be blind");
        }
    });
}

impl Ear {
    fn new(to: To) -> Self {
        Self {
            to,
            spans: Mutex::default(),
        }
    }

    fn hear(&self, kind: LogKind, metadata: &'static Metadata<'static>, fields: Fields) {
        let record = LogRecord {
            kind,
            level: *metadata.level(),
            target: metadata.target(),
            name: metadata.name(),
            fields: fields.shown,
            spans: ENTERED.with_borrow(|entered| entered.iter().map(|(_, span)| span.name()).collect()),
        };
        let guards = match &self.to {
            To::One(guard) => guard.upgrade().into_iter().collect(),
            To::All => live(),
        };
        for guard in guards {
            for (field, value) in record.fields.iter().chain(&fields.hidden) {
                let place = format!("{kind:?} of {}, {}, field `{field}`", record.target, record.name);
                guard.note(Channel::Tracing, place, value.clone());
            }
            let mut logs = lock(&guard.logs);
            if logs.len() < MAX_RECORDS {
                logs.push(record.clone());
            }
        }
    }

    fn metadata(&self, id: &Id) -> Option<&'static Metadata<'static>> {
        lock(&self.spans)
            .get(&id.into_u64())
            .map(|(metadata, _)| *metadata)
    }
}

impl Subscriber for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&self.spans).insert(number, (span.metadata(), 1));
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.hear(LogKind::Span, span.metadata(), fields);
        Id::from_u64(number)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(metadata) = self.metadata(span) {
            let mut fields = Fields::default();
            values.record(&mut fields);
            self.hear(LogKind::Record, metadata, fields);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.hear(LogKind::Event, event.metadata(), fields);
    }

    fn enter(&self, span: &Id) {
        if let Some(metadata) = self.metadata(span) {
            ENTERED.with_borrow_mut(|entered| entered.push((span.into_u64(), metadata)));
        }
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(at) = entered.iter().rposition(|(number, _)| *number == span.into_u64()) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some((_, held)) = lock(&self.spans).get_mut(&id.into_u64()) {
            *held += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut spans = lock(&self.spans);
        let Some((_, held)) = spans.get_mut(&id.into_u64()) else {
            return false;
        };
        *held -= 1;
        let last = *held == 0;
        if last {
            spans.remove(&id.into_u64());
        }
        last
    }

    fn current_span(&self) -> Current {
        let entered = ENTERED.with_borrow(|entered| entered.last().copied());
        entered.map_or_else(Current::none, |(number, metadata)| {
            Current::new(Id::from_u64(number), metadata)
        })
    }
}

/// The fields of a span or event.
#[derive(Default)]
struct Fields {
    shown: Vec<(&'static str, String)>,
    /// What a field's value holds beyond the form in which it is shown: an error's `Debug` and its sources.
    hidden: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.shown.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.shown.push((field.name(), value.to_owned()));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.shown
            .push((field.name(), String::from_utf8_lossy(value).into_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        self.shown.push((field.name(), value.to_string()));
        self.hidden.push((field.name(), format!("{value:?}")));
        for source in std::iter::successors(value.source(), |error| (*error).source()).take(16) {
            self.hidden.push((field.name(), source.to_string()));
        }
    }
}
