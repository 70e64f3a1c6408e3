//! The comparison itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::rules::{Difference, Rules};
use super::{COMPARED_HEADERS, Mismatch, WireCase, WireDiff, WireRequest, WireTool, diff, mask};

impl WireCase {
    /// Compares what was sent with the requests of this case.
    ///
    /// # Errors
    /// Every difference that `rules` don't allow.
    pub fn compare(&self, sent: &[WireRequest], rules: &Rules) -> Result<(), WireDiff> {
        let mut found = Found::default();
        let expected = self.due(sent, rules);
        for index in 0..expected.len().max(sent.len()) {
            let place = format!("request {}", index + 1);
            match (expected.get(index), sent.get(index)) {
                (Some(expected), Some(actual)) => found.request(&place, expected, actual, rules),
                (Some(missing), None) => {
                    found.add(&place, format!("{} {}", missing.method, missing.path), "nothing")
                }
                (None, Some(more)) => found.add(&place, "nothing", format!("{} {}", more.method, more.path)),
                (None, None) => {}
            }
        }
        self.outcome(found)
    }

    /// Compares the programs that were run with those of this case. Variables beyond the recorded ones are allowed.
    ///
    /// # Errors
    /// Every difference.
    pub fn compare_tools(&self, run: &[WireTool]) -> Result<(), WireDiff> {
        let mut found = Found::default();
        for index in 0..self.tools.len().max(run.len()) {
            let place = format!("run {}", index + 1);
            match (self.tools.get(index), run.get(index)) {
                (Some(expected), Some(actual)) => found.tool(&place, expected, actual),
                (Some(missing), None) => found.add(&place, missing.tool.clone(), "nothing"),
                (None, Some(more)) => found.add(&place, "nothing", more.tool.clone()),
                (None, None) => {}
            }
        }
        self.outcome(found)
    }

    /// As [`compare`](Self::compare).
    ///
    /// # Panics
    /// With the list of differences.
    #[track_caller]
    pub fn assert_requests(&self, sent: &[WireRequest], rules: &Rules) {
        if let Err(diff) = self.compare(sent, rules) {
            panic!("{diff}");
        }
    }

    /// As [`compare_tools`](Self::compare_tools).
    ///
    /// # Panics
    /// With the list of differences.
    #[track_caller]
    pub fn assert_tools(&self, run: &[WireTool]) {
        if let Err(diff) = self.compare_tools(run) {
            panic!("{diff}");
        }
    }

    /// The requests that have to be there, given which optional ones are.
    fn due(&self, sent: &[WireRequest], rules: &Rules) -> Vec<&WireRequest> {
        let optional = rules.has(&Difference::OptionalDiscovery);
        let mut due = Vec::new();
        for request in &self.requests {
            let sent_here = sent.get(due.len()).is_some_and(is_discovery);
            if !(optional && is_discovery(request) && !sent_here) {
                due.push(request);
            }
        }
        due
    }

    fn outcome(&self, found: Found) -> Result<(), WireDiff> {
        match found.0.is_empty() {
            true => Ok(()),
            false => Err(WireDiff {
                scenario: self.scenario.clone(),
                mismatches: found.0,
            }),
        }
    }
}

fn is_discovery(request: &WireRequest) -> bool {
    request.method == "GET" && request.path.ends_with("/.well-known/openid-configuration")
}

#[derive(Default)]
struct Found(Vec<Mismatch>);

impl Found {
    fn add(&mut self, place: &str, expected: impl Into<String>, actual: impl Into<String>) {
        self.0.push(Mismatch {
            place: place.to_owned(),
            expected: expected.into(),
            actual: actual.into(),
        });
    }

