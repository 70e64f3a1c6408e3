//! `entra logout`.

use entra_identity::Environment;
use identity_base::Foreign;

use super::Command;
use crate::args::Args;
use crate::client::{self, Whom};
use crate::context::Context;
use crate::failure::Failure;
use crate::{account, runtime};

pub(crate) const COMMAND: Command = Command {
    name: "logout",
    summary: "sign out: forget the account and its tokens",
    options: &["--json", "--quiet", "--help"],
    page: include_str!("../help/logout.txt"),
    run,
};

fn run(mut args: Args, context: &Context) -> Result<(), Failure> {
    let mut quiet = false;
    while let Some(given) = args.next()? {
        match &given {
            crate::args::Given::Option(option) if option == "-q" || option == "--quiet" => quiet = true,
            crate::args::Given::Option(option) if option == "--json" => {}
            _ => return Err(args.unknown(&given)),
        }
    }
    runtime::block_on(async {
        let client = client::options(context, &Whom::default()).await?;
        let record = account::load(&client).await;
        // A file that can't be understood goes as well: it stands in the way of a sign-in.
        account::forget(&client).await?;
        let Ok(Some(record)) = record else {
            if !quiet {
                context.say("nobody was signed in");
            }
            return Ok(());
        };
        let environment = Environment::of(record.authority());
        let caches = account::caches(&client, true)?;
        for is_cae in [false, true] {
            let cache = caches.get(is_cae);
            cache
                .update(|document| {
                    document.remove_account(
                        &environment,
                        record.home_account_id(),
                        record.client_id().as_str(),
                    )
                })
                .await;
        }
        caches.close().await;
        if !quiet {
            let name = Foreign::new(record.username(), 200);
            context.say(&format!(
                "signed {name} out of this machine; tokens that were handed out stay valid"
            ));
        }
        Ok(())
    })
}
