//! The part of the configuration that shapes events: orgs, sites, devices and the settings that
//! drive them. The catalog keeps whole documents; what the engine needs of them stands here.

use crate::ids::{AlarmTemplateId, OrgId, SiteId};
use crate::mac::Mac;
use crate::telemetry::{PeeringKind, Step};
use crate::time::Micros;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// What a device is. Decides its event names (`AP_…`, `SW_…`, `GW_…`) and its thresholds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceType {
    /// An access point.
    Ap,
    /// A switch.
    Switch,
    /// A gateway or router.
    Gateway,
}

impl DeviceType {
    /// The name on the wire (`device_type`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Ap => "ap",
            Self::Switch => "switch",
            Self::Gateway => "gateway",
        }
    }

    /// What the keys of its events begin with.
    pub fn event_prefix(self) -> &'static str {
        match self {
            Self::Ap => "AP",
            Self::Switch => "SW",
            Self::Gateway => "GW",
        }
    }
}

/// The text names no kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownDeviceType;

impl fmt::Display for UnknownDeviceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of ap, switch, gateway")
    }
}

impl std::error::Error for UnknownDeviceType {}

impl FromStr for DeviceType {
    type Err = UnknownDeviceType;

    fn from_str(text: &str) -> Result<Self, UnknownDeviceType> {
        match text {
            "ap" => Ok(Self::Ap),
            "switch" => Ok(Self::Switch),
            "gateway" => Ok(Self::Gateway),
            _ => Err(UnknownDeviceType),
        }
    }
}

/// An organization as the engine knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Its settings, under those of its sites.
    #[serde(default)]
    pub setting: Setting,
    /// Which alarms are told at its sites, where they have no template of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarmtemplate_id: Option<AlarmTemplateId>,
}

/// A site as the engine knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// The org that it belongs to.
    pub org_id: OrgId,
    /// Its name, which stands in most payloads.
    pub name: String,
    /// Its settings, over those of its org.
    #[serde(default)]
    pub setting: Setting,
    /// Which alarms are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarmtemplate_id: Option<AlarmTemplateId>,
}

impl Site {
    /// The place of what is an org's and of none of its sites: edges that are not assigned, alarms
    /// of several sites. It is kept as a site is, under the org's own id, in the org's home
    /// partition.
    pub fn of_org(org: &Org) -> Self {
        Self {
            id: SiteId::of_org(org.id),
            org_id: org.id,
            name: String::new(),
            setting: Setting::default(),
            alarmtemplate_id: None,
        }
    }

    /// Whether it is the place of what is the org's and of none of its sites.
    pub fn is_of_org(&self) -> bool {
        self.id == SiteId::of_org(self.org_id)
    }
}

/// A device of the inventory that is assigned to a site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Its base MAC.
    pub mac: Mac,
    /// Its org.
    pub org_id: OrgId,
    /// The site that it is assigned to; `None` while it is only in the inventory.
    #[serde(default)]
    pub site_id: Option<SiteId>,
    /// Its name; the MAC stands where it is empty.
    #[serde(default)]
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub device_type: DeviceType,
    /// The model name, e.g. `AP45`.
    #[serde(default)]
    pub model: String,
    /// The address that it uses as a RADIUS client or syslog sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<std::net::IpAddr>,
}

/// An edge of the inventory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// Its id.
    pub id: Uuid,
    /// The site that it is assigned to, or else its org's own place ([`SiteId::of_org`]).
    pub site_id: SiteId,
    /// Its address.
    pub mac: Mac,
    /// Its name.
    pub name: String,
    /// The cluster that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mxcluster_id: Option<Uuid>,
}

/// Settings of an org or a site that drive events. Absent means "as the level above has it".
/// Keys that Foghorn does not know stay in the catalog's document and come back unchanged.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Minutes (0 to 240) that a device may be away before its down goes to `device-updowns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_updown_threshold: Option<u32>,
    /// The same for APs; set, it stands in place of `device_updown_threshold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ap_updown_threshold: Option<u32>,
    /// The same for switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch_updown_threshold: Option<u32>,
    /// The same for gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_updown_threshold: Option<u32>,
    /// Minutes (0 to 240) that a VPN path may be down before its down is an alarm; of sites only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpn_path_updown_threshold: Option<u32>,
    /// The same for VPN peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpn_peer_updown_threshold: Option<u32>,
    /// The same for BGP neighbours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bgp_neighbor_updown_threshold: Option<u32>,
    /// Seconds without a heartbeat after which an AP that sends them counts as down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ap_heartbeat_timeout: Option<u32>,
    /// The same for switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch_heartbeat_timeout: Option<u32>,
    /// The same for gateways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_heartbeat_timeout: Option<u32>,
    /// Seconds of silence after which a client's session ends as inactive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_inactivity_timeout: Option<u32>,
    /// Which strangers on the air are alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rogue: Option<RogueSetting>,
    /// How many failures of how many clients are an alarm of the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simple_alert: Option<SimpleAlert>,
    /// When a source that says nothing is an alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_silence: Option<SourceSilence>,
    /// Whether devices and ports that flap are told one change at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flap_damping: Option<FlapDamping>,
}

