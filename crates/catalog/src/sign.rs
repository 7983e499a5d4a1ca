//! Texts that are handed out and come back, such as the place in a search: signed, so that none
//! but ours is believed, and bound to what they were handed out for.
//!
//! The key is derived of the server's (`secret.key`), so they are good after a restart, and are no
//! longer when that key is another.

use crate::catalog::Catalog;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What keeps this key from any other that may be derived of the same one.
const PURPOSE: &[u8] = b"foghorn signed texts 1";
/// Bytes of the tag: nobody guesses 128 bits online.
const TAG_BYTES: usize = 16;

/// The key that texts are signed with.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// The signer of a server with this key; `None` if it is no key.
    pub(crate) fn derive(key: &[u8]) -> Option<Self> {
        let mut derived = Hmac::<Sha256>::new_from_slice(key).ok()?;
        derived.update(PURPOSE);
        Hmac::new_from_slice(&derived.finalize().into_bytes()).ok().map(Self)
    }

    fn tag(&self, bound_to: &[&str], payload: &[u8]) -> [u8; TAG_BYTES] {
        let mut mac = self.0.clone();
        for part in bound_to.iter().map(|part| part.as_bytes()).chain([payload]) {
            // With its length, so that no two lists of parts are the same bytes.
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&full[..TAG_BYTES]);
        tag
    }
}

impl Catalog {
    /// A text of these bytes that [`opened`](Self::opened) gives back for the same `bound_to`.
    pub fn signed(&self, bound_to: &[&str], payload: &[u8]) -> String {
        let tag = self.sealer.signer.tag(bound_to, payload);
        URL_SAFE_NO_PAD.encode([payload, &tag].concat())
    }

    /// The bytes of a text that this server signed for just this; `None` of any other.
    pub fn opened(&self, bound_to: &[&str], text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let at = bytes.len().checked_sub(TAG_BYTES)?;
        let shown = bytes.split_off(at);
        let tag = self.sealer.signer.tag(bound_to, &bytes);
        bool::from(tag.ct_eq(&shown)).then_some(bytes)
    }
}
