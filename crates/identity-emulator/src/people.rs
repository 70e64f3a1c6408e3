//! Sign-ins under way: scripts that wait, devices that poll, assertions of the organization's server.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::Ids;
use crate::model::User;
use crate::script::{SignIn, SignInOutcome};
use crate::sessions::Authorization;

/// How many devices and how many assertions are kept; those that are used up are forgotten first, then older ones.
const KEPT: usize = 2_000;

/// The state of all sign-ins.
#[derive(Debug, Default)]
pub(crate) struct People(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    scripts: VecDeque<SignIn>,
    devices: HashMap<String, Device>,
    assertions: HashMap<String, (User, i64)>,
}

/// A device that waits for its person.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// All but the user, who is known once somebody signed in.
    pub(crate) asked: Authorization,
    pub(crate) expires: i64,
    script: SignIn,
    is_redeemed: bool,
}

/// What a device is told.
#[derive(Clone, Debug)]
pub(crate) enum Poll {
    Unknown,
    Expired,
    Redeemed,
    SlowDown,
    Pending,
    Declined,
    Refused(u32),
    Done(Box<Authorization>),
}

impl People {
    pub(crate) fn script(&self, script: SignIn) {
        self.lock().scripts.push_back(script);
    }

    /// What the next person does.
    pub(crate) fn next(&self, default: impl FnOnce() -> User) -> SignIn {
        self.lock()
            .scripts
            .pop_front()
            .unwrap_or_else(|| SignIn::of(default()))
    }

    /// Keeps a device; its code.
    pub(crate) fn device(&self, ids: &Ids, asked: Authorization, expires: i64, script: SignIn) -> String {
        let code = format!("D{}{}", ids.token(), ids.token());
        let mut state = self.lock();
        if state.devices.len() >= KEPT {
            let now = asked.signed_in;
            state
                .devices
                .retain(|_, device| !device.is_redeemed && now < device.expires);
            if state.devices.len() >= KEPT {
                forget_oldest(&mut state.devices, |device| device.expires);
            }
        }
        let device = Device {
            asked,
            expires,
            script,
            is_redeemed: false,
        };
        state.devices.insert(code.clone(), device);
        code
    }

    /// What the device with this code is told now. `check` has to agree before anything is used up.
    pub(crate) fn poll<E>(
        &self,
        code: &str,
        now: i64,
        check: impl FnOnce(&Device) -> Result<(), E>,
    ) -> Result<Poll, E> {
        let mut state = self.lock();
        let Some(device) = state.devices.get_mut(code) else {
            return Ok(Poll::Unknown);
        };
        check(device)?;
        if device.is_redeemed {
            return Ok(Poll::Redeemed);
        }
        if now >= device.expires {
            return Ok(Poll::Expired);
        }
        for (left, told) in [
            (&mut device.script.slow_downs, Poll::SlowDown),
            (&mut device.script.polls, Poll::Pending),
        ] {
            if let Some(fewer) = left.checked_sub(1) {
                *left = fewer;
                return Ok(told);
            }
        }
        Ok(match &device.script.outcome {
            SignInOutcome::Ignored => Poll::Pending,
            SignInOutcome::Cancelled => Poll::Declined,
            SignInOutcome::Refused(code) => Poll::Refused(*code),
            SignInOutcome::User(user) => {
                device.is_redeemed = true;
                Poll::Done(Box::new(Authorization {
                    user: user.clone(),
                    signed_in: now,
                    ..device.asked.clone()
                }))
            }
        })
    }

    /// Keeps an assertion of the organization's server until `until`.
    pub(crate) fn assertion(&self, id: String, user: User, until: i64) {
        let mut state = self.lock();
        if state.assertions.len() >= KEPT {
            forget_oldest(&mut state.assertions, |(_, until)| *until);
        }
        state.assertions.insert(id, (user, until));
    }

    /// Whom an assertion is about, if it is one of ours and still good.
    pub(crate) fn asserted(&self, id: &str, now: i64) -> Option<User> {
        self.lock()
            .assertions
            .get(id)
            .filter(|(_, until)| now < *until)
            .map(|(user, _)| user.clone())
    }

    pub(crate) fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the one with the earliest end.
fn forget_oldest<T>(kept: &mut HashMap<String, T>, end: impl Fn(&T) -> i64) {
    let oldest = kept.iter().min_by_key(|(_, one)| end(one));
    if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
        kept.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, People};
    use crate::ids::Ids;
    use crate::model::User;
    use crate::script::SignIn;
    use crate::sessions::Authorization;

    #[test]
    fn the_oldest_devices_and_assertions_are_forgotten_when_there_are_too_many() {
        let (people, ids) = (People::default(), Ids::new(0));
        let user = User::new("ada@contoso.test");
        let asked = Authorization {
            tenant: "t".to_owned(),
            app: "a".to_owned(),
            user: user.clone(),
            scopes: Vec::new(),
            nonce: None,
            signed_in: 0,
            acrs: Vec::new(),
        };
        let device = |expires| people.device(&ids, asked.clone(), expires, SignIn::of(user.clone()));
        let first = device(100);
        let later: Vec<String> = (0..KEPT).map(|_| device(200)).collect();
        for number in 0..=KEPT {
            let until = if number == 0 { 100 } else { 200 };
            people.assertion(number.to_string(), user.clone(), until);
        }
        let state = people.lock();
        assert_eq!((state.devices.len(), state.assertions.len()), (KEPT, KEPT));
        assert!(!state.devices.contains_key(&first) && state.devices.contains_key(&later[0]));
        assert!(!state.assertions.contains_key("0") && state.assertions.contains_key("1"));
    }
}
