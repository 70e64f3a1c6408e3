//! The report for people.

use std::fmt;
use std::time::Duration;

use super::report::{Finding, LinkReport, Report, Verdict};
use super::situation::Level;

/// How wide the column of names is: the longest name and two spaces.
const NAME: usize = 32;
/// How far the lines below a member are indented.
const INDENT: &str = "     ";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} for {}", self.credential, self.scope)?;
        for (index, link) in self.links.iter().enumerate() {
            write!(f, "{:>3}  {link}", index + 1)?;
        }
        writeln!(f, "{}", self.result())?;
        for check in &self.checks {
            writeln!(f, "{:<8} {}", check.subject, check.evidence)?;
            if let Some(finding) = &check.finding {
                write!(f, "{finding}")?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// What it all comes to, on one line.
    fn result(&self) -> String {
        let asked = |link: &LinkReport| !matches!(link.verdict, Verdict::NotAsked | Verdict::NotReached);
        match (self.winner, self.stopped_at) {
            (Some(winner), _) => format!("result: {winner} would be used"),
            (None, Some(stopped)) => {
                format!("result: no token, since the failure of {stopped} stops the chain")
            }
            (None, None) if self.links.iter().any(asked) => {
                "result: no token, since none is available".to_owned()
            }
            (None, None) => "result: nobody was asked".to_owned(),
        }
    }
}

impl fmt::Display for LinkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Works => "works",
            Verdict::Unavailable => "skip",
            Verdict::Failed => "FAILS",
            Verdict::NotReached => "not reached",
            Verdict::NotAsked => "not asked",
        };
        let asked = !matches!(self.verdict, Verdict::NotReached | Verdict::NotAsked);
        let took = match asked {
            true => format!(" after {}", span(self.elapsed)),
            false => String::new(),
        };
        writeln!(f, "{:<NAME$}{verdict}{took}", self.credential)?;
        for line in &self.evidence {
            writeln!(f, "{INDENT}{line}")?;
        }
        if let Some(token) = &self.token {
            writeln!(f, "{INDENT}{token}")?;
        }
        for finding in &self.findings {
            write!(f, "{finding}")?;
        }
        // What was seen already needs no second telling.
        if let Some(problem) = self
            .problem
            .as_ref()
            .filter(|problem| !self.evidence.contains(&problem.message))
        {
            writeln!(f, "{INDENT}{problem}")?;
            for cause in &problem.causes {
                writeln!(f, "{INDENT}  caused by: {cause}")?;
            }
        }
        if let Some(step) = &self.next_step {
            writeln!(f, "{INDENT}-> {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{INDENT}{}: {} [{}]", self.level, self.message, self.id)?;
        match self.level {
            Level::Note => Ok(()),
            Level::Warning | Level::Problem => writeln!(f, "{INDENT}-> {}", self.fix),
        }
    }
}

impl fmt::Display for super::report::Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(code) = self.aadsts {
            let named = format!("AADSTS{code}");
            match self.meaning {
                Some(meaning) => write!(f, " ({named}: {meaning})")?,
                None if !self.message.contains(&named) => write!(f, " ({named})")?,
                None => {}
            }
        }
        if let Some(id) = &self.correlation_id {
            write!(f, " [correlation id {id}]")?;
        }
        Ok(())
    }
}

impl fmt::Display for super::report::TokenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "token for {}",
            self.identity.as_deref().unwrap_or("an identity it does not name")
        )?;
        if let Some(tenant) = &self.tenant {
            write!(f, " of tenant {tenant}")?;
        }
        if let Some(audience) = &self.audience {
            write!(f, ", audience {audience}")?;
        }
        if !self.permissions.is_empty() {
            write!(f, ", {}", self.permissions.join(" "))?;
        }
        write!(f, "; {} left", span(self.expires_in))
    }
}

/// `40 ms`, `3.8 s`, `47 min`, `5 h`, `12 d`.
pub(crate) fn span(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..7200 => format!("{} min", duration.as_secs() / 60),
        7200..172_800 => format!("{} h", duration.as_secs() / 3600),
        _ => format!("{} d", duration.as_secs() / 86_400),
    }
}
