//! Which tenants a credential may be asked for.

use identity_base::seam::Env;
use identity_base::{Error, ErrorKind, TenantId};

use crate::env_vars;

/// Stands for every tenant in the list of additionally allowed ones.
const ANY: &str = "*";

/// The tenants that a credential may be asked for: its own, and those that were allowed in addition.
///
/// ```
/// use std::collections::HashMap;
/// use identity_base::TenantId;
/// use identity_runtime::TenantPolicy;
/// let env = HashMap::<String, String>::new();
/// let policy = TenantPolicy::new(TenantId::parse("contoso.com")?).allow(["fabrikam.com"])?;
/// assert_eq!(policy.resolve("Contoso.COM", &env)?, None);
/// assert_eq!(policy.resolve("fabrikam.com", &env)?.as_deref(), Some("fabrikam.com"));
/// assert!(policy.resolve("other.com", &env).is_err());
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TenantPolicy {
    own: Option<TenantId>,
    allowed: Vec<TenantId>,
    any: bool,
}

impl TenantPolicy {
    /// The credential's own tenant alone.
    #[must_use]
    pub const fn new(own: TenantId) -> Self {
        Self {
            own: Some(own),
            allowed: Vec::new(),
            any: false,
        }
    }

    /// No tenant of its own, as for developer tools that have one signed in: every tenant may be asked for.
    #[must_use]
    pub const fn without_own() -> Self {
        Self {
            own: None,
            allowed: Vec::new(),
            any: false,
        }
    }

    /// Allows more tenants; `*` allows all but `adfs`, which is none of Entra's.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for a text that is neither a tenant nor `*`.
    pub fn allow<I>(mut self, tenants: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for tenant in tenants {
            match tenant.as_ref().trim() {
                ANY => self.any = true,
                tenant => self.allowed.push(TenantId::parse(tenant)?),
            }
        }
        Ok(self)
    }

    /// Allows the tenants of `AZURE_ADDITIONALLY_ALLOWED_TENANTS`, separated by `;`.
    ///
    /// # Errors
    /// As [`TenantPolicy::allow`].
    pub fn allow_from_env(self, env: &dyn Env) -> Result<Self, Error> {
        let list = env
            .var(env_vars::AZURE_ADDITIONALLY_ALLOWED_TENANTS)
            .unwrap_or_default();
        self.allow(list.split(';').map(str::trim).filter(|tenant| !tenant.is_empty()))
    }

    /// The credential's own tenant.
    #[must_use]
    pub const fn own(&self) -> Option<&TenantId> {
        self.own.as_ref()
    }

    /// Decides which tenant a request for `requested` goes to: `None` is the credential's own. Fits
    /// [`FetchToken::resolve_tenant`](identity_base::FetchToken::resolve_tenant).
    ///
    /// `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` set to `1` or `true` makes every request go to the own tenant, and so does ADFS, which has no others.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when `requested` can't be a tenant, [`ErrorKind::AuthenticationFailed`] when it isn't allowed.
    pub fn resolve(&self, requested: &str, env: &dyn Env) -> Result<Option<String>, Error> {
        if requested.is_empty() {
            return Ok(None);
        }
        let requested = TenantId::parse(requested)?;
        let Some(own) = &self.own else {
            return Ok(Some(requested.to_string()));
        };
        if requested == *own {
            return Ok(None);
        }
        if own.is_adfs() || is_disabled(env) {
            tracing::info!(target: crate::trace::TARGET, "a request named another tenant, which is ignored here");
            return Ok(None);
        }
        let is_open = self.any || (own.matches("organizations") && self.allowed.is_empty());
        // ADFS is no tenant among others: its authority isn't confirmed by the public cloud, and it takes weaker assertions. So it has to be named.
        if (is_open && !requested.is_adfs()) || self.allowed.contains(&requested) {
            return Ok(Some(requested.to_string()));
        }
        Err(Error::new(
            ErrorKind::AuthenticationFailed,
            format!("the credential is not configured for the tenant {requested}"),
        )
        .with_hint("add the tenant, or \"*\", to the additionally allowed tenants"))
    }

    /// The tenant a request goes to, as a value: `resolved` is what [`TenantPolicy::resolve`] gave, `None` for the own one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when there is neither.
    pub fn tenant(&self, resolved: Option<&str>) -> Result<TenantId, Error> {
        match (resolved, &self.own) {
            (Some(tenant), _) => TenantId::parse(tenant),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => Err(Error::new(ErrorKind::InvalidConfiguration, "no tenant is set")),
        }
    }
}