    fn request(&mut self, place: &str, expected: &WireRequest, actual: &WireRequest, rules: &Rules) {
        for (name, expected, actual) in [
            ("method", &expected.method, &actual.method),
            ("path", &expected.path, &actual.path),
        ] {
            if expected != actual {
                self.add(&format!("{place}, {name}"), expected, actual);
            }
        }
        let query = expected
            .query
            .iter()
            .map(|(name, value)| (rules.our_name(name).to_owned(), value.clone()))
            .collect();
        self.fields(place, "query", &query, &actual.query, rules, |name| {
            rules.optional_query(name)
        });
        let compared = |name: &String| COMPARED_HEADERS.contains(&name.as_str());
        let headers = actual
            .headers
            .iter()
            .filter(|(name, _)| compared(name))
            .map(|(name, value)| (name.clone(), value.clone()));
        self.fields(
            place,
            "headers",
            &expected.headers,
            &headers.collect(),
            rules,
            |name| rules.optional_header(name),
        );
        match (&expected.form, &actual.form) {
            (Some(expected), Some(actual)) => {
                let expected = expected.iter().filter(|(name, _)| {
                    rules
                        .said_by(name)
                        .is_none_or(|beside| !expected.contains_key(beside))
                });
                let expected = expected
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                self.fields(place, "form", &expected, actual, rules, |_| false);
            }
            (None, None) => {}
            (expected, _) => {
                let form = |there: bool| if there { "a form" } else { "no form" };
                self.add(
                    &format!("{place}, form"),
                    form(expected.is_some()),
                    form(expected.is_none()),
                );
            }
        }
    }

    fn fields(
        &mut self,
        place: &str,
        part: &str,
        expected: &BTreeMap<String, Value>,
        actual: &BTreeMap<String, Value>,
        rules: &Rules,
        optional: impl Fn(&str) -> bool,
    ) {
        let names: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
        for name in names {
            match (expected.get(name), actual.get(name)) {
                (Some(_), None) if optional(name) => {}
                (expected, actual) => {
                    self.value(&format!("{place}, {part}.{name}"), name, expected, actual, rules)
                }
            }
        }
    }

    /// Compares two values, objects member by member.
    fn value(
        &mut self,
        place: &str,
        name: &str,
        expected: Option<&Value>,
        actual: Option<&Value>,
        rules: &Rules,
    ) {
        let same = match (expected, actual) {
            (Some(Value::Object(expected)), Some(Value::Object(actual))) => {
                return self.object(place, expected, actual, rules);
            }
            (Some(Value::String(expected)), Some(actual)) => mask::matches(expected, actual, rules),
            (expected, actual) => expected == actual,
        };
        if !same {
            let (expected, actual) = diff::shown(name, expected, actual);
            self.add(place, expected, actual);
        }
    }

    fn object(
        &mut self,
        place: &str,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
        rules: &Rules,
    ) {
        let names: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
        for name in names {
            self.value(
                &format!("{place}.{name}"),
                name,
                expected.get(name),
                actual.get(name),
                rules,
            );
        }
        let time = |name: &str| actual.get(name).and_then(Value::as_i64);
        if let (Some(lifetime), Some(exp), Some(nbf)) = (rules.assertion_lifetime(), time("exp"), time("nbf"))
            && exp.checked_sub(nbf) != Some(lifetime)
        {
            let lasts = exp.saturating_sub(nbf);
            self.add(
                &format!("{place}, exp − nbf"),
                format!("{lifetime} s"),
                format!("{lasts} s"),
            );
        }
    }

    fn tool(&mut self, place: &str, expected: &WireTool, actual: &WireTool) {
        if expected.tool != actual.tool {
            self.add(&format!("{place}, program"), &expected.tool, &actual.tool);
        }
        for index in 0..expected.argv.len().max(actual.argv.len()) {
            let text = |args: &[String]| args.get(index).map(|arg| Value::from(arg.as_str()));
            let place = format!("{place}, argument {}", index + 1);
            self.value(
                &place,
                "",
                text(&expected.argv).as_ref(),
                text(&actual.argv).as_ref(),
                &Rules::exact(),
            );
        }
        for (name, value) in &expected.env {
            let sent = actual.env.get(name).map(|value| Value::from(value.as_str()));
            let place = format!("{place}, variable {name}");
            self.value(
                &place,
                "",
                Some(&value.as_str().into()),
                sent.as_ref(),
                &Rules::exact(),
            );
        }
    }
}
