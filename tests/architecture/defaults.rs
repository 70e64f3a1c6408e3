//! Defaults that are public: the values themselves.

use std::time::Duration;

use entra_identity::CacheOptions;
use entra_identity::seam::{HttpRequest, HttpTimeouts, ReadOptions};
use identity_runtime::retry::RetryPolicy;

use crate::value::Value;

/// A default.
#[derive(Debug)]
pub(crate) struct Default {
    /// How it is obtained.
    pub(crate) name: &'static str,
    /// Its file below `crates/`.
    pub(crate) place: &'static str,
    pub(crate) about: &'static str,
    pub(crate) get: fn() -> Value,
}

const fn time(time: Duration) -> Value {
    Value::Time(time)
}

fn number<N: TryInto<u128>>(number: N) -> Value {
    Value::Number(number.try_into().unwrap_or(u128::MAX))
}

const CACHE: &str = "identity-runtime/src/cached/options.rs";
const FILES: &str = "identity-base/src/seam/fs.rs";
const HTTP: &str = "identity-base/src/seam/http.rs";
const RETRY: &str = "identity-runtime/src/retry/policy.rs";

/// All of them.
pub(crate) const ALL: &[Default] = &[
    Default {
        name: "CacheOptions::new().max_entries",
        place: CACHE,
        about: "the most entries of a token cache; then the least used one goes",
        get: || number(CacheOptions::new().max_entries),
    },
    Default {
        name: "CacheOptions::new().max_bytes",
        place: CACHE,
        about: "the most bytes of tokens and their bookkeeping, estimated",
        get: || number(CacheOptions::new().max_bytes),
    },
    Default {
        name: "CacheOptions::new().max_flights",
        place: CACHE,
        about: "the most fetches of different tokens at once; more wait their turn",
        get: || number(CacheOptions::new().max_flights),
    },
    Default {
        name: "CacheOptions::new().max_queued",
        place: CACHE,
        about: "the most fetches that wait their turn; more fail with `Overloaded`",
        get: || number(CacheOptions::new().max_queued),
    },
    Default {
        name: "HttpTimeouts::new().resolve",
        place: HTTP,
        about: "Entra: name look-up",
        get: || time(HttpTimeouts::new().resolve),
    },
    Default {
        name: "HttpTimeouts::new().connect",
        place: HTTP,
        about: "Entra: TCP connection, for each address family",
        get: || time(HttpTimeouts::new().connect),
    },
    Default {
        name: "HttpTimeouts::new().tls",
        place: HTTP,
        about: "Entra: TLS handshake",
        get: || time(HttpTimeouts::new().tls),
    },
    Default {
        name: "HttpTimeouts::new().first_byte",
        place: HTTP,
        about: "Entra: from the request to the first byte of the answer",
        get: || time(HttpTimeouts::new().first_byte),
    },
    Default {
        name: "HttpTimeouts::new().idle",
        place: HTTP,
        about: "Entra: between two bytes of the answer",
        get: || time(HttpTimeouts::new().idle),
    },
    Default {
        name: "HttpTimeouts::new().total",
        place: HTTP,
        about: "Entra: one attempt, all of it",
        get: || time(HttpTimeouts::new().total),
    },
    Default {
        name: "HttpTimeouts::metadata().connect",
        place: HTTP,
        about: "metadata endpoint, asked directly: TCP connection",
        get: || time(HttpTimeouts::metadata().connect),
    },
    Default {
        name: "HttpTimeouts::metadata().first_byte",
        place: HTTP,
        about: "metadata endpoint, asked directly: from the request to the first byte of the answer",
        get: || time(HttpTimeouts::metadata().first_byte),
    },
    Default {
        name: "HttpTimeouts::metadata().idle",
        place: HTTP,
        about: "metadata endpoint, asked directly: between two bytes of the answer",
        get: || time(HttpTimeouts::metadata().idle),
    },
    Default {
        name: "HttpTimeouts::metadata().total",
        place: HTTP,
        about: "metadata endpoint, asked directly: one attempt, all of it",
        get: || time(HttpTimeouts::metadata().total),
    },
    Default {
        name: "HttpTimeouts::probe().first_byte",
        place: HTTP,
        about: "probe of a metadata endpoint: the first byte of any answer",
        get: || time(HttpTimeouts::probe().first_byte),
    },
    Default {
        name: "HttpTimeouts::probe().total",
        place: HTTP,
        about: "probe of a metadata endpoint: all of it",
        get: || time(HttpTimeouts::probe().total),
    },
    Default {
        name: "HttpRequest::get().max_body",
        place: HTTP,
        about: "the most bytes of an answer's body",
        get: || number(HttpRequest::get(http::Uri::from_static("https://localhost")).max_body),
    },
    Default {
        name: "HttpRequest::get().max_error_body",
        place: HTTP,
        about: "where the body of an answer that is no success may be cut",
        get: || number(HttpRequest::get(http::Uri::from_static("https://localhost")).max_error_body),
    },
    Default {
        name: "ReadOptions::new().max_bytes",
        place: FILES,
        about: "the most bytes of a file, where a flow says nothing else",
        get: || number(ReadOptions::new().max_bytes),
    },
    Default {
        name: "RetryPolicy::new().max_retries",
        place: RETRY,
        about: "Entra: how often a request is repeated at most",
        get: || number(RetryPolicy::new().max_retries),
    },
    Default {
        name: "RetryPolicy::new().first_delay",
        place: RETRY,
        about: "Entra: the longest first wait; it doubles, and the real one is a random part of it",
        get: || time(RetryPolicy::new().first_delay),
    },
    Default {
        name: "RetryPolicy::new().max_delay",
        place: RETRY,
        about: "Entra: the longest wait that the service doesn't ask for",
        get: || time(RetryPolicy::new().max_delay),
    },
    Default {
        name: "RetryPolicy::new().total",
        place: RETRY,
        about: "Entra: all attempts and waits together",
        get: || time(RetryPolicy::new().total),
    },
    Default {
        name: "RetryPolicy::new().min_attempt",
        place: RETRY,
        about: "Entra: how much time has to be left for another attempt",
        get: || time(RetryPolicy::new().min_attempt),
    },
    Default {
        name: "RetryPolicy::new().max_concurrent",
        place: RETRY,
        about: "Entra: requests to one host at once",
        get: || number(RetryPolicy::new().max_concurrent),
    },
    Default {
        name: "RetryPolicy::metadata().max_retries",
        place: RETRY,
        about: "metadata endpoint: how often a request is repeated at most",
        get: || number(RetryPolicy::metadata().max_retries),
    },
    Default {
        name: "RetryPolicy::metadata().max_unreachable",
        place: RETRY,
        about: "metadata endpoint: how often of those for want of a connection",
        get: || number(RetryPolicy::metadata().max_unreachable),
    },
    Default {
        name: "RetryPolicy::metadata().total",
        place: RETRY,
        about: "metadata endpoint: all attempts and waits together",
        get: || time(RetryPolicy::metadata().total),
    },
    Default {
        name: "RetryPolicy::metadata().min_attempt",
        place: RETRY,
        about: "metadata endpoint: how much time has to be left for another attempt",
        get: || time(RetryPolicy::metadata().min_attempt),
    },
    Default {
        name: "RetryPolicy::metadata().max_concurrent",
        place: RETRY,
        about: "metadata endpoint: requests to one host at once",
        get: || number(RetryPolicy::metadata().max_concurrent),
    },
];
