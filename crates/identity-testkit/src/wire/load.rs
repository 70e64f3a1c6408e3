//! Reading cases and journals.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{WireCase, WireRequest, WireTool};

impl WireCase {
    /// Reads a case from a file.
    ///
    /// # Panics
    /// When it can't be read or is no case; the message says where.
    #[must_use]
    #[track_caller]
    pub fn load(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let parse = |text: Vec<u8>| {
            serde_json::from_slice(&text).map_err(|error| Malformed::new("", error.to_string()))
        };
        let case = read(path)
            .map_err(|error| Malformed::new("", error))
            .and_then(parse);
        case.and_then(|json| Self::from_json(&json))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Reads every case of a folder, sorted by file name.
    ///
    /// # Panics
    /// When the folder can't be read or holds no case, or as [`load`](Self::load).
    #[must_use]
    #[track_caller]
    pub fn load_all(folder: impl AsRef<Path>) -> Vec<Self> {
        let folder = folder.as_ref();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => panic!("{}: {error}", folder.display()),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        paths.sort();
        assert!(!paths.is_empty(), "{}: there is no case", folder.display());
        paths.iter().map(Self::load).collect()
    }

    /// Takes a case out of JSON.
    ///
    /// # Errors
    /// [`Malformed`] when it isn't one.
    pub fn from_json(json: &Value) -> Result<Self, Malformed> {
        let tools = list(json, "tools")?.iter().map(WireTool::from_json);
        Ok(Self {
            scenario: text(json, "scenario")?,
            requests: WireRequest::from_journal(json)?,
            tools: tools.collect::<Result<_, _>>()?,
        })
    }

    /// The same case with `value` wherever `recorded` stands in a value, a path or an argument: for tests whose ids and secrets aren't the
    /// recorded ones.
    #[must_use]
    pub fn with(mut self, recorded: &str, value: &str) -> Self {
        let put = |text: &mut String| *text = text.replace(recorded, value);
        for request in &mut self.requests {
            put(&mut request.path);
            let fields = request.query.values_mut().chain(request.headers.values_mut());
            fields
                .chain(request.form.iter_mut().flat_map(BTreeMap::values_mut))
                .for_each(|field| replace(field, &put));
        }
        for tool in &mut self.tools {
            tool.argv.iter_mut().chain(tool.env.values_mut()).for_each(put);
        }
        self
    }

    /// The same case with `value` in the form field `name` of every request that has it: for secrets too short to be looked for.
    #[must_use]
    pub fn with_form_field(mut self, name: &str, value: &str) -> Self {
        let forms = self
            .requests
            .iter_mut()
            .filter_map(|request| request.form.as_mut());
        for field in forms.filter_map(|form| form.get_mut(name)) {
            *field = value.into();
        }
        self
    }
}

fn replace(value: &mut Value, put: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => put(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, put)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, put)),
        _ => {}
    }
}

impl WireRequest {
    /// The requests of a journal in the form of the cases: an object with `requests`, or the list itself.
    ///
    /// # Errors
    /// [`Malformed`] when it isn't one.
    pub fn from_journal(journal: &Value) -> Result<Vec<Self>, Malformed> {
        let requests = if journal.is_array() {
            journal.as_array()
        } else {
            Some(list(journal, "requests")?)
        };
        let requests = requests.into_iter().flatten().enumerate();
        requests
            .map(|(index, request)| {
                Self::from_json(request).map_err(|error| error.within(&format!("requests[{index}]")))
            })
            .collect()
    }

    fn from_json(json: &Value) -> Result<Self, Malformed> {
        let form = match json.get("form") {
            None | Some(Value::Null) => None,
            Some(_) => Some(fields(json, "form")?),
        };
        Ok(Self {
            method: text(json, "method")?,
            path: text(json, "path")?,
            query: fields(json, "query")?,
            headers: fields(json, "headers")?,
            form,
        })
    }
}

impl WireTool {
    fn from_json(json: &Value) -> Result<Self, Malformed> {
        let text_of = |name: &str, value: &Value| {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| Malformed::new(name, "isn't a text"))
        };
        let env = fields(json, "env")?;
        Ok(Self {
            tool: text(json, "tool")?,
            argv: list(json, "argv")?
                .iter()
                .map(|arg| text_of("argv", arg))
                .collect::<Result<_, _>>()?,
            env: env
                .into_iter()
                .map(|(name, value)| Ok((name, text_of("env", &value)?)))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Why something isn't a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    place: String,
    why: String,
}

impl Malformed {
    fn new(place: &str, why: impl fmt::Display) -> Self {
        Self {
            place: place.to_owned(),
            why: why.to_string(),
        }
    }

    fn within(self, outer: &str) -> Self {
        Self {
            place: format!("{outer}.{}", self.place),
            ..self
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "{}", self.why),
            place => write!(f, "{place}: {}", self.why),
        }
    }
}

impl std::error::Error for Malformed {}

fn text(json: &Value, name: &str) -> Result<String, Malformed> {
    let text = json.get(name).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Malformed::new(name, "isn't a text"))
}

fn list<'a>(json: &'a Value, name: &str) -> Result<&'a Vec<Value>, Malformed> {
    json.get(name)
        .and_then(Value::as_array)
        .ok_or_else(|| Malformed::new(name, "isn't a list"))
}

fn fields(json: &Value, name: &str) -> Result<BTreeMap<String, Value>, Malformed> {
    let object = json.get(name).and_then(Value::as_object);
    object
        .map(|object: &Map<String, Value>| object.clone().into_iter().collect())
        .ok_or_else(|| Malformed::new(name, "isn't an object"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "cases are files of the tests, not of the code under test"
)]
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}