fn is_disabled(env: &dyn Env) -> bool {
    env.var(env_vars::AZURE_IDENTITY_DISABLE_MULTITENANTAUTH)
        .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn policy(own: &str, allowed: &[&str]) -> TenantPolicy {
        TenantPolicy::new(TenantId::parse(own).unwrap())
            .allow(allowed)
            .unwrap()
    }

    fn resolve(policy: &TenantPolicy, requested: &str) -> Result<Option<String>, ErrorKind> {
        policy
            .resolve(requested, &HashMap::new())
            .map_err(|error| error.kind())
    }

    fn other(tenant: &str) -> Result<Option<String>, ErrorKind> {
        Ok(Some(tenant.to_owned()))
    }

    #[test]
    fn own_and_allowed_tenants_pass_in_any_case() {
        let policy = policy("Contoso.com", &["Fabrikam.com", " other.com "]);
        assert_eq!(resolve(&policy, ""), Ok(None));
        assert_eq!(resolve(&policy, "CONTOSO.COM"), Ok(None));
        assert_eq!(resolve(&policy, "FABRIKAM.com"), other("FABRIKAM.com"));
        assert_eq!(resolve(&policy, "other.com"), other("other.com"));
        assert_eq!(
            resolve(&policy, "third.com"),
            Err(ErrorKind::AuthenticationFailed)
        );
    }

    #[test]
    fn malformed_tenants_are_another_error_than_forbidden_ones() {
        let policy = policy("t", &["*"]);
        for bad in ["../x", "a b", "--debug", "*", "é"] {
            assert_eq!(
                resolve(&policy, bad),
                Err(ErrorKind::InvalidConfiguration),
                "{bad}"
            );
        }
        assert_eq!(resolve(&policy, "anything.com"), other("anything.com"));
        assert!(
            TenantPolicy::new(TenantId::parse("t").unwrap())
                .allow(["a/b"])
                .is_err()
        );
    }

    #[test]
    fn pseudo_tenants_have_their_own_rules() {
        assert_eq!(resolve(&policy("adfs", &["*"]), "x"), Ok(None));
        for any in [policy("t", &["*"]), policy("organizations", &[])] {
            assert_eq!(resolve(&any, "ADFS"), Err(ErrorKind::AuthenticationFailed));
        }
        assert_eq!(resolve(&policy("t", &["adfs"]), "adfs"), other("adfs"));
        assert_eq!(resolve(&policy("organizations", &[]), "x"), other("x"));
        assert_eq!(
            resolve(&policy("organizations", &["y"]), "x"),
            Err(ErrorKind::AuthenticationFailed)
        );
        assert_eq!(resolve(&TenantPolicy::without_own(), "x"), other("x"));
        assert_eq!(
            resolve(&policy("common", &[]), "x"),
            Err(ErrorKind::AuthenticationFailed)
        );
    }

    #[test]
    fn the_switch_in_the_environment_is_a_boolean() {
        let policy = policy("t", &["x"]);
        let with = |value: &str| {
            let env = HashMap::from([(
                "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH".to_owned(),
                value.to_owned(),
            )]);
            policy.resolve("x", &env).unwrap()
        };
        for on in ["1", "true", "TRUE"] {
            assert_eq!(with(on), None, "{on}");
        }
        for off in ["", "0", "false", "no"] {
            assert_eq!(with(off).as_deref(), Some("x"), "{off}");
        }
    }

    #[test]
    fn the_environment_can_allow_more() {
        let env = HashMap::from([(
            "AZURE_ADDITIONALLY_ALLOWED_TENANTS".to_owned(),
            "a ; ;b;".to_owned(),
        )]);
        let policy = policy("t", &[]).allow_from_env(&env).unwrap();
        assert_eq!(policy.allowed.len(), 2);
        assert_eq!(resolve(&policy, "B"), other("B"));
    }

    #[test]
    fn the_resolved_tenant_becomes_a_value() {
        let policy = policy("t", &[]);
        assert_eq!(policy.tenant(None).unwrap().as_str(), "t");
        assert_eq!(policy.tenant(Some("x")).unwrap().as_str(), "x");
        assert!(policy.tenant(Some("x/y")).is_err() && TenantPolicy::without_own().tenant(None).is_err());
    }
}
