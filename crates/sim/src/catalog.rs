//! The catalog of a simulated server: organizations and sites, and webhooks that administrators
//! edit. What is committed outlives everything, as SQLite with full syncs does.

use crate::day::Layout;
use crate::dice::Dice;
use foghorn_dispatch::egress::{AddressPolicy, Egress, Options};
use foghorn_dispatch::{Endpoint, Index};
use foghorn_model::config::{FlapDamping, RogueSetting, SourceSilence};
use foghorn_model::time::Micros;
use foghorn_model::{
    Actor, AdminId, AlarmTemplate, AlarmTemplateId, Audit, Change, ConfigUpdate, Device,
    DeviceType, Edge, Mac, Org, OrgId, Partition, Setting, Site, SiteId, Suppression, Timestamp,
    Topic, Webhook, WebhookId, WebhookType,
};
use foghorn_pipeline::{ChangeFeed, FeedError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Topics that are subscribed to.
const TOPICS: [Topic; 12] = [
    Topic::SiteSle,
    Topic::Alarms,
    Topic::ClientLatency,
    Topic::NacEvents,
    Topic::Audits,
    Topic::DeviceEvents,
    Topic::DeviceUpdowns,
    Topic::ClientJoin,
    Topic::ClientSessions,
    Topic::NacAccounting,
    Topic::MxedgeEvents,
    Topic::GuestAuthorizations,
];

/// Alarms that are told; no template enables any other.
pub const ALARMS: [&str; 57] = [
    "adhoc_network",
    "ap_bad_cable",
    "arp_failure",
    "authentication_failure",
    "bad_cable",
    "bad_wan_uplink",
    "beacon_flood",
    "device_down",
    "device_reconnected",
    "device_restarted",
    "dhcp_failure",
    "disassociation_flood",
    "dns_failure",
    "eap_dictionary_attack",
    "foghorn_clock_off",
    "foghorn_input_quarantined",
    "foghorn_sites_down",
    "foghorn_source_silent",
    "foghorn_webhook_failing",
    "gw_bad_cable",
    "gw_critical_port_down",
    "gw_critical_port_up",
    "gw_mtu_mismatch",
    "gw_negotiation_mismatch",
    "gw_vpn_path_down",
    "gw_vpn_path_up",
    "health_check_failed",
    "idp_attack_detected",
    "infra_dhcp_failure",
    "infra_dhcp_success",
    "insufficient_capacity",
    "insufficient_coverage",
    "intermittent_wan_connectivity",
    "krack_attack",
    "loop_detected_by_ap",
    "missing_vlan",
    "mist_edge_connected",
    "mist_edge_cpu_usage_high",
    "mist_edge_cpu_usage_normal",
    "mist_edge_disconnected",
    "negotiation_mismatch",
    "non_compliant",
    "out_of_sequence",
    "port_flap",
    "port_stuck",
    "repeated_auth_failures",
    "rogue_ap",
    "rogue_client",
    "sw_critical_port_down",
    "sw_critical_port_up",
    "sw_negotiation_incomplete",
    "switch_stp_loop",
    "tt_ports_all_dropped_from_lacp",
    "url_blocked",
    "vpn_path_down",
    "vpn_peer_down",
    "vpn_peer_up",
];
/// Whose alarms are told at all times, so that they can be counted.
pub const UNSUPPRESSED: OrgId = OrgId(uuid::Uuid::from_bytes([1; 16]));

/// A site with its devices.
#[derive(Debug, Clone)]
pub struct Place {
    /// The site.
    pub id: SiteId,
    /// Its org.
    pub org: OrgId,
    /// Its APs; none at the place of an org.
    pub aps: Vec<Mac>,
    /// Its switch and its gateway.
    pub wired: Option<[Mac; 2]>,
    /// Its edge.
    pub edge: Mac,
}

/// Configuration and its changes.
pub struct Catalog {
    changes: Vec<Change>,
    /// The webhooks as committed.
    webhooks: BTreeMap<WebhookId, Webhook>,
    /// From when on each topic of a webhook was subscribed, at one time or another.
    sinces: BTreeMap<(WebhookId, Topic), BTreeSet<u64>>,
    /// The settings of sites as committed.
    settings: BTreeMap<SiteId, Setting>,
    /// What the running server knows of: the last change that it published.
    published: u64,
    /// The webhook that nobody edits, and that is told everything.
    kept: Option<WebhookId>,
    /// Sites, for those who act.
    pub places: Vec<Place>,
    /// What is at no site of an org.
    org_places: Vec<Place>,
    egress: Egress,
    made: u8,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("changes", &self.changes.len()).finish_non_exhaustive()
    }
}

