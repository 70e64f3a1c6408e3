//! What the service answers in the tests.

use std::time::{SystemTime, UNIX_EPOCH};

use identity_runtime::crypto::base64url;
use identity_testkit::HttpStep;
use serde_json::{Value, json};

use crate::world::{CLIENT, TENANT, USER, World};

/// A sign-in that comes to be: who, where, with what.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) claims: Value,
}

impl Answer {
    /// Tokens for the user, with a refresh token named `refresh`.
    pub(crate) fn new(world: &World, token: &str, refresh: &str) -> Self {
        Self {
            body: json!({
                "token_type": "Bearer",
                "expires_in": 3599,
                "access_token": world.guard.secret(token).expose(),
                "refresh_token": world.guard.secret(refresh).expose(),
            }),
            claims: json!({
                "aud": CLIENT,
                "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                "tid": TENANT,
                "oid": USER,
                "sub": "subject",
                "preferred_username": "user@contoso.test",
                "exp": seconds(world.clock.wall()) + 3600,
            }),
        }
        .of(USER, TENANT)
    }

    /// For another account.
    pub(crate) fn of(mut self, user: &str, home_tenant: &str) -> Self {
        let info = json!({"uid": user, "utid": home_tenant}).to_string();
        self.body["client_info"] = json!(base64url(info.as_bytes()));
        self.claims["oid"] = json!(user);
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    pub(crate) fn token(&self) -> String {
        self.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn refresh_token(&self) -> String {
        self.body["refresh_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        let mut body = self.body.clone();
        if !self.claims.is_null() {
            body["id_token"] = json!(format!(
                "e30.{}.c2ln",
                base64url(self.claims.to_string().as_bytes())
            ));
        }
        body
    }

    pub(crate) fn step(&self) -> HttpStep {
        HttpStep::json(200, &self.json())
    }
}

/// The service's refusal.
pub(crate) fn refusal(error: &str) -> HttpStep {
    HttpStep::json(
        400,
        &json!({"error": error, "error_description": format!("described {error}")}),
    )
}

/// The codes of a device sign-in.
pub(crate) fn device_code(world: &World, expires_in: u64, interval: u64) -> HttpStep {
    HttpStep::json(
        200,
        &json!({
            "device_code": world.guard.secret("device_code").expose(),
            "user_code": "ABCD1234",
            "verification_uri": "https://microsoft.com/devicelogin",
            "message": "\u{1b}[31mtext of the service",
            "expires_in": expires_in,
            "interval": interval,
        }),
    )
}

pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}
