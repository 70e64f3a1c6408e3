//! Whom to ask, and how: the options that every command which sends requests has.

use std::ffi::OsString;
use std::path::Path;

use identity_base::Authority;
use identity_base::seam::ReadOptions;
use identity_runtime::ClientOptions;

use crate::args::Args;
use crate::context::Context;
use crate::failure::Failure;
use crate::secrets;
use crate::via::filled;

/// What the command line says about whom to ask.
#[derive(Debug, Default)]
pub(crate) struct Whom {
    authority: Option<String>,
    trust_authority: bool,
    ca_file: Option<OsString>,
}

impl Whom {
    /// Takes an option if it is one of these, with its value. Whether it was is returned.
    ///
    /// # Errors
    /// A usage failure when the value is missing, empty or not Unicode where it has to be.
    pub(crate) fn take(&mut self, option: &str, args: &mut Args) -> Result<bool, Failure> {
        match option {
            "--authority" => self.authority = Some(filled(option, args.text()?)?),
            "--trust-authority" => self.trust_authority = true,
            "--ca-file" => self.ca_file = Some(args.path()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The options of all credentials of a command.
///
/// # Errors
/// A failure when the authority can't be, or the file with certificates can't be read.
pub(crate) async fn options(context: &Context, whom: &Whom) -> Result<ClientOptions, Failure> {
    let mut client = ClientOptions::new()
        .with_env(context.env.clone())
        .with_application_id(concat!("entra-cli/", env!("CARGO_PKG_VERSION")))
        .with_disable_instance_discovery(whom.trust_authority);
    if let Some(authority) = &whom.authority {
        client = client.with_authority(Authority::parse(authority)?);
    }
    if let Some(file) = &whom.ca_file {
        let path = Path::new(file);
        let (pem, _) = client
            .file_system()
            .read(path, ReadOptions::new())
            .await
            .map_err(|error| secrets::unreadable(path, "--ca-file", &error))?;
        client = client.with_extra_roots(pem.as_slice());
    }
    Ok(client)
}
