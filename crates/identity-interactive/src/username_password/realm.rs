//! Where an account signs in: at Entra, or at the server of its own organization.

use http::StatusCode;
use identity_base::seam::HttpRequest;
use identity_base::{Authority, Error, ErrorKind};
use identity_runtime::ClientOptions;
use identity_runtime::entra::RequestHeaders;
use identity_runtime::json::Json;

use super::http::{exchange, https};

/// Whom tokens are for when the organization's answer doesn't say.
const DEFAULT_AUDIENCE: &str = "urn:federation:MicrosoftOnline";

/// Where an account signs in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Realm {
    /// At Entra.
    Managed,
    /// At its organization's server.
    Federated(Federation),
}

/// How the organization's server is found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Federation {
    /// What describes it.
    pub(super) metadata_url: Option<String>,
    /// Its endpoint, where nothing describes it.
    pub(super) active_url: Option<String>,
    /// Whom the assertion is for.
    pub(super) audience: String,
}

/// Asks the authority about an account.
///
/// # Errors
/// As [`Sender::send`](identity_runtime::retry::Sender::send), and [`ErrorKind::Protocol`] for an answer that can't be read.
pub(super) async fn discover(
    options: &ClientOptions,
    authority: &Authority,
    username: &str,
    headers: &RequestHeaders,
) -> Result<Realm, Error> {
    let url = format!(
        "{authority}/common/userrealm/{}?api-version=1.0",
        segment(username)
    );
    let request = HttpRequest::get(https(&url, "the address for the user name")?);
    let response = exchange(options, headers, request, |_| false).await?;
    // Clouds without federation don't have the service.
    if response.status == StatusCode::NOT_FOUND {
        return Ok(Realm::Managed);
    }
    let status = response.status.as_u16();
    let unexpected = |what: String| {
        let text = format!(
            "{} {what} to the question where the account signs in (HTTP {status})",
            authority.host()
        );
        Error::new(ErrorKind::Protocol, text).with_http_status(status)
    };
    if !response.status.is_success() {
        return Err(unexpected("gave no answer".to_owned()));
    }
    let json = Json::parse(&response.body)
        .map_err(|error| unexpected(format!("gave an answer that can't be read ({error})")))?;
    Ok(read(&json))
}

fn read(json: &Json) -> Realm {
    let text = |name| json.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    match json.text("account_type") {
        Some(kind) if kind.eq_ignore_ascii_case("Federated") => Realm::Federated(Federation {
            metadata_url: text("federation_metadata_url"),
            active_url: text("federation_active_auth_url"),
            audience: text("cloud_audience_urn").unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()),
        }),
        _ => Realm::Managed,
    }
}

/// A segment of a path: what could end it, or begin something else, is escaped.
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'@'
            | b'!'
            | b'$'
            | b'+' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_stay_within_their_segment() {
        assert_eq!(segment("user@contoso.test"), "user@contoso.test");
        assert_eq!(
            segment("a/../b?c#d%e f\u{e4}"),
            "a%2F..%2Fb%3Fc%23d%25e%20f%C3%A4"
        );
    }

    #[test]
    fn realms_are_told_apart() {
        let realm = |text: &str| read(&Json::parse(text.as_bytes()).unwrap());
        for managed in [
            "{}",
            r#"{"account_type":"Managed"}"#,
            r#"{"account_type":"Unknown"}"#,
            r#"{"account_type":7}"#,
        ] {
            assert_eq!(realm(managed), Realm::Managed, "{managed}");
        }
        let Realm::Federated(federation) = realm(
            r#"{"account_type":"federated","federation_metadata_url":"https://m","federation_active_auth_url":"","cloud_audience_urn":null}"#,
        ) else {
            panic!()
        };
        assert_eq!(federation.metadata_url.as_deref(), Some("https://m"));
        assert_eq!(
            (federation.active_url, federation.audience.as_str()),
            (None, DEFAULT_AUDIENCE)
        );
    }
}
