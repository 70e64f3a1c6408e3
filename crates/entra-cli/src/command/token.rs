//! `entra token`.

mod options;
mod output;

use std::path::Path;

use identity_base::seam::ReadOptions;
use identity_base::{Authority, TokenRequest};
use identity_runtime::ClientOptions;

use self::options::Options;
use self::output::{Format, Shown};
use super::Command;
use crate::args::Args;
use crate::claims::Claims;
use crate::context::Context;
use crate::failure::Failure;
use crate::via::{self, Inputs};
use crate::{harden, runtime, secrets, time};

pub(crate) const COMMAND: Command = Command {
    name: "token",
    summary: "get an access token",
    options: options::NAMES,
    page: include_str!("../help/token.txt"),
    run,
};

fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    let way = via::find(options.via.as_deref().unwrap_or(via::ALL[0].name))?;
    let format = options.format(context)?;
    if let Err(error) = harden::no_core_dumps() {
        context.say(&format!("warning: core dumps can't be switched off: {error}"));
    }
    runtime::block_on(async {
        let inputs = Inputs {
            client: client_options(&options, context).await?,
            settings: options.settings.clone(),
        };
        let opened = (way.open)(&inputs).await?;
        let mut request = TokenRequest::new(options.scopes.as_slice())
            .enable_cae(options.cae)
            .deadline(options.timeout);
        if let Some(claims) = &options.claims {
            request = request.claims(claims);
        }
        let token = opened.credential.get_token_with(request).await?;
        let claims = Claims::of(token.secret());
        let shown = Shown {
            way,
            scopes: &options.scopes,
            tenant: claims.tenant_id.as_deref().or(opened.tenant.as_deref()),
            client_id: claims.client_id.as_deref().or(opened.client_id.as_deref()),
            name: claims.name.as_deref(),
            now: inputs.client.clock().now().wall,
            show: options.show,
            is_terminal: context.stdout_is_terminal,
            token: &token,
        };
        if context.stderr_is_terminal && !options.quiet && format != Format::Table {
            context.say(&summary(&shown));
        }
        context.write(&shown.render(format))?;
        opened.credential.close().await;
        Ok(())
    })
}

/// Who, and until when, on one line.
fn summary(shown: &Shown<'_>) -> String {
    format!(
        "{}: {}, expires {}",
        shown.way.name,
        shown.who(),
        time::relative(shown.token.expires_on_millis(), shown.now)
    )
}

async fn client_options(options: &Options, context: &Context) -> Result<ClientOptions, Failure> {
    let mut client = ClientOptions::new()
        .with_env(context.env.clone())
        .with_application_id(concat!("entra-cli/", env!("CARGO_PKG_VERSION")))
        .with_disable_instance_discovery(options.trust_authority);
    if let Some(authority) = &options.authority {
        client = client.with_authority(Authority::parse(authority)?);
    }
    if let Some(file) = &options.ca_file {
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
