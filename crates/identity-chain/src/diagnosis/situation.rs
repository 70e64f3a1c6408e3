//! The situations that diagnosis knows, each with its meaning and what to do: the report and the troubleshooting page are made from this table.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Level {
    /// All is well; worth knowing.
    Note,
    /// It works, or may work, but something should be changed.
    Warning,
    /// It can't work so.
    Problem,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// A situation that diagnosis recognises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Situation {
    /// A stable name, such as `E-ENV-PARTIAL`.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What it means, as a sentence without an end.
    pub meaning: &'static str,
    /// What to do.
    pub fix: &'static str,
}

impl Situation {
    /// The situation with this id.
    ///
    /// ```
    /// use identity_chain::diagnosis::Situation;
    /// assert!(Situation::find("E-ENV-PARTIAL").unwrap().fix.contains("set"));
    /// ```
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|situation| situation.id == id)
    }
}

macro_rules! situations {
    ($($name:ident = $id:literal, $level:ident, $meaning:literal, $fix:literal;)*) => {
        $(pub(crate) const $name: Situation = Situation {
            id: $id,
            level: Level::$level,
            meaning: $meaning,
            fix: $fix,
        };)*

        impl Situation {
            /// All of them, by subject.
            pub const ALL: &'static [Self] = &[$($name),*];
        }
    };
}

situations! {
    ENV_PARTIAL = "E-ENV-PARTIAL", Warning,
        "some variables of an application are set in the environment and others are missing, so EnvironmentCredential is passed over",
        "set the variables that the report names as missing, or unset those that are there";
    ENV_EMPTY = "E-ENV-EMPTY", Warning,
        "a variable is set to nothing, which counts as unset; usually a script or a deployment filled it from something that is missing",
        "give it a value, or unset it";
    ENV_TWO_WAYS = "E-ENV-TWO-WAYS", Warning,
        "the environment has a client secret and a certificate; the secret is used and the certificate is ignored",
        "unset AZURE_CLIENT_SECRET to use the certificate, or AZURE_CLIENT_CERTIFICATE_PATH to use the secret";
    CERT_UNREADABLE = "E-CERT-UNREADABLE", Problem,
        "the certificate file can't be read, or holds no certificate with its private key",
        "check AZURE_CLIENT_CERTIFICATE_PATH, the file's permissions, its format (PEM or PKCS#12) and AZURE_CLIENT_CERTIFICATE_PASSWORD";
    CERT_EXPIRED = "E-CERT-EXPIRED", Problem,
        "the certificate is not valid at this time",
        "put a new certificate into the file and register it with the application, or correct the clock of this machine";
    CERT_EXPIRES = "E-CERT-EXPIRES", Warning,
        "the certificate expires within 30 days",
        "register a new certificate with the application, then replace the file; it is read again without a restart";
    KEY_EXPOSED = "E-KEY-EXPOSED", Warning,
        "other users of this machine can read a file with a private key",
        "take the others' permissions away: chmod 600 FILE";
    FED_UNREADABLE = "E-FED-UNREADABLE", Problem,
        "the federated token file can't be read, or holds no token",
        "check AZURE_FEDERATED_TOKEN_FILE, the volume that is projected there, and that the service account is annotated";
    FED_EXPIRED = "E-FED-EXPIRED", Problem,
        "the token in the federated token file has expired; whoever should renew the file doesn't",
        "restart the pod, or look at what projects the token into the file; then check the clock of this machine";
    FED_AUDIENCE = "E-FED-AUDIENCE", Warning,
        "the federated token is for another audience than Entra's token exchange",
        "project the token with the audience api://AzureADTokenExchange, or give the federated credential of the application the same audience";
    MI_REPLACED = "E-MI-REPLACED", Problem,
        "something else answers in the place of the metadata endpoint: a proxy, a container desktop or a portal",
        "let requests to 169.254.169.254 go to the host itself; outside Azure, leave managed identity out with AZURE_TOKEN_CREDENTIALS=dev";
    TOOL_MISSING = "E-TOOL-MISSING", Note,
        "a developer tool is in none of the absolute folders of PATH",
        "install it, or put its folder into PATH; a tool that is only found in the current folder is never started";
    TOOL_UNTRUSTED = "E-TOOL-UNTRUSTED", Warning,
        "a developer tool is only where everybody may write: anybody could have put a program of theirs in its place, so it is not run",
        "take the permission to write from everybody (chmod o-w): from the program that the report names, its folder and the folders above; or install it elsewhere";
    CACHE_EXPOSED = "E-CACHE-EXPOSED", Warning,
        "other users of this machine can read a file with cached tokens",
        "take the others' permissions away: chmod 600 FILE; sign out and in again if somebody may have read it";
    CLOCK_SKEW = "E-CLOCK-SKEW", Problem,
        "this machine's clock is more than five minutes off, so that assertions and tokens look expired or not valid yet",
        "set the clock, and let the system keep it by NTP";
    NET_UNREACHABLE = "E-NET-UNREACHABLE", Problem,
        "the authority gave no answer",
        "check name resolution, firewall and proxy (HTTPS_PROXY, NO_PROXY), and AZURE_AUTHORITY_HOST";
    NET_INTERCEPTED = "E-NET-INTERCEPTED", Warning,
        "the authority's answer is not Entra's: a proxy or a portal answers in its place",
        "sign in to the network's portal, or have the proxy pass the authority's host";
    PROXY_METADATA = "E-PROXY-METADATA", Warning,
        "a proxy is set and the metadata endpoint is not excepted from it: this library goes past it, but other programs send their requests for managed identity, and with them the tokens, to the proxy",
        "add the addresses that the report names to NO_PROXY";
    AUTHORITY_UNUSABLE = "E-AUTHORITY", Problem,
        "the authority can't be",
        "set AZURE_AUTHORITY_HOST to a host such as login.microsoftonline.com, or unset it";
    CLOUD_MISMATCH = "E-CLOUD-MISMATCH", Problem,
        "the scope belongs to another cloud than the authority, which will not know it",
        "set AZURE_AUTHORITY_HOST to the scope's cloud, or ask for the resource of the authority's cloud";
    LEFT_OUT = "E-LEFT-OUT", Note,
        "credentials of the default chain are not in this program, since their features were off when it was built",
        "turn on the features that the report names";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_texts_are_sentences_without_an_end() {
        for (at, situation) in Situation::ALL.iter().enumerate() {
            assert_eq!(Situation::find(situation.id).unwrap(), situation);
            assert!(
                Situation::ALL
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.id != situation.id)
            );
            for text in [situation.meaning, situation.fix] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", situation.id);
            }
        }
        assert_eq!(Situation::find("E-NONE"), None);
    }
}
