//! Developer tools: where they are, and which version.

use std::time::Duration;

use identity_base::Foreign;
use identity_base::seam::{ProcessErrorKind, ProcessRequest};
use identity_runtime::json::Json;

use crate::diagnosis::look::{Look, shown};
use crate::diagnosis::report::{Finding, LinkReport};
use crate::diagnosis::situation::{TOOL_MISSING, TOOL_UNTRUSTED};

/// How long a tool may take to tell its version.
const LIMIT: Duration = Duration::from_secs(10);

/// A tool.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its programs, the first one that is there counts.
    programs: &'static [&'static str],
    /// What makes it tell its version.
    arguments: &'static [&'static str],
    /// Reads the version from what it prints.
    version: fn(&str) -> Option<String>,
}

pub(super) const AZ: Tool = Tool {
    programs: &["az"],
    arguments: &["version", "--output", "json"],
    version: |text| Some(Json::parse(text.as_bytes()).ok()?.text("azure-cli")?.to_owned()),
};

pub(super) const AZD: Tool = Tool {
    programs: &["azd"],
    arguments: &["version", "--output", "json"],
    version: |text| {
        let json = Json::parse(text.as_bytes()).ok()?;
        Some(json.get("azd")?.text("version")?.to_owned())
    },
};

pub(super) const PWSH: Tool = Tool {
    programs: &["pwsh", "powershell"],
    arguments: &["--version"],
    version: |text| Some(text.trim().strip_prefix("PowerShell ")?.to_owned()),
};

pub(super) async fn inspect(look: &Look<'_>, link: &mut LinkReport, tool: &Tool) {
    let runner = look.options.process_runner();
    let mut located = tool
        .programs
        .iter()
        .map(|program| (*program, runner.locate(program)))
        // As the credentials do: another program is only looked for where this one is missing.
        .filter(|(_, path)| !matches!(path, Err(error) if error.kind == ProcessErrorKind::NotFound));
    let (program, path) = match located.next() {
        Some((program, Ok(path))) => (program, path),
        Some((_, Err(error))) if error.kind == ProcessErrorKind::Untrusted => {
            let message = Foreign::new(&error.message, 300).to_string();
            link.findings.push(Finding::new(&TOOL_UNTRUSTED, message));
            return;
        }
        _ => {
            let message = format!("{} is not in PATH", tool.programs.join(" or "));
            link.findings.push(Finding::new(&TOOL_MISSING, message));
            return;
        }
    };
    let mut text = format!("{program} is {}", shown(&path));
    if look.may_ask {
        let request = ProcessRequest::new(program).args(tool.arguments).timeout(LIMIT);
        let version = match runner.run(request).await {
            Ok(output) => std::str::from_utf8(&output.stdout)
                .ok()
                .and_then(tool.version)
                .map_or_else(
                    || "which tells no version".to_owned(),
                    |version| format!("version {}", Foreign::new(&version, 60)),
                ),
            Err(error) => format!("which tells no version: {}", Foreign::new(&error.message, 200)),
        };
        text.push_str(", ");
        text.push_str(&version);
    }
    link.evidence.push(text);
}
