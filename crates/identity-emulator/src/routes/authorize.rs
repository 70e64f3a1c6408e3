//! The page where a person signs in. The person is a script: the page answers at once.

use form_urlencoded::Serializer;

use super::{Port, Route, Row};
use crate::answer::{Answer, Content};
use crate::call::Call;
use crate::model::{App, Tenant, TenantMiss};
use crate::refusal::Refusal;
use crate::script::SignInOutcome;
use crate::sessions::Authorization;
use crate::token::RequestedClaims;
use crate::world::World;

pub(super) const ROWS: &[Row] = &[Row::new(
    Route::Authorize,
    "GET",
    "/{tenant}/oauth2/v2.0/authorize",
    Port::Tls,
    serve,
)];

/// What the browser is sent back with.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) parameters: Vec<(&'static str, String)>,
}

/// How the browser carries the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    FormPost,
    Query,
    Fragment,
}

/// What comes of a request for a sign-in.
pub(crate) enum Outcome {
    Redirect(Redirect),
    /// Nobody signs in.
    Nothing,
}

fn serve(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let outcome = match decide(world, call) {
        Ok(outcome) => outcome,
        // Whoever may not be sent back to is told on a page.
        Err(refusal) => return Ok(error_page(&refusal.answer(world, call))),
    };
    Ok(match outcome {
        Outcome::Nothing => html(200, "Sign in", "<p>Nobody signs in here: the script says so.</p>"),
        Outcome::Redirect(redirect) => redirect.answer(),
    })
}

/// Checks the request in Entra's order, and lets the next person do what the script says.
pub(crate) fn decide(world: &World, call: &Call) -> Result<Outcome, Refusal> {
    let required = |name: &'static str| call.query(name).ok_or_else(|| Refusal::missing(name));
    let tenant = tenant(world, call)?;
    let client_id = required("client_id")?;
    let app = world.directory.app(&tenant, client_id).ok_or_else(|| {
        Refusal::new(700016)
            .with("app", client_id)
            .with("tenant", tenant.name.as_str())
    })?;
    let uri = required("redirect_uri")?.to_owned();
    if !is_registered(&app, &uri) {
        return Err(Refusal::new(50011)
            .with("value", uri.as_str())
            .with("app", app.id.as_str()));
    }
    let mode = match call.query("response_mode") {
        Some("form_post") => ResponseMode::FormPost,
        None | Some("query") => ResponseMode::Query,
        Some("fragment") => ResponseMode::Fragment,
        Some(_) => return Err(Refusal::new(90023)),
    };
    let script = world.people.next(|| world.directory.first_user());
    let mut parameters = match script.outcome {
        SignInOutcome::Ignored => return Ok(Outcome::Nothing),
        SignInOutcome::Cancelled => refused(world, call, &Refusal::new(65004)),
        SignInOutcome::Refused(code) => refused(world, call, &Refusal::new(code)),
        SignInOutcome::User(user) => match request(call) {
            Err(refusal) => refused(world, call, &refusal),
            Ok(wanted) => {
                let now = world.clock.unix_seconds();
                let authorization = Authorization {
                    tenant: tenant.id.clone(),
                    app: app.id,
                    user,
                    scopes: wanted.scopes,
                    nonce: call.query("nonce").map(str::to_owned),
                    signed_in: now,
                    acrs: wanted.acrs,
                };
                let code = world
                    .sessions
                    .code(&world.ids, now, authorization, uri.clone(), wanted.challenge);
                vec![("code", code), ("session_state", world.ids.guid())]
            }
        },
    };
    if let Some(state) = call.query("state") {
        let state = match script.wrong_state {
            true => world.ids.token(),
            false => state.to_owned(),
        };
        parameters.push(("state", state));
    }
    Ok(Outcome::Redirect(Redirect {
        uri,
        mode,
        parameters,
    }))
}

/// What the application asked for.
struct Wanted {
    scopes: Vec<String>,
    challenge: Option<String>,
    acrs: Vec<String>,
}

fn request(call: &Call) -> Result<Wanted, Refusal> {
    let required = |name: &'static str| call.query(name).ok_or_else(|| Refusal::missing(name));
    if required("response_type")? != "code" {
        return Err(Refusal::new(70000).with("parameter", "response_type"));
    }
    let scopes: Vec<String> = required("scope")?
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect();
    let challenge = match (call.query("code_challenge"), call.query("code_challenge_method")) {
        (Some(challenge), Some("S256")) => Some(challenge.to_owned()),
        (None, None) => None,
        _ => return Err(Refusal::new(70000).with("parameter", "code_challenge_method")),
    };
    let claims = RequestedClaims::parse(call.query("claims"))?;
    Ok(Wanted {
        scopes,
        challenge,
        acrs: claims.acrs,
    })
}

