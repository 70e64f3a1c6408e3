//! `parity`: the tables that set our tests beside the peers' cases, and beside the requirements, against the lists of those and our own tests.

mod adapters;
mod cases;
mod compare;
mod document;
mod items;
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use self::cases::Cases;
use self::compare::{Share, compare};
use self::document::Document;
use self::items::Items;
use crate::error::{Context as _, Error, Result};
use crate::workspace::{Workspace, root};

const FOLDER: &str = "docs/parity";
const INTERFACES: &str = "docs/public-api";

pub(crate) fn run(args: lexopt::Parser) -> Result {
    crate::no_more(args)?;
    check()
}

/// Compares every document. All findings are printed before the command fails.
pub(crate) fn check() -> Result {
    let workspace = Workspace::load()?;
    let lists = read(&root().join(FOLDER).join("cases"), "txt")?;
    let documents = read(&root().join(FOLDER), "md")?;
    let mut tests = programs::list(&workspace)?;
    adapters::add(&mut tests, &root())?;
    let mut items = Items::default();
    for list in read(&root().join(INTERFACES), "txt")?.values() {
        items.add(list);
    }

    let mut findings = Vec::new();
    let mut shares = Vec::new();
    for (name, text) in &lists {
        let cases = match Cases::parse(text) {
            Ok(cases) => cases,
            Err(problem) => {
                findings.push(format!("{FOLDER}/cases/{name}.txt: {problem}"));
                continue;
            }
        };
        let document = documents.get(name);
        match (document, &cases.pending) {
            (None, Some(why)) => println!("{FOLDER}/{name}.md: {} cases, not compared: {why}", cases.count()),
            (None, None) => findings.push(format!(
                "{FOLDER}/{name}.md is missing, its list of cases is there"
            )),
            (Some(_), Some(_)) => findings.push(format!(
                "{FOLDER}/cases/{name}.txt says `pending`, but {name}.md is there: take the line out"
            )),
            (Some(text), None) => {
                let (share, found) = compare(&cases, &Document::parse(text), &tests, &items);
                findings.extend(
                    found
                        .into_iter()
                        .map(|what| format!("{FOLDER}/{name}.md: {what}")),
                );
                shares.push((name, share));
            }
        }
    }
    for (name, text) in &documents {
        if !lists.contains_key(name) && !Document::parse(text).sections.is_empty() {
            findings.push(format!(
                "{FOLDER}/{name}.md has a table of a peer's cases and no {FOLDER}/cases/{name}.txt"
            ));
        }
    }
    report(&shares);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Error::new(format!("parity found {count} places"))),
    }
}

fn report(shares: &[(&String, Share)]) {
    println!(
        "{:<16} {:>5}  {:>7}  {:>5}  does not apply",
        "document", "cases", "covered", "tests"
    );
    for (name, share) in shares {
        println!(
            "{name:<16} {:>5}  {:>7}  {:>5}  {} ({:.1} %)",
            share.cases,
            share.cases - share.not_applicable,
            share.tests,
            share.not_applicable,
            share.percent()
        );
    }
}

/// The files of a folder that end in this way, by their names without it.
fn read(folder: &Path, extension: &str) -> Result<BTreeMap<String, String>> {
    let failed = || format!("cannot read {}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).context(failed)? {
        let path = entry.context(failed)?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        if let (Some(name), true) = (name, path.extension().is_some_and(|found| found == extension)) {
            let text = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}
