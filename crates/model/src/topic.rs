//! The topics that a webhook may subscribe to, and what sets each apart.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a topic is stored and delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopicClass {
    /// Each event counts: strict order per site, kept at least seven days.
    Record,
    /// Freshness counts: several batches in flight, a maximum age.
    Stream,
}

/// What is fixed about a topic. One row per topic; everything else asks this table.
#[derive(Clone, Copy, Debug)]
pub struct TopicRow {
    /// The topic itself.
    pub topic: Topic,
    /// The name on the wire.
    pub name: &'static str,
    /// Storage and delivery class.
    pub class: TopicClass,
    /// Whether an org webhook may name it.
    pub for_org: bool,
    /// Whether Mist logs its deliveries (Foghorn logs all).
    pub has_delivery_results: bool,
    /// Whether `single_event_per_message` has effect.
    pub allows_single_event_per_message: bool,
    /// Whether it can be delivered but not subscribed.
    pub internal: bool,
    /// Whether it is for our own searches only, and no topic of the wire.
    pub is_private: bool,
    /// Whether its batches go before those of other topics of its class where a limit makes batches
    /// wait.
    pub is_urgent: bool,
    /// Whether it is raw location data, of which a site may send each to one webhook only.
    pub is_raw: bool,
}

macro_rules! topics {
    ($($name:ident = $code:literal $wire:literal $class:ident $($flag:ident)*;)*) => {
        /// A webhook topic. The numbers stand in event blocks and never change.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "the wire name in the table below says it")]
        pub enum Topic { $($name = $code,)* }

        /// Every topic, in the order of its code.
        pub const TOPICS: &[TopicRow] = &[$({
            #[allow(unused_mut, reason = "a topic without a flag leaves the row as it is")]
            let mut row = TopicRow {
                topic: Topic::$name,
                name: $wire,
                class: TopicClass::$class,
                for_org: false,
                has_delivery_results: false,
                allows_single_event_per_message: false,
                internal: false,
                is_private: false,
                is_urgent: false,
                is_raw: false,
            };
            $(row.$flag = true;)*
            row
        },)*];

        impl Topic {
            /// The topic with this number, as it stands in an event block.
            pub fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The row of the table.
            pub fn row(self) -> &'static TopicRow {
                let index = match self { $(Self::$name => Self::index_of($code),)* };
                &TOPICS[index]
            }

            const fn index_of(code: u8) -> usize {
                let mut index = 0;
                while TOPICS[index].topic as u8 != code {
                    index += 1;
                }
                index
            }
        }
    };
}

topics! {
    Ping = 1 "ping" Record for_org has_delivery_results internal;
    Audits = 2 "audits" Record for_org has_delivery_results;
    DeviceEvents = 3 "device-events" Record for_org allows_single_event_per_message;
    DeviceUpdowns = 4 "device-updowns" Record for_org has_delivery_results;
    ClientJoin = 5 "client-join" Record for_org;
    ClientSessions = 6 "client-sessions" Record for_org;
    NacAccounting = 7 "nac-accounting" Record for_org;
    Alarms = 8 "alarms" Record for_org has_delivery_results is_urgent;
    ClientInfo = 9 "client-info" Record for_org;
    GuestAuthorizations = 10 "guest-authorizations" Record for_org;
    MxedgeEvents = 11 "mxedge-events" Record for_org;
    MinisApplication = 12 "minis-application" Record for_org;
    MinisReachability = 13 "minis-reachability" Record for_org;
    NacEvents = 14 "nac-events" Record for_org;
    ClientLatency = 15 "client-latency" Record;
    OccupancyAlerts = 16 "occupancy-alerts" Record has_delivery_results;
    RssiZone = 17 "rssizone" Record;
    SiteSle = 18 "site-sle" Record;
    Vbeacon = 19 "vbeacon" Record;
    Zone = 20 "zone" Record;
    AssetRawRssi = 21 "asset-raw-rssi" Stream is_raw;
    DiscoveredRawRssi = 22 "discovered-raw-rssi" Stream is_raw;
    FilteredAssetRssi = 23 "filtered-asset-rssi" Stream;
    Location = 24 "location" Stream;
    LocationAsset = 25 "location-asset" Stream;
    LocationCentrak = 26 "location-centrak" Stream;
    LocationClient = 27 "location-client" Stream;
    LocationSdk = 28 "location-sdk" Stream;
    LocationUnclient = 29 "location-unclient" Stream;
    SdkclientScanData = 30 "sdkclient-scan-data" Stream;
    WifiConnRaw = 31 "wifi-conn-raw" Stream is_raw;
    WifiUnconnRaw = 32 "wifi-unconn-raw" Stream is_raw;
    AlarmAcks = 33 "alarm-acks" Record is_private;
    ClientEvents = 34 "client-events" Record is_private;
    OtherDeviceEvents = 35 "otherdevice-events" Record is_private;
}

/// Spellings that are read besides the wire's.
const ALIASES: [(&str, Topic); 1] = [("rssi-zone", Topic::RssiZone)];

impl Topic {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Storage and delivery class.
    pub fn class(self) -> TopicClass {
        self.row().class
    }
}

/// A set of topics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TopicSet(u64);

impl TopicSet {
    /// The set of these topics.
    pub const fn of(topics: &[Topic]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < topics.len() {
            bits |= Self::bit(topics[at]);
            at += 1;
        }
        Self(bits)
    }

    /// Adds a topic.
    pub fn insert(&mut self, topic: Topic) {
        self.0 |= Self::bit(topic);
    }

    /// Whether the topic is in it.
    pub fn contains(self, topic: Topic) -> bool {
        self.0 & Self::bit(topic) != 0
    }

    /// Whether the two have a topic in common.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn bit(topic: Topic) -> u64 {
        assert!((topic as u8) < 64, "a set has room for 64 topics");
        1 << topic as u8
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No topic has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownTopic;

impl fmt::Display for UnknownTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown topic")
    }
}

impl std::error::Error for UnknownTopic {}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, UnknownTopic> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, topic)| *topic);
        let mut public = TOPICS.iter().filter(|row| !row.is_private);
        let row = public.find(|row| row.name == name).map(|row| row.topic);
        row.or(alias).ok_or(UnknownTopic)
    }
}

impl Serialize for Topic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_read_back() {
        for row in TOPICS {
            let public = if row.is_private { Err(UnknownTopic) } else { Ok(row.topic) };
            assert_eq!(row.name.parse(), public);
            assert_eq!(Topic::from_code(row.topic as u8), Some(row.topic));
            assert_eq!(row.topic.row().name, row.name);
        }
        assert_eq!("rssi-zone".parse(), Ok(Topic::RssiZone));
        assert_eq!("no-such".parse::<Topic>(), Err(UnknownTopic));
    }

    #[test]
    fn a_set_has_what_was_put_into_it() {
        for row in TOPICS {
            let mut set = TopicSet::default();
            assert!(!set.contains(row.topic));
            set.insert(row.topic);
            let others = TOPICS.iter().filter(|other| other.topic != row.topic);
            assert!(set.contains(row.topic) && set.intersects(TopicSet::of(&[row.topic])));
            assert!(others.into_iter().all(|other| !set.contains(other.topic)));
        }
    }
}
