//! Which members take part: a function of the environment's one variable and of what the program said.

use std::borrow::Cow;

use identity_base::seam::Env;
use identity_base::{Error, ErrorKind, Foreign};
use identity_runtime::env_vars::AZURE_TOKEN_CREDENTIALS;

use super::member::{DefaultMember, names};

/// What the program said about the members.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The variable that selects.
    pub(crate) variable: Cow<'static, str>,
    /// Whether that variable has to be set.
    pub(crate) strict: bool,
    /// Whether developer tools are out of the question.
    pub(crate) deny_developer_tools: bool,
    /// By member: left out, taken in, or not spoken of.
    excluded: [Option<bool>; DefaultMember::ALL.len()],
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            variable: Cow::Borrowed(AZURE_TOKEN_CREDENTIALS),
            strict: false,
            deny_developer_tools: false,
            excluded: [None; DefaultMember::ALL.len()],
        }
    }
}

/// What the variable says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It isn't set.
    Unset,
    /// Those for developers.
    Dev,
    /// Those for deployed programs.
    Prod,
    /// One.
    One(DefaultMember),
}

/// Who takes part, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// In order, and never empty.
    pub(crate) members: Vec<DefaultMember>,
    /// Those that would take part if their feature were on.
    pub(crate) left_out: Vec<DefaultMember>,
    /// Whether managed identity finds out first, and quickly, whether there is an endpoint.
    pub(crate) probe: bool,
    /// Whether failures of developer tools, and settings that can't be, are passed over: others may still answer.
    pub(crate) soften: bool,
}

impl Wishes {
    /// Leaves a member out, or takes it in.
    pub(crate) fn exclude(&mut self, member: DefaultMember, exclude: bool) {
        if let Some(wish) = self.excluded.get_mut(member.index()) {
            *wish = Some(exclude);
        }
    }

    /// Whether the program left this member out.
    pub(crate) fn is_excluded(&self, member: DefaultMember) -> bool {
        self.excluded.get(member.index()).copied().flatten() == Some(true)
    }

    /// Decides.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfiguration`] when the variable holds nothing that is known or is missing although it is required, when it asks for what the program
    /// forbids or was built without, and when nobody is left.
    pub(crate) fn select(&self, env: &dyn Env) -> Result<Selection, Error> {
        let word = self.word(env)?;
        self.check_denied(word)?;
        let takes_part = |member: DefaultMember| {
            let selected = match word {
                Word::Unset => member.is_on_by_default(),
                Word::Dev => member.is_in_dev(),
                Word::Prod => !member.is_developer_tool(),
                Word::One(one) => member == one,
            };
            let wish = self.excluded.get(member.index()).copied().flatten();
            wish.map_or(selected, |excluded| !excluded)
                && !(self.deny_developer_tools && member.is_developer_tool())
        };
        let wanted = DefaultMember::ALL
            .iter()
            .copied()
            .filter(|member| takes_part(*member));
        let (members, left_out): (Vec<_>, Vec<_>) = wanted.partition(|member| member.is_compiled_in());
        if members.is_empty() {
            return Err(self.nobody(word, &left_out));
        }
        if let Word::One(one) = word
            && left_out.contains(&one)
        {
            return Err(self.nobody(word, &left_out));
        }
        let is_alone = matches!(word, Word::One(_)) && members.len() == 1;
        Ok(Selection {
            probe: word != Word::One(DefaultMember::ManagedIdentity),
            soften: !is_alone,
            members,
            left_out,
        })
    }

    fn word(&self, env: &dyn Env) -> Result<Word, Error> {
        let variable = &self.variable;
        let raw = env.raw(variable).unwrap_or_default();
        let Some(value) = raw.to_str() else {
            return Err(invalid(format!("{variable} is not Unicode")).with_hint(known()));
        };
        let value = value.trim();
        match value.to_ascii_lowercase().as_str() {
            "" if self.strict => Err(
                invalid(format!("{variable} is not set, and this program requires it")).with_hint(known()),
            ),
            "" => Ok(Word::Unset),
            "dev" => Ok(Word::Dev),
            "prod" => Ok(Word::Prod),
            _ => value.parse().map(Word::One).map_err(|_| {
                let shown = Foreign::quoted(value, 80);
                invalid(format!("{variable} is {shown}, which names no credential")).with_hint(known())
            }),
        }
    }

    fn check_denied(&self, word: Word) -> Result<(), Error> {
        let asks_for_tools = match word {
            Word::Dev => true,
            Word::One(one) => one.is_developer_tool(),
            Word::Unset | Word::Prod => false,
        };
        match self.deny_developer_tools && asks_for_tools {
            true => Err(invalid(format!(
                "{} asks for developer tools, which this program denies",
                self.variable
            ))
            .with_hint("set it to `prod`, or to the name of a credential for deployed programs")),
            false => Ok(()),
        }
    }

    fn nobody(&self, word: Word, left_out: &[DefaultMember]) -> Error {
        if let Some(first) = left_out.first() {
            let text = match left_out {
                [one] => format!("{one} is not in this program"),
                many => format!("{} are not in this program", names(many)),
            };
            return invalid(text).with_hint(format!(
                "turn on the feature `{}` of the crate, or select other credentials",
                first.feature()
            ));
        }
        let selected_by = match word {
            Word::Unset => "the program excludes all of them".to_owned(),
            _ => format!("the program excludes what {} selects", self.variable),
        };
        invalid(format!("at least one credential is required, but {selected_by}"))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfiguration, message)
}

/// The values that are understood.
fn known() -> String {
    format!("set it to `dev`, `prod`, or one of {}", names(DefaultMember::ALL))
}

#[cfg(test)]
mod tests;
