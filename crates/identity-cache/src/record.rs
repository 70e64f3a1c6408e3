//! Which account signed in.

mod from_answer;
#[cfg(test)]
mod tests;

use identity_base::{Authority, ClientId, Error, ErrorKind, Foreign, TenantId};
use identity_runtime::entra::TokenResponse;
use identity_runtime::json::Json;

/// The only version there is.
const VERSION: &str = "1.0";
/// The longest record that is read.
const MAX_BYTES: usize = 16 * 1024;
/// The longest account id or user name.
const MAX_NAME_BYTES: usize = 1024;

/// The account that signed in, so that a later run of the program finds it in the cache.
///
/// It holds no secret. Its JSON is the one of azure-identity for Python, .NET, Java and JavaScript, so a record of theirs can be read here.
///
/// ```
/// use identity_cache::AuthenticationRecord;
/// let record = AuthenticationRecord::deserialize(
///     r#"{"authority": "login.microsoftonline.com", "clientId": "04b07795", "homeAccountId": "u.t", "tenantId": "t", "username": "ada@contoso.com", "version": "1.0"}"#,
/// )?;
/// assert_eq!(record.username(), "ada@contoso.com");
/// assert_eq!(AuthenticationRecord::deserialize(&record.serialize())?, record);
/// # Ok::<(), identity_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationRecord {
    authority: Authority,
    client_id: ClientId,
    home_account_id: String,
    tenant_id: TenantId,
    username: String,
}

impl AuthenticationRecord {
    /// A record of its parts.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the account id or user name is empty, longer than 1,024 bytes or holds control characters.
    pub fn new(
        authority: Authority,
        tenant_id: TenantId,
        client_id: ClientId,
        home_account_id: impl Into<String>,
        username: impl Into<String>,
    ) -> Result<Self, Error> {
        let record = Self {
            authority,
            client_id,
            home_account_id: home_account_id.into(),
            tenant_id,
            username: username.into(),
        };
        for (what, text) in [
            ("homeAccountId", &record.home_account_id),
            ("username", &record.username),
        ] {
            if text.is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
                return Err(invalid(format!("{what} {} can't be", Foreign::quoted(text, 80))));
            }
        }
        Ok(record)
    }

    /// The record of the account that an answer is for, from its id token and client info.
    ///
    /// # Errors
    /// [`ErrorKind::AuthenticationFailed`] when the answer has no id token, or that lacks the issuer, audience, tenant, user name or account id.
    pub fn from_response(response: &TokenResponse) -> Result<Self, Error> {
        from_answer::record(response)
    }

    /// Reads a record.
    ///
    /// What it says is checked like a setting: the authority has to be a host, and it is trusted no more than one that was configured.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] for text that isn't a record, a version other than `1.0`, a missing or malformed member.
    pub fn deserialize(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(invalid(format!("it has more than {MAX_BYTES} bytes")));
        }
        let json = Json::parse(text.as_bytes()).map_err(|error| invalid(error.to_string()))?;
        if json.as_object().is_none() {
            return Err(invalid(format!("it is {}", json.kind())));
        }
        match json.text("version") {
            Some(VERSION) => {}
            Some(version) => {
                return Err(invalid(format!(
                    "its version is {}, and only {VERSION} is known",
                    Foreign::quoted(version, 40)
                )));
            }
            None => return Err(invalid("it has no version".to_owned())),
        }
        let member = |name: &'static str| {
            json.text(name)
                .ok_or_else(|| invalid(format!("{name} is missing or not a text")))
        };
        let authority = member("authority")?;
        let authority = match authority.contains('/') {
            false => Authority::parse(authority).map_err(malformed)?,
            true => return Err(invalid("its authority is not a bare host".to_owned())),
        };
        Self::new(
            authority,
            TenantId::parse(member("tenantId")?).map_err(malformed)?,
            ClientId::parse(member("clientId")?).map_err(malformed)?,
            member("homeAccountId")?,
            member("username")?,
        )
    }

    /// The record as JSON.
    #[must_use]
    pub fn serialize(&self) -> String {
        let json = Json::Object(
            [
                ("authority", self.authority.origin()),
                ("clientId", self.client_id.as_str()),
                ("homeAccountId", &self.home_account_id),
                ("tenantId", self.tenant_id.as_str()),
                ("username", &self.username),
                ("version", VERSION),
            ]
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .into(),
        );
        json.to_document().as_str().to_owned()
    }

    /// The authority that issued the account's tokens.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The application that the account signed in to.
    #[must_use]
    pub const fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The account's id in the cache, `object.tenant` of its home tenant.
    #[must_use]
    pub fn home_account_id(&self) -> &str {
        &self.home_account_id
    }

    /// The tenant that the account signed in to.
    #[must_use]
    pub const fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// The user's name, usually an address. To be shown, not to be trusted as an identity.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }
}

fn malformed(error: Error) -> Error {
    invalid(error.message().to_owned())
}

fn invalid(why: String) -> Error {
    Error::new(
        ErrorKind::InvalidConfiguration,
        format!("the text is not an authentication record: {why}"),
    )
    .with_hint("sign in again with `authenticate` and keep the record that it returns")
}
