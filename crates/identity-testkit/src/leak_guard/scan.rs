//! Finding secrets in texts.

use std::collections::HashMap;

use super::channel::Evidence;
use super::report::Hit;
use super::{Encoding, Known, encoding};

/// How many bytes of a pattern its place in the index is decided by. No pattern is shorter.
const KEY: usize = 8;
/// How much text around a find is shown, in bytes to either side.
const AROUND: usize = 60;

/// Finds all patterns of all secrets in one pass.
pub(super) struct Scanner<'a> {
    secrets: &'a [Known],
    patterns: Vec<Pattern>,
    index: HashMap<[u8; KEY], Vec<usize>>,
    /// Which hashes of a key occur at all: nearly every position of a text is done with here.
    filter: Vec<bool>,
}

struct Pattern {
    text: Vec<u8>,
    secret: usize,
    encoding: Encoding,
}

/// Part of a text that gives a secret away.
#[derive(Clone, Copy)]
struct Found {
    start: usize,
    end: usize,
    secret: usize,
    encoding: Encoding,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(secrets: &'a [Known]) -> Self {
        let mut scanner = Self {
            secrets,
            patterns: Vec::new(),
            index: HashMap::new(),
            filter: vec![false; 1 << 16],
        };
        for (number, known) in secrets.iter().enumerate() {
            for (encoding, text) in encoding::patterns(known.value.expose()) {
                scanner.add(Pattern {
                    text,
                    secret: number,
                    encoding,
                });
            }
        }
        scanner
    }

    fn add(&mut self, pattern: Pattern) {
        let Some(key) = key(&pattern.text, 0) else { return };
        let same = self.index.entry(key).or_default();
        // The plainest form comes first; a secret that an encoding doesn't change is "as it is".
        if same.iter().any(|known| {
            self.patterns
                .get(*known)
                .is_some_and(|known| known.text == pattern.text)
        }) {
            return;
        }
        same.push(self.patterns.len());
        self.patterns.push(pattern);
        if let Some(slot) = self.filter.get_mut(hash(key)) {
            *slot = true;
        }
    }

    pub(super) fn hits(&self, evidence: &Evidence) -> Vec<Hit> {
        let text = &evidence.text;
        let mut found = self.find(text);
        let mut hits: Vec<_> = found
            .iter()
            .map(|one| self.hit(evidence, one, self.around(text, &found, one)))
            .collect();
        let listed = from_lists(text);
        if !listed.is_empty() {
            found = self.find(&listed);
            hits.extend(found.iter().map(|one| {
                let as_list = Found {
                    encoding: Encoding::ByteList,
                    ..*one
                };
                self.hit(evidence, &as_list, self.around(&listed, &found, one))
            }));
        }
        hits
    }

    /// The text with every secret replaced by its name.
    pub(super) fn masked(&self, text: &[u8]) -> String {
        let found = self.find(text);
        self.mask(text, &found, 0, text.len())
    }

    fn hit(&self, evidence: &Evidence, found: &Found, excerpt: String) -> Hit {
        let name = self
            .secrets
            .get(found.secret)
            .map(|known| known.name.clone())
            .unwrap_or_default();
        Hit {
            channel: evidence.channel,
            place: self.masked(evidence.place.as_bytes()),
            secret: name,
            encoding: found.encoding,
            bytes: found.end - found.start,
            excerpt,
        }
    }

    /// Every part of `text` that gives a secret away, patterns that touch joined into one.
    fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for start in 0..text.len() {
            let Some(key) = key(text, start) else { break };
            if !self.filter.get(hash(key)).copied().unwrap_or_default() {
                continue;
            }
            let candidates = self
                .index
                .get(&key)
                .into_iter()
                .flatten()
                .filter_map(|at| self.patterns.get(*at));
            for pattern in candidates {
                if text
                    .get(start..)
                    .is_some_and(|rest| rest.starts_with(&pattern.text))
                {
                    join(&mut found, start, start + pattern.text.len(), pattern);
                }
            }
        }
        found
    }

    fn around(&self, text: &[u8], found: &[Found], one: &Found) -> String {
        let (from, to) = (
            one.start.saturating_sub(AROUND),
            one.end.saturating_add(AROUND).min(text.len()),
        );
        self.mask(text, found, from, to)
    }

    fn mask(&self, text: &[u8], found: &[Found], from: usize, to: usize) -> String {
        let (mut out, mut at) = (String::new(), from);
        let push = |out: &mut String, part: Option<&[u8]>| {
            out.push_str(&String::from_utf8_lossy(part.unwrap_or_default()));
        };
        for one in found.iter().filter(|one| one.end > from && one.start < to) {
            if one.start > at {
                push(&mut out, text.get(at..one.start));
            }
            if one.end > at {
                let name = self
                    .secrets
                    .get(one.secret)
                    .map_or("", |known| known.name.as_str());
                out.push_str(&format!("[secret {name}]"));
                at = one.end;
            }
        }
        if at < to {
            push(&mut out, text.get(at..to));
        }
        out
    }
}

/// Adds a find; where it touches one of the same kind, that becomes longer.
fn join(found: &mut Vec<Found>, start: usize, end: usize, pattern: &Pattern) {
    let same = found.iter_mut().rev().take(64).find(|known| {
        known.secret == pattern.secret && known.encoding == pattern.encoding && known.end >= start
    });
    match same {
        Some(known) => known.end = known.end.max(end),
        None => found.push(Found {
            start,
            end,
            secret: pattern.secret,
            encoding: pattern.encoding,
        }),
    }
}

fn key(text: &[u8], start: usize) -> Option<[u8; KEY]> {
    text.get(start..start + KEY)?.try_into().ok()
}

/// 16 bits of a multiplicative hash.
fn hash(key: [u8; KEY]) -> usize {
    usize::from((u64::from_le_bytes(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16)
}

/// The bytes that lists of numbers in `text` stand for: `[67, 78]`, also over several lines, and hexadecimal as of `{:02x?}`.
fn from_lists(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut out = Vec::new();
    let mut numbers: Vec<&str> = Vec::new();
    for part in text.split(',').flat_map(|part| part.split_inclusive(['[', ']'])) {
        let ends_list = part.ends_with(['[', ']']);
        let number = part.trim_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']'));
        let number = number.strip_prefix("0x").unwrap_or(number);
        let is_number =
            (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_number {
            numbers.push(number);
        }
        if !is_number || ends_list {
            flush(&mut numbers, &mut out);
        }
    }
    flush(&mut numbers, &mut out);
    out
}

/// Ends a list: short ones give nothing away.
fn flush(numbers: &mut Vec<&str>, out: &mut Vec<u8>) {
    if numbers.len() >= KEY {
        for radix in [10, 16] {
            let bytes: Option<Vec<u8>> = numbers
                .iter()
                .map(|number| u8::from_str_radix(number, radix).ok())
                .collect();
            if let Some(bytes) = bytes {
                out.extend(bytes);
                // Neither a secret's end nor its beginning: lists don't run together.
                out.push(0);
            }
        }
    }
    numbers.clear();
}
