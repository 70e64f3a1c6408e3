//! The service's error document, made an [`Error`].

use identity_base::{Error, ErrorKind, Foreign, Secret};

use crate::aadsts::{self, AadstsClass};
use crate::json::Json;

/// The most bytes of the service's description that an error keeps.
const MAX_DESCRIPTION_BYTES: usize = 700;
/// Longer claims are dropped.
const MAX_CLAIMS_BYTES: usize = 65_536;
/// Where the ids begin in a description; they are shown apart.
const IDS: &str = "Trace ID:";
/// How every JWT begins: the base64 of `{"`.
const JWT_PREFIX: &str = "eyJ";
/// Shorter secrets can't be told from ordinary words.
const MIN_ECHO_BYTES: usize = 4;

/// Who is asking: it decides whether a refusal means that a person has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// The application itself: nobody can sign in.
    Application,
    /// A user's refresh token: when it's refused, that user has to sign in.
    RefreshToken,
    /// A user's other grant: wrong input is an error, more steps are a sign-in.
    User,
}

impl Asker {
    pub(super) fn of(grant_type: &str) -> Self {
        match grant_type {
            "client_credentials" => Self::Application,
            "refresh_token" => Self::RefreshToken,
            _ => Self::User,
        }
    }
}

/// What the service said, and whether it may say otherwise in a moment.
pub(super) struct Refusal {
    pub(super) error: Error,
    pub(super) transient: bool,
}

/// Reads the error document `json`, whose `error` member is `code`.
pub(super) fn refusal<'a>(
    json: &Json,
    code: &str,
    status: u16,
    asker: Asker,
    secrets: impl Iterator<Item = &'a Secret>,
) -> Refusal {
    let description = json.text("error_description").unwrap_or_default();
    let suberror = json.text("suberror").filter(|text| !text.is_empty());
    let claims = json
        .text("claims")
        .filter(|claims| !claims.is_empty() && claims.len() <= MAX_CLAIMS_BYTES);
    let aadsts = json
        .get("error_codes")
        .and_then(Json::as_array)
        .and_then(<[Json]>::first)
        .and_then(Json::as_integer)
        .and_then(|code| u32::try_from(code).ok())
        .or_else(|| aadsts::in_text(description));
    let entry = aadsts.and_then(aadsts::find);

    let transient = matches!(code, "temporarily_unavailable" | "server_error")
        || entry.is_some_and(|entry| entry.class == AadstsClass::Transient);
    let needs_user = matches!(
        code,
        "interaction_required" | "login_required" | "consent_required"
    ) || claims.is_some()
        || matches!(
            suberror,
            Some("basic_action" | "additional_action" | "consent_required" | "user_password_expired")
        )
        || entry.is_some_and(|entry| entry.class == AadstsClass::SignIn);
    let kind = match (status, asker) {
        (200..=299, _) => ErrorKind::Protocol,
        (429, _) => ErrorKind::Throttled,
        _ if transient => ErrorKind::Transport,
        (_, Asker::RefreshToken) if needs_user || code == "invalid_grant" => {
            ErrorKind::AuthenticationRequired
        }
        (_, Asker::User) if needs_user => ErrorKind::AuthenticationRequired,
        _ => ErrorKind::AuthenticationFailed,
    };

    let secrets: Vec<&Secret> = secrets.collect();
    let redacted = |text: &str| redact(head(text, MAX_DESCRIPTION_BYTES), secrets.iter().copied());
    let code = redacted(code);
    let suberror = suberror.map(redacted);
    let mut error = Error::new(kind, message(&code, description, secrets.iter().copied()))
        .with_code(&code, suberror.as_deref())
        .with_http_status(status);
    if let Some(code) = aadsts {
        error = error.with_aadsts(code);
    }
    if let Some(entry) = entry {
        error = error.with_hint(entry.hint);
    }
    if let Some(id) = json.text("correlation_id") {
        error = error.with_correlation_id(id);
    }
    if let Some(id) = json.text("trace_id") {
        error = error.with_trace_id(id);
    }
    if let Some(claims) = claims {
        error = error.with_claims(claims);
    }
    if transient {
        error = error.with_transient(true);
    }
    Refusal { error, transient }
}

fn message<'a>(code: &str, description: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let description = description.split(IDS).next().unwrap_or_default();
    // Cut before the search for echoes, or a megabyte would be searched for each secret; a cut that leaves half an echo is no leak of a whole secret,
    // but half of one is bad enough, so the room is generous and the rest is cut again when shown.
    let description = redact(head(description, 4 * MAX_DESCRIPTION_BYTES), secrets);
    let code = Foreign::new(code, 64).to_string();
    match description.trim() {
        "" => format!("Microsoft Entra ID refused with `{code}`"),
        text => format!(
            "Microsoft Entra ID refused with `{code}`: {}",
            Foreign::new(text, MAX_DESCRIPTION_BYTES)
        ),
    }
}

/// At most `cap` bytes of the text's head, at a character's end.
fn head(text: &str, cap: usize) -> &str {
    let mut end = text.len().min(cap);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Takes out what was sent as a secret, and everything that looks like a JWT.
fn redact<'a>(text: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose();
        if secret.len() < MIN_ECHO_BYTES {
            continue;
        }
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for shape in [secret, &encoded] {
            if text.contains(shape) {
                text = text.replace(shape, "<redacted>");
            }
        }
        // The description was cut: an echo may have lost its end.
        if let Some(kept) = cut_echo(&text, secret) {
            text.truncate(kept);
            text.push_str("<redacted>");
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(JWT_PREFIX) {
        let (before, jwt) = rest.split_at(at);
        let end = jwt
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=' | '+' | '/')))
            .unwrap_or(jwt.len());
        out.push_str(before);
        out.push_str("<redacted>");
        rest = jwt.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the text's end begins that is a beginning of `secret`, if it is long enough to matter.
fn cut_echo(text: &str, secret: &str) -> Option<usize> {
    (MIN_ECHO_BYTES..secret.len().min(text.len()).saturating_add(1))
        .rev()
        .find(|&length| {
            secret
                .get(..length)
                .is_some_and(|beginning| text.ends_with(beginning))
        })
        .map(|length| text.len() - length)
}

#[cfg(test)]
mod tests;