impl ChangeFeed for Catalog {
    fn latest(&self) -> u64 {
        self.published
    }

    fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, FeedError> {
        Ok(self.changes.iter().filter(|change| change.seq > seq).take(limit).cloned().collect())
    }
}

impl Catalog {
    /// Two orgs with some sites each, of which some share a partition, and webhooks.
    pub fn new(dice: &mut Dice, now: Timestamp) -> Self {
        let policy = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
        let egress = Egress::new(Options::new(policy)).expect("an egress without a socket");
        let mut catalog = Self {
            changes: Vec::new(),
            webhooks: BTreeMap::new(),
            sinces: BTreeMap::new(),
            settings: BTreeMap::new(),
            published: 0,
            kept: None,
            places: Vec::new(),
            org_places: Vec::new(),
            egress,
            made: 0,
        };
        for org in 1..=2_u8 {
            let id = OrgId::from_bytes([org; 16]);
            let setting = Setting { device_updown_threshold: Some(1), ..Setting::default() };
            let name = format!("org {org}");
            let template = AlarmTemplateId::from_bytes([org; 16]);
            let enabled = ALARMS.map(str::to_owned).into();
            let rules = AlarmTemplate { id: template, org_id: id, enabled };
            let updates = vec![
                ConfigUpdate::AlarmTemplate(rules),
                ConfigUpdate::Org(Org { id, name, setting, alarmtemplate_id: Some(template) }),
            ];
            catalog.commit(id, updates, None, now);
            let edge = catalog.add_edge(id, SiteId::of_org(id), now);
            let (aps, wired) = (Vec::new(), None);
            catalog.org_places.push(Place { id: SiteId::of_org(id), org: id, aps, wired, edge });
            // The second has enough of them to go down together.
            for number in 0..u64::from(org) + dice.below(2) {
                catalog.add_site(id, number, dice, now);
            }
        }
        // A site of the second org in the partition of one of the first, so that a leak shows.
        let shared = Partition::of_site(catalog.places[0].id);
        catalog.add_site_in(OrgId::from_bytes([2; 16]), shared, dice, now);
        for _ in 0..4 + dice.below(3) {
            catalog.add_webhook(dice, now);
        }
        catalog.publish();
        catalog
    }

    fn add_site(&mut self, org: OrgId, number: u64, dice: &mut Dice, now: Timestamp) {
        let partition = Partition(u8::try_from((number * 3 + 5) % 64).unwrap_or(0));
        self.add_site_in(org, partition, dice, now);
    }

