//! Signs assertions, and uses one again while it has life left.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity_base::seam::{Clock, Now, Random};
use identity_base::{ClientId, Error, Secret};
use identity_runtime::crypto;

use super::{BACKDATED, Claims, LIFETIME, sign};
use crate::key::{ClientCertificate, SignatureAlgorithm};

/// An assertion with less life left than this, in seconds, is made anew: the request still has to travel.
const MARGIN: i64 = 60;
/// How many audiences are remembered: one for each tenant that is asked.
const MAX_KEPT: usize = 64;

/// Makes the assertions of one application.
///
/// An assertion is used again for the same audience until it has a minute of life left, so a key of 4096 bits signs once in nine minutes for each tenant.
/// That is why signing happens in place and not on another thread: 0.5 ms for 2048 bits and some 5 ms for 4096, so seldom, cost less than the way to a
/// thread pool is worth.
pub(crate) struct AssertionSigner {
    client_id: ClientId,
    send_chain: bool,
    reuse: bool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// How far the service's clock is ahead of ours, in milliseconds.
    skew: AtomicI64,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    audience: Box<str>,
    thumbprint: [u8; 32],
    algorithm: SignatureAlgorithm,
    made: Now,
    skew: i64,
    assertion: Secret,
}

impl AssertionSigner {
    /// A signer for `client_id`. With `send_chain` the certificates go along (`x5c`); without `reuse` each request gets an assertion of its own.
    pub(crate) fn new(
        client_id: ClientId,
        send_chain: bool,
        reuse: bool,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            client_id,
            send_chain,
            reuse,
            clock,
            random,
            skew: AtomicI64::new(0),
            kept: Mutex::default(),
        }
    }

    /// An assertion for `audience`, valid now.
    ///
    /// # Errors
    /// When the certificate isn't valid now, when its key can't sign, or when there are no random bytes.
    pub(crate) fn assertion(
        &self,
        certificate: &ClientCertificate,
        algorithm: SignatureAlgorithm,
        audience: &str,
    ) -> Result<Secret, Error> {
        let now = self.clock.now();
        let corrected = |skew| Now {
            wall: now.wall.saturating_add(skew),
            elapsed: now.elapsed,
        };
        let mut skew = self.skew.load(Ordering::Relaxed);
        if skew != 0 && certificate.check_validity(corrected(skew).system_time()).is_err() {
            // Such a correction must not last: nothing would be sent any more, and so no answer could put it right.
            self.skew.store(0, Ordering::Relaxed);
            skew = 0;
        }
        let service_time = corrected(skew);
        certificate.check_validity(service_time.system_time())?;
        let thumbprint = certificate.thumbprint_sha256();
        let known = {
            let mut kept = self.kept();
            kept.retain(|kept| kept.is_fresh(now, skew));
            let same = kept.iter().find(|kept| {
                *kept.audience == *audience && kept.algorithm == algorithm && kept.thumbprint == *thumbprint
            });
            same.map(|kept| kept.assertion.clone())
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let id = crypto::guid(&*self.random)?;
        let claims = Claims {
            audience,
            client_id: &self.client_id,
            id: &id,
            now: service_time.wall.div_euclid(1000),
        };
        let assertion = sign(certificate, algorithm, self.send_chain, &claims)?;
        if self.reuse {
            let mut kept = self.kept();
            if kept.len() >= MAX_KEPT {
                kept.remove(0);
            }
            kept.push(Kept {
                audience: audience.into(),
                thumbprint: *thumbprint,
                algorithm,
                made: now,
                skew,
                assertion: assertion.clone(),
            });
        }
        Ok(assertion)
    }

    /// Forgets the assertions, since the service refused one for its time, and takes over how far the service's clock is ahead of ours, in milliseconds.
    pub(crate) fn renew(&self, skew: Option<i64>) {
        if let Some(skew) = skew {
            self.skew.store(skew, Ordering::Relaxed);
        }
        self.kept().clear();
    }
}

impl AssertionSigner {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether it has life left by both clocks, and was made by the present idea of the service's time.
    fn is_fresh(&self, now: Now, skew: i64) -> bool {
        let limit = (LIFETIME - MARGIN) * 1000;
        let by_wall = now.wall.saturating_sub(self.made.wall);
        let by_elapsed = now.elapsed.saturating_sub(self.made.elapsed);
        self.skew == skew
            && (-BACKDATED * 1000..limit).contains(&by_wall)
            && i64::try_from(by_elapsed).is_ok_and(|elapsed| elapsed < limit)
    }
}

impl fmt::Debug for AssertionSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionSigner")
            .field("client_id", &self.client_id)
            .field("send_chain", &self.send_chain)
            .field("reuse", &self.reuse)
            .finish_non_exhaustive()
    }
}
