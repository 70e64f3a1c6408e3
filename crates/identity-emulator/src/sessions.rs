//! Authorization codes, refresh tokens and assertions that were seen: what a grant may be used for, and how often.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::Ids;
use crate::model::User;
use crate::refusal::Refusal;

/// How long a code is good, in seconds.
const CODE_LIFETIME: i64 = 600;
/// How long an unused refresh token is good, in seconds: 90 days.
const REFRESH_LIFETIME: i64 = 90 * 86_400;

/// How many codes and how many refresh tokens are kept; beyond that, those that are used up go, and then the oldest.
const KEPT: usize = 2_000;

/// What a user granted an application.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) tenant: String,
    pub(crate) app: String,
    pub(crate) user: User,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// When the user signed in, in seconds since 1970.
    pub(crate) signed_in: i64,
    /// The authentication contexts that the sign-in satisfied.
    pub(crate) acrs: Vec<String>,
}

/// An authorization code and what it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) authorization: Authorization,
    pub(crate) redirect_uri: String,
    /// Of PKCE with S256, unpadded base64url.
    pub(crate) challenge: Option<String>,
    expires: i64,
    is_redeemed: bool,
}

/// All refresh tokens that came from one sign-in are a family; one of them misused ends them all.
#[derive(Debug)]
struct RefreshToken {
    authorization: Authorization,
    family: u64,
    expires: i64,
    is_used: bool,
}

#[derive(Debug, Default)]
struct State {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, RefreshToken>,
    families: u64,
    revoked: Vec<u64>,
    /// Application and `jti` of assertions, with the time until which they are remembered.
    seen: HashMap<(String, String), i64>,
}

/// The state of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<State>);

impl Sessions {
    /// Makes a code.
    pub(crate) fn code(
        &self,
        ids: &Ids,
        now: i64,
        authorization: Authorization,
        redirect_uri: String,
        challenge: Option<String>,
    ) -> String {
        let code = format!("1.{}.{}", ids.token(), ids.token());
        let mut state = self.lock();
        make_room(
            &mut state.codes,
            |code| !code.is_redeemed && now < code.expires,
            |code| code.expires,
        );
        state.codes.insert(
            code.clone(),
            Code {
                authorization,
                redirect_uri,
                challenge,
                expires: now.saturating_add(CODE_LIFETIME),
                is_redeemed: false,
            },
        );
        code
    }

    /// Redeems a code if `check` agrees. A code that is refused stays good; one that was redeemed does not.
    pub(crate) fn redeem(
        &self,
        code: &str,
        now: i64,
        check: impl FnOnce(&Code) -> Result<(), Refusal>,
    ) -> Result<Authorization, Refusal> {
        let mut state = self.lock();
        let code = state
            .codes
            .get_mut(code)
            .ok_or_else(|| Refusal::new(70000).with("parameter", "code"))?;
        if code.is_redeemed {
            return Err(Refusal::new(54005));
        }
        if now >= code.expires {
            return Err(Refusal::new(70008));
        }
        check(code)?;
        code.is_redeemed = true;
        Ok(code.authorization.clone())
    }

    /// Makes a refresh token of a new family.
    pub(crate) fn refresh_token(&self, ids: &Ids, now: i64, authorization: Authorization) -> String {
        let mut state = self.lock();
        state.families += 1;
        let family = state.families;
        state.make(ids, now, authorization, family)
    }

    /// Trades a refresh token for its authorization and the next token of its family. A token is good once; a second use ends
    /// the family, since one of the two users of it must be a thief. With `is_reusable` it stays good, as in Entra.
    pub(crate) fn refresh(
        &self,
        ids: &Ids,
        token: &str,
        now: i64,
        is_reusable: bool,
        check: impl FnOnce(&Authorization) -> Result<(), Refusal>,
    ) -> Result<(Authorization, String), Refusal> {
        let mut state = self.lock();
        let known = state
            .tokens
            .get(token)
            .ok_or_else(|| Refusal::new(70000).with("parameter", "refresh_token"))?;
        let (family, is_used) = (known.family, known.is_used);
        check(&known.authorization)?;
        if state.revoked.contains(&family) {
            return Err(Refusal::new(50173));
        }
        if is_used && !is_reusable {
            state.revoked.push(family);
            return Err(Refusal::new(50173));
        }
        if now >= known.expires {
            return Err(Refusal::new(700082));
        }
        let authorization = known.authorization.clone();
        if let Some(known) = state.tokens.get_mut(token) {
            known.is_used = true;
        }
        let next = state.make(ids, now, authorization.clone(), family);
        Ok((authorization, next))
    }

    /// Ends all sessions of a user, as a change of password does.
    pub(crate) fn revoke(&self, upn: &str) {
        let mut state = self.lock();
        let families: Vec<u64> = state
            .tokens
            .values()
            .filter(|token| token.authorization.user.upn.eq_ignore_ascii_case(upn))
            .map(|token| token.family)
            .collect();
        state.revoked.extend(families);
    }

