//! Look-ups in the emulated directory, strict or lenient.

use std::sync::Arc;

use super::resource::well_known;
use super::{App, Audience, Resource, Tenant, TokenVersion, User, guid};
use crate::error::StartError;

/// Everything that was configured, checked once at the start.
#[derive(Debug)]
pub(crate) struct Directory {
    tenants: Vec<Arc<Tenant>>,
    resources: Vec<Resource>,
    lenient: bool,
}

/// Why no tenant was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TenantMiss {
    /// Neither a GUID nor a domain name.
    Malformed,
    /// `common`, `organizations` or `consumers`: no tenant is named at all.
    Unnamed,
    /// Well formed, but not here.
    Unknown,
}

impl Directory {
    pub(crate) fn new(tenants: Vec<Tenant>, extra: Vec<Resource>, lenient: bool) -> Result<Self, StartError> {
        for (at, tenant) in tenants.iter().enumerate() {
            if !guid::is_guid(&tenant.id) {
                return Err(StartError::config(format!(
                    "the tenant id {:?} is not a GUID",
                    tenant.id
                )));
            }
            if tenants.iter().take(at).any(|other| other.id == tenant.id) {
                return Err(StartError::config(format!(
                    "the tenant id {} is used twice",
                    tenant.id
                )));
            }
            for (nth, app) in tenant.apps.iter().enumerate() {
                if !guid::is_guid(&app.id) {
                    return Err(StartError::config(format!(
                        "the client id {:?} is not a GUID",
                        app.id
                    )));
                }
                if let Some(problem) = &app.problem {
                    return Err(StartError::config(format!(
                        "the application {:?}: {problem}",
                        app.name
                    )));
                }
                if tenant.apps.iter().take(nth).any(|other| other.id == app.id) {
                    return Err(StartError::config(format!(
                        "the client id {} is used twice",
                        app.id
                    )));
                }
            }
        }
        let mut resources = extra;
        resources.extend(well_known());
        Ok(Self {
            tenants: tenants.into_iter().map(Arc::new).collect(),
            resources,
            lenient,
        })
    }

    pub(crate) fn tenants(&self) -> &[Arc<Tenant>] {
        &self.tenants
    }

    /// The tenant that a path segment names.
    pub(crate) fn tenant(&self, named: &str) -> Result<Arc<Tenant>, TenantMiss> {
        let lower = named.to_ascii_lowercase();
        if matches!(lower.as_str(), "common" | "organizations" | "consumers") {
            return Err(TenantMiss::Unnamed);
        }
        if let Some(found) = self
            .tenants
            .iter()
            .find(|tenant| tenant.id == lower || tenant.domains.contains(&lower))
        {
            return Ok(Arc::clone(found));
        }
        let is_guid = guid::is_guid(&lower);
        if !is_guid && !is_domain(&lower) {
            return Err(TenantMiss::Malformed);
        }
        if !self.lenient {
            return Err(TenantMiss::Unknown);
        }
        let made = Tenant::new(named);
        Ok(Arc::new(if is_guid {
            made.id(lower)
        } else {
            made.domain(lower)
        }))
    }

    /// The same for users: where no tenant is named, the first one is theirs.
    pub(crate) fn user_tenant(&self, named: &str) -> Result<Arc<Tenant>, TenantMiss> {
        match (self.tenant(named), self.tenants.first()) {
            (Err(TenantMiss::Unnamed), Some(first)) => Ok(Arc::clone(first)),
            (found, _) => found,
        }
    }

    /// The registered person with this sign-in name, in any case.
    pub(crate) fn user(&self, upn: &str) -> Option<(&Tenant, User)> {
        self.tenants.iter().find_map(|tenant| {
            let user = tenant
                .users
                .iter()
                .find(|user| user.upn.to_lowercase() == upn.to_lowercase())?;
            Some((&**tenant, user.clone()))
        })
    }

    /// Who signs in where nobody said who.
    pub(crate) fn first_user(&self) -> User {
        self.tenants
            .iter()
            .find_map(|tenant| tenant.users.first())
            .cloned()
            .unwrap_or_else(|| User::new("ada@contoso.test"))
    }

    /// The application that `client_id` names in `tenant`.
    pub(crate) fn app(&self, tenant: &Tenant, client_id: &str) -> Option<App> {
        let lower = client_id.to_ascii_lowercase();
        let here = tenant.apps.iter().find(|app| app.id == lower);
        let elsewhere = || {
            self.tenants
                .iter()
                .flat_map(|tenant| &tenant.apps)
                .find(|app| app.id == lower && app.multitenant)
        };
        here.or_else(elsewhere)
            .cloned()
            .or_else(|| everywhere(&lower))
            .or_else(|| self.lenient.then(|| App::confidential(client_id).id(client_id)))
    }

