//! The files of the fuzz targets.
#![expect(
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "they belong to the package of the fuzz targets, which shows them; a panic is how they tell"
)]

#[path = "../../fuzz/src/cache.rs"]
pub(super) mod cache;
#[path = "../../fuzz/src/dates.rs"]
pub(super) mod dates;
#[path = "../../fuzz/src/entra.rs"]
pub(super) mod entra;
#[path = "../../fuzz/src/metadata.rs"]
pub(super) mod metadata;
#[path = "../../fuzz/src/outcome.rs"]
mod outcome;
#[path = "../../fuzz/src/people.rs"]
pub(super) mod people;
#[path = "../../fuzz/src/tools.rs"]
pub(super) mod tools;
