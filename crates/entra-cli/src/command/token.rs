//! `entra token`.

mod options;
mod output;

use identity_base::TokenRequest;

use self::options::Options;
use self::output::{Format, Shown};
use super::Command;
use crate::args::Args;
use crate::claims::Claims;
use crate::context::Context;
use crate::failure::Failure;
use crate::via::{self, Inputs, Plan, Ready, Surroundings};
use crate::{client, harden, runtime, time};

pub(crate) const COMMAND: Command = Command {
    name: "token",
    summary: "get an access token",
    options: options::NAMES,
    page: include_str!("../help/token.txt"),
    run,
};

fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    let surroundings = Surroundings {
        env: &*context.env,
        is_terminal: context.stderr_is_terminal,
    };
    let plan = Plan::choose(options.via.as_deref(), &options.settings, surroundings)?;
    let format = options.format(context)?;
    if let Err(error) = harden::no_core_dumps() {
        context.say(&format!("warning: core dumps can't be switched off: {error}"));
    }
    runtime::block_on(async {
        let inputs = Inputs {
            client: client::options(context, &options.whom).await?,
            settings: options.settings.clone(),
        };
        let Ready { opened, chain } = plan.open(&inputs).await?;
        let mut request = TokenRequest::new(options.scopes.as_slice())
            .enable_cae(options.cae)
            .deadline(options.timeout);
        if let Some(claims) = &options.claims {
            request = request.claims(claims);
        }
        let token = opened.credential.get_token_with(request).await?;
        let claims = Claims::of(token.secret());
        // Where several were tried, the one that answered.
        let source = match (&plan, &chain) {
            (Plan::One(way), _) => way.name,
            (_, chain) => chain
                .as_ref()
                .and_then(|chain| chain.selected())
                .map_or("", |credential| {
                    via::find(credential).map_or(credential, |way| way.name)
                }),
        };
        let shown = Shown {
            source,
            scopes: &options.scopes,
            tenant: claims.tenant_id.as_deref().or(opened.tenant.as_deref()),
            client_id: claims.client_id.as_deref().or(opened.client_id.as_deref()),
            name: claims.name.as_deref(),
            now: inputs.client.clock().now().wall,
            show: options.show,
            is_terminal: context.stdout_is_terminal,
            token: &token,
        };
        let is_news = match chain {
            Some(_) => true,
            None => context.stderr_is_terminal && format != Format::Table,
        };
        if is_news && !options.quiet {
            context.say(&summary(&shown, chain.is_some()));
        }
        context.write(&shown.render(format))?;
        opened.credential.close().await;
        Ok(())
    })
}

/// Who, and until when, on one line.
fn summary(shown: &Shown<'_>, was_chosen: bool) -> String {
    format!(
        "{}{}: {}, expires {}",
        if was_chosen { "using " } else { "" },
        shown.source,
        shown.who(),
        time::relative(shown.token.expires_on_millis(), shown.now)
    )
}
