//! The token endpoints of both versions.

use super::{Port, Route, Row};
use crate::token::redeem;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Route::Token,
        "POST",
        "/{tenant}/oauth2/v2.0/token",
        Port::Tls,
        redeem,
    ),
    Row::new(
        Route::TokenV1,
        "POST",
        "/{tenant}/oauth2/token",
        Port::Tls,
        redeem,
    ),
];