    fn add_site_in(&mut self, org: OrgId, partition: Partition, dice: &mut Dice, now: Timestamp) {
        let mut id = SiteId::from_bytes([0; 16]);
        let mut salt = self.places.len() as u64 * 1000;
        while Partition::of_site(id) != partition || self.places.iter().any(|it| it.id == id) {
            salt += 1;
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&salt.to_be_bytes());
            bytes[15] = 0x51;
            id = SiteId::from_bytes(bytes);
        }
        let number = u8::try_from(self.places.len()).unwrap_or(0);
        let setting = Setting {
            ap_updown_threshold: dice.one_in(2).then_some(u32::from(number % 3)),
            client_inactivity_timeout: Some(300),
            vpn_peer_updown_threshold: dice.one_in(2).then_some(1),
            rogue: Some(RogueSetting {
                enabled: Some(true),
                honeypot_enabled: Some(true),
                ..RogueSetting::default()
            }),
            source_silence: Some(SourceSilence { enabled: None, minutes: Some(2) }),
            // Where updowns are counted against alarms, all of them are told.
            flap_damping: (org != UNSUPPRESSED).then_some(FlapDamping {
                enabled: Some(true),
                count: Some(4),
                minutes: Some(3),
            }),
            ..Setting::default()
        };
        self.settings.insert(id, setting.clone());
        let site = Site {
            id,
            org_id: org,
            name: format!("site {number}"),
            setting,
            alarmtemplate_id: None,
        };
        self.commit(org, vec![ConfigUpdate::Site(site)], Some("Add Site"), now);
        let mac = |at| Mac([0x5c, 0x5b, 0x35, 0, number, at]);
        let aps: Vec<Mac> = (0..3).map(mac).collect();
        let wired = [mac(3), mac(4)];
        let types = [DeviceType::Switch, DeviceType::Gateway];
        let devices =
            aps.iter().map(|ap| (*ap, DeviceType::Ap)).chain(wired.into_iter().zip(types));
        for (mac, device_type) in devices {
            let device = Device {
                mac,
                org_id: org,
                site_id: Some(id),
                name: format!("{} {mac}", device_type.name()),
                device_type,
                model: String::new(),
                ip: None,
            };
            self.commit(org, vec![ConfigUpdate::Device(device)], Some("Add Device"), now);
        }
        let edge = self.add_edge(org, id, now);
        self.places.push(Place { id, org, aps, wired: Some(wired), edge });
    }

    fn add_edge(&mut self, org: OrgId, site_id: SiteId, now: Timestamp) -> Mac {
        let mut mac = [2, 0, 0, 0x23, 0, 0];
        mac[4..].copy_from_slice(&(self.changes.len() as u16).to_be_bytes());
        let edge = Edge {
            id: uuid::Uuid::new_v5(&org.0, &mac),
            site_id,
            mac: Mac(mac),
            name: format!("edge {}", Mac(mac)),
            mxcluster_id: None,
        };
        self.commit(org, vec![ConfigUpdate::Edge(edge)], None, now);
        Mac(mac)
    }

    /// Everything that says something: sites, and what is at none.
    pub fn sources(&self) -> Vec<Place> {
        self.places.iter().chain(&self.org_places).cloned().collect()
    }

    /// A site with what it has, which nobody edits, and webhooks of it, one of which nobody edits
    /// either: that one is told everything.
    pub fn add_campus(
        &mut self,
        layout: &Layout,
        dice: &mut Dice,
        now: Timestamp,
    ) -> (Place, WebhookId) {
        for update in layout.updates() {
            self.commit(layout.org, vec![update], None, now);
        }
        let aps = (0..3).map(|at| layout.mac(at)).collect();
        let place = Place { id: layout.site, org: layout.org, aps, wired: None, edge: Mac::NONE };
        let kept = self.add_webhook_of(&place, dice, now);
        self.kept = Some(kept);
        let seq = self.next_seq();
        if let Some(webhook) = self.webhooks.get_mut(&kept) {
            let of_day = [Topic::ClientInfo, Topic::GuestAuthorizations, Topic::MxedgeEvents];
            webhook.topics = TOPICS.into_iter().chain(of_day).map(|topic| (topic, seq)).collect();
        }
        self.commit(place.org, Vec::new(), None, now);
        for _ in 0..2 {
            self.add_webhook_of(&place, dice, now);
        }
        self.publish();
        (place, kept)
    }

    /// Administrators do something, now and then.
    pub fn edit(&mut self, dice: &mut Dice, now: Timestamp) {
        match dice.below(8) {
            0 => self.add_webhook(dice, now),
            1 => self.delete_webhook(dice, now),
            2 | 3 => self.change_webhook(dice, now),
            4 => self.rotate_secret(dice, now),
            5 => self.suppress(dice, now),
            _ => self.change_site(dice, now),
        }
    }

    fn add_webhook(&mut self, dice: &mut Dice, now: Timestamp) {
        if self.webhooks.len() >= 12 {
            return;
        }
        let place = dice.pick(&self.places).clone();
        self.add_webhook_of(&place, dice, now);
    }

    fn add_webhook_of(&mut self, place: &Place, dice: &mut Dice, now: Timestamp) -> WebhookId {
        self.made = self.made.wrapping_add(1);
        let id = WebhookId::from_bytes([self.made; 16]);
        let seq = self.next_seq();
        let all = dice.one_in(2);
        let topics: BTreeMap<Topic, u64> = TOPICS
            .into_iter()
            .filter(|_| all || dice.one_in(2))
            .map(|topic| (topic, seq))
            .collect();
        let webhook = Webhook {
            id,
            org_id: place.org,
            site_id: dice.one_in(3).then_some(place.id),
            name: format!("webhook {}", self.made),
            version: 1,
            // By number and not by chance: worlds of before stay as they were.
            webhook_type: match self.made % 4 {
                3 => WebhookType::Splunk { token: "t0ken".into() },
                _ => WebhookType::HttpPost,
            },
            url: format!("http://127.0.0.1:{}/", 7000 + u16::from(self.made)),
            enabled: true,
            verify_cert: true,
            secret: (!dice.one_in(4)).then(|| "first".into()),
            headers: BTreeMap::new(),
            topics,
            single_event_per_message: dice.one_in(4),
            success_codes: Vec::new(),
        };
        self.webhooks.insert(id, webhook);
        self.commit(place.org, Vec::new(), Some("Add Webhook"), now);
        id
    }

    fn some_webhook(&self, dice: &mut Dice) -> Option<Webhook> {
        let ids = self.webhooks.keys().filter(|id| self.kept != Some(**id));
        let ids: Vec<WebhookId> = ids.copied().collect();
        (!ids.is_empty()).then(|| self.webhooks[dice.pick(&ids)].clone())
    }

    fn delete_webhook(&mut self, dice: &mut Dice, now: Timestamp) {
        if self.webhooks.len() < 3 {
            return;
        }
        if let Some(webhook) = self.some_webhook(dice) {
            self.webhooks.remove(&webhook.id);
            self.commit(webhook.org_id, Vec::new(), Some("Delete Webhook"), now);
        }
    }

    fn change_webhook(&mut self, dice: &mut Dice, now: Timestamp) {
        let Some(mut webhook) = self.some_webhook(dice) else { return };
        let seq = self.next_seq();
        match dice.below(4) {
            0 => webhook.single_event_per_message ^= true,
            1 => {
                // Enabled again, everything is subscribed anew.
                webhook.enabled ^= true;
                if webhook.enabled {
                    webhook.topics.values_mut().for_each(|since| *since = seq);
                }
            }
            _ => {
                let topic = *dice.pick(&TOPICS);
                if webhook.topics.remove(&topic).is_none() {
                    webhook.topics.insert(topic, seq);
                }
            }
        }
        let org = webhook.org_id;
        self.put_webhook(webhook);
        self.commit(org, Vec::new(), Some("Update Webhook"), now);
    }

    fn rotate_secret(&mut self, dice: &mut Dice, now: Timestamp) {
        let Some(mut webhook) = self.some_webhook(dice) else { return };
        webhook.secret = Some(format!("secret {}", self.next_seq()));
        let org = webhook.org_id;
        self.put_webhook(webhook);
        self.commit(org, Vec::new(), Some("Update Webhook"), now);
    }

    fn put_webhook(&mut self, mut webhook: Webhook) {
        webhook.version += 1;
        self.webhooks.insert(webhook.id, webhook);
    }

    fn change_site(&mut self, dice: &mut Dice, now: Timestamp) {
        let place = dice.pick(&self.places).clone();
        let setting = self.settings.entry(place.id).or_default();
        setting.ap_updown_threshold = Some(u32::try_from(dice.below(3)).unwrap_or(0));
        let setting = setting.clone();
        let site = Site {
            id: place.id,
            org_id: place.org,
            name: "a site".into(),
            setting,
            alarmtemplate_id: None,
        };
        let updates = vec![ConfigUpdate::Site(site)];
        self.commit(place.org, updates, Some("Update Site Settings"), now);
    }

    /// The alarms of a site are not told for a while, or are told again.
    fn suppress(&mut self, dice: &mut Dice, now: Timestamp) {
        let place = dice.pick(&self.places).clone();
        if place.org == UNSUPPRESSED {
            return;
        }
        let until = now + Micros::from_secs(dice.between(1, 120));
        let span = dice.one_in(2).then_some(Suppression { from: now, until });
        let update = ConfigUpdate::Suppression { site_id: place.id, span };
        self.commit(place.org, vec![update], Some("Add Alarm Suppression"), now);
    }

    fn next_seq(&self) -> u64 {
        self.changes.len() as u64 + 1
    }

    fn commit(
        &mut self,
        org_id: OrgId,
        updates: Vec<ConfigUpdate>,
        message: Option<&str>,
        at: Timestamp,
    ) {
        let seq = self.next_seq();
        for webhook in self.webhooks.values() {
            for (topic, since) in &webhook.topics {
                self.sinces.entry((webhook.id, *topic)).or_default().insert(*since);
            }
        }
        let audit = message.map(|message| Audit {
            actor: Actor { admin_id: Some(AdminId::from_bytes([9; 16])), ..Actor::default() },
            message: format!("{message} {seq}"),
            site_id: None,
            site_name: None,
            device: None,
            before: None,
            after: None,
        });
        self.changes.push(Change { seq, at, org_id, updates, audit });
    }

    /// The index of what is committed, and the change that it is of.
    pub fn index(&self) -> Arc<Index> {
        let endpoints = self
            .webhooks
            .values()
            .map(|webhook| Arc::new(Endpoint::new(webhook.clone(), &self.egress, "sim")));
        Arc::new(Index::new(self.changes.len() as u64, endpoints))
    }

    /// What is committed is published: records are routed under it from here on. The index must
    /// have been swapped before.
    pub fn publish(&mut self) {
        self.published = self.changes.len() as u64;
    }

    /// Whether there is something to publish.
    pub fn is_unpublished(&self) -> bool {
        self.published < self.changes.len() as u64
    }

    /// From when on a topic of a webhook was subscribed, at one time or another.
    pub fn sinces(&self, webhook: WebhookId, topic: Topic) -> impl Iterator<Item = u64> {
        self.sinces.get(&(webhook, topic)).into_iter().flatten().copied()
    }

    /// The webhooks as committed.
    pub fn webhooks(&self) -> &BTreeMap<WebhookId, Webhook> {
        &self.webhooks
    }
}
