//! What a person does when an application asks for a sign-in.

use crate::model::User;

/// What a person does when an application asks for a sign-in, in a browser or by a device code.
///
/// Scripts are used up in their order, one for each sign-in. Without any, the first registered user signs in and consents, or `ada@contoso.test` where none
/// is registered.
///
/// ```
/// use identity_emulator::{Emulator, SignIn, User};
///
/// let emulator = Emulator::builder().start_blocking()?;
/// emulator.script(SignIn::of(User::new("bob@contoso.test")).after_polls(2));
/// emulator.script(SignIn::cancelled());
/// # Ok::<_, identity_emulator::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SignIn {
    pub(crate) outcome: SignInOutcome,
    pub(crate) polls: u32,
    pub(crate) slow_downs: u32,
    pub(crate) wrong_state: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum SignInOutcome {
    User(User),
    Cancelled,
    Refused(u32),
    /// Nobody does anything.
    Ignored,
}

impl SignIn {
    const fn new(outcome: SignInOutcome) -> Self {
        Self {
            outcome,
            polls: 0,
            slow_downs: 0,
            wrong_state: false,
        }
    }

    /// This person signs in and consents.
    pub const fn of(user: User) -> Self {
        Self::new(SignInOutcome::User(user))
    }

    /// The person cancels: `access_denied` in a browser, `authorization_declined` for a device code.
    pub const fn cancelled() -> Self {
        Self::new(SignInOutcome::Cancelled)
    }

    /// The service refuses with this AADSTS code of the catalogue.
    pub const fn refused(aadsts: u32) -> Self {
        Self::new(SignInOutcome::Refused(aadsts))
    }

    /// Nobody does anything: a browser gets a page without an end, a device code stays pending until it expires.
    pub const fn ignored() -> Self {
        Self::new(SignInOutcome::Ignored)
    }

    /// Sets how often a device is told to wait before the outcome. Default: not at all.
    pub const fn after_polls(mut self, polls: u32) -> Self {
        self.polls = polls;
        self
    }

    /// Sets how often a device is told to slow down before anything else. Default: not at all.
    pub const fn slowing_down(mut self, times: u32) -> Self {
        self.slow_downs = times;
        self
    }

    /// Sends the answer with another state than the one that was given, as a stray or forged answer has it.
    pub const fn with_wrong_state(mut self) -> Self {
        self.wrong_state = true;
        self
    }
}