/// Whether devices and ports that flap are told one change at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FlapDamping {
    /// Whether they are not; they are unless it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// More than so many changes (2 to 100) are flapping; 5 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Within so many minutes (1 to 240); 10 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// How flapping is damped, where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damping {
    /// More changes than that are flapping.
    pub count: usize,
    /// Within so long.
    pub window: Micros,
}

/// When a source that says nothing is an alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceSilence {
    /// Whether it is; so unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// After so many minutes (1 to 10,080); as the source has been used to unless it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// When a source that says nothing is an alarm, in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SilenceRule {
    /// Never.
    Never,
    /// When it says nothing for far longer than it has been used to.
    Learned,
    /// After so long.
    After(Micros),
}

/// Which strangers on the air are alarms.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RogueSetting {
    /// Whether APs on our wire that are not ours are; not unless it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether APs that send our SSIDs and are not ours are; not unless it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honeypot_enabled: Option<bool>,
    /// The weakest that counts, dBm; -80 unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rssi: Option<i32>,
    /// BSSIDs to leave alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitelisted_bssids: Option<Vec<String>>,
    /// SSIDs to leave alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitelisted_ssids: Option<Vec<String>>,
}

/// What is in force of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rogue {
    /// Whether APs on our wire that are not ours are alarms.
    pub enabled: bool,
    /// Whether APs that send our SSIDs and are not ours are.
    pub honeypot_enabled: bool,
    /// The weakest that counts, dBm.
    pub min_rssi: i32,
    bssids: Vec<String>,
    ssids: Vec<String>,
}

impl Rogue {
    /// Whether a stranger is to be left alone. BSSIDs may be written with separators.
    pub fn leaves_alone(&self, bssid: Mac, ssid: &str) -> bool {
        self.bssids.iter().any(|it| it.parse() == Ok(bssid))
            || (!ssid.is_empty() && self.ssids.iter().any(|it| it == ssid))
    }
}

/// Thresholds of `infra_…_failure`, by what fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SimpleAlert {
    /// ARP of the gateway; 10 clients, 10 incidents, 20 minutes unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arp_failure: Option<SimpleThreshold>,
    /// DHCP; 10 clients, 20 incidents, 10 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dhcp_failure: Option<SimpleThreshold>,
    /// DNS; 20 clients, 30 incidents, 10 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_failure: Option<SimpleThreshold>,
}

/// As many of these within so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SimpleThreshold {
    /// Clients, 1 to 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_count: Option<u32>,
    /// Incidents, 1 to 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident_count: Option<u32>,
    /// Minutes, 5 to 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
}

/// A threshold of failures in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FailureThreshold {
    /// Clients that failed.
    pub clients: usize,
    /// How often they did.
    pub incidents: usize,
    /// Within so long.
    pub duration: Micros,
}

/// The weakest stranger that counts, unless the setting says otherwise.
const ROGUE_DBM_MIN: i32 = -80;
const DAMPING_COUNT: u32 = 5;
const DAMPING_MINUTES: u32 = 10;
const HEARTBEAT_AP_SECS: u32 = 90;
const HEARTBEAT_WIRED_SECS: u32 = 180;
const INACTIVITY_SECS: u32 = 1_800;

impl Setting {
    /// Which strangers on the air are alarms; `over` is the org's setting.
    pub fn rogue(&self, over: &Self) -> Rogue {
        let [own, over] = [&self.rogue, &over.rogue].map(|it| it.clone().unwrap_or_default());
        Rogue {
            enabled: own.enabled.or(over.enabled).unwrap_or(false),
            honeypot_enabled: own.honeypot_enabled.or(over.honeypot_enabled).unwrap_or(false),
            min_rssi: own.min_rssi.or(over.min_rssi).unwrap_or(ROGUE_DBM_MIN),
            bssids: own.whitelisted_bssids.or(over.whitelisted_bssids).unwrap_or_default(),
            ssids: own.whitelisted_ssids.or(over.whitelisted_ssids).unwrap_or_default(),
        }
    }

    /// How flapping is damped, if it is; `over` is the org's setting.
    pub fn flap_damping(&self, over: &Self) -> Option<Damping> {
        let [own, over] = [self, over].map(|it| it.flap_damping.unwrap_or_default());
        let minutes = own.minutes.or(over.minutes).unwrap_or(DAMPING_MINUTES);
        let damping = Damping {
            count: own.count.or(over.count).unwrap_or(DAMPING_COUNT) as usize,
            window: Micros::from_mins(i64::from(minutes)),
        };
        (own.enabled.or(over.enabled) == Some(true)).then_some(damping)
    }

