//! A refusal of a request, and the document that Entra makes of it.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::call::Call;
use crate::catalogue::Aadsts;
use crate::clock::entra_time;
use crate::world::World;

/// Why a request is refused: a code of the catalogue and what its text speaks of.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: u32,
    words: Vec<(&'static str, String)>,
    error: Option<&'static str>,
    suberror: Option<String>,
    claims: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: u32) -> Self {
        Self {
            code,
            words: Vec::new(),
            error: None,
            suberror: None,
            claims: None,
        }
    }

    pub(crate) const fn code(&self) -> u32 {
        self.code
    }

    /// Fills `{name}` in the text.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.words.push((name, value.into()));
        self
    }

    /// Replaces the OAuth error, for endpoints that name it differently.
    pub(crate) fn error(mut self, error: &'static str) -> Self {
        self.error = Some(error);
        self
    }

    pub(crate) fn suberror(mut self, suberror: Option<String>) -> Self {
        self.suberror = suberror;
        self
    }

    /// Adds a claims challenge, JSON text.
    pub(crate) fn claims(mut self, claims: Option<String>) -> Self {
        self.claims = claims;
        self
    }

    /// The body parameter `name` is missing.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(900144).with("parameter", name)
    }

    /// The document, with the headers of every Entra answer.
    pub(crate) fn answer(&self, world: &World, call: &Call) -> Answer {
        let entry = Aadsts::lookup(self.code);
        let (status, error, text) = entry.map_or((400, "invalid_request", "An unlisted error."), |entry| {
            (entry.status, self.error.unwrap_or(entry.error), entry.text)
        });
        let code = self.code;
        let time = entra_time(world.clock.unix_seconds());
        let trace = world.ids.guid();
        let correlation = call.correlation_id(world);
        let text = self.fill(text, call);
        let mut body = Map::new();
        body.insert("error".into(), error.into());
        body.insert(
            "error_description".into(),
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}")
                .into(),
        );
        body.insert("error_codes".into(), json!([code]));
        body.insert("timestamp".into(), time.into());
        body.insert("trace_id".into(), trace.as_str().into());
        body.insert("correlation_id".into(), correlation.into());
        body.insert(
            "error_uri".into(),
            format!("{}/error?code={code}", call.authority(world)).into(),
        );
        let suberror = self
            .suberror
            .as_deref()
            .or_else(|| entry.and_then(|entry| entry.suberror));
        if let Some(suberror) = suberror {
            body.insert("suberror".into(), suberror.into());
        }
        if let Some(claims) = &self.claims {
            body.insert("claims".into(), claims.as_str().into());
        }
        let mut answer = Answer::json(status, Value::Object(body)).entra_headers(world, call, Some(trace));
        if call.header("x-client-current-telemetry").is_some() {
            answer = answer.header("x-ms-clitelem", format!("1,{code},0,,"));
        }
        if code == 900561 {
            answer = answer.header("allow", "POST");
        }
        answer.refused(code)
    }

    fn fill(&self, text: &str, call: &Call) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.words {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        // What the refusal did not say is taken from the request, so that a fault by code alone reads well.
        let app = call.client_id().unwrap_or_default();
        let scope = call
            .form("scope")
            .or_else(|| call.form("resource"))
            .unwrap_or_default();
        let grant = call.form("grant_type").unwrap_or_default();
        text.replace("{app}", &app)
            .replace("{tenant}", call.tenant().unwrap_or_default())
            .replace("{scope}", scope)
            .replace("{resource}", scope.trim_end_matches("/.default"))
            .replace("{parameter}", "request")
            .replace("{reason}", "The key was not found.")
            .replace("{value}", grant)
            .replace("{method}", call.method())
    }
}
