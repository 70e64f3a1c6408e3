//! The guard's ear for `log`.

use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

use super::{Channel, live};

struct Ear;

/// Installs the logger of the process.
#[track_caller]
pub(super) fn install_for_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Ear).is_err() {
            panic!("another logger is installed for the whole process, so the leak guard would be blind");
        }
        log::set_max_level(LevelFilter::Trace);
    });
}

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        for guard in live() {
            guard.note(
                Channel::Log,
                format!("record of {}", record.target()),
                record.args().to_string(),
            );
        }
    }

    fn flush(&self) {}
}
