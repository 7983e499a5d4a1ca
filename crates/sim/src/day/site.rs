//! What a site consists of, and how it is configured.

use foghorn_model::time::Micros;
use foghorn_model::{
    AlarmTemplate, AlarmTemplateId, ConfigUpdate, Device, DeviceType, Edge, Mac, Org, OrgId,
    Setting, Site, SiteId,
};

/// Minutes that an AP and a switch may be away before that is told; a gateway may not at all.
const AP_THRESHOLD_MINS: u32 = 1;
const SWITCH_THRESHOLD_MINS: u32 = 2;
const INACTIVITY_SECS: u32 = 600;

/// The alarms that are told.
pub(super) const ALARMS: [&str; 13] = [
    "ap_offline",
    "device_down",
    "device_reconnected",
    "device_restarted",
    "gateway_down",
    "gateway_reconnected",
    "health_check_failed",
    "infra_dhcp_failure",
    "infra_dhcp_success",
    "repeated_auth_failures",
    "switch_down",
    "switch_reconnected",
    "switch_restarted",
];

/// How large a site is, and how often it is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Switches.
    pub switches: usize,
    /// APs behind each.
    pub aps_each: usize,
    /// Gateways.
    pub gateways: usize,
    /// Edges.
    pub edges: usize,
    /// Clients.
    pub clients: usize,
    /// How often a client is heard of.
    pub seen_each: Micros,
    /// Whether the truth does not depend on delays.
    pub is_sure: bool,
}

impl Size {
    /// 20 devices and 500 clients.
    pub const SMALL: Self = Self::of(2, 8, 1, 500);
    /// 200 devices and 5,000 clients.
    pub const WHOLE: Self = Self::of(12, 15, 4, 5_000);
    /// 2,000 devices and 50,000 clients.
    pub const LARGE: Self = Self::of(120, 15, 40, 50_000);

    /// As many edges as gateways.
    const fn of(switches: usize, aps_each: usize, gateways: usize, clients: usize) -> Self {
        let (edges, seen_each, is_sure) = (gateways, Micros::from_secs(60), false);
        Self { switches, aps_each, gateways, edges, clients, seen_each, is_sure }
    }
}

/// What a device of a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Behind the switch with this number.
    Ap(usize),
    Switch,
    Gateway,
    Edge,
}

impl Role {
    pub(super) fn device_type(self) -> Option<DeviceType> {
        match self {
            Self::Ap(_) => Some(DeviceType::Ap),
            Self::Switch => Some(DeviceType::Switch),
            Self::Gateway => Some(DeviceType::Gateway),
            Self::Edge => None,
        }
    }

    /// After so long without a heartbeat it is down.
    pub(super) fn timeout(self) -> Micros {
        match self {
            Self::Ap(_) => Micros::from_secs(90),
            Self::Switch | Self::Gateway | Self::Edge => Micros::from_secs(180),
        }
    }

    /// And when that has lasted so long, it is told.
    pub(super) fn threshold(self) -> Micros {
        match self {
            Self::Ap(_) => Micros::from_mins(i64::from(AP_THRESHOLD_MINS)),
            Self::Switch => Micros::from_mins(i64::from(SWITCH_THRESHOLD_MINS)),
            Self::Gateway | Self::Edge => Micros(0),
        }
    }
}

/// A client that was not heard of for so long is gone.
pub(super) const INACTIVITY: Micros = Micros::from_secs(INACTIVITY_SECS as i64);

/// The site with what it has. Devices have numbers: switches first, then their APs, gateways, edges.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) size: Size,
    /// The site.
    pub site: SiteId,
    /// Its org, which is made for it.
    pub org: OrgId,
    pub(super) roles: Vec<Role>,
}

impl Layout {
    pub(super) fn new(size: Size, site: SiteId) -> Self {
        let aps = (0..size.switches * size.aps_each).map(|at| Role::Ap(at / size.aps_each));
        let roles = std::iter::repeat_n(Role::Switch, size.switches)
            .chain(aps)
            .chain(std::iter::repeat_n(Role::Gateway, size.gateways))
            .chain(std::iter::repeat_n(Role::Edge, size.edges))
            .collect();
        Self { size, site, org: OrgId::from_bytes([0xdb; 16]), roles }
    }

    /// The numbers of all APs.
    pub(super) fn aps(&self) -> std::ops::Range<usize> {
        self.size.switches..self.size.switches * (1 + self.size.aps_each)
    }

    /// The numbers of the APs behind a switch.
    pub(super) fn aps_of(&self, switch: usize) -> std::ops::Range<usize> {
        let first = self.size.switches + switch * self.size.aps_each;
        first..first + self.size.aps_each
    }

    /// The address of a device.
    pub fn mac(&self, device: usize) -> Mac {
        let [.., high, middle, low] = (device + 1).to_be_bytes();
        Mac([0x5c, 0x5b, 0x35, high, middle, low])
    }

    pub(super) fn bssid(&self, ap: usize) -> Mac {
        let Mac([first, rest @ ..]) = self.mac(ap);
        let [second, third, fourth, fifth, sixth] = rest;
        Mac([first | 2, second, third, fourth, fifth, sixth])
    }

    /// The configuration that it needs, as changes of a catalog, one after the other.
    pub fn updates(&self) -> Vec<ConfigUpdate> {
        let template = AlarmTemplateId::from_bytes([0xda; 16]);
        let enabled = ALARMS.map(str::to_owned).into();
        let mut updates = vec![
            ConfigUpdate::AlarmTemplate(AlarmTemplate { id: template, org_id: self.org, enabled }),
            ConfigUpdate::Org(Org {
                id: self.org,
                name: "Day".into(),
                setting: Setting::default(),
                alarmtemplate_id: Some(template),
            }),
            ConfigUpdate::Site(Site {
                id: self.site,
                org_id: self.org,
                name: "Campus".into(),
                setting: Setting {
                    ap_updown_threshold: Some(AP_THRESHOLD_MINS),
                    switch_updown_threshold: Some(SWITCH_THRESHOLD_MINS),
                    client_inactivity_timeout: Some(INACTIVITY_SECS),
                    ..Setting::default()
                },
                alarmtemplate_id: None,
            }),
        ];
        for (at, role) in self.roles.iter().enumerate() {
            let (mac, name) = (self.mac(at), format!("D{at}"));
            updates.push(match role.device_type() {
                Some(device_type) => ConfigUpdate::Device(Device {
                    mac,
                    org_id: self.org,
                    site_id: Some(self.site),
                    name,
                    device_type,
                    model: String::new(),
                    ip: None,
                }),
                None => ConfigUpdate::Edge(Edge {
                    id: uuid::Uuid::from_u128(at as u128),
                    site_id: self.site,
                    mac,
                    name,
                    mxcluster_id: None,
                }),
            });
        }
        updates
    }
}
