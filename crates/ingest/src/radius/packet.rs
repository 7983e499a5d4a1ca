//! The packet: header, attributes, authenticators.

use super::attributes as attr;
use hmac::{KeyInit, Mac};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// The longest packet (RFC 2865, 3).
pub const PACKET_BYTES_MAX: usize = 4096;
/// Attributes of one packet; more is no accounting request.
const ATTRIBUTES_MAX: usize = 512;
const HEADER_BYTES: usize = 20;
const ACCOUNTING_REQUEST: u8 = 4;
const ACCOUNTING_RESPONSE: u8 = 5;

/// Why bytes are no accounting request, or not one of this sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Shorter than a packet can be, or than it says it is.
    #[error("the packet is cut short")]
    Short,
    /// Of another code.
    #[error("code {0} is no accounting request")]
    Code(u8),
    /// An attribute runs over the end, or has no length.
    #[error("an attribute does not end where it should")]
    Attribute,
    /// Too many attributes.
    #[error("it has more than {ATTRIBUTES_MAX} attributes")]
    TooMany,
    /// Not made with the secret.
    #[error("the authenticator does not verify")]
    Authenticator,
}

/// An accounting request, well formed, not yet verified.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a datagram apart. What follows the packet is padding and is ignored.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let Some(header) = datagram.first_chunk::<4>() else { return Err(PacketError::Short) };
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if !(HEADER_BYTES..=PACKET_BYTES_MAX).contains(&length) {
            return Err(PacketError::Short);
        }
        let bytes = datagram.get(..length).ok_or(PacketError::Short)?;
        if bytes[0] != ACCOUNTING_REQUEST {
            return Err(PacketError::Code(bytes[0]));
        }
        let packet = Self { bytes };
        let mut rest = &bytes[HEADER_BYTES..];
        let mut count = 0;
        while !rest.is_empty() {
            let length = usize::from(*rest.get(1).ok_or(PacketError::Attribute)?);
            if length < 2 || length > rest.len() {
                return Err(PacketError::Attribute);
            }
            rest = &rest[length..];
            count += 1;
        }
        if count > ATTRIBUTES_MAX {
            return Err(PacketError::TooMany);
        }
        Ok(packet)
    }

    /// The identifier, which matches answers to requests.
    pub fn identifier(&self) -> u8 {
        self.bytes[1]
    }

    /// The request authenticator.
    pub fn authenticator(&self) -> [u8; 16] {
        let mut authenticator = [0; 16];
        authenticator.copy_from_slice(&self.bytes[4..HEADER_BYTES]);
        authenticator
    }

    /// The attributes in order: type and value.
    pub fn attributes(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = &self.bytes[HEADER_BYTES..];
        std::iter::from_fn(move || {
            let (kind, length) = (*rest.first()?, usize::from(*rest.get(1)?));
            let value = rest.get(2..length)?;
            rest = &rest[length..];
            Some((kind, value))
        })
    }

    /// Checks that the request was made with this secret: the request authenticator (RFC 2866,
    /// 3), and Message-Authenticator (RFC 3579, 3.2) when there is one.
    ///
    /// # Errors
    /// [`PacketError::Authenticator`].
    pub fn verify(&self, secret: &[u8]) -> Result<(), PacketError> {
        let digest = Md5::new()
            .chain_update(&self.bytes[..4])
            .chain_update([0; 16])
            .chain_update(&self.bytes[HEADER_BYTES..])
            .chain_update(secret)
            .finalize();
        let sound = bool::from(digest[..].ct_eq(&self.bytes[4..HEADER_BYTES]));
        if sound && self.message_authenticator_holds(secret) {
            Ok(())
        } else {
            Err(PacketError::Authenticator)
        }
    }

    fn message_authenticator_holds(&self, secret: &[u8]) -> bool {
        let mut zeroed = self.bytes.to_vec();
        zeroed[4..HEADER_BYTES].fill(0);
        let mut at = HEADER_BYTES;
        let mut given = None;
        for (kind, value) in self.attributes() {
            if kind == attr::MESSAGE_AUTHENTICATOR {
                if value.len() != 16 || given.is_some() {
                    return false;
                }
                given = Some(value);
                zeroed[at + 2..at + 18].fill(0);
            }
            at += value.len() + 2;
        }
        let Some(given) = given else { return true };
        let Ok(mut mac) = hmac::Hmac::<Md5>::new_from_slice(secret) else { return false };
        mac.update(&zeroed);
        mac.verify_slice(given).is_ok()
    }
}

/// The answer to a request: its Proxy-State attributes in order, nothing else.
pub fn respond(request: &Packet<'_>, secret: &[u8]) -> Vec<u8> {
    let mut response = vec![ACCOUNTING_RESPONSE, request.identifier(), 0, 0];
    response.extend_from_slice(&request.authenticator());
    for (kind, value) in request.attributes() {
        if kind == attr::PROXY_STATE {
            let length = u8::try_from(value.len() + 2).unwrap_or(u8::MAX);
            response.extend_from_slice(&[kind, length]);
            response.extend_from_slice(value);
        }
    }
    let length = u16::try_from(response.len()).unwrap_or(u16::MAX);
    response[2..4].copy_from_slice(&length.to_be_bytes());
    let digest = Md5::new().chain_update(&response).chain_update(secret).finalize();
    response[4..HEADER_BYTES].copy_from_slice(&digest);
    response
}
