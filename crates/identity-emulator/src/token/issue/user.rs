//! Tokens of users: the access token, the id token, and what else comes along.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::super::TokenCall;
use super::super::client_auth::Proof;
use super::super::delegated::Wanted;
use super::{BACKDATED, answer};
use crate::answer::Answer;
use crate::model::{Audience, TokenVersion, User};
use crate::refusal::Refusal;
use crate::sessions::Authorization;
use crate::world::World;

/// What comes with the access token by the grant's own rules.
pub(in crate::token) struct Extras {
    pub(in crate::token) refresh_token: Option<String>,
}

/// Who a user's token is about, and who asked for it.
pub(crate) struct Subject<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) user: &'a User,
    /// The client id of the application that asked.
    pub(crate) client: &'a str,
    pub(crate) client_name: &'a str,
    pub(crate) proof: Proof,
    /// The issuer of version 2 tokens.
    pub(crate) issuer_v2: String,
}

/// The claims of a user's access token that is valid from now on for `lifetime` seconds.
pub(crate) fn user_claims(
    world: &World,
    subject: &Subject<'_>,
    audience: &Audience,
    permissions: &[String],
    lifetime: u64,
) -> Map<String, Value> {
    let now = world.clock.unix_seconds();
    let user = subject.user;
    let begin = now.saturating_sub(BACKDATED);
    let end = now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("aud", json!(audience.aud));
    put("iat", json!(begin));
    put("nbf", json!(begin));
    put("exp", json!(end));
    put("aio", json!(world.ids.token()));
    put("name", json!(user.name));
    put("oid", json!(user.object_id));
    put("sub", json!(user.subject(&audience.key)));
    put("rh", json!(format!("1.{}", world.ids.token())));
    put("scp", json!(permissions.join(" ")));
    put("tid", json!(subject.tenant));
    put("uti", json!(world.ids.token()));
    match audience.version {
        TokenVersion::V1 => {
            put("iss", json!(World::issuer_v1(subject.tenant)));
            put("acr", json!("1"));
            put(
                "amr",
                json!(if user.mfa { vec!["pwd", "mfa"] } else { vec!["pwd"] }),
            );
            put("appid", json!(subject.client));
            put("appidacr", json!(subject.proof.acr()));
            put("app_displayname", json!(subject.client_name));
            put("idtyp", json!("user"));
            put("unique_name", json!(user.upn));
            put("upn", json!(user.upn));
            put("ver", json!("1.0"));
        }
        TokenVersion::V2 => {
            put("iss", json!(subject.issuer_v2));
            put("azp", json!(subject.client));
            put("azpacr", json!(subject.proof.acr()));
            put("preferred_username", json!(user.upn));
            put("ver", json!("2.0"));
        }
    }
    claims
}

/// Issues what a sign-in of just now earns: all that it asked for.
pub(in crate::token) fn for_sign_in(
    request: &TokenCall<'_>,
    authorization: Authorization,
    proof: Proof,
) -> Result<Answer, Refusal> {
    let world = request.world;
    let wanted = Wanted::read(request, &authorization.scopes)?;
    let granted = |scope: &str| authorization.scopes.iter().any(|granted| granted == scope);
    let wanted = Wanted {
        refresh_token: wanted.refresh_token || granted("offline_access"),
        id_token: wanted.id_token || granted("openid"),
        ..wanted
    };
    let now = world.clock.unix_seconds();
    let refresh_token = wanted.refresh_token.then(|| {
        world
            .sessions
            .refresh_token(&world.ids, now, authorization.clone())
    });
    for_user(request, &wanted, &authorization, proof, Extras { refresh_token })
}

/// Issues a user's token.
pub(in crate::token) fn for_user(
    request: &TokenCall<'_>,
    wanted: &Wanted,
    authorization: &Authorization,
    proof: Proof,
    extras: Extras,
) -> Result<Answer, Refusal> {
    let (world, app, tenant) = (request.world, &request.app, &request.tenant);
    let lifetime = app.token_lifetime.unwrap_or(tenant.token_lifetime).as_secs();
    let now = world.clock.unix_seconds();
    let subject = Subject {
        tenant: &tenant.id,
        user: &authorization.user,
        client: &app.id,
        client_name: &app.name,
        proof,
        issuer_v2: world.issuer_v2(request.call, &tenant.id),
    };
    let mut claims = user_claims(world, &subject, &wanted.audience, &wanted.permissions, lifetime);
    if !request.claims.capabilities.is_empty() {
        claims.insert("xms_cc".to_owned(), json!(request.claims.capabilities));
    }
    if !authorization.acrs.is_empty() {
        claims.insert("acrs".to_owned(), json!(authorization.acrs));
    }
    let sign = |claims: Map<String, Value>| {
        world
            .signer
            .sign(&Value::Object(claims))
            .ok_or_else(|| Refusal::new(90033))
    };
    let mut members = Map::new();
    members.insert("scope".to_owned(), wanted.granted.join(" ").into());
    if let Some(refresh_token) = extras.refresh_token {
        members.insert("refresh_token".to_owned(), refresh_token.into());
    }
    if app.family {
        members.insert("foci".to_owned(), "1".into());
    }
    if wanted.id_token {
        members.insert(
            "id_token".to_owned(),
            sign(id_claims(&subject, authorization, now, lifetime))?.into(),
        );
    }
    if request.call.form("client_info") == Some("1") {
        let info = json!({"uid": authorization.user.object_id, "utid": tenant.id}).to_string();
        members.insert(
            "client_info".to_owned(),
            BASE64_URL_SAFE_NO_PAD.encode(info).into(),
        );
    }
    Ok(answer(request, lifetime, now, sign(claims)?, members))
}

/// The claims of an id token, version 2.
fn id_claims(
    subject: &Subject<'_>,
    authorization: &Authorization,
    now: i64,
    lifetime: u64,
) -> Map<String, Value> {
    let user = subject.user;
    let end = now.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("aud", json!(subject.client));
    put("iss", json!(subject.issuer_v2));
    put("iat", json!(now.saturating_sub(BACKDATED)));
    put("nbf", json!(now.saturating_sub(BACKDATED)));
    put("exp", json!(end));
    put("auth_time", json!(authorization.signed_in));
    put("name", json!(user.name));
    put("oid", json!(user.object_id));
    put("preferred_username", json!(user.upn));
    put("sub", json!(user.subject(subject.client)));
    put("tid", json!(subject.tenant));
    put("ver", json!("2.0"));
    if let Some(nonce) = &authorization.nonce {
        put("nonce", json!(nonce));
    }
    claims
}
