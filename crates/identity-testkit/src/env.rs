//! An environment of its own for each test.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_base::seam::Env;

/// A fixed environment, for the tests that need no more.
///
/// ```
/// use identity_base::seam::Env;
/// let env = identity_testkit::env([("AZURE_CLIENT_ID", "app")]);
/// assert_eq!(env.var("AZURE_CLIENT_ID").as_deref(), Some("app"));
/// ```
pub fn env<N: Into<String>, V: Into<String>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> HashMap<String, String> {
    variables
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// An environment that can change, holds values that aren't Unicode, and remembers what was looked up. Clones are the same environment.
///
/// `Debug` shows the names only.
///
/// ```
/// use identity_base::seam::Env;
/// use identity_testkit::TestEnv;
/// let env = TestEnv::new();
/// env.set("AZURE_TENANT_ID", "contoso.com");
/// assert_eq!(env.var("AZURE_TENANT_ID").as_deref(), Some("contoso.com"));
/// assert_eq!(env.var("AZURE_CLIENT_ID"), None);
/// assert_eq!(env.looked_up(), ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"]);
/// ```
#[derive(Clone, Default)]
pub struct TestEnv(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    variables: BTreeMap<String, OsString>,
    looked_up: BTreeSet<String>,
}

impl TestEnv {
    /// An empty environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable.
    pub fn set(&self, name: impl Into<String>, value: impl Into<OsString>) -> &Self {
        self.lock().variables.insert(name.into(), value.into());
        self
    }

    /// Takes a variable away.
    pub fn unset(&self, name: &str) -> &Self {
        self.lock().variables.remove(name);
        self
    }

    /// The names that were looked up, sorted, each once.
    #[must_use]
    pub fn looked_up(&self) -> Vec<String> {
        self.lock().looked_up.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Env for TestEnv {
    fn raw(&self, name: &str) -> Option<OsString> {
        let mut state = self.lock();
        state.looked_up.insert(name.to_owned());
        state.variables.get(name).cloned()
    }
}

impl fmt::Debug for TestEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestEnv")
            .field(&self.lock().variables.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_and_go_and_empty_ones_count_as_unset() {
        let env = TestEnv::new();
        env.set("A", "1").set("B", "");
        assert_eq!(
            (env.var("A"), env.var("B"), env.raw("B")),
            (Some("1".to_owned()), None, Some(OsString::new()))
        );
        env.unset("A");
        assert_eq!(env.var("A"), None);
        assert!(!format!("{env:?}").contains('1'));
    }

    #[cfg(unix)]
    #[test]
    fn values_need_not_be_unicode() {
        use std::os::unix::ffi::OsStringExt as _;
        let env = TestEnv::new();
        env.set("A", OsString::from_vec(vec![0xFF]));
        assert_eq!(
            (env.var("A"), env.raw("A").map(|value| value.len())),
            (None, Some(1))
        );
    }
}
