//! A stand-in for a developer tool: it does what the plan beside it says, and writes down that it was called.
//!
//! This is a program of its own. The build script compiles it, the library holds it and writes it into a folder as `az`, `azd` or `pwsh`. It is a compiled
//! program and no script, so that it starts in a millisecond, needs no interpreter in the scrubbed environment of a child, and can misbehave precisely.
//!
//! The plan, `az.plan`, has a step in each line: a word, then its value with `\n`, `\t`, `\\` and `\xHH` for bytes that can't stand there. The calls,
//! `az.calls`, have a line each: process id, directory, number of arguments, the arguments, the variables, with tabs between them.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Set by the library to see whether the program can be started.
const CHECK: &str = "IDENTITY_EMULATOR_TOOL_CHECK";
/// Set for a child of this program that holds the outputs open for so many milliseconds.
const HOLD: &str = "IDENTITY_EMULATOR_TOOL_HOLD";
/// The code for a stand-in whose plan can't be followed.
const BROKEN_PLAN: i32 = 70;

fn main() {
    if env::var_os(CHECK).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else {
        process::exit(BROKEN_PLAN)
    };
    note_call(&program.with_extension("calls"));
    if let Some(time) = env::var(HOLD).ok().and_then(|time| time.parse().ok()) {
        thread::sleep(Duration::from_millis(time));
        return;
    }
    let plan = fs::read_to_string(program.with_extension("plan")).unwrap_or_default();
    for line in plan.lines() {
        let (word, value) = line.split_once(' ').unwrap_or((line, ""));
        step(&program, word, value);
    }
}

fn step(program: &Path, word: &str, value: &str) {
    let number = || value.parse::<u64>().unwrap_or_default();
    match word {
        "out" => write(&mut io::stdout(), &unescaped(value)),
        "err" => write(&mut io::stderr(), &unescaped(value)),
        "sleep" => thread::sleep(Duration::from_millis(number())),
        "flood-out" => flood(&mut io::stdout(), number()),
        "flood-err" => flood(&mut io::stderr(), number()),
        "read" => drop(io::stdin().read_to_end(&mut Vec::new())),
        "hold" => hold(program, number()),
        "ask" => ask(value),
        "old" => old_answer(value),
        "abort" => process::abort(),
        "exit" => process::exit(value.parse().unwrap_or(BROKEN_PLAN)),
        _ => process::exit(BROKEN_PLAN),
    }
}

/// A closed pipe is no reason to stop: whoever reads has had enough.
fn write(to: &mut impl Write, bytes: &[u8]) {
    drop(to.write_all(bytes).and_then(|()| to.flush()));
}

fn flood(to: &mut impl Write, bytes: u64) {
    let chunk = [b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
        if to.write_all(chunk.get(..length).unwrap_or_default()).is_err() {
            return;
        }
        left -= length as u64;
    }
}

/// Starts a child that inherits the outputs.
fn hold(program: &Path, milliseconds: u64) {
    let child = Command::new(program)
        .env(HOLD, milliseconds.to_string())
        .stdin(Stdio::null())
        .spawn();
    drop(child);
}

/// Gets a token from the emulator's host and prints it as the tool does: `FORMAT TENANT URL`.
fn ask(value: &str) {
    let mut words = value.splitn(3, ' ');
    let (Some(format), Some(tenant), Some(url)) = (words.next(), words.next(), words.next()) else {
        process::exit(BROKEN_PLAN)
    };
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(resource) = resource(format, &arguments) else {
        write(&mut io::stderr(), b"ERROR: no resource was asked for\n");
        process::exit(2)
    };
    let answer = get(&format!("{url}{resource}")).unwrap_or_default();
    let member = |name: &str| member(&answer, name);
    let (Some(token), Some(end)) = (
        member("access_token"),
        member("expires_on").and_then(|end| end.parse::<i64>().ok()),
    ) else {
        let why = member("error_description").unwrap_or_else(|| "the emulator gave no answer".to_owned());
        write(&mut io::stderr(), format!("ERROR: {why}\n").as_bytes());
        process::exit(1)
    };
    let text = match format {
        "az" => format!(
            "{{\n  \"accessToken\": \"{token}\",\n  \"expiresOn\": \"{}\",\n  \"expires_on\": {end},\n  \"tenant\": \"{tenant}\",\n  \"tokenType\": \"Bearer\"\n}}\n",
            date(end, local_offset(), ' ', ".000000")
        ),
        "azd" => format!(
            "{{\n  \"token\": \"{token}\",\n  \"expiresOn\": \"{}\"\n}}\n",
            date(end, 0, 'T', "Z")
        ),
        _ => format!("azsdk%{token}%{end}\n"),
    };
    write(&mut io::stdout(), text.as_bytes());
}

