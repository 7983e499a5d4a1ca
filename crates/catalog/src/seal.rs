//! Secrets at rest: sealed one by one with XChaCha20-Poly1305 under a key that lies in a file of
//! its own, so that a copy of the database alone gives nothing away.
//!
//! A sealed value stands in its document as `{"$sealed": "<base64 of nonce and ciphertext>"}`
//! and is bound to the document and the field that it stands in: moved elsewhere it does not
//! open.

use crate::error::CatalogError;
use crate::sign::Signer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Write;
use std::path::Path;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const SEALED: &str = "$sealed";

/// What stands for a secret where it must not be seen.
pub(crate) const REDACTED: &str = "****";

/// Keys whose values are secret wherever they stand.
const SECRET_KEYS: [&str; 16] = [
    "secret",
    "splunk_token",
    "oauth2_client_secret",
    "oauth2_password",
    "password",
    "psk",
    "passphrase",
    "key_hash",
    "password_hash",
    "two_factor_secret",
    "two_factor_offered_secret",
    "auth_key",
    "shared_key",
    "keywrap_kek",
    "keywrap_mack",
    "community_name",
];
/// How the keys of other secrets end.
const SECRET_ENDS: [&str; 9] = [
    "secret",
    "password",
    "passphrase",
    "_psk",
    "_token",
    "api_key",
    "apikey",
    "apitoken",
    "private_key",
];
/// What the first line of every private key in PEM has (RFC 7468).
const PRIVATE_KEY: &str = "PRIVATE KEY-----";
/// Objects and lists all of whose values are secret: custom headers carry credentials, `keys` are
/// those of WEP, `auth_keys` those of OSPF.
const SECRET_VALUES: [&str; 3] = ["headers", "keys", "auth_keys"];

/// The key of the server.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    pub(crate) signer: Signer,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Reads the key file, or makes one when no secret can have been sealed yet.
    pub(crate) fn open(path: &Path, may_create: bool) -> Result<Self, CatalogError> {
        let key = match std::fs::read(path) {
            Ok(key) => key,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => {
                create(path)?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CatalogError::Secrets(format!(
                    "{} is missing, and the catalog holds secrets that it sealed: put it back",
                    path.display()
                )));
            }
            Err(error) => return Err(CatalogError::file(path)(error)),
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&key).ok();
        let (Some(cipher), Some(signer)) = (cipher, Signer::derive(&key)) else {
            let reason = format!("{} does not hold a key of 32 bytes", path.display());
            return Err(CatalogError::Secrets(reason));
        };
        Ok(Self { cipher, signer })
    }

    /// Seals every secret of a document.
    pub(crate) fn seal(
        &self,
        place: &str,
        body: &mut Map<String, Value>,
    ) -> Result<(), CatalogError> {
        each_secret(place, body, &mut |place, value| {
            // Whatever it looks like: what is in memory is open.
            if !value.is_null() {
                *value = self.seal_value(place, value)?;
            }
            Ok(())
        })
    }

    /// Opens every secret of a document.
    pub(crate) fn open_all(
        &self,
        place: &str,
        body: &mut Map<String, Value>,
    ) -> Result<(), CatalogError> {
        each_secret(place, body, &mut |place, value| {
            if let Some(sealed) = value.get(SEALED).and_then(Value::as_str) {
                *value = self.open_value(place, sealed)?;
            }
            Ok(())
        })
    }

    fn seal_value(&self, place: &str, value: &Value) -> Result<Value, CatalogError> {
        let mut nonce = [0; NONCE_BYTES];
        random(&mut nonce)?;
        let text = value.to_string();
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| CatalogError::Secrets("a secret could not be sealed".into()))?;
        Ok(json!({ SEALED: STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat()) }))
    }

    fn open_value(&self, place: &str, sealed: &str) -> Result<Value, CatalogError> {
        let fails = || {
            CatalogError::Secrets(format!(
                "a secret of {place} does not open: secret.key is not the one that sealed it"
            ))
        };
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| fails())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(fails)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let text = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| fails())?;
        serde_json::from_slice(&text).map_err(|_| fails())
    }
}

/// Puts [`REDACTED`] in place of every secret.
pub(crate) fn redact(body: &mut Map<String, Value>) {
    let done = each_secret("", body, &mut |_, value| {
        if !value.is_null() {
            *value = REDACTED.into();
        }
        Ok(())
    });
    debug_assert!(done.is_ok());
}

/// A text is secret by how its key ends, so that members that nobody here has heard of are, too;
/// so is the `key` of a certificate, and whatever has the form of a private key. Once sealed it is
/// an object.
fn is_secret(place: &str, (key, value): (&str, &Value), has_cert: bool) -> bool {
    if SECRET_KEYS.contains(&key) || value.get(SEALED).is_some() {
        return true;
    }
    let Some(text) = value.as_str() else { return false };
    let of_cert = || key == "key" && (has_cert || place.ends_with("cert"));
    SECRET_ENDS.iter().any(|end| key.ends_with(end)) || of_cert() || text.contains(PRIVATE_KEY)
}

/// The first member, with what it is in, that has a mask where a secret belongs.
pub(crate) fn masked(body: &mut Map<String, Value>) -> Option<String> {
    let mut found = None;
    let done = each_secret("", body, &mut |place, value| {
        if *value == REDACTED {
            found = found.take().or_else(|| place.split('/').nth(1).map(str::to_owned));
        }
        Ok(())
    });
    debug_assert!(done.is_ok());
    found
}

fn each_secret(
    place: &str,
    body: &mut Map<String, Value>,
    act: &mut dyn FnMut(&str, &mut Value) -> Result<(), CatalogError>,
) -> Result<(), CatalogError> {
    let has_cert = body.contains_key("cert");
    for (key, value) in body.iter_mut() {
        let is_secret = is_secret(place, (key, value), has_cert);
        let place = format!("{place}/{key}");
        if is_secret {
            act(&place, value)?;
        } else if SECRET_VALUES.contains(&key.as_str()) {
            match value {
                Value::Object(map) => {
                    for (name, value) in map.iter_mut() {
                        act(&format!("{place}/{name}"), value)?;
                    }
                }
                // Without the position, as below.
                Value::Array(list) => list.iter_mut().try_for_each(|value| act(&place, value))?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        } else {
            within(&place, value, act)?;
        }
    }
    Ok(())
}

fn within(
    place: &str,
    value: &mut Value,
    act: &mut dyn FnMut(&str, &mut Value) -> Result<(), CatalogError>,
) -> Result<(), CatalogError> {
    match value {
        Value::Object(map) => each_secret(place, map, act),
        // Without the position: a list that is put in another order still opens.
        Value::Array(list) => list.iter_mut().try_for_each(|value| within(place, value, act)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Fills a buffer with randomness of the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), CatalogError> {
    getrandom::fill(bytes).map_err(|error| CatalogError::Secrets(format!("randomness: {error}")))
}

fn create(path: &Path) -> Result<Vec<u8>, CatalogError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut key = vec![0; KEY_BYTES];
    random(&mut key)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(CatalogError::file(path))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(CatalogError::file(path))?;
    Ok(key)
}
