//! `entra whoami`.

use identity_base::Foreign;
use serde_json::json;

use super::Command;
use crate::args::{Args, Given};
use crate::client::{self, Whom};
use crate::context::Context;
use crate::failure::Failure;
use crate::{account, runtime};

pub(crate) const COMMAND: Command = Command {
    name: "whoami",
    summary: "say who is signed in, without asking anybody",
    options: &["--json", "--help"],
    page: include_str!("../help/whoami.txt"),
    run,
};

fn run(mut args: Args, context: &Context) -> Result<(), Failure> {
    while let Some(given) = args.next()? {
        match &given {
            Given::Option(option) if option == "--json" => {}
            _ => return Err(args.unknown(&given)),
        }
    }
    runtime::block_on(async {
        let client = client::options(context, &Whom::default()).await?;
        let record = account::signed_in(&client).await?;
        let caches = account::caches(&client, true)?;
        let environment = entra_identity::Environment::of(record.authority());
        let mut has_tokens = false;
        for is_cae in [false, true] {
            let cache = caches.get(is_cae);
            has_tokens |= cache
                .read(|document| {
                    let id = record.home_account_id();
                    let client_id = record.client_id().as_str();
                    !document.refresh_tokens(&environment, id, client_id).is_empty()
                })
                .await;
        }
        let text = match context.json {
            true => {
                let shown = json!({
                    "account": record.username(),
                    "tenant_id": record.tenant_id().as_str(),
                    "client_id": record.client_id().as_str(),
                    "home_account_id": record.home_account_id(),
                    "authority": record.authority().as_str(),
                    "has_refresh_token": has_tokens,
                });
                format!("{shown}\n")
            }
            false => format!(
                "account    {}\ntenant     {}\nclient id  {}\nauthority  {}\n{}",
                Foreign::new(record.username(), 200),
                record.tenant_id(),
                record.client_id(),
                record.authority(),
                match has_tokens {
                    true => "",
                    false => "sign in again: the token cache has nothing for this account\n",
                }
            ),
        };
        context.write(text.as_bytes())
    })
}