/// What an Azure CLI before 2.54 prints for a token that lives so many seconds more: `SECONDS TOKEN`. It tells the end as local time alone.
fn old_answer(value: &str) {
    let (seconds, token) = value.split_once(' ').unwrap_or_default();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let end = i64::try_from(now).unwrap_or_default() + seconds.parse::<i64>().unwrap_or_default();
    let text = format!(
        "{{\n  \"accessToken\": \"{token}\",\n  \"expiresOn\": \"{}\",\n  \"tokenType\": \"Bearer\"\n}}\n",
        date(end, local_offset(), ' ', ".000000")
    );
    write(&mut io::stdout(), text.as_bytes());
}

/// What was asked for: the value of an option, or in a script the first text in quotes after `ResourceUrl`.
fn resource(format: &str, arguments: &[String]) -> Option<String> {
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    match format {
        "az" => option("--resource").or_else(|| option("--scope")),
        "azd" => option("--scope"),
        _ => {
            let script = option("-EncodedCommand").map(|text| from_utf16(&from_base64(&text)));
            let script = script.or_else(|| option("-Command"))?;
            let (_, after) = script.split_once("ResourceUrl")?;
            let quote = after.find(['\'', '"'])?;
            let mut rest = after.get(quote..)?.chars();
            let mark = rest.next()?;
            rest.as_str().split(mark).next().map(str::to_owned)
        }
    }
    .map(|scope| scope.strip_suffix("/.default").unwrap_or(&scope).to_owned())
}

/// An HTTP request to a loopback address; the whole answer, head included.
fn get(url: &str) -> Option<String> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut connection = TcpStream::connect(host).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let request =
        format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nMetadata: true\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// The text of a member of a flat JSON document, as the emulator writes it.
fn member(document: &str, name: &str) -> Option<String> {
    let (_, after) = document.split_once(&format!("\"{name}\""))?;
    let after = after
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix('"')?;
    let mut text = String::new();
    let mut characters = after.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => match characters.next()? {
                'n' | 'r' | 't' => text.push(' '),
                c => text.push(c),
            },
            c => text.push(c),
        }
    }
}

/// How many seconds local time is ahead of UTC, by `TZ`: a POSIX text such as `UTC0` or `EST5`, or the one name that the tests use.
fn local_offset() -> i64 {
    let zone = env::var("TZ").unwrap_or_default();
    let zone = if zone == "America/New_York" { "EST5" } else { &zone };
    let hours = zone.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    // POSIX counts to the west.
    -hours.parse::<i64>().unwrap_or_default() * 3600
}

/// A date and time.
pub(crate) fn date(seconds: i64, offset: i64, between: char, end: &str) -> String {
    let seconds = seconds + offset;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The year begins in March here, so that the leap day is its last; 719,468 days lie between the year 0 so counted and 1970.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        10.. => (year + era * 400 + 1, month - 9),
        _ => (year + era * 400, month + 3),
    };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}{end}")
}

/// One line for this call, written at once, so that calls at the same time don't mix.
fn note_call(file: &PathBuf) {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let directory = env::current_dir().unwrap_or_default();
    let mut fields = vec![
        process::id().to_string(),
        escaped(directory.as_os_str().as_encoded_bytes()),
        arguments.len().to_string(),
    ];
    fields.extend(
        arguments
            .iter()
            .map(|argument| escaped(argument.as_encoded_bytes())),
    );
    for (name, value) in env::vars_os() {
        let mut variable = name.as_encoded_bytes().to_vec();
        variable.push(b'=');
        variable.extend_from_slice(value.as_encoded_bytes());
        fields.push(escaped(&variable));
    }
    let line = fields.join("\t") + "\n";
    let opened = fs::OpenOptions::new().create(true).append(true).open(file);
    if let Ok(mut file) = opened {
        write(&mut file, line.as_bytes());
    }
}

/// Without line ends, tabs and bytes beyond ASCII.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// The bytes of an escaped text.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'x') => {
                let digit = |byte: Option<u8>| {
                    byte.and_then(|byte| char::from(byte).to_digit(16))
                        .unwrap_or_default()
                };
                let value = digit(rest.next()) * 16 + digit(rest.next());
                bytes.push(u8::try_from(value).unwrap_or_default());
            }
            Some(byte) => bytes.push(byte),
            None => {}
        }
    }
    bytes
}

fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    bytes
}

fn from_utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
        .map(u16::from_le_bytes)
        .collect();
    String::from_utf16_lossy(&units)
}
