//! `ci`: every check there is, each timed; a failed one does not keep the others from running.

use std::time::{Duration, Instant};

use lexopt::Arg::{Long, Value};
use lexopt::ValueExt as _;

use crate::error::{Error, Result};

/// A check by name.
struct Step {
    name: &'static str,
    /// The same by hand.
    command: &'static str,
    run: fn() -> Result,
}

/// In the order in which they run: the quickest verdicts first, and what shares a build beside each other.
const STEPS: [Step; 17] = [
    Step {
        name: "fmt",
        command: "fmt --check",
        run: crate::fmt::check,
    },
    Step {
        name: "tidy",
        command: "tidy",
        run: crate::tidy::check,
    },
    Step {
        name: "deny",
        command: "deny",
        run: crate::deny::check,
    },
    Step {
        name: "clippy",
        command: "lint",
        run: crate::lint::clippy,
    },
    Step {
        name: "docs",
        command: "docs",
        run: crate::docs::build,
    },
    Step {
        name: "api",
        command: "api",
        run: crate::api::compare,
    },
    Step {
        name: "package",
        command: "package",
        run: crate::package::check,
    },
    Step {
        name: "features",
        command: "features",
        run: crate::features::check,
    },
    Step {
        name: "e2e",
        command: "e2e python",
        run: crate::e2e::python::check,
    },
    Step {
        name: "oidc",
        command: "e2e oidc",
        run: crate::e2e::oidc::check,
    },
    Step {
        name: "msal-cache",
        command: "e2e msal-cache",
        run: crate::e2e::msal_cache::check,
    },
    Step {
        name: "adapters",
        command: "adapters",
        run: crate::adapters::check,
    },
    Step {
        name: "azurite",
        command: "e2e azurite",
        run: crate::e2e::azurite::check,
    },
    Step {
        name: "leaks",
        command: "leaks",
        run: crate::leaks::check,
    },
    Step {
        name: "demo",
        command: "demo",
        run: || crate::demo::start(&[]),
    },
    Step {
        name: "test",
        command: "test",
        run: || crate::test::all(&[]),
    },
    Step {
        name: "parity",
        command: "parity",
        run: crate::parity::check,
    },
];

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let mut chosen = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Long("list") => {
                for step in &STEPS {
                    println!("{:<10} cargo xtask {}", step.name, step.command);
                }
                return Ok(());
            }
            Value(name) => chosen.push(find(&name.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if chosen.is_empty() {
        chosen.extend(&STEPS);
    }
    let results: Vec<_> = chosen.into_iter().map(|step| (step.name, timed(step))).collect();
    report(&results)
}

fn find(name: &str) -> Result<&'static Step> {
    STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        Error::new(format!(
            "there is no step `{name}`; the steps are {}",
            names.join(", ")
        ))
    })
}

fn timed(step: &Step) -> (Duration, Result) {
    println!("\n==> {}: cargo xtask {}", step.name, step.command);
    let start = Instant::now();
    let result = (step.run)();
    let took = start.elapsed();
    match &result {
        Ok(()) => println!("<== {}: passed in {:.1} s", step.name, took.as_secs_f64()),
        // On the same stream as the rest, so that it stands where it happened.
        Err(error) => println!(
            "<== {}: FAILED after {:.1} s: {error}",
            step.name,
            took.as_secs_f64()
        ),
    }
    (took, result)
}

fn report(results: &[(&str, (Duration, Result))]) -> Result {
    println!("\n{:<10} {:>8}  result", "step", "seconds");
    for (name, (took, result)) in results {
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        println!("{name:<10} {:>8.1}  {verdict}", took.as_secs_f64());
    }
    let total: Duration = results.iter().map(|(_, (took, _))| *took).sum();
    println!("{:<10} {:>8.1}", "all", total.as_secs_f64());
    let failed: Vec<_> = results
        .iter()
        .filter(|(_, (_, result))| result.is_err())
        .map(|(name, _)| *name)
        .collect();
    println!(
        "\nsteps: {} passed, {} failed",
        results.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("failed: {}", failed.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_with_the_list() {
        let Err(error) = find("nope") else { panic!("found") };
        assert!(error.to_string().contains("fmt, tidy"), "{error}");
        assert!(find("deny").is_ok());
    }

    #[test]
    fn one_failed_step_fails_the_run() {
        let step = |run| Step {
            name: "x",
            command: "x",
            run,
        };
        let good = timed(&step(|| Ok(())));
        let bad = timed(&step(|| Err(Error::new("no"))));
        assert!(report(&[("good", good)]).is_ok());
        let error = report(&[("good", timed(&step(|| Ok(())))), ("bad", bad)])
            .unwrap_err()
            .to_string();
        assert_eq!(error, "failed: bad");
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }
}