    /// Whom a token for the requested identifier would be for.
    pub(crate) fn audience(&self, tenant: &Tenant, requested: &str) -> Option<Audience> {
        let bare = requested.trim_end_matches('/');
        let own = tenant.apps.iter().find(|app| {
            bare.eq_ignore_ascii_case(&app.id)
                || bare
                    .strip_prefix("api://")
                    .is_some_and(|id| id.eq_ignore_ascii_case(&app.id))
                || app
                    .identifier_uris
                    .iter()
                    .any(|uri| uri.trim_end_matches('/') == bare)
        });
        if let Some(app) = own {
            let aud = match app.token_version {
                TokenVersion::V1 => requested.to_owned(),
                TokenVersion::V2 => app.id.clone(),
            };
            return Some(Audience {
                aud,
                key: app.id.clone(),
                version: app.token_version,
            });
        }
        self.resources
            .iter()
            .find_map(|resource| resource.audience(requested))
            .or_else(|| {
                (self.lenient && !bare.is_empty()).then(|| Audience {
                    aud: requested.to_owned(),
                    key: bare.to_owned(),
                    version: TokenVersion::V1,
                })
            })
    }

    /// Whether unknown tenants, applications, secrets and resources are taken.
    pub(crate) fn is_lenient(&self) -> bool {
        self.lenient
    }
}

/// Microsoft's own applications that every tenant knows: those that developers sign in with.
fn everywhere(client_id: &str) -> Option<App> {
    let name = match client_id {
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46" => "Microsoft Azure CLI",
        "aebc6443-996d-45c2-90f0-388ff96faa56" => "Visual Studio Code",
        _ => return None,
    };
    Some(App::public(name).id(client_id).family().reusable_refresh_tokens())
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::{Directory, TenantMiss};
    use crate::model::{App, Tenant};

    fn directory(lenient: bool) -> Directory {
        let first = Tenant::fixed()
            .app(App::fixed())
            .app(App::confidential("api").identifier_uri("api://orders"));
        let second = Tenant::new("Other").app(App::confidential("roaming").multitenant());
        Directory::new(vec![first, second], Vec::new(), lenient).unwrap()
    }

    #[test]
    fn tenants_are_found_by_id_and_domain_in_any_case() {
        let directory = directory(false);
        for named in ["11111111-1111-1111-1111-111111111111", "CONTOSO.test"] {
            assert_eq!(directory.tenant(named).unwrap().name, "Contoso");
        }
        assert_eq!(directory.tenant("common").unwrap_err(), TenantMiss::Unnamed);
        assert_eq!(directory.tenant("nowhere.test").unwrap_err(), TenantMiss::Unknown);
        for malformed in ["", "nodots", "..", "-a.test", "a b.test"] {
            assert_eq!(
                directory.tenant(malformed).unwrap_err(),
                TenantMiss::Malformed,
                "{malformed}"
            );
        }
    }

    #[test]
    fn apps_are_known_in_their_tenant_and_multitenant_ones_everywhere() {
        let directory = directory(false);
        let contoso = directory.tenant("contoso.test").unwrap();
        let roaming = App::confidential("roaming").id;
        assert!(directory.app(&contoso, &roaming).is_some());
        let other = std::sync::Arc::clone(&directory.tenants()[1]);
        assert!(directory.app(&other, crate::DEFAULT_CLIENT_ID).is_none());
        assert_eq!(
            directory.audience(&contoso, "api://orders").unwrap().aud,
            App::confidential("api").id
        );
        assert!(directory.audience(&other, "api://orders").is_none());
    }

    #[test]
    fn lenient_makes_up_what_is_missing_but_not_what_is_malformed() {
        let directory = directory(true);
        let made = directory.tenant("nowhere.test").unwrap();
        assert!(directory.app(&made, "anything").is_some());
        assert_eq!(
            directory.audience(&made, "https://any.test/").unwrap().aud,
            "https://any.test/"
        );
        assert_eq!(directory.tenant("..").unwrap_err(), TenantMiss::Malformed);
    }

    #[test]
    fn bad_and_double_ids_are_refused() {
        let bad = Directory::new(vec![Tenant::new("x").id("x")], Vec::new(), false).unwrap_err();
        assert!(bad.to_string().contains("not a GUID"), "{bad}");
        let twice = Directory::new(vec![Tenant::fixed(), Tenant::fixed()], Vec::new(), false).unwrap_err();
        assert!(twice.to_string().contains("used twice"), "{twice}");
    }
}
