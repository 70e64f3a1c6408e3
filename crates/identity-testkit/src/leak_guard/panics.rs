//! The guard's ear for panics, those that a runtime or a credential catches included.

use std::panic;
use std::sync::Once;

use super::{Channel, live};

/// Listens in front of the hook that is installed already, which goes on to print.
pub(super) fn install_for_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info
                .location()
                .map_or_else(|| "somewhere".to_owned(), ToString::to_string);
            let text = text(info.payload());
            for guard in live() {
                guard.note(Channel::Panic, place.clone(), text);
            }
            before(info);
        }));
    });
}

/// A panic's text; empty when it was raised with something else.
pub(super) fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}
