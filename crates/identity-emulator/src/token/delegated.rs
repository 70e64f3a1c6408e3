//! From `scope` to what a user's token is for: one API, some of its permissions, and what comes with the token.

use super::TokenCall;
use super::audience::{resolve, strip_default};
use crate::model::Audience;
use crate::refusal::Refusal;
use crate::routes::Route;

/// Permissions without a resource are Microsoft Graph's.
const GRAPH: &str = "https://graph.microsoft.com";
/// What `.default` stands for here.
const DEFAULT_PERMISSION: &str = "user_impersonation";

/// What a user flow asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) audience: Audience,
    /// The `scp` claim.
    pub(super) permissions: Vec<String>,
    /// The `scope` of the answer.
    pub(super) granted: Vec<String>,
    pub(super) id_token: bool,
    pub(super) refresh_token: bool,
}

impl Wanted {
    /// Reads the request's scopes, or `granted_before` when it names none.
    pub(super) fn read(request: &TokenCall<'_>, granted_before: &[String]) -> Result<Self, Refusal> {
        if request.call.route == Route::TokenV1 {
            if let Some(resource) = request.call.form("resource") {
                let scopes = [
                    format!("{resource}/.default"),
                    "openid".into(),
                    "offline_access".into(),
                ];
                return Self::of(request, &scopes);
            }
        } else if request.call.form("resource").is_some() {
            return Err(Refusal::new(901002));
        }
        let named: Vec<String> = request
            .call
            .form("scope")
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        match named.is_empty() {
            true if granted_before.is_empty() => Err(Refusal::missing("scope")),
            true => Self::of(request, granted_before),
            false => Self::of(request, &named),
        }
    }

    fn of(request: &TokenCall<'_>, scopes: &[String]) -> Result<Self, Refusal> {
        let all = scopes.join(" ");
        let invalid = || Refusal::new(70011).with("scope", all.as_str());
        let mut found: Option<Audience> = None;
        let (mut permissions, mut granted) = (Vec::new(), Vec::new());
        let (mut id_token, mut refresh_token, mut default) = (false, false, false);
        for scope in scopes {
            match scope.to_ascii_lowercase().as_str() {
                "offline_access" => {
                    refresh_token = true;
                    continue;
                }
                "openid" => id_token = true,
                "profile" | "email" => {}
                _ => {
                    let (resource, permission) = split(scope).ok_or_else(invalid)?;
                    let audience = resolve(request, resource)?;
                    if found.as_ref().is_some_and(|earlier| earlier.key != audience.key) {
                        return Err(Refusal::new(28000).with("scope", all.as_str()));
                    }
                    found.get_or_insert(audience);
                    default |= permission == DEFAULT_PERMISSION && strip_default(scope).is_some();
                    permissions.push(permission.to_owned());
                }
            }
            granted.push(scope.clone());
        }
        // `.default` stands for all permissions, so naming one beside it contradicts it.
        if default && permissions.len() > 1 {
            return Err(invalid());
        }
        let audience = match found {
            Some(audience) => audience,
            // To sign in is all that was asked for: the token is Graph's.
            None => {
                permissions = granted.clone();
                resolve(request, GRAPH)?
            }
        };
        Ok(Self {
            audience,
            permissions,
            granted,
            id_token,
            refresh_token,
        })
    }
}

/// The API and the permission of a scope.
fn split(scope: &str) -> Option<(&str, &str)> {
    if let Some(resource) = strip_default(scope) {
        return Some((resource, DEFAULT_PERMISSION));
    }
    let Some((resource, permission)) = scope.rsplit_once('/') else {
        return Some((GRAPH, scope));
    };
    (!permission.is_empty() && !resource.is_empty() && !resource.ends_with(":/"))
        .then_some((resource, permission))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn scopes_are_taken_apart() {
        for (scope, resource, permission) in [
            ("User.Read", "https://graph.microsoft.com", "User.Read"),
            (
                "https://graph.microsoft.com/Mail.Read",
                "https://graph.microsoft.com",
                "Mail.Read",
            ),
            ("api://orders/Orders.Read", "api://orders", "Orders.Read"),
            (
                "https://vault.azure.net//.default",
                "https://vault.azure.net/",
                "user_impersonation",
            ),
            (
                "797f4846-ba00-4fd7-ba43-dac1f8f63013/.default",
                "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                "user_impersonation",
            ),
        ] {
            assert_eq!(split(scope), Some((resource, permission)), "{scope}");
        }
        for bad in ["https://vault.azure.net", "https://vault.azure.net/", "/x"] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
