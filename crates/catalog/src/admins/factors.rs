//! Second factors (RFC 6238): offered, put in force by a code of them, and shown at a login.

use super::{Admin, FACTOR, find, sessions};
use crate::catalog::Catalog;
use crate::error::CatalogError;
use foghorn_model::{Actor, AdminId, Timestamp};
use serde_json::Value;
use totp_rs::{Builder, Totp};

/// Bytes of the secret of a second factor (RFC 4226 recommends 160 bits).
const FACTOR_BYTES: usize = 20;
/// A second factor that has not been verified yet.
const FACTOR_OFFERED: &str = "two_factor_offered_secret";
/// The step of the last code that was accepted.
const FACTOR_STEP: &str = "two_factor_step";

impl Admin {
    /// Whether a code fits that is newer than the last one that did; from now on it is the last.
    fn use_code(&mut self, code: &str, now: Timestamp) -> bool {
        let secret = self.hidden.get(FACTOR).and_then(Value::as_str);
        let last = self.hidden.get(FACTOR_STEP).and_then(Value::as_u64);
        let step = secret.and_then(|secret| step_of(secret, code, now));
        let newer = step.filter(|step| last.is_none_or(|last| *step > last));
        if let Some(step) = newer {
            self.hidden.insert(FACTOR_STEP.into(), step.into());
        }
        newer.is_some()
    }
}

impl Catalog {
    /// Whether a code is one of the administrator's second factor now. It is so once (RFC 6238,
    /// section 5.2): neither it nor one before it is again.
    ///
    /// # Errors
    /// If the database fails.
    pub fn use_factor(&self, id: AdminId, code: &str) -> Result<bool, CatalogError> {
        let now = self.now();
        self.write(|write| {
            let admin = find(&write.transaction, write.sealer, "id", &id.to_string())?;
            let mut admin = admin.ok_or(CatalogError::NotFound)?;
            let fits = admin.use_code(code, now);
            if fits {
                admin.put(write)?;
            }
            Ok(fits)
        })
    }

    /// Offers a second factor: its secret in base32, as authenticators read it. It is in force
    /// once a code of it has been shown.
    ///
    /// # Errors
    /// If the database fails.
    pub fn offer_factor(&self, id: AdminId, actor: &Actor) -> Result<String, CatalogError> {
        let mut bytes = [0; FACTOR_BYTES];
        crate::seal::random(&mut bytes)?;
        let secret = base32(&bytes);
        self.change_admin(id, actor, |_, admin| {
            admin.hidden.insert(FACTOR_OFFERED.into(), secret.clone().into());
            Ok(())
        })?;
        Ok(secret)
    }

    /// Puts the offered factor in force, in place of one that is: then a code of that is asked
    /// for, too. Every session but this one has to show it.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] if a code does not fit.
    pub fn confirm_factor(
        &self,
        id: AdminId,
        code: &str,
        of_the_old: &str,
        session: Option<&str>,
        actor: &Actor,
    ) -> Result<(), CatalogError> {
        let now = self.now();
        self.change_admin(id, actor, |write, admin| {
            if admin.two_factor && !admin.use_code(of_the_old, now) {
                let reason = "not a code of the factor in force";
                return Err(CatalogError::invalid("two_factor_old", reason));
            }
            let offered = admin.hidden.remove(FACTOR_OFFERED).unwrap_or_default();
            let step = offered.as_str().and_then(|secret| step_of(secret, code, now));
            let step = step.ok_or_else(|| {
                CatalogError::invalid("two_factor", "not a code of the offered factor")
            })?;
            admin.hidden.insert(FACTOR.into(), offered);
            admin.hidden.insert(FACTOR_STEP.into(), step.into());
            sessions::ask_again(write, id, session)
        })
        .map(drop)
    }
}

/// The factor of a secret in base32 (RFC 6238: SHA-1, six digits, 30 s).
fn factor(secret: &str) -> Option<Totp> {
    let secret = totp_rs::Secret::try_from_base32(secret).ok()?;
    Builder::new().with_secret(secret).build().ok()
}

/// The step of 30 s whose code this is, if it is near enough.
fn step_of(secret: &str, code: &str, now: Timestamp) -> Option<u64> {
    factor(secret)?.check(code.trim(), u64::try_from(now.secs()).ok()?)
}

/// RFC 4648, without padding.
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let digit = |five: &[u8]| five.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
    bits.chunks(5).map(|five| char::from(DIGITS[digit(five) << (5 - five.len())])).collect()
}
