//! The APIs that tokens are issued for, and how each wants its tokens.

use super::guid;

/// The format of an access token; the API decides it, not the endpoint that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenVersion {
    /// Issuer `https://sts.windows.net/<tenant>/`, `aud` as requested, `appid`. Azure's own services use it.
    V1,
    /// Issuer `<authority>/<tenant>/v2.0`, `aud` the API's client id, `azp`.
    V2,
}

/// An API of the emulated cloud.
#[derive(Clone, Debug)]
pub struct Resource {
    identifiers: Vec<String>,
    app_id: String,
    version: TokenVersion,
}

impl Resource {
    /// An API with the identifier `uri` that takes version 1 tokens. A first label of `*` stands for any host name
    /// label, as in `https://*.vault.azure.net`.
    pub fn new(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self {
            app_id: guid::derive(&["resource", &uri]),
            identifiers: vec![uri],
            version: TokenVersion::V1,
        }
    }

    /// Sets the API's own client id, which may also be asked for; derived from the identifier by default.
    #[must_use]
    pub fn app_id(mut self, id: impl Into<String>) -> Self {
        self.app_id = id.into().to_ascii_lowercase();
        self
    }

    /// Adds another identifier.
    #[must_use]
    pub fn alias(mut self, uri: impl Into<String>) -> Self {
        self.identifiers.push(uri.into());
        self
    }

    /// Sets the version of the tokens that the API takes.
    #[must_use]
    pub fn token_version(mut self, version: TokenVersion) -> Self {
        self.version = version;
        self
    }

    /// The audience for a requested identifier, if this is the API that it names.
    pub(crate) fn audience(&self, requested: &str) -> Option<Audience> {
        let bare = requested.trim_end_matches('/');
        let known = bare.eq_ignore_ascii_case(&self.app_id)
            || self
                .identifiers
                .iter()
                .any(|identifier| names(identifier.trim_end_matches('/'), bare));
        known.then(|| Audience {
            aud: match self.version {
                TokenVersion::V1 => requested.to_owned(),
                TokenVersion::V2 => self.app_id.clone(),
            },
            key: self.app_id.clone(),
            version: self.version,
        })
    }
}

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audience {
    /// The `aud` claim.
    pub(crate) aud: String,
    /// Equal for two identifiers of one API.
    pub(crate) key: String,
    pub(crate) version: TokenVersion,
}

