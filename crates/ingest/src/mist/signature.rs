//! Who sent it: an HMAC of the body under a secret that both sides hold.
//!
//! It proves the sender and the body, and not the moment: whoever has seen a message can send it
//! again. Tags are compared in constant time.

use aws_lc_rs::hmac;

/// The signature of a message, read of its headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature {
    /// `X-Mist-Signature-v2`: HMAC-SHA256.
    V2([u8; 32]),
    /// `X-Mist-Signature`, where there is no other: HMAC-SHA1.
    V1([u8; 20]),
}

/// Why a message is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("X-Mist-Signature-v2 is missing")]
    Missing,
    /// There is only one of a kind that is not accepted.
    #[error("X-Mist-Signature-v2 is missing, and X-Mist-Signature is not accepted")]
    Sha1,
    /// It is none of this secret over these bytes, or no tag at all.
    #[error("the signature is not one of the secret over this body")]
    Wrong,
}

impl Signature {
    /// What the headers say; SHA1 is looked at only where there is nothing better and it is
    /// accepted.
    ///
    /// # Errors
    /// [`SignatureError`], without a look at the body.
    pub fn of_headers(
        v2: Option<&str>,
        v1: Option<&str>,
        accept_sha1: bool,
    ) -> Result<Self, SignatureError> {
        match (v2, v1) {
            (Some(tag), _) => decode(tag).map(Self::V2),
            (None, Some(tag)) if accept_sha1 => decode(tag).map(Self::V1),
            (None, Some(_)) => return Err(SignatureError::Sha1),
            (None, None) => return Err(SignatureError::Missing),
        }
        .ok_or(SignatureError::Wrong)
    }

    /// Checks it against the body as it came.
    ///
    /// # Errors
    /// [`SignatureError::Wrong`].
    pub fn verify(&self, secret: &str, body: &[u8]) -> Result<(), SignatureError> {
        let (algorithm, tag): (_, &[u8]) = match self {
            Self::V2(tag) => (hmac::HMAC_SHA256, tag),
            Self::V1(tag) => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, tag),
        };
        let key = hmac::Key::new(algorithm, secret.as_bytes());
        hmac::verify(&key, body, tag).map_err(|_| SignatureError::Wrong)
    }
}

/// A tag in hex, of either case.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut tag = [0; N];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 2202 (SHA1) and RFC 4231 (SHA256), test case 2 of each.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";

    fn check(v2: Option<&str>, v1: Option<&str>, sha1: bool) -> Result<(), SignatureError> {
        Signature::of_headers(v2, v1, sha1)?.verify(KEY, BODY)
    }

    #[test]
    fn published_vectors_verify_and_nothing_else_does() {
        assert_eq!(check(Some(SHA256), None, false), Ok(()));
        assert_eq!(check(Some(&SHA256.to_uppercase()), None, false), Ok(()));
        assert_eq!(check(None, Some(SHA1), true), Ok(()));
        let other = Signature::of_headers(Some(SHA256), None, false).unwrap();
        assert_eq!(other.verify("jefe", BODY), Err(SignatureError::Wrong));
        assert_eq!(other.verify(KEY, b"what"), Err(SignatureError::Wrong));
    }

    #[test]
    fn the_weaker_one_counts_only_where_it_is_accepted_and_there_is_no_other() {
        assert_eq!(check(None, Some(SHA1), false), Err(SignatureError::Sha1));
        assert_eq!(check(Some("00"), Some(SHA1), true), Err(SignatureError::Wrong));
        let zeros = "0".repeat(64);
        assert_eq!(check(Some(&zeros), Some(SHA1), true), Err(SignatureError::Wrong));
        assert_eq!(check(None, None, true), Err(SignatureError::Missing));
    }

    #[test]
    fn what_is_no_tag_is_none() {
        let signs = format!("+{}", &SHA256[1..]);
        for tag in ["", "zz", &SHA256[2..], &signs, &"é".repeat(32)] {
            assert_eq!(check(Some(tag), None, false), Err(SignatureError::Wrong), "{tag}");
        }
    }
}
