//! The process environment.

use std::ffi::OsString;

use identity_base::seam::Env;

/// The environment of this process. It is read, never changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnv(());

impl SystemEnv {
    /// The environment of this process.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

impl Env for SystemEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the seam's real implementation")]
    fn raw(&self, name: &str) -> Option<OsString> {
        // std panics on these names, on some platforms.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var_os(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read() {
        let env = SystemEnv::new();
        assert!(env.var("PATH").is_some());
        assert_eq!(env.var("NO_SUCH_VARIABLE_AS_THIS_ONE"), None);
        for bad in ["", "A=B", "A\0"] {
            assert_eq!(env.raw(bad), None, "{bad:?}");
        }
    }
}
