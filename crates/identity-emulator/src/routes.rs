//! The route table: one module a route, one row a path.

mod admin;
pub(crate) mod authorize;
mod binding;
mod device;
mod documents;
mod instance;
mod keys;
mod managed;
mod oidc;
mod realm;
mod region;
mod token;
mod trust;

pub(crate) use binding::PREFIX as BINDING_PREFIX;
pub(crate) use oidc::{GITHUB_PATH, PIPELINES_PATH};

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::call::{Call, Listener};
use crate::refusal::Refusal;
use crate::world::World;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Route {
    /// `/{tenant}/oauth2/v2.0/token`
    Token,
    /// `/{tenant}/oauth2/token`
    TokenV1,
    /// `/{tenant}/v2.0/.well-known/openid-configuration`
    OpenIdConfiguration,
    /// `/{tenant}/.well-known/openid-configuration`
    OpenIdConfigurationV1,
    /// `/common/discovery/instance`
    InstanceDiscovery,
    /// `/{tenant}/discovery/v2.0/keys`
    Keys,
    /// `/{tenant}/discovery/keys`
    KeysV1,
    /// `/metadata/identity/oauth2/token` on the plain port: the instance metadata service.
    Imds,
    /// `GET /msi/token` on the plain port: App Service of both versions, and Azure ML.
    AppService,
    /// `POST /msi/token` on the plain port.
    CloudShell,
    /// `/metadata/identity/oauth2/token/arc` on the plain port.
    AzureArc,
    /// `GET /msi/token` on the TLS port.
    ServiceFabric,
    /// `POST …/oidctoken` on the TLS port: Azure Pipelines' id tokens.
    PipelinesOidc,
    /// `GET …/idtoken/…` on the TLS port: GitHub's id tokens.
    #[serde(rename = "github_oidc")]
    GitHubOidc,
    /// `/identity-binding/{tenant}/oauth2/v2.0/token`: the token proxy of a cluster with identity bindings.
    IdentityBinding,
    /// `/metadata/instance/compute` on the plain port: where the virtual machine is.
    InstanceMetadata,
    /// `/{tenant}/oauth2/v2.0/authorize`: the page where people sign in.
    Authorize,
    /// `/{tenant}/oauth2/v2.0/devicecode`
    DeviceAuthorization,
    /// `/devicelogin`: the page where people enter a device's code.
    DevicePage,
    /// `/common/userrealm/{user}`
    UserRealm,
    /// `/adfs/services/trust/{13,2005}/usernamemixed`: a federated organization's server.
    WsTrust,
    /// `/adfs/services/trust/mex`
    WsTrustMetadata,
    /// `/_admin/…`; never faulted, never in the journal.
    Admin,
    /// No route of the emulator.
    Unknown,
}

impl Route {
    /// Whether this is a token endpoint of either version, or a proxy for one.
    pub fn is_token(self) -> bool {
        matches!(self, Self::Token | Self::TokenV1 | Self::IdentityBinding)
    }
}

/// What serves a request; a refusal becomes Entra's error document.
type Handler = fn(&World, &Call) -> Result<Answer, Refusal>;

/// On which port a route is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    /// Entra itself: over TLS alone.
    Tls,
    /// Endpoints of the host: over plain HTTP alone.
    Plain,
    /// Both.
    Any,
}

/// A row of the table. In `path`, literals match in any case, as Entra's do, `{name}` takes one segment.
struct Row {
    route: Route,
    method: &'static str,
    path: &'static str,
    port: Port,
    handler: Handler,
}

impl Row {
    const fn new(
        route: Route,
        method: &'static str,
        path: &'static str,
        port: Port,
        handler: Handler,
    ) -> Self {
        Self {
            route,
            method,
            path,
            port,
            handler,
        }
    }
}

/// Every route. A new one adds its module's rows here.
static TABLE: &[&[Row]] = &[
    admin::ROWS,
    token::ROWS,
    documents::ROWS,
    instance::ROWS,
    keys::ROWS,
    managed::ROWS,
    binding::ROWS,
    oidc::ROWS,
    region::ROWS,
    authorize::ROWS,
    device::ROWS,
    realm::ROWS,
    trust::ROWS,
];

