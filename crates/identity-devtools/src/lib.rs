//! The accounts that developer tools are signed in with, as credentials.
//!
//! | credential | asks | set up by |
//! |---|---|---|
//! | [`AzureCliCredential`] | `az account get-access-token` | `az login` |
//! | [`AzureDeveloperCliCredential`] | `azd auth token` | `azd auth login` |
//! | [`AzurePowerShellCredential`] | `Get-AzAccessToken` in `pwsh`, on Windows else in `powershell` | `Connect-AzAccount` |
//! | [`VisualStudioCodeCredential`] | the account record of the extension Azure Resources | signing in there |
//!
//! They are for development machines; a deployed program uses an identity of its own.
//!
//! # What is promised about the tools
//!
//! - A tool is found by this library in the absolute directories of `PATH` alone: never in the current directory, nor in a folder that everybody may write to,
//!   be it one with the sticky bit as `/tmp`, and never one that everybody may write to itself. Its own `PATH` has the same directories. It runs without a shell, from a system directory, with empty input and without this process's secrets in its environment. No setting in a file or a
//!   variable can name a program.
//! - Everything on its command line is checked against a small alphabet, when the credential is made and at every call. What doesn't fit is refused, not
//!   escaped. No secret is ever on a command line.
//! - It gets 10 s and 1 MiB of each output; then it is killed with all that it started. The same happens when nobody waits for it any more, when the credential
//!   is closed or dropped, and to what it left running when it ended. (What left its process group goes on, and delays an answer by half a second at most if
//!   it keeps the tool's outputs open. On Windows, what a tool left running is not found.)
//! - One run for one token, whoever waits for it. The token is cached and refreshed as those of every other credential.
//! - What it prints is never quoted before everything was taken out that has the name, the form or the look of a secret, and then 200 characters at most.
//!
//! # Errors
//!
//! A tool that isn't installed, to which nobody is signed in, or that doesn't answer in time, is
//! [unavailable](identity_base::ErrorKind::CredentialUnavailable), so a chain goes on to the next credential; a refusal is
//! [`AuthenticationFailed`](identity_base::ErrorKind::AuthenticationFailed), with the service's code in
//! [`aadsts`](identity_base::Error::aadsts); an answer for another tenant than was asked for is an
//! [`IdentityMismatch`](identity_base::ErrorKind::IdentityMismatch).
//!
//! # Features
//!
//! `hyper`, on by default, is the built-in HTTP transport of `identity-runtime`. Nothing here sends requests itself.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod argument;
mod azure_cli;
mod azure_developer_cli;
mod azure_powershell;
mod challenge;
mod expiry;
mod output;
mod redact;
mod setup;
#[cfg(test)]
mod testing;
mod tool;
mod visual_studio_code;

pub use azure_cli::{AzureCliCredential, AzureCliCredentialBuilder};
pub use azure_developer_cli::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialBuilder};
pub use azure_powershell::{AzurePowerShellCredential, AzurePowerShellCredentialBuilder};
pub use visual_studio_code::{
    RedeemAccount, VisualStudioCodeAccount, VisualStudioCodeCredential, VisualStudioCodeCredentialBuilder,
};
