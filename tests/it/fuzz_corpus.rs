//! The fuzz targets on their corpus, and on changes of it that are the same in each run: so that a target that no longer works is noticed on a stable compiler. The
//! fuzzer itself is `cargo xtask fuzz`.

mod targets;

use std::fs;
use std::path::Path;

use self::targets::{cache, dates, entra, metadata, people, tools};

/// How many changes of each file are tried.
const CHANGES: u64 = 300;

/// Feeds a target each file of its corpus and the changes of each.
#[expect(clippy::disallowed_methods, reason = "the test reads the project's own files")]
fn feed(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{target} begins with {} files", files.len());
    let mut seed = 1;
    for file in files {
        let whole = fs::read(&file).unwrap();
        run(&whole);
        for _ in 0..CHANGES {
            run(&changed(&whole, &mut seed));
        }
    }
}

/// One of the changes that a fuzzer makes: a flipped bit, a cut, a byte more, a part twice.
#[expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
fn changed(whole: &[u8], seed: &mut u64) -> Vec<u8> {
    let mut changed = whole.to_vec();
    let at = usize::try_from(next(seed)).unwrap() % (whole.len() + 1);
    match (next(seed) % 4, at < whole.len()) {
        (0, true) => changed[at] ^= 1 << (next(seed) % 8),
        (1, _) => changed.truncate(at),
        (2, true) => changed.extend_from_slice(&whole[at..]),
        _ => changed.insert(at, next(seed).to_le_bytes()[0]),
    }
    changed
}

/// The next number of a small generator.
fn next(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn token_responses() {
    feed("token_response", entra::token_response);
}

#[test]
fn error_documents() {
    feed("error_document", entra::error_document);
}

#[test]
fn discovery() {
    feed("discovery", entra::discovery);
}

#[test]
fn metadata_answers() {
    feed("metadata", metadata::answer);
}

#[test]
fn arc_challenges() {
    feed("arc_challenge", metadata::arc_challenge);
}

#[test]
fn tool_output() {
    feed("tool_output", tools::output);
}

#[test]
fn device_codes() {
    feed("device_code", people::device_code);
}

#[test]
fn ws_trust() {
    feed("ws_trust", people::ws_trust);
}

#[test]
fn cache_documents() {
    feed("cache_document", cache::document);
}

#[test]
fn records() {
    feed("record", cache::record);
}

#[test]
fn dates_and_waits() {
    feed("dates", dates::anywhere);
}
