//! Developer tools of the demonstration: stand-ins that are signed in to the emulator, run as real processes.

use std::collections::HashMap;
use std::sync::Arc;

use entra_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential, ClientOptions, Error,
    ErrorKind, TokenCredential, TokenFuture, TokenRequest,
};
use identity_emulator::{DeveloperTool, Emulator, FakeTools, ToolAnswer};

use crate::row::Made;

/// The credential of a tool that is alone in its `PATH`.
pub(crate) fn credential(emulator: &Emulator, options: &ClientOptions, tool: DeveloperTool) -> Made {
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Internal, "the stand-in can't be written").with_source(error)
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    FakeTools::in_folder(folder.path())
        .and_then(|tools| tools.install(tool, &ToolAnswer::token_of(emulator)))
        .map_err(failed)?;
    let path = folder.path().to_string_lossy().into_owned();
    let options = options
        .clone()
        .with_env(Arc::new(HashMap::from([("PATH".to_owned(), path)])));
    let credential: Arc<dyn TokenCredential> = match tool {
        DeveloperTool::AzureCli => Arc::new(AzureCliCredential::builder().with_options(&options).build()?),
        DeveloperTool::AzureDeveloperCli => Arc::new(
            AzureDeveloperCliCredential::builder()
                .with_options(&options)
                .build()?,
        ),
        _ => Arc::new(
            AzurePowerShellCredential::builder()
                .with_options(&options)
                .build()?,
        ),
    };
    Ok(Arc::new(WithFolder {
        credential,
        _folder: folder,
    }))
}

/// Keeps the folder for as long as the credential.
#[derive(Debug)]
struct WithFolder {
    credential: Arc<dyn TokenCredential>,
    _folder: tempfile::TempDir,
}

impl TokenCredential for WithFolder {
    fn get_token_with(&self, request: TokenRequest<'_>) -> TokenFuture<'_> {
        self.credential.get_token_with(request)
    }

    fn name(&self) -> &'static str {
        self.credential.name()
    }
}
