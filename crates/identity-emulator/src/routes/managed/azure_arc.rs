//! The agent of Azure Arc: it names a key file, and answers who can say what is in it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::{imds, is_metadata_request, oauth};
use crate::answer::Answer;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::world::World;

pub(super) fn token(world: &World, call: &Call) -> Result<Answer, Refusal> {
    if !is_metadata_request(call) {
        return Ok(oauth(
            400,
            "invalid_request",
            "Required metadata header not specified",
        ));
    }
    let Some(directory) = &world.host.arc_keys else {
        return Ok(oauth(
            404,
            "not_found",
            "The emulated host has no directory for keys",
        ));
    };
    let given = call
        .header("authorization")
        .and_then(|header| header.strip_prefix("Basic "));
    if given.is_some_and(|key| world.host_state.take_key(key)) {
        return Ok(imds::serve(world, call));
    }
    Ok(match challenge(world, directory) {
        Ok(challenge) => {
            oauth(401, "unauthorized", "Answer the challenge").header("www-authenticate", challenge)
        }
        Err(error) => oauth(
            500,
            "internal",
            &format!("The key file could not be written: {error}"),
        ),
    })
}

/// Writes a key file and says where it is.
fn challenge(world: &World, directory: &Path) -> io::Result<String> {
    let key = world.host.arc_key.clone().unwrap_or_else(|| world.ids.guid());
    let path = directory.join(format!("{}.key", world.ids.guid()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(&path)?.write_all(key.as_bytes())?;
    world.host_state.add_key(key);
    Ok(format!("Basic realm={}", path.display()))
}