/// What the table says of a request.
pub(crate) enum Found {
    Route(Route, Handler, Vec<(&'static str, String)>),
    /// The path is there, but not with this method or on this port.
    Wrong(Route, Vec<(&'static str, String)>, Mismatch),
    Nothing,
}

/// Why a known path is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Method(&'static str),
    Port,
}

impl Found {
    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Route(route, ..) | Self::Wrong(route, ..) => *route,
            Self::Nothing => Route::Unknown,
        }
    }

    pub(crate) fn captures(&self) -> &[(&'static str, String)] {
        match self {
            Self::Route(_, _, captures) | Self::Wrong(_, captures, _) => captures,
            Self::Nothing => &[],
        }
    }

    /// Serves the request.
    pub(crate) fn serve(&self, world: &World, call: &Call) -> Answer {
        match self {
            Self::Route(_, handler, _) => {
                handler(world, call).unwrap_or_else(|refusal| refusal.answer(world, call))
            }
            Self::Wrong(route, _, Mismatch::Method(_)) if route.is_token() => {
                Refusal::new(900561).answer(world, call)
            }
            Self::Wrong(_, _, Mismatch::Method(allowed)) => Answer::empty(405).header("allow", *allowed),
            Self::Wrong(_, _, Mismatch::Port) => Answer::text(
                404,
                "text/plain",
                "This path is served on the other port alone.\n",
            ),
            Self::Nothing => Answer::empty(404),
        }
    }
}

/// Looks a request up.
pub(crate) fn find(listener: Listener, method: &str, path: &str) -> Found {
    let mut wrong = None;
    for row in TABLE.iter().copied().flatten() {
        let Some(captures) = matches(row.path, path) else {
            continue;
        };
        let is_other_port = match row.port {
            Port::Any => false,
            Port::Tls => listener != Listener::Tls,
            Port::Plain => listener != Listener::Plain,
        };
        let mismatch = if is_other_port {
            Mismatch::Port
        } else if row.method != method {
            Mismatch::Method(row.method)
        } else {
            return Found::Route(row.route, row.handler, captures);
        };
        wrong.get_or_insert(Found::Wrong(row.route, captures, mismatch));
    }
    wrong.unwrap_or_else(|| match is_administration(path) {
        true => Found::Route(Route::Admin, admin::unknown, Vec::new()),
        false => Found::Nothing,
    })
}

/// Whether a path is the administration's, known or not.
fn is_administration(path: &str) -> bool {
    path.split('/')
        .nth(1)
        .is_some_and(|first| first.eq_ignore_ascii_case("_admin"))
}

fn matches(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut captures = Vec::new();
    let mut given = path.strip_prefix('/')?.split('/');
    for wanted in pattern.trim_start_matches('/').split('/') {
        let segment = given.next()?;
        if let Some(name) = wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            if segment.is_empty() {
                return None;
            }
            captures.push((name, unescape(segment)));
        } else if !wanted.eq_ignore_ascii_case(segment) {
            return None;
        }
    }
    given.next().is_none().then_some(captures)
}

/// Percent-decodes a path segment; a `+` stays one.
pub(crate) fn unescape(segment: &str) -> String {
    let plus_kept = segment
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(plus_kept.as_bytes())
        .next()
        .map(|(key, _)| key.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Found, Mismatch, Route, find};
    use crate::call::Listener;

    fn route(method: &str, path: &str) -> (Route, Option<Mismatch>) {
        match find(Listener::Tls, method, path) {
            Found::Route(route, ..) => (route, None),
            Found::Wrong(route, _, mismatch) => (route, Some(mismatch)),
            Found::Nothing => (Route::Unknown, None),
        }
    }

    #[test]
    fn paths_match_in_any_case_and_whole() {
        assert_eq!(route("POST", "/t/oauth2/v2.0/token"), (Route::Token, None));
        assert_eq!(route("POST", "/t/OAuth2/V2.0/TOKEN"), (Route::Token, None));
        assert_eq!(route("POST", "/t/oauth2/token"), (Route::TokenV1, None));
        assert_eq!(
            route("GET", "/Common/Discovery/Instance"),
            (Route::InstanceDiscovery, None)
        );
        for other in [
            "/",
            "/t/oauth2/v2.0/token/",
            "//oauth2/v2.0/token",
            "/t/oauth2/v2.0",
            "t",
        ] {
            assert_eq!(route("POST", other).0, Route::Unknown, "{other}");
        }
    }

    #[test]
    fn a_known_path_with_another_method_is_told_apart() {
        assert_eq!(
            route("GET", "/t/oauth2/v2.0/token"),
            (Route::Token, Some(Mismatch::Method("POST")))
        );
    }

    #[test]
    fn entra_is_not_on_the_plain_port_but_the_administration_is() {
        let token = find(Listener::Plain, "POST", "/t/oauth2/v2.0/token");
        assert!(matches!(token, Found::Wrong(Route::Token, _, Mismatch::Port)));
        assert!(matches!(
            find(Listener::Plain, "GET", "/_admin/state"),
            Found::Route(Route::Admin, ..)
        ));
        assert_eq!(route("GET", "/_admin/unknown"), (Route::Admin, None));
        assert_eq!(route("GET", "/_administration").0, Route::Unknown);
    }

    #[test]
    fn the_hosts_endpoints_differ_by_method_and_port() {
        let found = |listener, method| match find(listener, method, "/msi/token") {
            Found::Route(route, ..) => Some(route),
            _ => None,
        };
        assert_eq!(found(Listener::Plain, "GET"), Some(Route::AppService));
        assert_eq!(found(Listener::Plain, "POST"), Some(Route::CloudShell));
        assert_eq!(found(Listener::Tls, "GET"), Some(Route::ServiceFabric));
        assert_eq!(found(Listener::Tls, "POST"), None);
    }

    #[test]
    fn routes_have_readable_names() {
        for (route, name) in [
            (Route::GitHubOidc, "github_oidc"),
            (Route::PipelinesOidc, "pipelines_oidc"),
            (Route::IdentityBinding, "identity_binding"),
        ] {
            assert_eq!(serde_json::to_value(route).unwrap(), name);
        }
    }

    #[test]
    fn captures_are_percent_decoded() {
        let found = find(Listener::Tls, "POST", "/a%40b+c/oauth2/v2.0/token");
        assert_eq!(found.captures(), [("tenant", "a@b+c".to_owned())]);
    }
}
