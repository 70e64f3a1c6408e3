//! The builder methods of [`Fault`].

mod wire;

use std::time::Duration;

use serde_json::Value;

use super::effect::{BodyFault, Payload};
use super::{Fault, Gate};
use crate::routes::Route;

/// Which requests are met.
impl Fault {
    /// A rule for one route.
    pub fn on(route: Route) -> Self {
        let mut fault = Self::default();
        fault.on.route = Some(route);
        fault
    }

    /// A rule for every request, the administration excepted.
    pub fn on_any() -> Self {
        Self::default()
    }

    /// Names the rule; the journal shows the name with the requests it met.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.on.name = Some(name.into());
        self
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.on.method = Some(method.into());
        self
    }

    /// Only requests with this path, in any case.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.on.path = Some(path.into());
        self
    }

    /// Only token requests with this `grant_type`.
    #[must_use]
    pub fn grant(mut self, grant: impl Into<String>) -> Self {
        self.on.grant = Some(grant.into());
        self
    }

    /// Only requests whose path names this tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.on.tenant = Some(tenant.into());
        self
    }

    /// Only requests of this client.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.on.client_id = Some(client_id.into());
        self
    }

    /// Only the `n`th request (or connection) that meets the other conditions, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.on.nth = Some(n);
        self
    }

    /// Only after `n` requests that meet the other conditions.
    #[must_use]
    pub fn after(mut self, n: u64) -> Self {
        self.on.after = Some(n);
        self
    }

    /// At most `n` times.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.on.times = Some(n);
        self
    }
}

/// When the answer comes.
impl Fault {
    /// Waits in real time before the request is served.
    #[must_use]
    pub fn delay(mut self, real: Duration) -> Self {
        self.effect.delay_ms = Some(u64::try_from(real.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Waits until so much has elapsed on the emulator's clock since the request came, by itself or because somebody
    /// advanced it, before the request is served.
    #[must_use]
    pub fn delay_on_clock(mut self, by: Duration) -> Self {
        self.effect.clock_delay_ms = Some(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Holds the request at a gate until it is released.
    #[must_use]
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.effect.hold = Some(gate.name().to_owned());
        self
    }

    /// Never answers. The request is not served.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.effect.hang = true;
        self
    }
}

/// What the answer is.
impl Fault {
    /// Answers with this status. The request is not served; without a body of the rule's own, 429 and 5xx carry
    /// Entra's transient error document and other statuses nothing.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.effect.status = Some(status);
        self
    }

    /// Answers with a refusal of the catalogue ([`Aadsts`](crate::Aadsts)). The request is not served.
    #[must_use]
    pub fn aadsts(mut self, code: u32) -> Self {
        self.effect.aadsts = Some(code);
        self
    }

    /// Sets `suberror` of the refusal.
    #[must_use]
    pub fn suberror(mut self, suberror: impl Into<String>) -> Self {
        self.effect.suberror = Some(suberror.into());
        self
    }

    /// Adds a claims challenge to the refusal, as JSON text.
    #[must_use]
    pub fn claims(mut self, claims: impl Into<String>) -> Self {
        self.effect.claims = Some(claims.into());
        self
    }

    /// Adds a header to the answer, or replaces it.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.effect.headers.push((name.into(), value.into()));
        self
    }

    /// Takes a header out of the answer.
    #[must_use]
    pub fn without_header(mut self, name: impl Into<String>) -> Self {
        self.effect.without_headers.push(name.into());
        self
    }

    /// Adds `Retry-After` in seconds; use [`header`](Fault::header) for a date or rubbish.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        self.header("retry-after", after.as_secs().to_string())
    }

    /// Redirects with the given status, such as 302 or 307. The request is not served.
    #[must_use]
    pub fn redirect(self, status: u16, location: impl Into<String>) -> Self {
        self.status(status)
            .header("location", location)
            .body(None::<String>, Vec::new())
    }

    /// Answers with this JSON, status 200 unless another is set. The request is not served.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.effect.body = Some(BodyFault::Json(body));
        self
    }

    /// Answers with these bytes, status 200 unless another is set. The request is not served.
    #[must_use]
    pub fn body(mut self, content_type: Option<impl Into<String>>, bytes: impl Into<Vec<u8>>) -> Self {
        let content_type = content_type.map(Into::into);
        self.effect.body = Some(BodyFault::Other {
            content_type,
            bytes: Payload::new(bytes.into()),
        });
        self
    }

    /// Sets a field of a JSON answer, such as `expires_in` to `"3599"`, `-1` or `1e12`.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.effect.fields.insert(name.into(), value.into());
        self
    }

    /// Sets a field of a JSON answer to a piece of JSON text as it stands, such as `1e400`, or
    /// `1, "expires_in": 2` for a field that is there twice.
    #[must_use]
    pub fn field_literal(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.effect.literals.insert(name.into(), json.into());
        self
    }

    /// Leaves a field out of a JSON answer, such as `access_token`.
    #[must_use]
    pub fn without_field(mut self, name: impl Into<String>) -> Self {
        self.effect.without_fields.push(name.into());
        self
    }
}
