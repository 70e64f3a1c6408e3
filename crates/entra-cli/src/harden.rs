//! Keeps what the process holds in memory out of files.

/// Ends core dumps for this process before it holds a secret: by the limit, and on Linux by the flag that also keeps crash handlers of the
/// system and other processes of the same user from reading its memory.
///
/// # Errors
/// When the system refuses.
#[cfg(unix)]
pub(crate) fn no_core_dumps() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Windows writes dumps only where a machine is set up to collect them, which a process can't forbid through safe interfaces.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "other systems can refuse")]
pub(crate) fn no_core_dumps() -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_limit_is_zero_afterwards() {
        super::no_core_dumps().unwrap();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }
}
