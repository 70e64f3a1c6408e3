//! The record, and what is done with it.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use identity_base::{BoxFuture, ErrorKind, Fetched, OwnedRequest, Secret, TenantId, TokenRequest};
use identity_testkit::{FsOp, leak_guard};

use super::*;
use crate::testing::{CLAIMS, Machine, OTHER_TENANT, SCOPE, TENANT};

const LOWER: &str = "/home/ada/.azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json";
const UPPER: &str = "/home/ada/.Azure/ms-azuretools.vscode-azureresourcegroups/authRecord.json";
const HOME_ACCOUNT: &str = "55555555-5555-5555-5555-555555555555.11111111-1111-1111-1111-111111111111";

fn record() -> serde_json::Value {
    serde_json::json!({
        "tenantId": TENANT,
        "clientId": "aebc6443-996d-45c2-90f0-388ff96faa56",
        "username": "ada@contoso.test",
        "homeAccountId": HOME_ACCOUNT,
        "authority": "login.microsoftonline.com",
        "datetime": "2026-11-24T15:25:01Z"
    })
}

/// Redeems everything, and notes what for.
#[derive(Debug)]
struct Redeemer {
    token: Secret,
    asked: Mutex<Vec<String>>,
}

impl RedeemAccount for Redeemer {
    fn redeem<'a>(
        &'a self,
        account: &'a VisualStudioCodeAccount,
        tenant: &'a TenantId,
        request: &'a OwnedRequest,
    ) -> BoxFuture<'a, Result<Fetched, Error>> {
        self.asked.lock().unwrap().push(format!(
            "{} {} {} {} {tenant} {} {:?} {}",
            account.username(),
            account.home_account_id(),
            account.client_id(),
            account.authority().host(),
            request.scopes(),
            request.claims(),
            request.is_cae_enabled(),
        ));
        Box::pin(async { Ok(Fetched::new(self.token.clone(), Duration::from_secs(3600))) })
    }
}

fn machine(guard: &identity_testkit::LeakGuard) -> Machine {
    let machine = Machine::new(guard);
    machine
        .env
        .set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, "/home/ada");
    machine
}

fn builder(machine: &Machine) -> VisualStudioCodeCredentialBuilder {
    VisualStudioCodeCredential::builder().with_options(&machine.options())
}

/// The error for this record, without a redeemer.
fn refused(record: impl Into<Vec<u8>>) -> Error {
    let record = record.into();
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.files.put(LOWER, record);
        let credential = builder(&machine).build().unwrap();
        let error = machine.get(&credential, &[SCOPE]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(
            error.hint().is_some() && error.credential() == Some(NAME),
            "{error}"
        );
        error
    })
}

#[test]
fn the_account_goes_to_the_redeemer() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.files.put(LOWER, record().to_string());
        let redeemer = Arc::new(Redeemer {
            token: guard.secret("access token"),
            asked: Mutex::default(),
        });
        let credential = builder(&machine).with_redeemer(redeemer.clone()).build().unwrap();
        let token = machine.get(&credential, &[SCOPE]).await.unwrap();
        assert_eq!(token.secret(), redeemer.token.expose());
        assert!(machine.get(&credential, &[SCOPE]).await.unwrap().is_same(&token));
        machine
            .get(
                &credential,
                TokenRequest::new(&[SCOPE])
                    .tenant_id(OTHER_TENANT)
                    .enable_cae(true)
                    .claims(CLAIMS),
            )
            .await
            .unwrap();
        let own = builder(&machine)
            .with_tenant_id("contoso.com")
            .with_redeemer(redeemer.clone())
            .build()
            .unwrap();
        machine.get(&own, &[SCOPE]).await.unwrap();
        let error = machine
            .get(&own, TokenRequest::new(&[SCOPE]).tenant_id(OTHER_TENANT))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);

        let who = format!(
            "ada@contoso.test {HOME_ACCOUNT} aebc6443-996d-45c2-90f0-388ff96faa56 login.microsoftonline.com"
        );
        let expected = [
            format!("{who} {TENANT} {SCOPE} None false"),
            format!("{who} {OTHER_TENANT} {SCOPE} {:?} true", Some(CLAIMS)),
            format!("{who} contoso.com {SCOPE} None false"),
        ];
        assert_eq!(*redeemer.asked.lock().unwrap(), expected);
        let account = credential.account().await.unwrap();
        assert_eq!(account.tenant_id().as_str(), TENANT);
        assert!(
            !format!("{account:?}").contains("ada"),
            "who it is does not get into logs"
        );
    });
}

