//! The document as it stands in JSON: of each object the members that matter, all of which may be
//! missing. Firmware differs in what it writes as number and as text, so such are read from either.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A state, or what one is wrapped in.
#[derive(Deserialize, Default)]
pub(super) struct Document {
    pub method: Option<String>,
    pub params: Option<Box<Document>>,
    pub compress_64: Option<String>,
    pub serial: Option<String>,
    pub state: Option<Box<Document>>,
    pub interfaces: Option<Vec<Interface>>,
    #[serde(default)]
    pub radios: Vec<Radio>,
    pub unit: Option<Unit>,
}

#[derive(Deserialize)]
pub(super) struct Interface {
    #[serde(default)]
    pub ssids: Vec<Ssid>,
    #[serde(default)]
    pub clients: Vec<Neighbor>,
}

/// What one BSSID serves.
#[derive(Deserialize)]
pub(super) struct Ssid {
    pub bssid: Option<String>,
    pub ssid: Option<String>,
    pub mode: Option<String>,
    pub band: Option<String>,
    pub radio: Option<Reference>,
    #[serde(default)]
    pub associations: Vec<Association>,
}

/// `{"$ref": "#/radios/0"}`.
#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    pub path: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Association {
    pub station: Option<String>,
    pub connected: Option<Loose>,
    pub rssi: Option<Loose>,
    pub ipaddr_v4: Option<String>,
    pub rx_bytes: Option<Loose>,
    pub rx_packets: Option<Loose>,
    pub rx_rate: Option<Rate>,
    pub tx_bytes: Option<Loose>,
    pub tx_packets: Option<Loose>,
    pub tx_rate: Option<Rate>,
    pub tx_retries: Option<Loose>,
}

#[derive(Deserialize)]
pub(super) struct Rate {
    /// kbit/s.
    pub bitrate: Option<Loose>,
}

/// Whom the bridge or the router of the AP knows.
#[derive(Deserialize)]
pub(super) struct Neighbor {
    pub mac: Option<String>,
    #[serde(default)]
    pub ipv4_addresses: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Radio {
    pub channel: Option<Loose>,
    #[serde(default)]
    pub band: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Unit {
    /// Seconds since the epoch, whatever its name says.
    pub localtime: Option<f64>,
}

/// A number, as one or as text; anything else is none.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Loose {
    Number(f64),
    Text(String),
    Other(IgnoredAny),
}

impl Loose {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|it: &f64| it.is_finite()),
            Self::Other(IgnoredAny) => None,
        }
    }
}
