//! The seed file: whom the emulator knows.

use std::time::Duration;

use identity_emulator::{
    App, Builder, DEFAULT_CLIENT_ID, DEFAULT_SECRET, DEFAULT_TENANT_ID, FederatedCredential, Resource,
    Tenant, User,
};
use serde::Deserialize;

use crate::failure::Failure;

/// What to do about a seed file that can't be understood.
const HINT: &str = "`entra help emulate` shows all that a seed file may have";

/// The content of a seed file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seed {
    #[serde(default)]
    pub(super) tenants: Vec<TenantSeed>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    /// Seconds between two questions of a device.
    #[serde(default)]
    pub(super) device_interval: Option<u64>,
}

/// A tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantSeed {
    pub(super) name: String,
    /// Derived from the name when it is left out.
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) domains: Vec<String>,
    /// Seconds.
    #[serde(default)]
    pub(super) token_lifetime: Option<u64>,
    #[serde(default)]
    pub(super) apps: Vec<AppSeed>,
    #[serde(default)]
    pub(super) users: Vec<UserSeed>,
}

/// An application.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AppSeed {
    pub(super) name: String,
    /// Derived from the name when it is left out.
    pub(super) client_id: Option<String>,
    pub(super) secrets: Vec<String>,
    /// PEM texts.
    pub(super) certificates: Vec<String>,
    pub(super) federated: Vec<FederatedSeed>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) single_use_assertions: bool,
    pub(super) reusable_refresh_tokens: bool,
    pub(super) roles: Vec<String>,
    pub(super) identifier_uris: Vec<String>,
    pub(super) multitenant: bool,
    pub(super) public: bool,
    pub(super) disabled: bool,
    /// Seconds.
    pub(super) token_lifetime: Option<u64>,
}

/// A person. The password is one for tests, as the secrets of applications are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserSeed {
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    federated: bool,
    #[serde(default)]
    mfa: bool,
}

/// Whose tokens prove an application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FederatedSeed {
    issuer: String,
    subject: String,
    #[serde(default)]
    audiences: Vec<String>,
    /// A PEM text with the issuer's public key; the emulator's own key when it is left out.
    #[serde(default)]
    key: Option<String>,
}

impl Default for Seed {
    /// The tenant, application and secret whose ids never change.
    fn default() -> Self {
        let app = AppSeed {
            name: "default".to_owned(),
            client_id: Some(DEFAULT_CLIENT_ID.to_owned()),
            secrets: vec![DEFAULT_SECRET.to_owned()],
            ..AppSeed::default()
        };
        let tenant = TenantSeed {
            name: "Contoso".to_owned(),
            id: Some(DEFAULT_TENANT_ID.to_owned()),
            domains: vec!["contoso.test".to_owned()],
            token_lifetime: None,
            apps: vec![app],
            users: Vec::new(),
        };
        Self {
            tenants: vec![tenant],
            resources: Vec::new(),
            device_interval: None,
        }
    }
}

impl Seed {
    /// Reads a file.
    ///
    /// # Errors
    /// A usage failure that says where it is wrong. Ids are checked when the emulator starts.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let seed: Self = serde_json::from_slice(bytes)
            .map_err(|error| Failure::usage(format!("the seed file can't be read: {error}")).hint(HINT))?;
        let names = |what: &str, names: Vec<&str>| match names.iter().any(|name| name.is_empty()) {
            true => Err(Failure::usage(format!("the seed file has {what} without a name")).hint(HINT)),
            false => Ok(()),
        };
        names(
            "a tenant",
            seed.tenants.iter().map(|tenant| tenant.name.as_str()).collect(),
        )?;
        let apps = seed.tenants.iter().flat_map(|tenant| &tenant.apps);
        names("an application", apps.map(|app| app.name.as_str()).collect())?;
        let users = seed.tenants.iter().flat_map(|tenant| &tenant.users);
        names("a user", users.map(|user| user.name.as_str()).collect())?;
        match seed.tenants.is_empty() {
            true => Ok(Self {
                tenants: Self::default().tenants,
                ..seed
            }),
            false => Ok(seed),
        }
    }

    /// Adds all of it.
    pub(super) fn apply(&self, mut builder: Builder) -> Builder {
        for tenant in &self.tenants {
            builder = builder.tenant(tenant.build());
        }
        for resource in &self.resources {
            builder = builder.resource(Resource::new(resource));
        }
        match self.device_interval {
            Some(seconds) => builder.device_interval(seconds),
            None => builder,
        }
    }
}

