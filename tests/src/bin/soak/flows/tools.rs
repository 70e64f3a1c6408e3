//! Developer tools: stand-ins, run as real processes.

use std::sync::Arc;
use std::time::Duration;

use entra_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, ClientOptions,
};

use super::{Flow, HOST, Make};
use crate::check::Family;
use crate::stage::{BEHAVIOURS, GOOD, Stage, within};

/// How long a tool may take; the hanging one is killed then.
const LIMIT: Duration = Duration::from_millis(1_500);

const TOOL: Flow = Flow {
    family: Family::Tool,
    workers: 2,
    pause: Duration::from_millis(300),
    // Each credential has a tool of its own way.
    fetches: 6,
    ..HOST
};

pub(super) const FLOWS: &[Flow] = &[
    Flow {
        name: "Azure CLI",
        make: Make::Now(|stage, options, number| {
            let builder = AzureCliCredential::builder().with_process_timeout(LIMIT);
            Ok(Arc::new(
                builder.with_options(&behaving(stage, options, number)).build()?,
            ))
        }),
        ..TOOL
    },
    Flow {
        name: "Azure Developer CLI",
        make: Make::Now(|stage, options, number| {
            let builder = AzureDeveloperCliCredential::builder().with_process_timeout(LIMIT);
            Ok(Arc::new(
                builder.with_options(&behaving(stage, options, number)).build()?,
            ))
        }),
        ..TOOL
    },
    Flow {
        name: "Azure PowerShell",
        make: Make::Now(|stage, options, number| {
            let builder = AzurePowerShellCredential::builder().with_process_timeout(LIMIT);
            Ok(Arc::new(
                builder.with_options(&behaving(stage, options, number)).build()?,
            ))
        }),
        ..TOOL
    },
];

/// Options with the tools of one way alone in the path; of number 0 they are well.
fn behaving(stage: &Stage, options: &ClientOptions, number: u64) -> ClientOptions {
    let at = usize::try_from(number).unwrap_or(0) % BEHAVIOURS.len();
    let behaviour = BEHAVIOURS.get(at).copied().unwrap_or(GOOD);
    let path = stage.tools(behaviour).to_string_lossy().into_owned();
    within(options, vec![("PATH", path)])
}
