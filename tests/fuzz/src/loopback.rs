//! Requests that reach the listener of a sign-in by browser.

/// The state that the right one has.
const STATE: &str = "the-state-that-nobody-knows";

/// A request, head and body. It ends the wait only when it has the state.
pub fn request(data: &[u8]) {
    if identity_interactive::fuzzing::is_answer(data, STATE) {
        assert!(
            data.windows(STATE.len()).any(|window| window == STATE.as_bytes()) || data.contains(&b'%'),
            "an answer without the state"
        );
    }
}
