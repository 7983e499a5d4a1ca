//! Called-Station-Id in every spelling that is met in the field.
//!
//! RFC 3580 wants `AA-BB-CC-DD-EE-FF:ssid`. What comes is that, with any separators in the
//! address, with an empty SSID, with a host name in its place, with padding, or no address at
//! all: a bare SSID, or a telephone number. An address at the beginning is taken first; what
//! follows a separator is the SSID.

use foghorn_model::Mac;

/// What a Called-Station-Id names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Station<'a> {
    /// The BSSID, or the switch.
    pub(super) mac: Option<Mac>,
    /// What follows the address, or all of it when there is none; spaces are kept.
    pub(super) name: Option<&'a str>,
}

pub(super) fn called(text: &str) -> Station<'_> {
    let (mac, rest) = match leading_mac(text) {
        Some((mac, rest)) => (Some(mac), rest),
        None => (None, text),
    };
    let name = match mac {
        Some(_) => rest.strip_prefix([':', '-', ',', ';', ' ']).unwrap_or(rest),
        None => rest,
    };
    Station { mac, name: Some(name).filter(|name| !name.is_empty()) }
}

/// An address in whatever spelling: six octets in hex with at most one separator between them.
pub(super) fn calling(text: &str) -> Option<Mac> {
    let (mac, rest) = leading_mac(text.trim())?;
    rest.is_empty().then_some(mac)
}

fn leading_mac(text: &str) -> Option<(Mac, &str)> {
    let bytes = text.as_bytes();
    let mut digits = 0;
    let mut at = 0;
    while digits < 12 {
        match bytes.get(at)? {
            byte if byte.is_ascii_hexdigit() => digits += 1,
            b':' | b'-' | b'.' if digits > 0 && digits % 2 == 0 => {}
            _ => return None,
        }
        at += 1;
    }
    // A longer run of digits is a number, not an address with something behind it.
    if bytes.get(at).is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    let mac = text[..at].parse().ok()?;
    Some((mac, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_the_field_is_understood() {
        let cases = [
            ("AC-7E-8A-4E-E2-92", Some("ac7e8a4ee292"), None),
            ("46-4A-C4-CB-E0-D0:", Some("464ac4cbe0d0"), None),
            ("00-fd-22-ca-9f-40:Captive", Some("00fd22ca9f40"), Some("Captive")),
            ("00-27-22-F3-FA-F1:hostname", Some("002722f3faf1"), Some("hostname")),
            ("32-A4-3C-4D-7A-20:   oa-IT ", Some("32a43c4d7a20"), Some("   oa-IT ")),
            ("aa:bb:cc:dd:ee:ff:SSID", Some("aabbccddeeff"), Some("SSID")),
            ("aabb.ccdd.eeff:SSID:2", Some("aabbccddeeff"), Some("SSID:2")),
            ("aabbccddeeff", Some("aabbccddeeff"), None),
            ("aabbccddeeff-guest", Some("aabbccddeeff"), Some("guest")),
            ("Corporate WLAN", None, Some("Corporate WLAN")),
            ("+4930123456789", None, Some("+4930123456789")),
            ("4930123456789", None, Some("4930123456789")),
            ("", None, None),
        ];
        for (text, mac, name) in cases {
            let station = called(text);
            let mac = mac.map(|mac| mac.parse().unwrap());
            assert_eq!((station.mac, station.name), (mac, name), "{text}");
        }
    }

    #[test]
    fn a_calling_station_is_an_address_and_nothing_else() {
        assert!(calling("66-48-38-FA-CA-2C").is_some());
        assert!(calling("664838faca2c ").is_some());
        assert!(calling("664838faca2c:x").is_none());
        assert!(calling("alice").is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text: String) {
            let station = called(&text);
            prop_assert!(station.name.is_none_or(|name| text.ends_with(name)));
        }
    }
}
