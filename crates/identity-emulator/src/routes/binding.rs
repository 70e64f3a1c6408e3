//! The token proxy of a cluster with identity bindings: it takes service accounts' tokens to Entra.

use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::token::redeem;
use crate::world::World;

/// The proxy's own path.
pub(crate) const PREFIX: &str = "/identity-binding";

pub(super) const ROWS: &[Row] = &[Row::new(
    Route::IdentityBinding,
    "POST",
    "/identity-binding/{tenant}/oauth2/v2.0/token",
    Port::Tls,
    token,
)];

/// Serves a token request as Entra would, if it is one of a workload.
fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if call.form("client_assertion").is_none() {
        return Err(Refusal::missing("client_assertion"));
    }
    redeem(world, call)
}