#[test]
fn both_folders_are_looked_into_and_the_first_one_wins() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let credential = builder(&machine).build().unwrap();
        let missing = credential.account().await.unwrap_err();
        assert!(
            missing.is_unavailable() && missing.message().contains("nobody is signed in"),
            "{missing}"
        );
        machine.files.put(UPPER, record().to_string());
        assert!(credential.account().await.is_ok());
        machine.files.put(LOWER, "{}");
        assert!(
            credential.account().await.is_err(),
            "a broken record is not passed over"
        );
    });
}

#[test]
fn without_a_redeemer_the_reason_is_told() {
    let error = refused(record().to_string());
    assert!(
        error.message().contains("was found") && error.message().contains("silently"),
        "{error}"
    );
}

#[test]
fn everything_that_is_wrong_with_a_record_is_told_at_once() {
    let error = refused("{}");
    for name in ["tenantId", "clientId", "username", "homeAccountId", "authority"] {
        assert!(
            error.message().contains(&format!("`{name}` is missing")),
            "{error}"
        );
    }
    for (name, value, words) in [
        ("tenantId", serde_json::json!("../x"), "`tenantId` is no tenant"),
        ("tenantId", serde_json::json!(""), "`tenantId` is empty"),
        (
            "clientId",
            serde_json::json!("44444444-4444-4444-4444-444444444444"),
            "`clientId` is not that of the extension",
        ),
        ("username", serde_json::json!(1), "`username` is a number"),
        ("username", serde_json::json!(" "), "`username` is empty"),
        (
            "homeAccountId",
            serde_json::json!(null),
            "`homeAccountId` is null",
        ),
        (
            "authority",
            serde_json::json!("http://evil.example"),
            "`authority` is none",
        ),
        ("authority", serde_json::json!(["x"]), "`authority` is an array"),
    ] {
        let mut record = record();
        record[name] = value;
        let error = refused(record.to_string());
        assert!(error.message().contains(words), "{error}");
    }
    let mut two = record();
    two["username"] = serde_json::json!("");
    two["authority"] = serde_json::json!("::");
    assert!(
        refused(two.to_string())
            .message()
            .contains("`username` is empty; `authority` is none")
    );
}

#[test]
fn what_is_no_record_is_told() {
    for (record, words) in [
        (&b"not json"[..], "malformed JSON"),
        (b"", "the document is empty"),
        (b"[]", "it is an array"),
        (b"\xff\xfe", "not UTF-8"),
        (
            b"{\"tenantId\":\"a\",\"tenantId\":\"b\"}",
            "a member occurs twice",
        ),
    ] {
        let error = refused(record);
        assert!(error.message().contains(words), "{error}");
    }
    let long = format!("{}{}", record(), " ".repeat(11 * 1024));
    assert!(refused(long).message().contains("more than 10240 bytes"));
    let most = format!(
        "{}{}",
        record(),
        " ".repeat(10 * 1024 - record().to_string().len())
    );
    assert!(refused(most).message().contains("silently"), "this one is read");
}

#[test]
fn a_record_that_cannot_be_read_is_unavailable() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        machine.files.put(LOWER, record().to_string());
        machine
            .files
            .fail_next(FsOp::Read, LOWER, io::ErrorKind::PermissionDenied);
        let credential = builder(&machine).build().unwrap();
        let error = credential.account().await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains("can't be read"),
            "{error}"
        );
        assert!(std::error::Error::source(&error).is_some());
        machine.env.unset("HOME").unset("USERPROFILE");
        let error = credential.account().await.unwrap_err();
        assert!(
            error.is_unavailable() && error.message().contains("home directory"),
            "{error}"
        );
    });
}

#[test]
fn signing_in_needs_no_new_credential() {
    leak_guard::run(async |guard| {
        let machine = machine(&guard);
        let redeemer = Arc::new(Redeemer {
            token: guard.secret("access token"),
            asked: Mutex::default(),
        });
        let credential = builder(&machine).with_redeemer(redeemer).build().unwrap();
        assert!(
            machine
                .get(&credential, &[SCOPE])
                .await
                .unwrap_err()
                .is_unavailable()
        );
        machine.files.put(LOWER, record().to_string());
        machine.clock.advance(Duration::from_secs(2));
        assert!(machine.get(&credential, &[SCOPE]).await.is_ok());
    });
}

#[test]
fn settings_are_checked_when_the_credential_is_made() {
    for bad in ["../x", "a b", "--x"] {
        assert_eq!(
            VisualStudioCodeCredential::builder()
                .with_tenant_id(bad)
                .build()
                .unwrap_err()
                .kind(),
            ErrorKind::InvalidConfiguration
        );
        let allowed = VisualStudioCodeCredential::builder()
            .with_tenant_id("x")
            .with_additionally_allowed_tenants([bad])
            .build();
        assert_eq!(allowed.unwrap_err().kind(), ErrorKind::InvalidConfiguration);
    }
    assert!(VisualStudioCodeCredential::new().is_ok());
}
