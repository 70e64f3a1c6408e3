//! An answer before it goes out: still easy to change for faults.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use crate::call::Call;
use crate::world::World;

/// Status, headers and body of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Content,
    /// The AADSTS code of a refusal, for the journal.
    pub(crate) aadsts: Option<u32>,
}

/// A body: JSON stays a value until the end, so that faults can change single fields.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Json(Value),
    Bytes(Bytes),
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: Content::Json(body),
            aadsts: None,
        }
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            body: Content::Bytes(body.into()),
            aadsts: None,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Content::Bytes(Bytes::new()),
            aadsts: None,
        }
    }

    /// Sets a header, in place of one of the same name.
    pub(crate) fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn refused(mut self, code: u32) -> Self {
        self.aadsts = Some(code);
        self
    }

    /// What Entra sends with every answer of its OAuth endpoints.
    pub(crate) fn entra_headers(self, world: &World, call: &Call, request_id: Option<String>) -> Self {
        let request_id = request_id.unwrap_or_else(|| world.ids.guid());
        let mut answer = self
            .header("cache-control", "no-store, no-cache")
            .header("pragma", "no-cache")
            .header("expires", "-1")
            .header("strict-transport-security", "max-age=31536000; includeSubDomains")
            .header("x-content-type-options", "nosniff")
            .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
            .header("x-ms-ests-server", "2.1.0.0 - EMULATOR ProdSlices")
            .header("x-ms-srs", "1.P")
            .header("x-ms-request-id", request_id);
        if let Some(id) = call.header("client-request-id")
            && call
                .header("return-client-request-id")
                .is_some_and(|wish| wish.eq_ignore_ascii_case("true"))
        {
            answer = answer.header("client-request-id", id.to_owned());
        }
        answer
    }

    /// A member of a JSON answer.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        match &self.body {
            Content::Json(value) => value.get(name),
            Content::Bytes(_) => None,
        }
    }

    pub(crate) fn bytes(&self) -> Bytes {
        match &self.body {
            Content::Json(value) => Bytes::from(value.to_string()),
            Content::Bytes(bytes) => bytes.clone(),
        }
    }
}
