//! What the fuzz targets reach of the listener. It is there only where a fuzzer compiles the crate.

use identity_base::{Authority, Secret};

use super::callback::{Expected, Verdict};
use super::request::{Head, end_of_head};

/// Whether these bytes, a head and a body, end the wait of a sign-in whose state is `state` and whose listener is at port 8400.
pub fn is_answer(received: &[u8], state: &str) -> bool {
    let expected = Expected {
        authority: Authority::default(),
        state: Secret::new(state),
        path: "/".to_owned(),
        port: 8400,
    };
    let Some((head, body)) = end_of_head(received).and_then(|end| received.split_at_checked(end)) else {
        return false;
    };
    match Head::parse(head) {
        Ok(head) => matches!(expected.judge(&head, body), Verdict::Answer(_)),
        Err(_) => false,
    }
}
