//! One credential: a cold token, cached ones, and what the service saw.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entra_identity::{Error, TokenCredential};
use identity_emulator::Emulator;

use crate::promise::Promises;
use crate::stage::Stage;
use crate::{Result, signature};

/// A credential, or why there is none.
pub(crate) type Made = std::result::Result<Arc<dyn TokenCredential>, Error>;

/// A credential of the demonstration.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is particular about it, where a credential has several rows.
    pub(crate) variant: &'static str,
    /// What it asks for.
    pub(crate) scope: &'static str,
    /// For whom the token has to be.
    pub(crate) audience: &'static str,
    /// Which emulator it asks.
    pub(crate) emulator: fn(&Stage) -> &Emulator,
    /// Whose the token has to be: a client id.
    pub(crate) client: fn(&Emulator) -> Option<&str>,
    /// The user that the token has to be of, for credentials of users.
    pub(crate) user: Option<&'static str>,
    /// How many requests a token costs.
    pub(crate) requests: usize,
    /// Makes it, pointed at the emulator.
    pub(crate) make: fn(&Stage) -> Made,
}

/// How many cached tokens are taken.
const CACHED: u32 = 1_000;

/// What the table shows.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) credential: String,
    pub(crate) tenant: String,
    pub(crate) scope: &'static str,
    pub(crate) cold: Duration,
    pub(crate) cached: Duration,
    pub(crate) requests: usize,
}

/// Gets a token, gets it again from the cache, and checks it as an API would.
#[expect(clippy::disallowed_methods, reason = "real times are what is shown")]
pub(crate) async fn run(row: &Row, stage: &Stage, promises: &mut Promises) -> Result<Measured> {
    let (emulator, options) = ((row.emulator)(stage), &stage.options);
    let credential = (row.make)(stage)?;
    emulator.clear_requests();
    let name = format!("{}{}", credential.name(), row.variant);

    let start = Instant::now();
    let token = credential.get_token(&[row.scope]).await?;
    let cold = start.elapsed();

    let start = Instant::now();
    let mut same = true;
    for _ in 0..CACHED {
        let again = credential.get_token(&[row.scope]).await?;
        same &= again.is_same(&token);
    }
    let cached = start.elapsed() / CACHED;
    promises.check(format!("{name}: cached calls give the same token"), same);

    let requests = emulator.requests().count();
    promises.check(
        format!("{name}: {} calls, {} request(s)", CACHED + 1, row.requests),
        requests == row.requests,
    );

    let claims = signature::verify(token.secret(), emulator, options).await?;
    let forged = signature::with_other_payload(token.secret());
    let refused = signature::verify(&forged, emulator, options).await.is_err();
    promises.check(
        format!("{name}: a token with another payload is refused"),
        refused,
    );
    let claim = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    promises.check(
        format!("{name}: for {}", row.audience),
        claim("aud") == Some(row.audience),
    );
    promises.check(
        format!("{name}: of the tenant"),
        claim("tid") == Some(emulator.tenant_id()),
    );
    let client = claim("appid").or_else(|| claim("azp"));
    promises.check(
        format!("{name}: of the client"),
        client.is_some() && client == (row.client)(emulator),
    );
    promises.check(
        format!("{name}: of {}", row.user.unwrap_or("no user")),
        claim("upn") == row.user,
    );

    Ok(Measured {
        credential: name,
        tenant: emulator.tenant_id().to_owned(),
        scope: row.scope,
        cold,
        cached,
        requests,
    })
}