impl TenantSeed {
    fn build(&self) -> Tenant {
        let mut tenant = Tenant::new(&self.name);
        if let Some(id) = &self.id {
            tenant = tenant.id(id);
        }
        for domain in &self.domains {
            tenant = tenant.domain(domain);
        }
        if let Some(seconds) = self.token_lifetime {
            tenant = tenant.token_lifetime(Duration::from_secs(seconds));
        }
        for app in &self.apps {
            tenant = tenant.app(app.build());
        }
        for user in &self.users {
            tenant = tenant.user(user.build());
        }
        tenant
    }
}

impl UserSeed {
    fn build(&self) -> User {
        let mut user = User::new(&self.name);
        if let Some(name) = &self.display_name {
            user = user.display_name(name);
        }
        if let Some(password) = &self.password {
            user = user.password(password);
        }
        if self.federated {
            user = user.federated();
        }
        match self.mfa {
            true => user.requires_mfa(),
            false => user,
        }
    }
}

impl AppSeed {
    fn build(&self) -> App {
        let mut app = match self.public {
            true => App::public(&self.name),
            false => App::confidential(&self.name),
        };
        if let Some(id) = &self.client_id {
            app = app.id(id);
        }
        for secret in &self.secrets {
            app = app.secret(secret);
        }
        for certificate in &self.certificates {
            app = app.certificate(certificate);
        }
        for federated in &self.federated {
            app = app.federated(federated.build());
        }
        for uri in &self.redirect_uris {
            app = app.redirect_uri(uri);
        }
        if self.single_use_assertions {
            app = app.single_use_assertions();
        }
        if self.reusable_refresh_tokens {
            app = app.reusable_refresh_tokens();
        }
        for role in &self.roles {
            app = app.role(role);
        }
        for uri in &self.identifier_uris {
            app = app.identifier_uri(uri);
        }
        if self.multitenant {
            app = app.multitenant();
        }
        if self.disabled {
            app = app.disabled();
        }
        match self.token_lifetime {
            Some(seconds) => app.token_lifetime(Duration::from_secs(seconds)),
            None => app,
        }
    }
}

impl FederatedSeed {
    fn build(&self) -> FederatedCredential {
        let mut credential = FederatedCredential::new(&self.issuer, &self.subject);
        for audience in &self.audiences {
            credential = credential.audience(audience);
        }
        match &self.key {
            Some(pem) => credential.signed_by(pem),
            None => credential,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_file_is_read_and_all_but_names_may_be_left_out() {
        let seed =
            Seed::parse(br#"{"tenants":[{"name":"A","apps":[{"name":"job","secrets":["s"]}]}]}"#).unwrap();
        let app = seed
            .tenants
            .first()
            .and_then(|tenant| tenant.apps.first())
            .unwrap();
        assert_eq!((app.name.as_str(), app.secrets.len()), ("job", 1));
        let only_resources = Seed::parse(br#"{"resources":["https://orders.test"]}"#).unwrap();
        assert_eq!(only_resources.tenants.first().unwrap().name, "Contoso");
        let only_interval = Seed::parse(br#"{"device_interval":1}"#).unwrap();
        assert_eq!(only_interval.device_interval, Some(1));
    }

    #[test]
    fn people_come_with_what_the_seed_says_of_them() {
        let seed = Seed::parse(
            br#"{"tenants":[{"name":"A","users":[{"name":"ada@a.test"},{"name":"bob@a.test","display_name":"Bob","password":"p","federated":true,"mfa":true}]}]}"#,
        )
        .unwrap();
        let built: Vec<_> = seed
            .tenants
            .iter()
            .flat_map(|tenant| &tenant.users)
            .map(UserSeed::build)
            .collect();
        let bob = User::new("bob@a.test")
            .display_name("Bob")
            .password("p")
            .federated()
            .requires_mfa();
        assert!(built == [User::new("ada@a.test"), bob]);
    }

    #[test]
    fn slips_in_a_seed_file_are_told() {
        for (bad, part) in [
            ("", "EOF"),
            ("[]x", "can't be read"),
            (r#"{"tenant":[]}"#, "unknown field `tenant`"),
            (r#"{"tenants":[{"id":"x"}]}"#, "missing field `name`"),
            (r#"{"tenants":[{"name":""}]}"#, "a tenant without a name"),
            (
                r#"{"tenants":[{"name":"A","apps":[{}]}]}"#,
                "an application without a name",
            ),
            (
                r#"{"tenants":[{"name":"A","users":[{"name":""}]}]}"#,
                "a user without a name",
            ),
        ] {
            let text = Seed::parse(bad.as_bytes()).unwrap_err().text();
            assert!(text.contains(part), "{bad}: {text}");
        }
    }
}
