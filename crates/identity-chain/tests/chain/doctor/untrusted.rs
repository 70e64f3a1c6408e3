//! What the doctor finds of tools that anybody could have put there.

use std::path::PathBuf;
use std::sync::Arc;

use identity_base::BoxFuture;
use identity_base::seam::{ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest, ProcessRunner};
use identity_chain::DefaultAzureCredential;

use super::*;

/// A machine on which `pwsh` is there, in a folder that everybody may write to, and an older one where nobody else may.
#[derive(Debug)]
struct OpenFolder;

impl OpenFolder {
    fn find(program: &str) -> Result<PathBuf, ProcessError> {
        match program {
            "pwsh" => Err(ProcessError::new(
                ProcessErrorKind::Untrusted,
                "\"/open/pwsh\" is not run: everybody may write to it",
            )),
            "powershell" => Ok("/usr/bin/powershell".into()),
            _ => Err(ProcessError::new(ProcessErrorKind::NotFound, "it is nowhere")),
        }
    }
}

impl ProcessRunner for OpenFolder {
    fn run(&self, request: ProcessRequest) -> BoxFuture<'_, Result<ProcessOutput, ProcessError>> {
        Box::pin(async move {
            let program = request.program.to_string_lossy();
            let refused = Self::find(&program).err();
            Err(refused.unwrap_or_else(|| ProcessError::new(ProcessErrorKind::Io, "it was run")))
        })
    }

    fn locate(&self, program: &str) -> Result<PathBuf, ProcessError> {
        Self::find(program)
    }
}

#[test]
fn a_tool_that_anybody_may_replace_is_told_from_one_that_is_missing() {
    run_with(network(|| HttpStep::status(500)), async |world| {
        let chain = DefaultAzureCredential::builder()
            .with_options(&world.options().with_process_runner(Arc::new(OpenFolder)))
            .build()
            .unwrap();
        let report = chain.diagnose(SCOPE).await;
        show(world, &report);
        let found = |credential: &str| {
            let findings = &report.link(credential).unwrap().findings;
            findings
                .iter()
                .map(|finding| (finding.id, finding.message.clone()))
                .collect::<Vec<_>>()
        };
        let [(id, message)] = found("AzurePowerShellCredential").try_into().unwrap();
        assert_eq!(id, "E-TOOL-UNTRUSTED");
        assert!(message.contains("/open/pwsh"), "{message}");
        assert_eq!(found("AzureCliCredential")[0].0, "E-TOOL-MISSING");
        assert!(report.to_string().contains("chmod o-w"), "{report}");
    });
}
