//! Finding our error among those of drivers.

use std::error::Error as StdError;
use std::io;

use identity_base::Error;

/// The credential's error behind a driver's or a pool's, if that is why there is no connection.
///
/// ```
/// # fn example(error: &(dyn std::error::Error + 'static)) {
/// if let Some(error) = identity_sql::credential_error(error) {
///     println!("no token: {error}");
/// }
/// # }
/// ```
#[must_use]
pub fn credential_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours);
        }
        // The source of an I/O error is the source of what is inside of it, which would be passed over.
        let inside = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref())
            .map(|inside| inside as &(dyn StdError + 'static));
        next = inside.or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use identity_base::ErrorKind;

    use super::*;

    #[test]
    fn it_is_found_inside_of_an_io_error_and_not_where_there_is_none() {
        let ours = Error::new(ErrorKind::Timeout, "slow");
        let io = io::Error::other(io::Error::other(ours));
        assert_eq!(credential_error(&io).unwrap().kind(), ErrorKind::Timeout);
        assert!(credential_error(&io::Error::other("no")).is_none());
    }
}
