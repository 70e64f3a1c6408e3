//! The command line: what `cargo xtask bench` built, and what it knows of it.

use std::path::PathBuf;

use crate::start::Program;

const USAGE: &str = "usage: identity-bench [--ours PROGRAM --official PROGRAM] [--crates N,N] [--build-seconds N,N] \
                     [--python INTERPRETER,SCRIPT,PACKAGES] [--node NODE,SCRIPT,PACKAGES] [--note TEXT]… [--write FILE]";

/// What to measure beside what needs nothing.
#[derive(Default)]
pub struct Wanted {
    /// The smallest programs.
    pub ours: Option<PathBuf>,
    pub official: Option<PathBuf>,
    /// How many crates they are made of.
    pub crates: Option<(usize, usize)>,
    /// How much processor time their builds took.
    pub build_seconds: Option<(f64, f64)>,
    /// Python's script, as it is started for one token.
    pub python: Option<Program>,
    /// Programs that measure themselves.
    pub peers: Vec<Program>,
    pub notes: Vec<String>,
    /// Where the tables go.
    pub write: Option<PathBuf>,
}

impl Wanted {
    pub fn parse(args: &[&str]) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let value = args.next().ok_or(USAGE)?;
            match *name {
                "--ours" => wanted.ours = Some(value.into()),
                "--official" => wanted.official = Some(value.into()),
                "--crates" => wanted.crates = Some(two(value)?),
                "--build-seconds" => wanted.build_seconds = Some(two(value)?),
                "--python" => {
                    wanted.peers.push(program(value, "PYTHONPATH")?);
                    let mut start = program(value, "PYTHONPATH")?;
                    start.args.push("start".into());
                    wanted.python = Some(start);
                }
                "--node" => wanted.peers.push(program(value, "BENCH_NODE_MODULES")?),
                "--note" => wanted.notes.push((*value).to_owned()),
                "--write" => wanted.write = Some(value.into()),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(wanted)
    }
}

fn two<T: std::str::FromStr>(text: &str) -> Result<(T, T), String> {
    let parse = |text: &str| text.parse().map_err(|_| USAGE.to_owned());
    let (first, second) = text.split_once(',').ok_or(USAGE)?;
    Ok((parse(first)?, parse(second)?))
}

fn program(text: &str, variable: &'static str) -> Result<Program, String> {
    let [interpreter, script, packages] = text.split(',').collect::<Vec<_>>()[..] else {
        return Err(USAGE.to_owned());
    };
    let mut program = Program::new(interpreter);
    program.args.push(script.into());
    program.env.push((variable, packages.into()));
    Ok(program)
}
