//! What goes over the wire, compared with what the peer was recorded to send.

use std::path::PathBuf;
use std::sync::Arc;

use identity_base::TokenCredential;
use identity_chain::EnvironmentCredential;
use identity_testkit::wire::{Rules, WireCase, WireRequest};
use identity_testkit::{HttpStep, ScriptedHttp};

use crate::world::{World, imds_token, is_probe, run_with};

fn case(name: &str) -> WireCase {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/wire");
    WireCase::load(folder.join(format!("{name}.json")))
}

async fn application(world: &World, name: &str, make: impl FnOnce(&World) -> Arc<dyn TokenCredential>) {
    world.set_application();
    world.token(&*make(world)).await.unwrap();
    let secret = world.http.requests()[0].form_value("client_secret").unwrap();
    case(name)
        .with_form_field("client_secret", &secret)
        .assert_requests(&WireRequest::of_all(&world.http.requests()), &Rules::documented());
}

fn tokens() -> ScriptedHttp {
    ScriptedHttp::new().respond_with(|_, _| HttpStep::token("t", 3599))
}

#[test]
fn env_secret() {
    run_with(tokens(), async |world| {
        application(world, "env_secret", |world| {
            let builder = EnvironmentCredential::builder().with_options(&world.options());
            Arc::new(builder.build().unwrap())
        })
        .await;
    });
}

#[test]
fn default_env() {
    run_with(tokens(), async |world| {
        application(world, "default_env", |world| Arc::new(world.default_chain())).await;
    });
}

#[test]
fn default_imds() {
    let http = ScriptedHttp::new().respond_with(|_, request| match is_probe(request) {
        true => HttpStep::status(400),
        false => imds_token("t"),
    });
    run_with(http, async |world| {
        world.token(&world.default_chain()).await.unwrap();
        // Our probe asks for nothing, where the peer's is the request itself.
        let (probes, others): (Vec<_>, Vec<_>) = world.http.requests().into_iter().partition(is_probe);
        assert_eq!(probes.len(), 1);
        assert!(probes[0].header("metadata").is_none());
        case("default_imds").assert_requests(&WireRequest::of_all(&others), &Rules::documented());
    });
}
