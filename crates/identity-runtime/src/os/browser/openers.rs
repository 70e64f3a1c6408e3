//! Which programs to try, in order.

use identity_base::seam::{Env, ProcessRequest};

use crate::env_vars;

/// The openers for `url` in this environment; none when there is nothing to open it with.
pub(super) fn openers(env: &dyn Env, url: &str) -> Vec<ProcessRequest> {
    let mut openers = chosen(env, url);
    openers.extend(of_the_system(env, url));
    openers
}

/// The programs of `$BROWSER`: separated by `:`, each with arguments, `%s` standing for the URL.
#[cfg(unix)]
fn chosen(env: &dyn Env, url: &str) -> Vec<ProcessRequest> {
    let list = env.var(env_vars::BROWSER).unwrap_or_default();
    list.split(':')
        .filter_map(|command| command_of(command, url))
        .collect()
}

#[cfg(not(unix))]
fn chosen(_env: &dyn Env, _url: &str) -> Vec<ProcessRequest> {
    Vec::new()
}

#[cfg(unix)]
fn command_of(command: &str, url: &str) -> Option<ProcessRequest> {
    let mut words = command.split_ascii_whitespace();
    let mut request = ProcessRequest::new(words.next()?);
    let mut has_url = false;
    for word in words {
        has_url |= word.contains("%s");
        request = request.arg(word.replace("%s", url));
    }
    Some(if has_url { request } else { request.arg(url) })
}

/// The desktop's openers. Without a desktop they would start a text browser, which waits for a terminal that isn't there.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn of_the_system(env: &dyn Env, url: &str) -> Vec<ProcessRequest> {
    /// The URL handler of the Windows side, where the subsystem for Linux has it.
    const WINDOWS_HANDLER: &str = "/mnt/c/Windows/System32/rundll32.exe";

    let mut openers = Vec::new();
    if env.var(env_vars::WSL_DISTRO_NAME).is_some() {
        openers.push(ProcessRequest::new("wslview").arg(url));
        openers.push(
            ProcessRequest::new(WINDOWS_HANDLER)
                .arg("url.dll,FileProtocolHandler")
                .arg(url),
        );
    }
    if env.var(env_vars::DISPLAY).is_some() || env.var(env_vars::WAYLAND_DISPLAY).is_some() {
        openers.push(ProcessRequest::new("xdg-open").arg(url));
        openers.push(ProcessRequest::new("gio").arg("open").arg(url));
        openers.push(ProcessRequest::new("sensible-browser").arg(url));
        openers.push(ProcessRequest::new("x-www-browser").arg(url));
    }
    openers
}

#[cfg(target_vendor = "apple")]
fn of_the_system(_env: &dyn Env, url: &str) -> Vec<ProcessRequest> {
    vec![ProcessRequest::new("/usr/bin/open").arg(url)]
}

#[cfg(windows)]
fn of_the_system(env: &dyn Env, url: &str) -> Vec<ProcessRequest> {
    let root = env.var("SystemRoot").unwrap_or_else(|| r"C:\Windows".to_owned());
    let handler = format!(r"{root}\System32\rundll32.exe");
    vec![
        ProcessRequest::new(handler)
            .arg("url.dll,FileProtocolHandler")
            .arg(url),
    ]
}

#[cfg(not(any(unix, windows)))]
fn of_the_system(_env: &dyn Env, _url: &str) -> Vec<ProcessRequest> {
    Vec::new()
}
