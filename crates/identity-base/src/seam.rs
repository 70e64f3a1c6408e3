//! The seams: small object-safe traits through which credentials touch the world.
//!
//! Tests and special environments put their own implementations in; the real ones are in `identity-runtime` and `identity-transport`.

mod browser;
mod clock;
mod env;
mod fs;
mod http;
mod private_file;
mod process;
mod random;
mod resolver;

pub use self::browser::BrowserOpener;
pub use self::clock::{Clock, Now};
pub use self::env::Env;
pub use self::fs::{FileKind, FileMetadata, FileSystem, ReadOptions, WriteOptions};
pub use self::http::{
    AddressRule, ConnectPolicy, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpTimeouts, ServerIdentity,
};
pub use self::private_file::{FileContents, FileLock, PrivateFile};
pub use self::process::{ProcessError, ProcessErrorKind, ProcessOutput, ProcessRequest, ProcessRunner};
pub use self::random::Random;
pub use self::resolver::Resolver;