/// The tenant of the path; the shared ones stand for the first.
pub(crate) fn tenant(world: &World, call: &Call) -> Result<std::sync::Arc<Tenant>, Refusal> {
    let named = call.tenant().unwrap_or_default();
    world.directory.user_tenant(named).map_err(|miss| match miss {
        TenantMiss::Malformed => Refusal::new(900023).with("tenant", named),
        TenantMiss::Unnamed => Refusal::new(50059),
        TenantMiss::Unknown => Refusal::new(90002).with("tenant", named),
    })
}

/// Without a registered one, every redirect URI is taken. The port of a loopback address doesn't count, as with Entra.
fn is_registered(app: &App, uri: &str) -> bool {
    app.redirect_uris.is_empty()
        || app
            .redirect_uris
            .iter()
            .any(|known| known == uri || (is_loopback(known) && without_port(known) == without_port(uri)))
}

fn is_loopback(uri: &str) -> bool {
    ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|origin| {
            uri.strip_prefix(origin)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        })
}

fn without_port(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.to_owned();
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    format!("{scheme}://{host}/{path}")
}

/// A refusal in the form in which it goes back to the application.
fn refused(world: &World, call: &Call, refusal: &Refusal) -> Vec<(&'static str, String)> {
    let answer = refusal.answer(world, call);
    ["error", "error_description"]
        .into_iter()
        .filter_map(|name| Some((name, answer.member(name)?.as_str()?.to_owned())))
        .collect()
}

impl Redirect {
    pub(crate) fn encoded(&self) -> String {
        Serializer::new(String::new())
            .extend_pairs(
                self.parameters
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            )
            .finish()
    }

    /// The address that carries the parameters.
    pub(crate) fn address(&self, separator: char) -> String {
        format!("{}{separator}{}", self.uri, self.encoded())
    }

    fn answer(&self) -> Answer {
        match self.mode {
            ResponseMode::Query => Answer::empty(302).header("location", self.address('?')),
            ResponseMode::Fragment => Answer::empty(302).header("location", self.address('#')),
            ResponseMode::FormPost => {
                let fields: String = self
                    .parameters
                    .iter()
                    .map(|(name, value)| {
                        format!(
                            "<input type=\"hidden\" name=\"{name}\" value=\"{}\"/>",
                            escape(value)
                        )
                    })
                    .collect();
                let form = format!(
                    "<form name=\"hiddenform\" action=\"{}\" method=\"POST\">{fields}<noscript><button>Continue</button></noscript></form>\
                     <script>document.forms[0].submit()</script>",
                    escape(&self.uri)
                );
                html(200, "Working...", &form)
            }
        }
    }
}

fn error_page(refusal: &Answer) -> Answer {
    let text = refusal
        .member("error_description")
        .and_then(|text| text.as_str())
        .unwrap_or_default();
    let mut page = html(
        400,
        "Sign in to your account",
        &format!("<p>{}</p>", escape(text)),
    );
    page.aadsts = refusal.aadsts;
    page
}

pub(super) fn html(status: u16, title: &str, body: &str) -> Answer {
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body>{body}</body></html>\n"
    );
    let mut answer =
        Answer::text(status, "text/html; charset=utf-8", text.clone()).header("cache-control", "no-store");
    answer.body = Content::Bytes(text.into());
    answer
}

/// Text in HTML or XML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape, is_registered};
    use crate::model::App;

    #[test]
    fn the_port_of_a_loopback_address_does_not_count() {
        let app = App::public("cli")
            .redirect_uri("http://localhost")
            .redirect_uri("https://app.test/cb");
        for good in [
            "http://localhost",
            "http://localhost:8400",
            "http://localhost:1/",
            "https://app.test/cb",
        ] {
            assert!(is_registered(&app, good), "{good}");
        }
        for bad in [
            "http://localhost:1/cb",
            "http://localhost.evil.test",
            "https://app.test:444/cb",
            "http://127.0.0.1:1",
        ] {
            assert!(!is_registered(&app, bad), "{bad}");
        }
        assert!(is_registered(&App::public("any"), "http://anything"));
    }

    #[test]
    fn nothing_breaks_out_of_a_page() {
        assert_eq!(escape("\"><script>'&"), "&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
