//! Cold start: from the start of a process to its first token over TLS, and what the programs weigh.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use identity_emulator::{App, DEFAULT_SECRET, Emulator, Tenant};

use crate::report::Goal::AtLeast;
use crate::report::{Line, Report, number};
use crate::rounds::median;

const SIZE: &str = "the goal came from hyper, rustls and ring alone; JSON, tracing, proxies, retries and discovery came on top";

/// Runs of each of the two programs, and of Python.
const RUNS: usize = 15;
const PYTHON_RUNS: usize = 5;

/// A program, with the arguments that make it get one token.
pub struct Program {
    pub path: OsString,
    pub args: Vec<OsString>,
    /// Variables beside those that all of them get.
    pub env: Vec<(&'static str, OsString)>,
}

impl Program {
    pub fn new(path: impl Into<OsString>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }
}

pub fn measure(
    report: &mut Report,
    ours: &Path,
    official: &Path,
    python: Option<&Program>,
) -> Result<(), String> {
    let service = Service::start()?;
    let (ours, official) = (Program::new(ours), Program::new(official));
    let mut times: [Vec<f64>; 4] = Default::default();
    let nothing = Program::new("true");
    for run in 0..=RUNS {
        let programs = [
            Some(&ours),
            Some(&official),
            python.filter(|_| run <= PYTHON_RUNS),
            Some(&nothing),
        ];
        for (program, times) in programs.into_iter().zip(&mut times) {
            let Some(program) = program else { continue };
            let took = service.time(program)?;
            // The first run reads the programs from the disk.
            if run > 0 {
                times.push(took);
            }
        }
    }
    let [ours, official, from_python, nothing] = times.map(|times| median(times.into_iter()));
    let millis = |figure: f64| format!("{} ms", number(figure));
    report.add(
        Line::new(
            "process start to first token over TLS",
            millis(ours),
            millis(official),
        )
        .figure(official / ours, "×")
        .must(AtLeast(5.0)),
    );
    if python.is_some() {
        report.add(
            Line::new(
                "the same, beside Python's `azure.identity.aio`",
                millis(ours),
                format!("Python: {}", millis(from_python)),
            )
            .figure(from_python / ours, "×")
            .must(AtLeast(5.0)),
        );
    }
    report.note(format!(
        "starting a process that does nothing took {} of those times",
        millis(nothing)
    ));
    Ok(())
}

/// How large the two programs are.
pub fn sizes(
    report: &mut Report,
    ours: &Path,
    official: &Path,
    crates: (usize, usize),
) -> Result<(), String> {
    use crate::report::Goal::AtMost;
    let mib = |path: &Path| {
        let bytes = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>(bytes.len() as f64 / f64::from(1 << 20))
    };
    let (us, them) = (mib(ours)?, mib(official)?);
    report.add(
        Line::new(
            "size of the smallest program, stripped, MiB",
            number(us),
            number(them),
        )
        .figure(us / them, "of theirs")
        .must(AtMost(0.6))
        .stands(SIZE, AtMost(0.7)),
    );
    let (us, them) = crates;
    report.add(
        Line::new("crates of the smallest program", us.to_string(), them.to_string())
            .figure(us as f64, "crates")
            .must(AtMost(70.0))
            .aim(AtMost(60.0)),
    );
    Ok(())
}

/// The emulator, and a folder with what its clients trust.
struct Service {
    emulator: Emulator,
    folder: PathBuf,
}

impl Service {
    fn start() -> Result<Self, String> {
        let emulator = Emulator::builder()
            .tenant(Tenant::fixed())
            .app(App::confidential("daemon").secret(DEFAULT_SECRET))
            .lenient()
            .start_blocking()
            .map_err(|error| error.to_string())?;
        let folder = std::env::temp_dir().join(format!("identity-bench-{}", std::process::id()));
        let service = Self { emulator, folder };
        std::fs::create_dir_all(service.folder.join("none")).map_err(|error| error.to_string())?;
        std::fs::write(service.roots(), service.emulator.ca_pem()).map_err(|error| error.to_string())?;
        Ok(service)
    }

    fn roots(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// How many milliseconds until a program has its token.
    fn time(&self, program: &Program) -> Result<f64, String> {
        let name = program.path.to_string_lossy().into_owned();
        let failed = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let mut command = Command::new(&program.path);
        command
            .args(&program.args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("BENCH_AUTHORITY", self.emulator.authority())
            .env("BENCH_TENANT", self.emulator.tenant_id())
            .env("BENCH_CLIENT", self.emulator.client_id())
            .env("BENCH_SECRET", DEFAULT_SECRET)
            .env("SSL_CERT_FILE", self.roots())
            // The system's folder of roots would be read as well.
            .env("SSL_CERT_DIR", self.folder.join("none"))
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let output = child.stdout.take().ok_or_else(|| failed(&"no pipe"))?;
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        let took = began.elapsed().as_secs_f64() * 1000.0;
        read.map_err(|error| failed(&error))?;
        let status = child.wait().map_err(|error| failed(&error))?;
        if !status.success() || (name != "true" && !line.starts_with("token ")) {
            return Err(failed(&format!("{status}, said {line:?}")));
        }
        Ok(took)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// What the builds of the two programs cost.
pub fn build(report: &mut Report, (ours, official): (f64, f64)) {
    use crate::report::Goal::AtMost;
    report.add(
        Line::new(
            "processor seconds of a build from nothing",
            number(ours),
            number(official),
        )
        .figure(ours / official, "of theirs")
        .must(AtMost(0.6))
        .aim(AtMost(0.5)),
    );
}
