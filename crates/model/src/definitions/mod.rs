//! The kinds of alarms and events that the wire knows by key.
//!
//! One table a family; the constants of the API are made of them, and so will be what carries
//! them. Keys, groups, severities and members are the wire's; what a key is called is made of its
//! words.

mod alarms;
mod carriers;
mod conclusions;
mod descriptions;
mod events;
mod tiers;

pub use alarms::ALARMS;
pub use carriers::{alarm_of_edge_event, alarm_of_event, alarm_of_other_device_event};
pub use conclusions::Conclusion;
pub use descriptions::description;
pub use events::{CLIENT_EVENTS, DEVICE_EVENTS, MXEDGE_EVENTS, NAC_EVENTS, OTHER_DEVICE_EVENTS};
pub use tiers::AlarmTier;

/// Events as Foghorn makes them, an object by family and key: `alarms`, `client_events`,
/// `device_events`, `mxedge_events`, `nac_events`, `otherdevice_events`. What has none here, nothing
/// derives.
pub const EXAMPLES: &str = include_str!("examples.json");

/// An alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlarmRow {
    /// Its key.
    pub key: &'static str,
    /// What kind of matter it is.
    pub group: AlarmGroup,
    /// How grave it is.
    pub severity: AlarmSeverity,
    /// The members that it has beside those of every alarm.
    pub fields: &'static [&'static str],
    /// Whether it is about one thing and open until that is resolved; if not, incidents gather.
    pub lasts: bool,
}

/// The alarm with this key.
pub fn alarm(key: &str) -> Option<&'static AlarmRow> {
    ALARMS.binary_search_by_key(&key, |row| row.key).ok().map(|at| &ALARMS[at])
}

/// What kind of matter an alarm is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlarmGroup {
    /// Devices, links and services.
    Infrastructure,
    /// What is concluded from many observations.
    Marvis,
    /// Attacks and intruders.
    Security,
}

/// How grave an alarm is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlarmSeverity {
    /// To be known.
    Info,
    /// To be looked at.
    Warn,
    /// To be mended.
    Critical,
}

impl AlarmGroup {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Marvis => "marvis",
            Self::Security => "security",
        }
    }
}

impl AlarmSeverity {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Critical => "critical",
        }
    }
}

/// Words of keys that are not written in lower case, or are short for something.
const WORDS: &[(&str, &str)] = &[
    ("addtl", "additional"),
    ("auth", "authentication"),
    ("authc", "authentication"),
    ("adhoc", "ad-hoc"),
    ("conf", "configuration"),
    ("config", "configuration"),
    ("dot1x", "802.1X"),
    ("dot1xd", "802.1X daemon"),
    ("11r", "802.11r"),
    ("dhcpv6", "DHCPv6"),
    ("fwupdate", "firmware update"),
    ("gw", "gateway"),
    ("iface", "interface"),
    ("infra", "infrastructure"),
    ("iot", "IoT"),
    ("ipv6", "IPv6"),
    ("krack", "KRACK"),
    ("lacpd", "LACP daemon"),
    ("marvis", "Marvis"),
    ("me", "Mist Edge"),
    ("mgmt", "management"),
    ("mist", "Mist"),
    ("notneeded", "not needed"),
    ("pkg", "package"),
    ("poe", "PoE"),
    ("powerinput", "power input"),
    ("radsec", "RadSec"),
    ("redir", "redirection"),
    ("secpolicy", "security policy"),
    ("src", "source"),
    ("sta", "station"),
    ("svc", "service"),
    ("sw", "switch"),
    ("topo", "topology"),
    ("usr", "USR"),
    ("wxlan", "WxLAN"),
];

/// Words of keys that are initials.
const INITIALS: &[&str] = &[
    "ap", "arp", "bfd", "bgp", "bpdu", "bssid", "coa", "cpu", "das", "ddos", "dhcp", "dns", "eap",
    "eapol", "esl", "essid", "evpn", "fbt", "fib", "fpc", "ft", "ha", "http", "icv", "idp", "ie",
    "ip", "jma", "lacp", "mac", "mdm", "mtu", "nac", "nak", "nat", "ncm", "oc", "okc", "ospf",
    "pem", "pmkc", "ppsk", "psu", "qesl", "qscd", "radius", "rg", "rrm", "rx", "sa", "sae", "sim",
    "ssid", "stp", "tkip", "tt", "url", "vc", "vlan", "vpn", "wan", "wlc", "ztp",
];

/// What a key is called: its words, the first with a capital.
pub fn display(key: &str) -> String {
    let word = |word: &str| {
        let word = word.to_lowercase();
        if let Some((_, long)) = WORDS.iter().find(|(short, _)| *short == word) {
            return (*long).to_owned();
        }
        let singular = word.strip_suffix('s').filter(|it| INITIALS.contains(it));
        match singular {
            _ if INITIALS.contains(&word.as_str()) => word.to_uppercase(),
            Some(singular) => format!("{}s", singular.to_uppercase()),
            None => word,
        }
    };
    let words: Vec<String> = key.split('_').filter(|it| !it.is_empty()).map(word).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_single_and_have_names() {
        let alarms: Vec<&str> = ALARMS.iter().map(|row| row.key).collect();
        let families = [
            &alarms[..],
            DEVICE_EVENTS,
            MXEDGE_EVENTS,
            NAC_EVENTS,
            CLIENT_EVENTS,
            OTHER_DEVICE_EVENTS,
        ];
        for family in families {
            assert!(family.is_sorted(), "{family:?}");
            let names: BTreeSet<String> = family.iter().map(|key| display(key)).collect();
            assert_eq!(names.len(), family.len(), "two keys of one name");
        }
    }

    #[test]
    fn a_key_is_told_in_words() {
        assert_eq!(display("AP_CONFIGURED"), "AP configured");
        assert_eq!(
            display("SW_DOT1XD_USR_AUTHENTICATED"),
            "Switch 802.1X daemon USR authenticated"
        );
        assert_eq!(display("missing_vlan"), "Missing VLAN");
    }
}