    /// Whether the application's assertion with this `jti` is seen for the first time. It is remembered until `until`.
    pub(crate) fn first_sight(&self, app: &str, jti: &str, now: i64, until: i64) -> bool {
        let mut state = self.lock();
        state.seen.retain(|_, end| *end >= now);
        state
            .seen
            .insert((app.to_owned(), jti.to_owned()), until)
            .is_none()
    }

    pub(crate) fn reset(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for one more when there is none: all but those that `is_good` go, and the one with the earliest end if that was nothing. Whether anything went.
fn make_room<T>(
    kept: &mut HashMap<String, T>,
    is_good: impl Fn(&T) -> bool,
    end: impl Fn(&T) -> i64,
) -> bool {
    if kept.len() < KEPT {
        return false;
    }
    kept.retain(|_, one| is_good(one));
    if kept.len() >= KEPT {
        let oldest = kept.iter().min_by_key(|(_, one)| end(one));
        if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
            kept.remove(&oldest);
        }
    }
    true
}

impl State {
    fn make(&mut self, ids: &Ids, now: i64, authorization: Authorization, family: u64) -> String {
        let dropped = make_room(
            &mut self.tokens,
            |token| !token.is_used && now < token.expires,
            |token| token.expires,
        );
        if dropped {
            // A family without tokens can't come back.
            let left: HashSet<u64> = self.tokens.values().map(|token| token.family).collect();
            self.revoked.retain(|family| left.contains(family));
        }
        let token = format!("0.{}.{}", ids.token(), ids.token());
        self.tokens.insert(
            token.clone(),
            RefreshToken {
                authorization,
                family,
                expires: now.saturating_add(REFRESH_LIFETIME),
                is_used: false,
            },
        );
        token
    }
}

#[cfg(test)]
mod tests {
    use super::{Authorization, CODE_LIFETIME, KEPT, REFRESH_LIFETIME, Sessions};
    use crate::ids::Ids;
    use crate::model::User;

    fn authorization() -> Authorization {
        Authorization {
            tenant: "t".to_owned(),
            app: "a".to_owned(),
            user: User::new("ada@contoso.test"),
            scopes: Vec::new(),
            nonce: None,
            signed_in: 0,
            acrs: Vec::new(),
        }
    }

    #[test]
    fn what_can_never_be_used_again_is_forgotten_when_there_is_much_of_it() {
        let (sessions, ids) = (Sessions::default(), Ids::new(0));
        for _ in 0..KEPT {
            sessions.code(&ids, 0, authorization(), String::new(), None);
            sessions.refresh_token(&ids, 0, authorization());
        }
        let late = REFRESH_LIFETIME + CODE_LIFETIME;
        let code = sessions.code(&ids, late, authorization(), String::new(), None);
        let token = sessions.refresh_token(&ids, late, authorization());
        let state = sessions.lock();
        assert_eq!((state.codes.len(), state.tokens.len()), (1, 1));
        assert!(state.codes.contains_key(&code) && state.tokens.contains_key(&token));
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much_that_could_still_be_used() {
        let (sessions, ids) = (Sessions::default(), Ids::new(0));
        let first_code = sessions.code(&ids, 0, authorization(), String::new(), None);
        let first = sessions.refresh_token(&ids, 0, authorization());
        for _ in 0..2 * KEPT {
            sessions.code(&ids, 1, authorization(), String::new(), None);
            sessions.refresh_token(&ids, 1, authorization());
        }
        let state = sessions.lock();
        assert_eq!((state.codes.len(), state.tokens.len()), (KEPT, KEPT));
        assert!(!state.codes.contains_key(&first_code) && !state.tokens.contains_key(&first));
    }

    #[test]
    fn families_that_were_ended_are_forgotten_with_their_tokens() {
        let (sessions, ids) = (Sessions::default(), Ids::new(0));
        let stolen = sessions.refresh_token(&ids, 0, authorization());
        for expected in [None, Some(50173)] {
            let refused = sessions.refresh(&ids, &stolen, 0, false, |_| Ok(())).err();
            assert_eq!(refused.map(|refused| refused.code()), expected);
        }
        assert_eq!(sessions.lock().revoked.len(), 1);
        for _ in 0..=KEPT {
            sessions.refresh_token(&ids, REFRESH_LIFETIME + 1, authorization());
        }
        assert!(sessions.lock().revoked.is_empty());
    }

    #[test]
    fn a_jti_is_seen_once_for_each_application_until_it_is_over() {
        let sessions = Sessions::default();
        assert!(sessions.first_sight("a", "1", 0, 10));
        assert!(sessions.first_sight("b", "1", 0, 10));
        assert!(!sessions.first_sight("a", "1", 10, 20));
        assert!(sessions.first_sight("b", "1", 11, 20));
    }
}
