//! MAC addresses: read in any spelling, written as Mist writes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A 48-bit MAC address. Written as twelve lower-case hex digits without separators.
///
/// It is ordered and hashed as the number that its octets are, most significant first: that is
/// their order too, in a few instructions where a comparison of bytes is a call.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Mac(pub [u8; 6]);

impl PartialOrd for Mac {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Mac {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl Hash for Mac {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number());
    }
}

/// The text was no MAC address in any known spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacError;

impl fmt::Display for MacError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a MAC address (six octets in hex)")
    }
}

impl std::error::Error for MacError {}

impl Mac {
    /// "No device" where the wire wants an address, as in `next_ap`.
    pub const NONE: Self = Self([0; 6]);

    const fn number(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// Whether the address is locally administered, as the random ones of phones are
    /// (IEEE 802c, U/L bit), and not a group address.
    pub fn is_random(self) -> bool {
        self.0[0] & 0b11 == 0b10
    }

    /// The device id that Mist derives of a MAC: `00000000-0000-0000-1000-<mac>`.
    pub fn device_id(self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        bytes[8] = 0x10;
        bytes[10..].copy_from_slice(&self.0);
        uuid::Uuid::from_bytes(bytes)
    }

    /// The twelve digits, without an allocation.
    pub fn digits(self) -> [u8; 12] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 12];
        for (i, octet) in self.0.iter().enumerate() {
            text[2 * i] = HEX[usize::from(octet >> 4)];
            text[2 * i + 1] = HEX[usize::from(octet & 15)];
        }
        text
    }
}

impl FromStr for Mac {
    type Err = MacError;

    /// Reads `aabbccddeeff`, `AA:BB:CC:DD:EE:FF`, `aa-bb-…`, `aabb.ccdd.eeff` and mixtures:
    /// twelve hex digits with separators between whole octets only.
    fn from_str(text: &str) -> Result<Self, MacError> {
        let mut octets = [0u8; 6];
        let mut digits = 0usize;
        let mut separated = true;
        for byte in text.bytes() {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                b':' | b'-' | b'.' if digits.is_multiple_of(2) && !separated => {
                    separated = true;
                    continue;
                }
                _ => return Err(MacError),
            };
            if digits == 12 {
                return Err(MacError);
            }
            octets[digits / 2] = octets[digits / 2] << 4 | value;
            digits += 1;
            separated = false;
        }
        if digits == 12 && !separated { Ok(Self(octets)) } else { Err(MacError) }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0 {
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({self})")
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Mac;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a MAC address")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mac, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_the_field_is_read() {
        for text in ["5c5b35000001", "5C:5B:35:00:00:01", "5c-5b-35-00-00-01", "5c5b.3500.0001"] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "5c5b35000001", "{text}");
        }
    }

    #[test]
    fn what_is_no_mac_is_refused() {
        for text in [
            "",
            "5c5b3500000",
            "5c5b350000011",
            ":5c5b35000001",
            "5c5b35000001:",
            "5c5:b35000001",
            "5c::5b35000001",
            "zz5b35000001",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(MacError), "{text}");
        }
    }

    #[test]
    fn a_device_id_ends_in_the_mac() {
        let mac: Mac = "5c5b350e01c7".parse().unwrap();
        assert_eq!(mac.device_id().to_string(), "00000000-0000-0000-1000-5c5b350e01c7");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(octets: [u8; 6]) {
            let mac = Mac(octets);
            prop_assert_eq!(mac.to_string().parse(), Ok(mac));
            let digits = mac.digits();
            prop_assert_eq!(std::str::from_utf8(&digits).unwrap(), mac.to_string());
        }

        #[test]
        fn the_order_is_that_of_the_octets(one: [u8; 6], other: [u8; 6]) {
            prop_assert_eq!(Mac(one).cmp(&Mac(other)), one.cmp(&other));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text: String) {
            prop_assert!(text.parse::<Mac>().is_err() || text.len() >= 12);
        }
    }
}
