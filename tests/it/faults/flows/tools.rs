//! Credentials of developer tools: real programs, in real time.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, TokenCredential,
};
use identity_emulator::{DeveloperTool, Route};

use super::{Flow, Kind};

/// How long a tool may take here.
pub(in crate::faults) const LIMIT: Duration = Duration::from_millis(2500);

/// No request of these is met: the program is.
const NONE: Route = Route::Unknown;

pub(super) const FLOWS: &[Flow] = &[
    Flow::new("Azure CLI", Kind::Tool, NONE, |stage, _| {
        Box::pin(async move {
            let builder = AzureCliCredential::builder()
                .with_options(&stage.tool_options())
                .with_process_timeout(LIMIT);
            Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
        })
    }),
    Flow::new("Azure Developer CLI", Kind::Tool, NONE, |stage, _| {
        Box::pin(async move {
            let builder = AzureDeveloperCliCredential::builder()
                .with_options(&stage.tool_options())
                .with_process_timeout(LIMIT);
            Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
        })
    }),
    Flow::new("Azure PowerShell", Kind::Tool, NONE, |stage, _| {
        Box::pin(async move {
            let builder = AzurePowerShellCredential::builder()
                .with_options(&stage.tool_options())
                .with_process_timeout(LIMIT);
            Arc::new(builder.build().unwrap()) as Arc<dyn TokenCredential>
        })
    }),
];

/// The program of a flow.
pub(in crate::faults) fn tool(flow: &Flow) -> DeveloperTool {
    match flow.id {
        "Azure CLI" => DeveloperTool::AzureCli,
        "Azure Developer CLI" => DeveloperTool::AzureDeveloperCli,
        _ => DeveloperTool::PowerShell,
    }
}
