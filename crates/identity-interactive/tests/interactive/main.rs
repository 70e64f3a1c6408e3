//! The credentials of people, through their public API, on fakes of every seam.

mod answers;
mod device_code;
mod silent;
mod wire;
mod world;
