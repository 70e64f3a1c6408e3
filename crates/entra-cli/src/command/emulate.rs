//! `entra emulate`.

mod describe;
mod seed;

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use identity_base::seam::{FileSystem as _, ReadOptions};
use identity_emulator::{Builder, Emulator, Host, StartError};
use identity_runtime::os::SystemFs;

use self::seed::Seed;
use super::Command;
use crate::args::{Args, Given};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{runtime, secrets};

pub(crate) const COMMAND: Command = Command {
    name: "emulate",
    summary: "run a stand-in for Microsoft Entra, for tests",
    options: &[
        "--listen",
        "--listen-plain",
        "--server-name",
        "--ca-file",
        "--key-file",
        "--seed",
        "--arc-key-directory",
        "--lenient",
        "--json",
        "--help",
    ],
    page: include_str!("../help/emulate.txt"),
    run,
};

/// The variable that stands for `--key-file`.
const KEY_FILE: &str = "IDENTITY_EMULATOR_KEY_FILE";
/// The longest seed file that is read.
const MAX_SEED_BYTES: u64 = 4 * 1024 * 1024;

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    listen: Option<SocketAddr>,
    listen_plain: Option<SocketAddr>,
    server_names: Vec<String>,
    ca_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    seed: Option<PathBuf>,
    arc_key_directory: Option<PathBuf>,
    lenient: bool,
}

impl Options {
    fn parse(mut args: Args) -> Result<Self, Failure> {
        let mut options = Self::default();
        while let Some(given) = args.next()? {
            let Given::Option(option) = &given else {
                return Err(args.unknown(&given));
            };
            match option.as_str() {
                "--listen" => options.listen = Some(address(option, &args.text()?)?),
                "--listen-plain" => options.listen_plain = Some(address(option, &args.text()?)?),
                "--server-name" => options.server_names.push(args.text()?),
                "--ca-file" => options.ca_file = Some(args.path()?.into()),
                "--key-file" => options.key_file = Some(args.path()?.into()),
                "--seed" => options.seed = Some(args.path()?.into()),
                "--arc-key-directory" => options.arc_key_directory = Some(args.path()?.into()),
                "--lenient" => options.lenient = true,
                "--json" => {}
                _ => return Err(args.unknown(&given)),
            }
        }
        Ok(options)
    }

    /// The file with the signing key, if one is named.
    fn key_file(&self, context: &Context) -> Option<PathBuf> {
        let from_variable = || context.env.raw(KEY_FILE).filter(|path| !path.is_empty());
        self.key_file
            .clone()
            .or_else(|| from_variable().map(PathBuf::from))
    }

    /// The emulator that these options describe. `seed` tells whom it knows.
    fn builder(&self, seed: &Seed, context: &Context) -> Builder {
        let mut builder = seed.apply(Emulator::builder());
        for name in &self.server_names {
            builder = builder.server_name(name);
        }
        if let Some(directory) = &self.arc_key_directory {
            builder = builder.host(Host::fixed().arc_key_directory(directory));
        }
        if let Some(address) = self.listen {
            builder = builder.listen(address);
        }
        if let Some(address) = self.listen_plain {
            builder = builder.listen_plain(address);
        }
        if let Some(path) = self.key_file(context) {
            builder = builder.signing_key_file(path);
        }
        match self.lenient {
            true => builder.lenient(),
            false => builder,
        }
    }
}

fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let options = Options::parse(args)?;
    let seed = match &options.seed {
        Some(path) => read_seed(path)?,
        None => Seed::default(),
    };
    let work = async {
        let started = options.builder(&seed, context).start().await;
        let emulator = started.map_err(|error| cannot_start(&error, options.key_file(context).is_some()))?;
        let ca_file = CaFile::write(options.ca_file.as_deref(), &emulator.ca_pem())?;
        let description = describe::describe(
            &emulator,
            &seed,
            ca_file.path(),
            options.arc_key_directory.is_some(),
        );
        context.write(format!("{description}\n").as_bytes())?;
        input_closed().await;
        Ok(())
    };
    match runtime::block_on(work) {
        // A signal is how this command is meant to end.
        Err(failure) if matches!(failure.exit(), Exit::Interrupted | Exit::Terminated) => Ok(()),
        result => result,
    }
}

fn address(option: &str, text: &str) -> Result<SocketAddr, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!("the value of {option} is not an address with a port"))
            .hint("for example 127.0.0.1:8443, [::1]:8443, or 127.0.0.1:0 for a free port")
    })
}

fn read_seed(path: &Path) -> Result<Seed, Failure> {
    let (bytes, _) = SystemFs::new()
        .read_blocking(path, ReadOptions::new().max_bytes(MAX_SEED_BYTES))
        .map_err(|error| secrets::unreadable(path, "--seed", &error))?;
    Seed::parse(&bytes)
}

fn cannot_start(error: &StartError, has_key_file: bool) -> Failure {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    let message = match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match io {
        Some(io) if error.is_listening() => Failure::usage(message).hint(elsewhere(io.kind())),
        Some(_) if has_key_file => Failure::usage(message)
            .hint("--key-file names a file that this user may read, or a folder to write it to"),
        Some(_) => Failure::internal(message),
        None => Failure::usage(message),
    }
}

/// What to do about an address that can't be listened on.
fn elsewhere(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AddrInUse => {
            "another program listens there: --listen and --listen-plain choose other ports, and port 0 is a free one"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine does not have that address: --listen and --listen-plain choose others, such as 127.0.0.1:0"
        }
        ErrorKind::PermissionDenied => {
            "this user may not listen there, usually since the port is below 1024: --listen and --listen-plain choose others, and port 0 is a free one"
        }
        _ => "--listen and --listen-plain choose other addresses, such as 127.0.0.1:0",
    }
}

/// The file with the certificate to trust: where the user wants it, else a temporary one that goes with the command.
#[derive(Debug)]
enum CaFile {
    Named(PathBuf),
    Temporary(tempfile::NamedTempFile),
}

impl CaFile {
    fn write(path: Option<&Path>, pem: &str) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| {
            Failure::usage(format!("cannot write the certificate: {error}"))
                .hint("--ca-file names a file in a folder that this user may write to")
        };
        if let Some(path) = path {
            // It holds no secret, and other users' programs may have to read it.
            #[expect(clippy::disallowed_methods, reason = "a public file of the command's own")]
            std::fs::write(path, pem).map_err(|error| failed(&error))?;
            return Ok(Self::Named(
                std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            ));
        }
        let file = tempfile::Builder::new()
            .prefix("entra-emulate-")
            .suffix(".pem")
            .tempfile();
        let mut file = file.map_err(|error| failed(&error))?;
        file.write_all(pem.as_bytes()).map_err(|error| failed(&error))?;
        Ok(Self::Temporary(file))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

/// Waits until standard input, where it is a pipe, is closed: whoever started the command is gone then.
///
/// A terminal is left alone, since a command in the background may not read from it, and so is anything that is at its end from the start.
#[cfg(unix)]
async fn input_closed() {
    use rustix::fs::{FileType, fstat};
    let kind = fstat(std::io::stdin()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if !matches!(kind, Ok(FileType::Fifo | FileType::Socket)) {
        return std::future::pending().await;
    }
    let (closed, wait) = tokio::sync::oneshot::channel();
    // A thread of its own: the read may hang for ever, and the process must end nevertheless.
    let reader = std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).ok();
            closed.send(()).ok();
        });
    match reader {
        Ok(_) => drop(wait.await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn input_closed() {
    std::future::pending().await
}
