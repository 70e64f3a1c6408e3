//! The umbrella's examples, run as a reader would run them: as programs, with settings from the environment, that talk to the public cloud by its name.
//!
//! A proxy leads every name to the emulator, whose certificate the programs trust by `SSL_CERT_FILE`.

mod fallbacks;
mod services;
mod sign_in;
mod stand;
