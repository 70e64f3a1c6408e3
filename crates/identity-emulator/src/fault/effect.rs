//! What a rule does to a request or a connection.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::certificates::WrongCertificate;

/// The parts of an effect. They combine: a rule may delay, change the answer and then cut it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Effect {
    /// The whole connection, before any request. Excludes everything below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connect: Option<ConnectFault>,
    /// Real milliseconds before the request is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// Milliseconds on the emulator's clock before the request is served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock_delay_ms: Option<u64>,
    /// The gate at which the request waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<String>,
    /// Never answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hang: bool,
    /// A refusal of the catalogue in place of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aadsts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suberror: Option<String>,
    /// A claims challenge in the refusal, JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) without_headers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<BodyFault>,
    /// Fields to set in a JSON answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Value>,
    /// Fields to set to a piece of JSON text, which need not be a value that a JSON library can hold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) literals: BTreeMap<String, String>,
    /// Fields to leave out of a JSON answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) without_fields: Vec<String>,
    /// What happens to the bytes of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wire: Option<WireFault>,
}

impl Effect {
    /// Whether the answer is the fault's own, so that the request must not be served at all.
    pub(crate) fn replaces_answer(&self) -> bool {
        self.aadsts.is_some() || self.status.is_some() || self.body.is_some()
    }
}

/// A body in place of the real one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyFault {
    Json(Value),
    Other {
        content_type: Option<String>,
        bytes: Payload,
    },
}

/// Bytes; in JSON a text, or `{"base64": "…"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Payload {
    Text(String),
    Base64 { base64: String },
}

impl Payload {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64 {
                base64: BASE64_STANDARD.encode(error.as_bytes()),
            },
        }
    }

    /// The bytes, or `None` for broken base64.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64 { base64 } => BASE64_STANDARD.decode(base64).ok(),
        }
    }
}

/// A fault in how the answer's bytes go out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WireFault {
    /// So many bytes a second, the head included if `head`.
    Drip {
        bytes_per_second: u32,
        #[serde(default)]
        head: bool,
    },
    /// An orderly end after so many bytes of the body.
    Truncate {
        after: u64,
    },
    /// Silence after so many bytes of the body.
    Stall {
        after: u64,
    },
    Reset(ResetAt),
    /// These bytes in place of an HTTP answer, then the end.
    Raw(Payload),
    /// A body of this size, of spaces in front of the real one.
    Huge {
        bytes: u64,
    },
    /// Chunks without end.
    Endless,
    /// The answer claims a body of this length; the real one comes, and then nothing.
    ClaimLength {
        bytes: u64,
    },
}

/// When a connection is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResetAt {
    /// The request was served, but not a byte of the answer goes out.
    BeforeResponse,
    /// After the head and so many bytes of the body.
    MidBody(u64),
    /// After the whole answer: a pooled connection that is dead when it is used again.
    AfterResponse,
}

/// A fault of a whole connection, before a request is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConnectFault {
    /// Reset without a byte read.
    Reset,
    /// Closed without a byte read.
    Close,
    /// Nothing is ever read or written.
    Stall,
    /// The TLS handshake is finished, then the connection is reset.
    ResetAfterHandshake,
    /// An HTTP answer in clear text on the TLS port.
    PlainHttp,
    /// These bytes in place of a TLS handshake.
    Raw(Payload),
    /// A TLS alert of this number in place of a handshake, such as 70 for an unsupported protocol version.
    TlsAlert(u8),
    Certificate(WrongCertificate),
}
