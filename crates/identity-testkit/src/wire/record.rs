//! What the fakes recorded, in the form of the cases.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_base::seam::ProcessRequest;
use serde_json::{Value, json};

use super::{COMPARED_HEADERS, WireRequest, WireTool};
use crate::RecordedRequest;

impl WireRequest {
    /// A recorded request in the form of the cases. Nothing is masked.
    #[must_use]
    pub fn of(request: &RecordedRequest) -> Self {
        let headers = COMPARED_HEADERS.iter().filter_map(|name| {
            let values = request.request().headers.get_all(*name);
            let values = values
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into());
            one_or_list(values.collect()).map(|value| ((*name).to_owned(), value))
        });
        Self {
            method: request.method().to_owned(),
            path: decoded(request.path()),
            query: fields(request.query()),
            headers: headers.collect(),
            form: request.form().map(fields),
        }
    }

    /// All of them.
    #[must_use]
    pub fn of_all(requests: &[RecordedRequest]) -> Vec<Self> {
        requests.iter().map(Self::of).collect()
    }
}

impl WireTool {
    /// A recorded run in the form of the cases.
    #[must_use]
    pub fn of(run: &ProcessRequest) -> Self {
        let name = Path::new(&run.program).file_stem().unwrap_or(&run.program);
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        Self {
            tool: text(name),
            argv: run.args.iter().map(|arg| text(arg)).collect(),
            env: run
                .env
                .iter()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        }
    }

    /// All of them.
    #[must_use]
    pub fn of_all(runs: &[ProcessRequest]) -> Vec<Self> {
        runs.iter().map(Self::of).collect()
    }
}

/// A parameter that is there twice shows as a list, so that it can't be overlooked.
fn fields(pairs: Vec<(String, String)>) -> BTreeMap<String, Value> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, value) in pairs {
        let value = parameter(&name, value);
        all.entry(name).or_default().push(value);
    }
    all.into_iter()
        .filter_map(|(name, values)| one_or_list(values).map(|value| (name, value)))
        .collect()
}

fn one_or_list(mut values: Vec<Value>) -> Option<Value> {
    match values.len() {
        0 | 1 => values.pop(),
        _ => Some(values.into()),
    }
}

fn parameter(name: &str, value: String) -> Value {
    let structured = match name {
        "scope" => {
            let mut scopes: Vec<&str> = value.split(' ').collect();
            scopes.sort_unstable();
            Some(scopes.join(" ").into())
        }
        "claims" => serde_json::from_str(&value).ok(),
        "client_assertion" => assertion(&value),
        _ => None,
    };
    structured.unwrap_or_else(|| value.into())
}

/// Header and claims of a compact JWT. Padded segments are no JWT (RFC 7515), and stay a text that no case has.
fn assertion(text: &str) -> Option<Value> {
    let [header, claims, _signature] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
    let part = |encoded: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
    };
    Some(json!({ "header": part(header)?, "claims": part(claims)? }))
}

/// The path with its escapes taken out, as the cases have it.
fn decoded(path: &str) -> String {
    // In forms a plus is a space; in paths it is a plus.
    let form = format!("path={}", path.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map(|(_, path)| path.into_owned())
        .unwrap_or_default()
}
