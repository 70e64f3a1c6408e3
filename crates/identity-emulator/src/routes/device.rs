//! Where a device begins a sign-in, and the page for its person.

use serde_json::json;

use super::authorize::{html, tenant};
use super::{Port, Route, Row};
use crate::answer::Answer;
use crate::call::Call;
use crate::model::User;
use crate::refusal::Refusal;
use crate::sessions::Authorization;
use crate::token::RequestedClaims;
use crate::world::World;

/// For how long a code is good, in seconds.
const LIFETIME: i64 = 900;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::DeviceAuthorization,
        "POST",
        "/{tenant}/oauth2/v2.0/devicecode",
        Port::Tls,
        begin,
    ),
    Row::new(Route::DevicePage, "GET", "/devicelogin", Port::Tls, page),
];

fn begin(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let tenant = tenant(world, call)?;
    let client_id = call
        .form("client_id")
        .ok_or_else(|| Refusal::missing("client_id"))?;
    let app = world.directory.app(&tenant, client_id).ok_or_else(|| {
        Refusal::new(700016)
            .with("app", client_id)
            .with("tenant", tenant.name.as_str())
    })?;
    let scopes = call.form("scope").ok_or_else(|| Refusal::missing("scope"))?;
    let claims = RequestedClaims::parse(call.form("claims"))?;
    let now = world.clock.unix_seconds();
    let asked = Authorization {
        tenant: tenant.id.clone(),
        app: app.id,
        // Nobody yet.
        user: User::new(""),
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        nonce: None,
        signed_in: now,
        acrs: claims.acrs,
    };
    let script = world.people.next(|| world.directory.first_user());
    let device_code = world
        .people
        .device(&world.ids, asked, now.saturating_add(LIFETIME), script);
    let user_code = user_code(&world.ids.guid());
    let uri = format!("{}/devicelogin", call.authority(world));
    let message = format!(
        "To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."
    );
    let body = json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": uri,
        "expires_in": LIFETIME,
        "interval": world.device_interval,
        "message": message,
    });
    Ok(Answer::json(200, body).entra_headers(world, call, None))
}

/// Nine letters and digits, as Entra's.
fn user_code(guid: &str) -> String {
    guid.chars()
        .filter(char::is_ascii_hexdigit)
        .take(9)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn page(_: &World, _: &Call) -> Result<Answer, Refusal> {
    Ok(html(
        200,
        "Enter code",
        "<p>There is nothing to enter here: the emulator's script decides what becomes of a device's sign-in.</p>",
    ))
}
