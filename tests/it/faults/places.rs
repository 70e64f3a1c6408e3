//! What other programs do to files, for real.
#![expect(
    clippy::disallowed_methods,
    reason = "what other programs do to the files of the one under test"
)]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::plan::Injected;
use super::stage::Stage;
use crate::confidential::CERTIFICATE;
use crate::support::write;

/// The cache's file, as a credential keeps it.
fn cache(stage: &Stage) -> PathBuf {
    stage.path("cache/cell.nocae")
}

/// A file was changed; the credential's looks at it are counted.
fn looked_at(stage: &Stage, name: &'static str) -> Injected {
    let before = stage.faults.looks(name);
    Injected::new(move |stage| stage.faults.looks(name) - before, |_| ())
}

fn cache_is_looked_at(stage: &Stage) -> Injected {
    looked_at(stage, "cell")
}

/// Changes the bytes of the cache.
pub(super) fn changed(stage: &Stage, change: impl FnOnce(&mut Vec<u8>)) -> Injected {
    let mut text = std::fs::read(cache(stage)).unwrap();
    change(&mut text);
    write(&cache(stage), text);
    cache_is_looked_at(stage)
}

pub(super) fn replaced(stage: &Stage, text: &[u8]) -> Injected {
    write(&cache(stage), text);
    cache_is_looked_at(stage)
}

pub(super) fn grown(stage: &Stage, bytes: u64) -> Injected {
    let file = std::fs::File::options().write(true).open(cache(stage)).unwrap();
    file.set_len(bytes).unwrap();
    cache_is_looked_at(stage)
}

pub(super) fn linked(stage: &Stage) -> Injected {
    let target = stage.path("target");
    std::fs::rename(cache(stage), &target).unwrap();
    symlink(target, cache(stage)).unwrap();
    cache_is_looked_at(stage)
}

pub(super) fn linked_folder(stage: &Stage) -> Injected {
    std::fs::rename(stage.path("cache"), stage.path("other")).unwrap();
    symlink(stage.path("other"), stage.path("cache")).unwrap();
    cache_is_looked_at(stage)
}

pub(super) fn pipe(stage: &Stage) -> Injected {
    std::fs::remove_file(cache(stage)).unwrap();
    make_pipe(&cache(stage));
    cache_is_looked_at(stage)
}

pub(super) fn folder(stage: &Stage) -> Injected {
    std::fs::remove_file(cache(stage)).unwrap();
    std::fs::create_dir(cache(stage)).unwrap();
    cache_is_looked_at(stage)
}

pub(super) fn mode(stage: &Stage, mode: u32) -> Injected {
    std::fs::set_permissions(cache(stage), std::fs::Permissions::from_mode(mode)).unwrap();
    cache_is_looked_at(stage)
}

pub(super) fn second_name(stage: &Stage) -> Injected {
    std::fs::hard_link(cache(stage), stage.path("second")).unwrap();
    cache_is_looked_at(stage)
}

fn token(stage: &Stage) -> PathBuf {
    stage.path("service-account-token")
}

fn token_is_looked_at(stage: &Stage) -> Injected {
    looked_at(stage, "service-account-token").restoring(restore_token)
}

/// The cluster writes the token anew.
fn restore_token(stage: &Stage) {
    let path = token(stage);
    if path.is_dir() {
        std::fs::remove_dir(&path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        std::fs::remove_file(&path).unwrap();
    }
    let token = stage.emulator.service_account_token("shop", "orders");
    stage.know("service account token", token.as_str());
    write(&path, token);
}

pub(super) fn token_file(stage: &Stage, contents: Option<&[u8]>) -> Injected {
    match contents {
        Some(contents) => write(&token(stage), contents),
        None => std::fs::remove_file(token(stage)).unwrap(),
    }
    token_is_looked_at(stage)
}

pub(super) fn huge_token_file(stage: &Stage) -> Injected {
    let file = std::fs::File::create(token(stage)).unwrap();
    file.set_len(1 << 30).unwrap();
    token_is_looked_at(stage)
}

pub(super) fn odd_token_file(stage: &Stage, variant: usize) -> Injected {
    std::fs::remove_file(token(stage)).unwrap();
    match variant {
        0 => std::fs::create_dir(token(stage)).unwrap(),
        _ => make_pipe(&token(stage)),
    }
    token_is_looked_at(stage)
}

/// The token in the file was made long ago.
pub(super) fn expired_token(stage: &Stage) -> Injected {
    stage.emulator.clock().advance(Duration::from_secs(48 * 3600));
    stage.clock.advance(Duration::from_secs(48 * 3600));
    token_is_looked_at(stage)
}

pub(super) fn certificate(stage: &Stage, variant: usize) -> Injected {
    let whole = CERTIFICATE.pem();
    let other = identity_emulator::TestCertificate::generate("other").unwrap();
    stage.know("other private key", other.key_pem());
    let text = match variant {
        0 => whole[..whole.len() / 2].to_owned(),
        1 => String::new(),
        // The key of one and the certificate of another.
        _ => format!("{}{}", CERTIFICATE.key_pem(), other.certificate_pem()),
    };
    write(&stage.path("service.pem"), text);
    looked_at(stage, "service.pem")
}

fn make_pipe(path: &std::path::Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}
