//! What endpoints of hosts do wrong, and what is done to them.

use entra_identity::ErrorKind;
use identity_emulator::Route;
use identity_testkit::Lookup;

use super::{at_once, passes};
use crate::faults::flows::Kind;
use crate::faults::plan::{Expect, Injected, Outcome, Planned};
use crate::faults::stage::Stage;

const NAME: &str = "metadata.example";

pub(super) const FAULTS: &[Planned] = &[
    Planned::new(
        "FT-06",
        "name that leads away",
        "the endpoint's name leads to a public address, alone or beside a good one",
        |flow| matches!(flow.route, Route::AppService | Route::CloudShell),
        |stage, _, variant| {
            let addresses: [&[&str]; 3] = [&["203.0.113.7"], &["127.0.0.1", "203.0.113.7"], &["10.0.0.4"]];
            let lookup = Lookup::to(addresses[variant].iter().copied());
            stage.resolver.always(NAME, lookup);
            stage.change_variables(|_, value| value.replace("127.0.0.1", NAME));
            let before = stage.resolver.asked().len();
            Injected::new(move |stage| stage.resolver.asked().len() - before, |_| ())
        },
        |flow| at_once(flow, ErrorKind::Transport),
    )
    .variants(3)
    .at_the_start()
    .for_good()
    .check(|seen| {
        let seen_by_it = seen
            .stage
            .emulator
            .requests()
            .filter(|request| request.header("host").is_some_and(|host| host.starts_with(NAME)));
        match seen_by_it.count() {
            0 => Ok(()),
            _ => Err("a request was sent".to_owned()),
        }
    }),
    Planned::new(
        "FT-39",
        "404 once",
        "the metadata service doesn't know itself for a moment",
        |flow| flow.kind == Kind::Imds,
        |stage, flow, _| Injected::rule(stage, flow.rule().times(1).status(404)),
        |flow| passes(flow, ErrorKind::Transport),
    ),
    Planned::new(
        "FT-39",
        "404",
        "the endpoint isn't there",
        |flow| flow.kind == Kind::Imds,
        |stage, flow, _| Injected::rule(stage, flow.rule().status(404)),
        |flow| super::stays(flow, ErrorKind::Transport),
    ),
    Planned::new(
        "FT-42",
        "no identity",
        "no identity is assigned to the host",
        |flow| flow.kind == Kind::Imds || flow.kind == Kind::Probe,
        |stage, flow, _| {
            let document =
                serde_json::json!({"error": "invalid_request", "error_description": "Identity not found"});
            Injected::rule(stage, flow.rule().status(400).json(document))
        },
        |flow| at_once(flow, ErrorKind::CredentialUnavailable),
    )
    .except(&[(
        "managed identity as credential",
        Outcome::Fails(ErrorKind::AuthenticationFailed),
        1,
    )]),
    Planned::new(
        "FT-55",
        "another identity",
        "the answer names another identity than was asked for",
        |flow| flow.id == "managed identity as credential",
        |stage, flow, variant| {
            let other = "99999999-9999-9999-9999-999999999999";
            let name = ["object_id", "client_id"][variant];
            Injected::rule(stage, flow.rule().field(name, other))
        },
        |flow| at_once(flow, ErrorKind::IdentityMismatch),
    )
    .variants(1),
    Planned::new(
        "FT-55",
        "another resource",
        "the answer is for another API than was asked for",
        |flow| flow.kind.is_host() && flow.id != "Azure Arc, challenge",
        |stage, flow, _| Injected::rule(stage, flow.rule().field("resource", "https://evil.example")),
        |flow| at_once(flow, ErrorKind::IdentityMismatch),
    ),
    Planned::new(
        "FT-50",
        "dates of App Service",
        "the end is told as a date, in both forms",
        |flow| flow.id == "App Service",
        |stage, flow, variant| {
            let form = ["01/01/2031 00:00:00 +00:00", "1/1/2031 12:00:00 AM +00:00"][variant];
            Injected::rule(
                stage,
                flow.rule().without_field("expires_in").field("expires_on", form),
            )
        },
        |_| Expect::token(1),
    )
    .variants(2),
    Planned::new(
        "SR-10",
        "key file elsewhere",
        "the agent names a file outside of its folder, or no file",
        |flow| flow.id == "Azure Arc, challenge",
        |stage, flow, variant| {
            let outside = stage.path("outside.key");
            crate::support::write(&outside, "k");
            let realm = [
                outside.to_str().unwrap().to_owned(),
                format!("{}/../outside.key", stage.path("arc").display()),
                "/etc/passwd".to_owned(),
                String::new(),
                "\\\\server\\share\\a.key".to_owned(),
            ][variant]
                .clone();
            let rule = flow.rule().status(401).body(None::<String>, "");
            Injected::rule(
                stage,
                rule.header("www-authenticate", format!("Basic realm={realm}")),
            )
        },
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .variants(5),
    Planned::new(
        "SR-10",
        "key file that is none",
        "the file that the agent names is missing, a link, a folder, empty or too long",
        |flow| flow.id == "Azure Arc, challenge",
        |stage, flow, variant| {
            let path = stage.path("arc").join("planted.key");
            place(stage, &path, variant);
            let rule = flow.rule().status(401).body(None::<String>, "");
            let realm = format!("Basic realm={}", path.display());
            Injected::rule(stage, rule.header("www-authenticate", realm))
        },
        |flow| at_once(flow, ErrorKind::AuthenticationFailed),
    )
    .variants(5),
    Planned::new(
        "ST-17",
        "another certificate",
        "the certificate has another thumbprint than the environment says",
        |flow| flow.id == "Service Fabric",
        |stage, _, _| {
            stage.change_variables(|name, value| match name {
                "IDENTITY_SERVER_THUMBPRINT" => "00112233445566778899AABBCCDDEEFF00112233".to_owned(),
                _ => value.to_owned(),
            });
            let failed = stage.emulator.connections().handshakes_failed;
            Injected::new(
                move |stage| usize::from(stage.emulator.connections().handshakes_failed > failed),
                |_| (),
            )
        },
        |flow| at_once(flow, ErrorKind::Transport),
    )
    .at_the_start()
    .for_good(),
];

/// Puts something in the place of a key.
fn place(stage: &Stage, path: &std::path::Path, what: usize) {
    match what {
        0 => {}
        1 => {
            let target = stage.path("target");
            crate::support::write(&target, stage.canary.expose());
            std::os::unix::fs::symlink(target, path).unwrap();
        }
        2 => std::fs::create_dir(path).unwrap(),
        3 => crate::support::write(path, ""),
        _ => crate::support::write(path, "k".repeat(4097)),
    }
}