    /// When a source that says nothing is an alarm; `over` is the org's setting.
    pub fn source_silence(&self, over: &Self) -> SilenceRule {
        let [own, over] = [self, over].map(|it| it.source_silence.unwrap_or_default());
        if own.enabled.or(over.enabled) == Some(false) {
            return SilenceRule::Never;
        }
        let minutes = own.minutes.or(over.minutes).map(i64::from);
        minutes.map_or(SilenceRule::Learned, |it| SilenceRule::After(Micros::from_mins(it)))
    }

    /// How many failures of a step are an alarm of the whole site; `over` is the org's setting.
    pub fn failure_threshold(&self, over: &Self, step: Step) -> FailureThreshold {
        let of = |setting: &Self| {
            let alert = setting.simple_alert.unwrap_or_default();
            match step {
                Step::Arp => alert.arp_failure,
                Step::Dhcp => alert.dhcp_failure,
                Step::Dns | Step::Auth => alert.dns_failure,
            }
        };
        let (clients, incidents, mins) = match step {
            Step::Arp => (10, 10, 20),
            Step::Dhcp => (10, 20, 10),
            Step::Dns | Step::Auth => (20, 30, 10),
        };
        let [own, over] = [of(self).unwrap_or_default(), of(over).unwrap_or_default()];
        let count = |own: Option<u32>, over: Option<u32>, default: u32| {
            own.or(over).unwrap_or(default) as usize
        };
        let mins = own.duration.or(over.duration).unwrap_or(mins);
        FailureThreshold {
            clients: count(own.client_count, over.client_count, clients),
            incidents: count(own.incident_count, over.incident_count, incidents),
            duration: Micros::from_mins(i64::from(mins)),
        }
    }

    /// How long a device of this type may be away before its down is sent; `over` is the org's.
    pub fn updown_threshold(&self, over: &Self, device_type: DeviceType) -> Micros {
        let own = |setting: &Self| match device_type {
            DeviceType::Ap => setting.ap_updown_threshold,
            DeviceType::Switch => setting.switch_updown_threshold,
            DeviceType::Gateway => setting.gateway_updown_threshold,
        };
        let mins = own(self)
            .or(self.device_updown_threshold)
            .or_else(|| own(over))
            .or(over.device_updown_threshold)
            .unwrap_or(0);
        Micros::from_mins(i64::from(mins))
    }

    /// How long a peering of this kind may be down before its down is an alarm. Mist knows this
    /// of sites only, so an org's setting says nothing.
    pub fn peering_threshold(&self, kind: PeeringKind) -> Micros {
        let mins = match kind {
            PeeringKind::VpnPath => self.vpn_path_updown_threshold,
            PeeringKind::VpnPeer => self.vpn_peer_updown_threshold,
            PeeringKind::BgpNeighbor => self.bgp_neighbor_updown_threshold,
        };
        Micros::from_mins(i64::from(mins.unwrap_or(0)))
    }

    /// How long a device of this type may send no heartbeat; `over` is the org's setting.
    pub fn heartbeat_timeout(&self, over: &Self, device_type: DeviceType) -> Micros {
        let own = |setting: &Self| match device_type {
            DeviceType::Ap => setting.ap_heartbeat_timeout,
            DeviceType::Switch => setting.switch_heartbeat_timeout,
            DeviceType::Gateway => setting.gateway_heartbeat_timeout,
        };
        let default = match device_type {
            DeviceType::Ap => HEARTBEAT_AP_SECS,
            DeviceType::Switch | DeviceType::Gateway => HEARTBEAT_WIRED_SECS,
        };
        Micros::from_secs(i64::from(own(self).or_else(|| own(over)).unwrap_or(default)))
    }

    /// How long a client may be silent before its session ends; `over` is the org's setting.
    pub fn inactivity_timeout(&self, over: &Self) -> Micros {
        let secs = self.client_inactivity_timeout.or(over.client_inactivity_timeout);
        Micros::from_secs(i64::from(secs.unwrap_or(INACTIVITY_SECS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_of_a_kind_stands_over_the_general_one_and_the_site_over_the_org() {
        let org = Setting {
            device_updown_threshold: Some(9),
            switch_updown_threshold: Some(7),
            ..Setting::default()
        };
        let site = Setting { ap_updown_threshold: Some(3), ..Setting::default() };
        assert_eq!(site.updown_threshold(&org, DeviceType::Ap), Micros::from_mins(3));
        assert_eq!(site.updown_threshold(&org, DeviceType::Switch), Micros::from_mins(7));
        assert_eq!(site.updown_threshold(&org, DeviceType::Gateway), Micros::from_mins(9));
    }
}
