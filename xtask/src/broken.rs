//! `broken`: builds that are broken on purpose, each in one place. The test that is said to hold that place has to fail.
//!
//! A case is a file in `tests/broken`: what is broken, where, which test has to notice, the text that stands there and the one that takes its place. The builds are made
//! in a copy of the last commit, so the working tree is never touched.

use std::fs;
use std::path::{Path, PathBuf};

use lexopt::Arg::Value;
use lexopt::ValueExt as _;

use crate::error::{Context as _, Error, Result};
use crate::shell::Cmd;
use crate::workspace::{Workspace, root};

const FOLDER: &str = "tests/broken";

/// One broken build.
#[derive(Debug, PartialEq, Eq)]
struct Case {
    /// The file's name without its ending.
    name: String,
    /// What is wrong with the build, in a sentence.
    what: String,
    file: String,
    package: String,
    /// The path of the test that has to fail.
    test: String,
    was: String,
    is: String,
}

pub(crate) fn run(mut args: lexopt::Parser) -> Result {
    let mut chosen = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Value(name) => chosen.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let mut cases = read(&root().join(FOLDER))?;
    if let Some(unknown) = chosen
        .iter()
        .find(|name| cases.iter().all(|case| case.name != **name))
    {
        return Err(Error::new(format!(
            "there is no broken build `{unknown}` in {FOLDER}"
        )));
    }
    cases.retain(|case| chosen.is_empty() || chosen.contains(&case.name));
    let lab = Lab::new()?;
    let mut unnoticed = Vec::new();
    for case in &cases {
        let verdict = lab.try_out(case)?;
        println!("{:<20} {verdict}: {} ({})", case.name, case.what, case.test);
        if verdict != "noticed" {
            unnoticed.push(case.name.as_str());
        }
    }
    println!(
        "{} broken builds, {} noticed",
        cases.len(),
        cases.len() - unnoticed.len()
    );
    match unnoticed.as_slice() {
        [] => Ok(()),
        names => Err(Error::new(format!("not noticed: {}", names.join(", ")))),
    }
}

/// A copy of the last commit, and a target folder for it.
struct Lab {
    tree: PathBuf,
    target: PathBuf,
}

impl Lab {
    fn new() -> Result<Self> {
        let target = Workspace::load()?.target_dir.join("broken");
        let tree = target.join("tree");
        if tree.exists() {
            fs::remove_dir_all(&tree).context(|| format!("cannot remove {}", tree.display()))?;
        }
        fs::create_dir_all(&tree).context(|| format!("cannot make {}", tree.display()))?;
        let archive = target.join("tree.tar");
        Cmd::new("git")
            .args(["archive", "--format=tar", "--output"])
            .arg(&archive)
            .arg("HEAD")
            .run()?;
        Cmd::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(&tree)
            .run()?;
        fs::remove_file(&archive).context(|| format!("cannot remove {}", archive.display()))?;
        Ok(Self { tree, target })
    }

    /// The test passes in the build as it is, and fails in the broken one.
    fn try_out(&self, case: &Case) -> Result<&'static str> {
        let path = self.tree.join(&case.file);
        let whole = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
        let broken = broken(case, &whole)?;
        if !self.passes(case)?.0 {
            return Ok("FAILS UNBROKEN");
        }
        write(&path, &broken)?;
        let outcome = self.passes(case);
        write(&path, &whole)?;
        let (passed, output) = outcome?;
        Ok(match (passed, output.contains("test result: FAILED")) {
            (true, _) => "NOT NOTICED",
            (false, true) => "noticed",
            (false, false) => {
                print!("{output}");
                "DOES NOT COMPILE"
            }
        })
    }

    /// Whether the test passes, and what was printed. That no test ran is no pass.
    fn passes(&self, case: &Case) -> Result<(bool, String)> {
        let (success, output) = Cmd::cargo()
            .args(["test", "--locked", "--manifest-path"])
            .arg(self.tree.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.target.join("build"))
            .args(["--package", &case.package, "--lib", "--", "--exact", &case.test])
            // Some of them are told on purpose that a value is never used.
            .env("RUSTFLAGS", "--cap-lints=warn")
            .outcome()?;
        Ok((success && output.contains("1 passed"), output))
    }
}

fn write(path: &Path, text: &str) -> Result {
    fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}

/// The file with the case's text exchanged, which has to stand there once.
fn broken(case: &Case, whole: &str) -> Result<String> {
    match whole.matches(&case.was).count() {
        1 => Ok(whole.replacen(&case.was, &case.is, 1)),
        count => Err(Error::new(format!(
            "{FOLDER}/{}.txt: its text stands {count} times in {}, not once",
            case.name, case.file
        ))),
    }
}

/// The cases of a folder by name.
fn read(folder: &Path) -> Result<Vec<Case>> {
    let failed = || format!("cannot read {}", folder.display());
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).context(failed)? {
        let path = entry.context(failed)?.path();
        let text = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        cases.push(parse(&name, &text).ok_or_else(|| {
            Error::new(format!(
                "{} is no case: a sentence, `file:`, `package:`, `test:`, `--- was`, `--- is`",
                path.display()
            ))
        })?);
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

fn parse(name: &str, text: &str) -> Option<Case> {
    let (head, texts) = text.split_once("\n--- was\n")?;
    let (was, is) = texts.trim_end_matches('\n').split_once("\n--- is\n")?;
    let field = |field: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    Some(Case {
        name: name.to_owned(),
        what: head.lines().next()?.to_owned(),
        file: field("file")?,
        package: field("package")?,
        test: field("test")?,
        was: was.to_owned(),
        is: is.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_and_exchanged() {
        let text = "Wrong.\n\nfile: a.rs\npackage: p\ntest: t::u\n--- was\n  one\n--- is\n  two\n";
        let case = parse("x", text).unwrap();
        assert_eq!((case.what.as_str(), case.test.as_str()), ("Wrong.", "t::u"));
        assert_eq!(broken(&case, "a\n  one\nb\n").unwrap(), "a\n  two\nb\n");
        for other in ["a\n", "  one\n  one\n"] {
            assert!(broken(&case, other).unwrap_err().to_string().contains("not once"));
        }
        assert_eq!(parse("x", "Wrong.\n--- was\na\n--- is\nb\n"), None);
    }

    #[test]
    fn every_case_can_be_made_and_is_in_the_documentation() {
        let page = fs::read_to_string(root().join("docs/broken-builds.md")).unwrap();
        let cases = read(&root().join(FOLDER)).unwrap();
        assert!(cases.len() >= 10, "{}", cases.len());
        for case in cases {
            let whole = fs::read_to_string(root().join(&case.file)).unwrap();
            assert!(broken(&case, &whole).is_ok(), "{}", case.name);
            let row = format!("| `{}` | {} | `{}` |", case.name, case.what, case.test);
            assert!(page.contains(&row), "missing in docs/broken-builds.md:\n{row}");
        }
    }
}
