//! Constants as the code writes them.

use std::path::Path;
use std::time::Duration;

use crate::value::Value;

/// A constant of a module, of a type that the table knows.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) name: String,
    /// Its file below `crates/`.
    pub(crate) place: String,
    kind: String,
    expression: String,
    /// The first line of its documentation.
    pub(crate) about: String,
}

const INTEGERS: [&str; 7] = ["usize", "u64", "u32", "u16", "u8", "i64", "i32"];

impl Constant {
    /// Whether it has to be in the table: times, and limits by their name.
    pub(crate) fn is_policy(&self) -> bool {
        self.kind == "Duration" || self.name.starts_with("MAX_") || self.name.ends_with("_MILLIS")
    }
}

/// Reads all files below `folder`, test modules excepted.
pub(crate) fn collect(folder: &Path, crates: &Path, into: &mut Vec<Constant>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            collect(&path, crates, into);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let place = path
                .strip_prefix(crates)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            read(&std::fs::read_to_string(&path).unwrap(), &place, into);
        }
    }
}

/// Constants begin at the first column: those of test modules and functions are indented.
fn read(text: &str, place: &str, into: &mut Vec<Constant>) {
    let mut about = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("/// ") {
            about.push(comment);
            continue;
        }
        let about = std::mem::take(&mut about);
        let declaration = line
            .strip_prefix("pub(crate) ")
            .or_else(|| line.strip_prefix("pub(super) "))
            .or_else(|| line.strip_prefix("pub "))
            .unwrap_or(line);
        let Some((name, rest)) = declaration
            .strip_prefix("const ")
            .and_then(|rest| rest.split_once(": "))
        else {
            continue;
        };
        let Some((kind, expression)) = rest.split_once(" = ") else {
            continue;
        };
        if kind != "Duration" && !INTEGERS.contains(&kind) {
            continue;
        }
        // One that goes on below has no value here, which a policy constant must have.
        let expression = expression.strip_suffix(';').unwrap_or(expression);
        into.push(Constant {
            name: name.to_owned(),
            place: place.to_owned(),
            kind: kind.to_owned(),
            expression: expression.to_owned(),
            about: about.join(" "),
        });
    }
}

/// The constant's value. Expressions are products of numbers and other constants, or differences of such, alone or within a `Duration::from_…`; others have none.
pub(crate) fn evaluate(constant: &Constant, all: &[Constant]) -> Option<Value> {
    let Some((function, argument)) = constant
        .expression
        .strip_prefix("Duration::from_")
        .and_then(|call| call.strip_suffix(')')?.split_once('('))
    else {
        return number(&constant.expression, constant, all).map(Value::Number);
    };
    let number = u64::try_from(number(argument, constant, all)?).ok()?;
    match function {
        "millis" => Some(Duration::from_millis(number)),
        "secs" => Some(Duration::from_secs(number)),
        "mins" => Some(Duration::from_secs(number * 60)),
        "hours" => Some(Duration::from_secs(number * 3600)),
        _ => None,
    }
    .map(Value::Time)
}

fn number(expression: &str, constant: &Constant, all: &[Constant]) -> Option<u128> {
    let mut terms = expression.split(" - ").map(|term| product(term, constant, all));
    let first = terms.next()??;
    terms.try_fold(first, |left, term| left.checked_sub(term?))
}

fn product(expression: &str, constant: &Constant, all: &[Constant]) -> Option<u128> {
    expression
        .split('*')
        .map(|factor| factor.trim().split(" as ").next().unwrap_or_default())
        .map(|factor| match factor.replace('_', "").parse().ok() {
            Some(number) => Some(number),
            None => {
                let of_this_crate =
                    |other: &&Constant| other.place.split('/').next() == constant.place.split('/').next();
                let named = all
                    .iter()
                    .filter(of_this_crate)
                    .find(|other| other.name == factor)?;
                number(&named.expression, named, all)
            }
        })
        .product()
}

#[test]
fn constants_are_found_and_evaluated() {
    let text = "/// What it is.\n/// More.\npub(crate) const MAX: Duration = Duration::from_secs(2 * 3600);\n\
                const HEAD: usize = 64 * 1024;\npub const ALL: u64 = 3 * HEAD as u64 - 8;\nconst NAME: &str = \"x\";\n\
                mod tests {\n    const INNER: usize = 1;\n}\n";
    let mut all = Vec::new();
    read(text, "a/src/lib.rs", &mut all);
    let values: Vec<_> = all
        .iter()
        .map(|constant| (constant.name.as_str(), evaluate(constant, &all).unwrap()))
        .collect();
    assert_eq!(
        values,
        [
            ("MAX", Value::Time(Duration::from_secs(7200))),
            ("HEAD", Value::Number(65_536)),
            ("ALL", Value::Number(196_600)),
        ]
    );
    assert_eq!(all[0].about, "What it is. More.");
    assert!(all[0].is_policy() && !all[1].is_policy());
}
