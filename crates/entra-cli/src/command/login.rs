//! `entra login`.

use entra_identity::{
    AuthenticationRecord, CacheStatus, DeviceCodeCredential, InteractiveBrowserCredential, TokenCaches,
};
use identity_base::{Cloud, Error, Foreign, TokenRequest};
use identity_runtime::ClientOptions;
use serde_json::json;

use super::Command;
use crate::args::{Args, Given};
use crate::client::{self, Whom};
use crate::context::Context;
use crate::failure::Failure;
use crate::via::{claims, filled};
use crate::{account, harden, runtime};

pub(crate) const COMMAND: Command = Command {
    name: "login",
    summary: "sign in, so that `entra token` has an account",
    options: &[
        "--device-code",
        "--scope",
        "--tenant",
        "--client-id",
        "--login-hint",
        "--claims",
        "--allow-unencrypted-storage",
        "--authority",
        "--trust-authority",
        "--ca-file",
        "--json",
        "--quiet",
        "--help",
    ],
    page: include_str!("../help/login.txt"),
    run,
};

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    device_code: bool,
    scopes: Vec<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    login_hint: Option<String>,
    claims: Option<String>,
    unencrypted: bool,
    quiet: bool,
    whom: Whom,
}

impl Options {
    fn parse(mut args: Args) -> Result<Self, Failure> {
        let mut options = Self::default();
        while let Some(given) = args.next()? {
            let option = match given {
                Given::Value(scope) => {
                    options.scopes.push(scope);
                    continue;
                }
                Given::Option(option) => option,
            };
            if options.whom.take(&option, &mut args)? {
                continue;
            }
            match option.as_str() {
                "--device-code" => options.device_code = true,
                "-s" | "--scope" => options.scopes.push(args.text()?),
                "--tenant" => options.tenant = Some(filled(&option, args.text()?)?),
                "--client-id" => options.client_id = Some(filled(&option, args.text()?)?),
                "--login-hint" => options.login_hint = Some(filled(&option, args.text()?)?),
                "--claims" => options.claims = Some(claims(&option, args.text()?)?),
                "--allow-unencrypted-storage" => options.unencrypted = true,
                // The form of failures is known already.
                "--json" => {}
                "-q" | "--quiet" => options.quiet = true,
                _ => return Err(args.unknown(&Given::Option(option))),
            }
        }
        if options.device_code && options.login_hint.is_some() {
            return Err(Failure::usage(
                "--login-hint is for the browser, and --device-code goes without one",
            ));
        }
        Ok(options)
    }

    /// Refuses a sign-in for nothing: what one is for by default is known of Microsoft's own clouds alone.
    fn check_scopes(&self, client: &ClientOptions) -> Result<(), Failure> {
        let cloud = client.authority()?.cloud();
        match cloud {
            Cloud::Public | Cloud::China | Cloud::UsGovernment => Ok(()),
            _ if !self.scopes.is_empty() => Ok(()),
            _ => Err(
                Failure::usage("what for? There are no default scopes for this authority")
                    .hint("for example: entra login https://graph.microsoft.com/User.Read"),
            ),
        }
    }

    fn request(&self) -> TokenRequest<'_> {
        let request = TokenRequest::new(self.scopes.as_slice());
        match &self.claims {
            Some(claims) => request.claims(claims),
            None => request,
        }
    }
}

fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    if let Err(error) = harden::no_core_dumps() {
        context.say(&format!("warning: core dumps can't be switched off: {error}"));
    }
    runtime::block_on(async {
        let client = client::options(context, &options.whom).await?;
        // Before anybody signs in for nothing.
        options.check_scopes(&client)?;
        account::file(&**client.env())?;
        let caches = account::caches(&client, options.unencrypted)?;
        if !options.unencrypted {
            account::check_keyring(&client).await?;
        }
        // A change of nothing: whether the file beside the keyring, or in its place, may be written.
        caches.get(false).update(|_| ()).await;
        check_kept(&caches, "the tokens of a sign-in can't be kept", &options)?;
        let record = match options.device_code {
            true => by_device_code(&options, &client, &caches, context).await?,
            false => by_browser(&options, &client, &caches, context).await?,
        };
        check_kept(&caches, "you signed in, and the tokens can't be kept", &options)?;
        account::save(&client, &record).await?;
        tell(&record, &options, context)
    })
}

