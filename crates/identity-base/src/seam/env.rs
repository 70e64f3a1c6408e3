//! Environment variables.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

/// Reads environment variables.
pub trait Env: fmt::Debug + Send + Sync {
    /// The variable's value, raw; `None` when it isn't set.
    fn raw(&self, name: &str) -> Option<OsString>;

    /// The variable's value. A variable that is unset, empty, or not valid Unicode counts as unset.
    fn var(&self, name: &str) -> Option<String> {
        self.raw(name)?
            .into_string()
            .ok()
            .filter(|value| !value.is_empty())
    }
}

/// A fixed environment, for tests and for programs that configure credentials without the process environment.
///
/// ```
/// use std::collections::HashMap;
/// use identity_base::seam::Env;
/// let env = HashMap::from([("AZURE_TENANT_ID".to_owned(), "contoso.com".to_owned())]);
/// assert_eq!(env.var("AZURE_TENANT_ID").as_deref(), Some("contoso.com"));
/// ```
impl Env for HashMap<String, String> {
    fn raw(&self, name: &str) -> Option<OsString> {
        self.get(name).map(OsString::from)
    }
}
