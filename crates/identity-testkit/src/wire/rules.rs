//! The differences that we want.

/// A way in which we may, or must, differ from a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The thumbprint in an assertion's header is not padded: one character less than recorded.
    UnpaddedThumbprint,
    /// An assertion that shows its times is valid for exactly this long, and begins to be so before now: `exp − nbf` in seconds.
    AssertionLifetime(i64),
    /// The discovery document may be fetched where it was, but need not.
    OptionalDiscovery,
    /// This header may be there as recorded, but need not. Lower-case.
    OptionalHeader(&'static str),
    /// This query parameter may be there as recorded, but need not.
    OptionalQuery(&'static str),
    /// This form field is not sent, where that other one is: the device flow's doubled code.
    NotBeside {
        /// The field that we leave out.
        field: &'static str,
        /// The field that says it already.
        beside: &'static str,
    },
    /// A query parameter has another name with us.
    RenamedQuery {
        /// As recorded.
        recorded: &'static str,
        /// As we send it.
        ours: &'static str,
    },
}

/// The differences that a comparison allows. Everything else is a mismatch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Difference>);

impl Rules {
    /// No difference at all.
    #[must_use]
    pub const fn exact() -> Self {
        Self(Vec::new())
    }

    /// The differences that this project wants everywhere: unpadded thumbprints, assertions of 10 minutes that begin 1 minute back, optional
    /// discovery, the optional headers `x-ms-lib-capability` and `x-anchormailbox`, and no doubled device code.
    #[must_use]
    pub fn documented() -> Self {
        Self(vec![
            Difference::UnpaddedThumbprint,
            Difference::AssertionLifetime(660),
            Difference::OptionalDiscovery,
            Difference::OptionalHeader("x-ms-lib-capability"),
            Difference::OptionalHeader("x-anchormailbox"),
            Difference::OptionalQuery("X-AnchorMailbox"),
            Difference::NotBeside {
                field: "code",
                beside: "device_code",
            },
        ])
    }

    /// Allows one more.
    #[must_use]
    pub fn allow(mut self, difference: Difference) -> Self {
        self.0.push(difference);
        self
    }

    pub(super) fn has(&self, difference: &Difference) -> bool {
        self.0.contains(difference)
    }

    pub(super) fn optional_header(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|rule| matches!(rule, Difference::OptionalHeader(optional) if *optional == name))
    }

    pub(super) fn optional_query(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|rule| matches!(rule, Difference::OptionalQuery(optional) if *optional == name))
    }

    /// The field that makes `field` needless.
    pub(super) fn said_by(&self, field: &str) -> Option<&'static str> {
        self.0.iter().find_map(|rule| match rule {
            Difference::NotBeside {
                field: left_out,
                beside,
            } if *left_out == field => Some(*beside),
            _ => None,
        })
    }

    /// Our name of a recorded query parameter.
    pub(super) fn our_name<'a>(&self, recorded: &'a str) -> &'a str {
        let renamed = self.0.iter().find_map(|rule| match rule {
            Difference::RenamedQuery { recorded: old, ours } if *old == recorded => Some(*ours),
            _ => None,
        });
        renamed.unwrap_or(recorded)
    }

    pub(super) fn assertion_lifetime(&self) -> Option<i64> {
        self.0.iter().find_map(|rule| match rule {
            Difference::AssertionLifetime(seconds) => Some(*seconds),
            _ => None,
        })
    }
}
