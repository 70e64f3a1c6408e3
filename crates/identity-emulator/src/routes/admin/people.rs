//! Scripts over HTTP.

use serde::Deserialize;

use super::{Served, parse};
use crate::answer::Answer;
use crate::call::Call;
use crate::catalogue::Aadsts;
use crate::model::User;
use crate::script::SignIn;
use crate::world::World;

/// What a person does. Exactly one of the first four is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInWish {
    user: Option<String>,
    #[serde(default)]
    cancel: bool,
    aadsts: Option<u32>,
    #[serde(default)]
    ignore: bool,
    #[serde(default)]
    polls: u32,
    #[serde(default)]
    slow_downs: u32,
    #[serde(default)]
    wrong_state: bool,
}

pub(super) fn script(world: &World, call: &Call) -> Served {
    let wish: SignInWish = parse(call)?;
    let script = match (&wish.user, wish.cancel, wish.aadsts, wish.ignore) {
        (Some(upn), false, None, false) => {
            // A registered person comes with all that is known of them.
            let known = world.directory.user(upn).map(|(_, user)| user);
            SignIn::of(known.unwrap_or_else(|| User::new(upn)))
        }
        (None, true, None, false) => SignIn::cancelled(),
        (None, false, Some(code), false) => match Aadsts::lookup(code) {
            Some(_) => SignIn::refused(code),
            None => return Err(format!("AADSTS{code} is not in the catalogue")),
        },
        (None, false, None, true) => SignIn::ignored(),
        _ => return Err("give one of user, cancel, aadsts and ignore".to_owned()),
    };
    let script = script.after_polls(wish.polls).slowing_down(wish.slow_downs);
    world.people.script(match wish.wrong_state {
        true => script.with_wrong_state(),
        false => script,
    });
    Ok(Answer::empty(204))
}
