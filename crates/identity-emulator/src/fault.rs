//! Faults on demand: which requests they meet, and what then happens.

mod build;
mod check;
mod effect;
mod gate;
mod matcher;
mod plan;

use serde::{Deserialize, Serialize};

pub use effect::ResetAt;
pub(crate) use effect::{BodyFault, ConnectFault, Effect, WireFault};
pub use gate::Gate;
pub(crate) use gate::Gates;
pub(crate) use matcher::Facts;
use matcher::Matcher;
pub use plan::FaultHandle;
pub(crate) use plan::{Applied, FaultPlan};

/// A rule: the requests (or connections) it meets and what happens to them.
///
/// Rules are asked in the order in which they were added, and the first that meets a request and has not been used up
/// is applied; so two rules of one [`times`](Fault::times) each make a sequence. Without `times` or
/// [`nth`](Fault::nth) a rule holds until it is removed.
///
/// ```
/// use std::time::Duration;
/// use identity_emulator::{Fault, Route};
///
/// // The first two token requests are throttled, the third one answers after 200 ms.
/// let throttled = Fault::on(Route::Token).times(2).status(429).retry_after(Duration::from_secs(1));
/// let slow = Fault::on(Route::Token).nth(3).delay(Duration::from_millis(200));
/// ```
///
/// As JSON, for the administration over HTTP, a rule has two parts, `on` and `do`:
///
/// ```
/// let rule: identity_emulator::Fault = serde_json::from_str(
///     r#"{"on": {"route": "token", "times": 2}, "do": {"status": 429, "headers": [["retry-after", "1"]]}}"#,
/// )?;
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    on: Matcher,
    #[serde(default, rename = "do")]
    effect: Effect,
}