async fn by_browser(
    options: &Options,
    client: &ClientOptions,
    caches: &TokenCaches,
    context: &Context,
) -> Result<AuthenticationRecord, Failure> {
    let mut builder = InteractiveBrowserCredential::builder()
        .with_options(client)
        .with_token_caches(caches);
    if let Some(tenant) = &options.tenant {
        builder = builder.with_tenant_id(tenant);
    }
    if let Some(id) = &options.client_id {
        builder = builder.with_client_id(id);
    }
    if let Some(hint) = &options.login_hint {
        builder = builder.with_login_hint(hint);
    }
    let credential = builder.build()?;
    if !options.quiet {
        context.say("sign in with the browser; Ctrl-C ends the wait");
    }
    let signed_in = credential.authenticate_with(options.request()).await;
    signed_in.map_err(not_by_browser)
}

/// Where the browser is of no use, the other way is.
fn not_by_browser(error: Error) -> Failure {
    let is_unavailable = error.is_unavailable();
    let failure = Failure::from(error);
    match is_unavailable {
        true => failure.hint("`entra login --device-code` needs no browser on this machine"),
        false => failure,
    }
}

async fn by_device_code(
    options: &Options,
    client: &ClientOptions,
    caches: &TokenCaches,
    context: &Context,
) -> Result<AuthenticationRecord, Failure> {
    let mut builder = DeviceCodeCredential::builder()
        .with_options(client)
        .with_token_caches(caches);
    if let Some(tenant) = &options.tenant {
        builder = builder.with_tenant_id(tenant);
    }
    if let Some(id) = &options.client_id {
        builder = builder.with_client_id(id);
    }
    let credential = builder.build()?;
    if !options.quiet {
        context.say(
            "warning: whoever enters the code gives this terminal access. Many tenants forbid this way; prefer the browser",
        );
    }
    Ok(credential.authenticate_with(options.request()).await?)
}

/// A sign-in that ends with this program helps nobody.
fn check_kept(caches: &TokenCaches, what: &str, options: &Options) -> Result<(), Failure> {
    let why = match caches.get(false).status() {
        CacheStatus::InMemory => "there is no token cache".to_owned(),
        CacheStatus::MemoryOnly(why) | CacheStatus::ReadOnly(_, why) => why,
        _ => return Ok(()),
    };
    let failure = Failure::unavailable(format!("{what}: {}", Foreign::new(&why, 300)));
    Err(match options.unencrypted {
        true => failure,
        false => failure.hint(account::WITHOUT_KEYRING),
    })
}

fn tell(record: &AuthenticationRecord, options: &Options, context: &Context) -> Result<(), Failure> {
    if context.json {
        let shown = json!({
            "account": record.username(),
            "tenant_id": record.tenant_id().as_str(),
            "client_id": record.client_id().as_str(),
            "home_account_id": record.home_account_id(),
            "authority": record.authority().as_str(),
        });
        return context.write(format!("{shown}\n").as_bytes());
    }
    if !options.quiet {
        let name = Foreign::new(record.username(), 200);
        context.say(&format!("signed in as {name}, tenant {}", record.tenant_id()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, Failure> {
        let arguments = arguments.iter().map(OsString::from).collect();
        Options::parse(Args::new(arguments, "login", COMMAND.options))
    }

    #[test]
    fn each_option_is_understood() {
        for name in COMMAND.options.iter().filter(|name| **name != "--help") {
            let parsed = ["value", "{}"].map(|value| parse(&[name, value]));
            assert!(parsed.iter().any(Result::is_ok), "{name}");
        }
        assert!(parse(&["--claims", "{bad"]).is_err());
        assert!(parse(&["--device-code", "--login-hint", "a"]).is_err());
        let options = parse(&["a", "-s", "b", "--device-code"]).unwrap();
        assert!(options.device_code && options.scopes == ["a", "b"]);
        assert!(parse(&["--tenant", ""]).is_err() && parse(&["--password", "x"]).is_err());
    }

    #[test]
    fn tokens_that_end_with_the_program_are_no_sign_in() {
        let check =
            |options: &Options| check_kept(&TokenCaches::in_memory(), "not kept", options).unwrap_err();
        let text = check(&Options::default()).text();
        assert!(
            text.starts_with("not kept: ") && text.contains("--allow-unencrypted-storage"),
            "{text}"
        );
        let allowed = Options {
            unencrypted: true,
            ..Options::default()
        };
        assert!(
            !check(&allowed).text().contains("--allow-"),
            "it was given already"
        );
    }
}
