//! A call of a tool, as the tool wrote it down.

use std::collections::BTreeMap;

/// How a stand-in for a developer tool was called. Bytes that aren't UTF-8 show as replacement characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// Its process id.
    pub process_id: u32,
    /// The directory it was started in.
    pub directory: String,
    /// Its arguments, without the program.
    pub args: Vec<String>,
    /// Its environment.
    pub variables: BTreeMap<String, String>,
}

impl ToolCall {
    /// Reads a line; `None` for one that isn't whole.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let process_id = fields.next()?.parse().ok()?;
        let directory = unescaped(fields.next()?);
        let count: usize = fields.next()?.parse().ok()?;
        let args: Vec<String> = fields.by_ref().take(count).map(unescaped).collect();
        if args.len() != count {
            return None;
        }
        let variables = fields
            .map(unescaped)
            .filter_map(|variable| {
                variable
                    .split_once('=')
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
            })
            .collect();
        Some(Self {
            process_id,
            directory,
            args,
            variables,
        })
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next() {
                Some(b'n') => bytes.push(b'\n'),
                Some(b't') => bytes.push(b'\t'),
                Some(b'x') => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.extend(u8::from_str_radix(&digits, 16));
                }
                Some(byte) => bytes.push(byte),
                None => {}
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