fn names(identifier: &str, requested: &str) -> bool {
    let Some((before, after)) = identifier.split_once('*') else {
        return identifier.eq_ignore_ascii_case(requested);
    };
    let Some(middle) = requested.len().checked_sub(before.len() + after.len()) else {
        return false;
    };
    let (Some(head), Some(label), Some(tail)) = (
        requested.get(..before.len()),
        requested.get(before.len()..before.len() + middle),
        requested.get(before.len() + middle..),
    ) else {
        return false;
    };
    head.eq_ignore_ascii_case(before)
        && tail.eq_ignore_ascii_case(after)
        && !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The services of Azure's clouds that every tenant knows. Client ids are given where the service publishes one.
pub(crate) fn well_known() -> Vec<Resource> {
    let with_id = [
        (
            "https://management.azure.com",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        ),
        (
            "https://graph.microsoft.com",
            "00000003-0000-0000-c000-000000000000",
        ),
        (
            "https://graph.windows.net",
            "00000002-0000-0000-c000-000000000000",
        ),
        ("https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"),
        (
            "https://storage.azure.com",
            "e406a681-f3d4-42a8-90b6-c2b029497af1",
        ),
        (
            "https://servicebus.azure.net",
            "80a10ef9-8168-493d-abf9-3297c4ef6e3c",
        ),
        (
            "https://eventhubs.azure.net",
            "80369ed6-5f11-4dd9-bef3-692475845e77",
        ),
        (
            "https://database.windows.net",
            "022907d3-0f1b-48f7-badc-1ba6abab6d66",
        ),
        (
            "https://ossrdbms-aad.database.windows.net",
            "123cd850-d9df-40bd-94d5-c9f07b7fa203",
        ),
        ("https://cosmos.azure.com", "a232010e-820c-4083-83bb-3ace5fc29d0b"),
        (
            "https://cognitiveservices.azure.com",
            "7d312290-28c8-473c-a0ed-8e53749b6d6d",
        ),
        ("https://azconfig.io", "35ffadb3-7fc1-497e-b61b-381d28e744cc"),
        ("https://search.azure.com", "880da380-985e-4198-81b9-e05b1cc53158"),
        (
            "https://api.loganalytics.io",
            "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
        ),
        ("https://redis.azure.com", "acca5fbb-b7e4-4009-81f1-37e38fd66d78"),
        (
            "api://AzureADTokenExchange",
            "fb60f99c-7a34-4190-8149-302f77469936",
        ),
        (
            "6dae42f8-4368-4678-94ff-3960e28e3630",
            "6dae42f8-4368-4678-94ff-3960e28e3630",
        ),
        (
            "499b84ac-1321-427f-aa17-267ca6975798",
            "499b84ac-1321-427f-aa17-267ca6975798",
        ),
        (
            "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
            "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
        ),
    ];
    let plain = [
        "https://ai.azure.com",
        "https://ml.azure.com",
        "https://batch.core.windows.net",
        "https://containerregistry.azure.net",
        "https://datalake.azure.net",
        "https://dev.azuresynapse.net",
        "https://api.kusto.windows.net",
        "https://*.kusto.windows.net",
        "https://digitaltwins.azure.net",
        "https://eventgrid.azure.net",
        "https://monitor.azure.com",
        "https://api.applicationinsights.io",
        "https://purview.azure.net",
        "https://relay.azure.net",
        "https://signalr.azure.com",
        "https://webpubsub.azure.com",
        "https://communication.azure.com",
        "https://attest.azure.net",
        "https://managedhsm.azure.net",
        "https://vault.usgovcloudapi.net",
        "https://vault.azure.cn",
        "https://management.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
        "https://graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://*.documents.azure.com",
        "https://*.servicebus.windows.net",
        "https://*.azconfig.io",
        "https://*.azurecr.io",
        "api://AzureADTokenExchangeUSGov",
        "api://AzureADTokenExchangeChina",
    ];
    let mut all: Vec<Resource> = with_id
        .iter()
        .map(|(uri, id)| Resource::new(*uri).app_id(*id))
        .collect();
    for resource in &mut all {
        let first = resource.identifiers.first().cloned().unwrap_or_default();
        let aliases: &[&str] = match first.as_str() {
            "https://management.azure.com" => &["https://management.core.windows.net"],
            "https://storage.azure.com" => &[
                "https://*.blob.core.windows.net",
                "https://*.queue.core.windows.net",
                "https://*.table.core.windows.net",
                "https://*.file.core.windows.net",
                "https://*.dfs.core.windows.net",
            ],
            _ => &[],
        };
        resource
            .identifiers
            .extend(aliases.iter().map(|alias| (*alias).to_owned()));
    }
    all.extend(plain.iter().map(|uri| Resource::new(*uri)));
    all
}

#[cfg(test)]
mod tests {
    use super::{Resource, TokenVersion, well_known};

    #[test]
    fn a_version_one_audience_is_what_was_asked_for() {
        let vault = Resource::new("https://vault.azure.net").app_id("CFA8B339-82a2-471a-a3c9-0fc0be7a4093");
        for asked in [
            "https://vault.azure.net",
            "https://vault.azure.net/",
            "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        ] {
            assert_eq!(vault.audience(asked).unwrap().aud, asked);
        }
        assert!(vault.audience("https://vault.azure.net.evil.test").is_none());
        assert!(vault.audience("").is_none());
    }

    #[test]
    fn a_version_two_audience_is_the_client_id() {
        let api = Resource::new("api://orders")
            .app_id("abc")
            .token_version(TokenVersion::V2);
        assert_eq!(api.audience("api://orders").unwrap().aud, "abc");
    }

    #[test]
    fn a_star_is_one_label() {
        let blob = Resource::new("https://*.blob.core.windows.net");
        assert!(blob.audience("https://acct.blob.core.windows.net/").is_some());
        for wrong in [
            "https://.blob.core.windows.net",
            "https://a.b.blob.core.windows.net",
            "https://blob.core.windows.net",
        ] {
            assert!(blob.audience(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn no_identifier_is_known_twice() {
        let all = well_known();
        for resource in &all {
            let hits = all
                .iter()
                .filter(|other| other.audience(&resource.app_id).is_some())
                .count();
            assert_eq!(hits, 1, "{resource:?}");
        }
    }
}
