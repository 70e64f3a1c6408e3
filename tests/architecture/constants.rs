//! The one table of constants, compared with the code in both directions.
//!
//! A constant of a module is read from its line `const NAME: Type = expression;`, a default that is public from the value itself.
//! `ARCHITECTURE=overwrite cargo test -p integration-tests --test architecture` writes the rows anew: what a constant is for is kept where the table says
//! it, and else taken from the constant's documentation.

use std::collections::BTreeMap;

use crate::defaults;
use crate::document::{replace_rows, root, section};
use crate::source::{self, Constant};
use crate::value::Value;

/// The crates whose constants are policy. The emulator's and the test kit's are not.
const CRATES: [&str; 10] = [
    "entra-identity",
    "identity-base",
    "identity-cache",
    "identity-chain",
    "identity-confidential",
    "identity-devtools",
    "identity-interactive",
    "identity-managed",
    "identity-runtime",
    "identity-transport",
];

/// Where a constant is, and its name. Defaults of types are listed before everything else in their file.
type Key = (String, String);

/// What a row says beside its key.
#[derive(Debug, Clone)]
struct Row {
    value: String,
    about: String,
}

fn table() -> BTreeMap<Key, Row> {
    let mut rows = BTreeMap::new();
    for line in section("constants")
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[name, value, place, about] = cells.as_slice() else {
            panic!("a row of constants has four cells: {line}")
        };
        assert!(!about.is_empty(), "a row says what the constant is for: {line}");
        let key = (
            place.trim_matches('`').to_owned(),
            name.trim_matches('`').to_owned(),
        );
        let row = Row {
            value: value.to_owned(),
            about: about.to_owned(),
        };
        assert!(rows.insert(key, row).is_none(), "twice: {line}");
    }
    rows
}

/// What the code has: value, documentation, and whether it has to be in the table.
fn code() -> BTreeMap<Key, (Value, String, bool)> {
    let crates = root().join("crates");
    let mut all: Vec<Constant> = Vec::new();
    for name in CRATES {
        let folder = crates.join(name).join("src");
        if folder.is_dir() {
            source::collect(&folder, &crates, &mut all);
        }
    }
    let mut code = BTreeMap::new();
    for constant in &all {
        let key = (constant.place.clone(), constant.name.clone());
        match source::evaluate(constant, &all) {
            Some(value) => {
                code.insert(key, (value, constant.about.clone(), constant.is_policy()));
            }
            None => assert!(
                !constant.is_policy(),
                "{key:?} is written in a way that can't be read here"
            ),
        }
    }
    for default in defaults::ALL {
        let key = (default.place.to_owned(), default.name.to_owned());
        code.insert(key, ((default.get)(), default.about.to_owned(), true));
    }
    code
}

#[test]
fn the_table_and_the_code_say_the_same() {
    let (mut rows, code) = (table(), code());
    if std::env::var_os("ARCHITECTURE").is_some_and(|how| how == "overwrite") {
        rows = renewed(&rows, &code);
        let lines = rows
            .iter()
            .map(|((place, name), row)| format!("| `{name}` | {} | `{place}` | {} |", row.value, row.about));
        replace_rows("constants", &lines.collect::<Vec<_>>());
    }
    let mut problems = Vec::new();
    for ((place, name), row) in &rows {
        match (Value::parse(&row.value), code.get(&(place.clone(), name.clone()))) {
            (_, None) => problems.push(format!("{name} is not in {place}")),
            (None, _) => problems.push(format!("{name}: {} is no value", row.value)),
            (Some(table), Some((code, ..))) if table != *code => {
                problems.push(format!(
                    "{name}: the table says {}, {place} says {}",
                    row.value,
                    code.written(name)
                ));
            }
            _ => {}
        }
    }
    for (key, (value, about, _)) in code.iter().filter(|(_, (.., needed))| *needed) {
        if !rows.contains_key(key) {
            let (place, name) = key;
            problems.push(format!(
                "missing: | `{name}` | {} | `{place}` | {about} |",
                value.written(name)
            ));
        }
    }
    assert!(
        rows.len() > 20 || !problems.is_empty(),
        "only {} rows were found",
        rows.len()
    );
    assert!(
        problems.is_empty(),
        "docs/ARCHITECTURE.md, whose rows are written anew with ARCHITECTURE=overwrite:\n{}",
        problems.join("\n")
    );
}

fn renewed(rows: &BTreeMap<Key, Row>, code: &BTreeMap<Key, (Value, String, bool)>) -> BTreeMap<Key, Row> {
    let wanted = code
        .iter()
        .filter(|(key, (.., needed))| *needed || rows.contains_key(key));
    wanted
        .map(|(key, (value, about, _))| {
            // What a constant is for goes with it when it moves within its crate.
            let moved = || {
                let mut gone = rows.iter().filter(|(old, _)| !code.contains_key(*old));
                let found = gone.find(|(old, _)| old.1 == key.1 && package(&old.0) == package(&key.0));
                found.map(|(_, row)| row)
            };
            let about = rows.get(key).or_else(moved).map_or(about, |row| &row.about);
            let row = Row {
                value: value.written(&key.1),
                about: about.trim_end_matches(['.', ',']).to_owned(),
            };
            (key.clone(), row)
        })
        .collect()
}

fn package(place: &str) -> Option<&str> {
    place.split('/').next()
}
