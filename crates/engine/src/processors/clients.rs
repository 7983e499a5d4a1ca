//! `client-join` and `client-sessions`: which client is at which AP.
//!
//! A client has one association at a time in a site. Coming to another AP or BSSID ends the old
//! one as a roam; leaving ends it; silence for longer than the inactivity timeout ends it as
//! inactive. A second report of the same association refreshes it and is no event, and word of
//! leaving an AP that the client has already moved on from is too late to end anything. So is word of
//! an association that would be inactive by now.

mod by_ap;
mod lists;

pub(crate) use lists::Lists;

use super::Scene;
use super::devices::Devices;
use super::presence::Presence;
use crate::fingerprint;
use crate::table::{Ordered, Slot, bring_near};
use crate::timers::{Subject, Timers};
use crate::view::ClientView;
use by_ap::ByAp;
use foghorn_model::event::client::{Association, End, Termination, encode_join, encode_session};
use foghorn_model::event::step::{ClientEvent, encode_client_event};
use foghorn_model::telemetry::{self, ClientFacts, ClientStep, Disassociation, Sighting};
use foghorn_model::{Mac, Setting, Site, SiteId, Timestamp, Topic, WlanId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::ops::Bound;

/// How many clients a site tracks; those beyond are counted and not followed.
pub(crate) const CLIENTS_MAX: usize = 500_000;

/// The associated clients of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Clients {
    by_mac: Ordered<Mac, ClientState>,
    #[serde(skip)]
    by_ap: ByAp,
}

/// With its address it takes a line of the processor's cache, and most reports touch no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ClientState {
    /// Apart: most reports touch none of it.
    association: Box<Association>,
    /// How it is heard. It stands here alone, since most reports tell it; in the association it is
    /// only when that is told.
    #[serde(default, skip_serializing_if = "Level::is_none")]
    rssi: Level,
    /// Its AP, here too, since every report is compared with it.
    #[serde(skip)]
    ap: Mac,
    /// The band likewise.
    #[serde(skip)]
    band: Band,
    /// The last word of it, by the source's clock.
    latest: Timestamp,
    #[serde(flatten)]
    presence: Presence,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Slot<Mac, ClientState>>() == 64);

/// A level in dBm, if it is known: a number that is none takes no room of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "Option<f64>", into = "Option<f64>")]
struct Level(f64);

impl Default for Level {
    fn default() -> Self {
        None.into()
    }
}

impl From<Option<f64>> for Level {
    fn from(level: Option<f64>) -> Self {
        Self(level.unwrap_or(f64::NAN))
    }
}

impl From<Level> for Option<f64> {
    fn from(Level(level): Level) -> Self {
        (!level.is_nan()).then_some(level)
    }
}

impl Level {
    fn is_none(&self) -> bool {
        self.0.is_nan()
    }
}

/// A band that needs no look at its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Band {
    #[default]
    Other,
    Of24,
    Of5,
    Of6,
}

impl Band {
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("24") => Self::Of24,
            Some("5") => Self::Of5,
            Some("6") => Self::Of6,
            _ => Self::Other,
        }
    }
}

impl Clients {
    /// How many are associated.
    pub(crate) fn len(&self) -> usize {
        self.by_mac.len()
    }

    /// The associated clients whose address comes after this one, by their address.
    pub(crate) fn views_after(&self, after: Option<Mac>) -> impl Iterator<Item = ClientView<'_>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_mac.range((from, Bound::Unbounded)).map(|(_, state)| state.view())
    }

    /// A client, if it is associated.
    pub(crate) fn view(&self, mac: Mac) -> Option<ClientView<'_>> {
        self.by_mac.get(&mac).map(ClientState::view)
    }

    /// Prefetches a client.
    pub(crate) fn fetch(&self, mac: Mac) {
        self.by_mac.fetch(&mac, bring_near);
    }

    /// Prefetches what a client has from its association.
    pub(crate) fn fetch_association(&self, mac: Mac) {
        self.by_mac.fetch(&mac, |state| {
            let known = &*state.association;
            bring_near(&known.mac);
            bring_near(&known.ssid);
            bring_near(&known.link);
            for text in [&known.band, &known.hostname, &known.username, &known.family] {
                bring_near(text);
            }
            for text in [&known.manufacture, &known.model, &known.os, &known.psk_name] {
                bring_near(text);
            }
        });
    }

    /// Prefetches who is at an AP.
    pub(crate) fn fetch_ap(&self, ap: Mac) {
        self.by_ap.fetch(ap);
    }

    /// A client associated.
    pub(crate) fn on_associated(
        &mut self,
        report: &telemetry::Association<'_>,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if let Some(state) = self.by_mac.get_mut(&report.mac) {
            if scene.at < state.latest {
                scene.tally.stale += 1;
                return;
            }
            if state.ap == report.ap && state.association.bssid == report.bssid {
                state.hear(scene);
                state.measure(report.rssi, report.band.as_deref());
                refresh(&mut state.association, report);
                state.arm(report.mac, scene.site, scene.over, scene.timers);
                return;
            }
        }
        self.begin(report, scene.at, devices, scene);
    }

    /// An association begins, and if the client had another, that one ends as a roam.
    fn begin(
        &mut self,
        report: &telemetry::Association<'_>,
        connect: Timestamp,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        if let Some(state) = self.by_mac.get_mut(&report.mac) {
            let mut association = new_association(report, connect, scene);
            let roam =
                End { disconnect: connect, termination: Termination::Roamed, next_ap: report.ap };
            state.tell_end(&roam, devices, scene);
            inherit(&mut association, &mut state.association);
            if state.ap != report.ap {
                self.by_ap.remove(state.ap, report.mac);
                self.by_ap.insert(report.ap, report.mac);
            }
            // Its timer stays where it is, and looks again when it fires.
            state.begin(association, scene);
            state.tell_join("CLIENT_REASSOCIATION", devices, scene);
            state.arm(report.mac, scene.site, scene.over, scene.timers);
            return;
        }
        let timeout = scene.site.setting.inactivity_timeout(scene.over);
        if scene.at + timeout <= scene.now {
            scene.tally.stale += 1;
            return;
        }
        if self.by_mac.len() >= CLIENTS_MAX {
            scene.tally.over_limit += 1;
            return;
        }
        self.by_ap.insert(report.ap, report.mac);
        let association = new_association(report, connect, scene);
        let state = self.by_mac.get_or_insert_with(report.mac, || ClientState::new(association));
        state.hear(scene);
        state.tell_join("CLIENT_ASSOCIATION", devices, scene);
        state.arm(report.mac, scene.site, scene.over, scene.timers);
    }

    /// A client is still there; says at which AP, if this is news.
    pub(crate) fn on_seen(
        &mut self,
        seen: &Sighting<'_>,
        scene: &mut Scene<'_, '_>,
    ) -> Option<Mac> {
        let Some(state) = self.by_mac.get_mut(&seen.mac) else {
            scene.tally.unknown_client += 1;
            return None;
        };
        if scene.at < state.latest || seen.ap.is_some_and(|ap| ap != state.ap) {
            scene.tally.stale += 1;
            return None;
        }
        state.hear(scene);
        state.measure(seen.rssi, seen.band.as_deref());
        if seen.facts != ClientFacts::default() {
            learn(&mut state.association, &seen.facts);
        }
        // The deferral of an outage is over: the deadline may be earlier than it was.
        state.arm(seen.mac, scene.site, scene.over, scene.timers);
        Some(state.ap)
    }

    /// The association of a client, while it has one.
    pub(crate) fn association(&self, mac: Mac) -> Option<&Association> {
        self.by_mac.get(&mac).map(|state| &*state.association)
    }

    /// Takes over the address that DHCP gave, the name, and what the requests show; says whether
    /// one of the first two is news. Of a client that is not associated everything is.
    pub(crate) fn learn_lease(&mut self, step: &ClientStep<'_>) -> bool {
        let Some(state) = self.by_mac.get_mut(&step.mac) else { return true };
        let known = &mut state.association;
        let (ip, hostname) = (known.ip, known.hostname.clone());
        known.ip = step.ip.or(known.ip);
        replace(&mut known.hostname, step.hostname.as_deref());
        let (options, class) = (step.dhcp_options.as_deref(), step.dhcp_class.as_deref());
        if let Some(make) = fingerprint::identify(options, class) {
            known.dhcp = Some(Box::new(make));
        }
        (ip, &hostname) != (known.ip, &known.hostname)
    }

    /// A client left.
    pub(crate) fn on_disassociated(
        &mut self,
        left: &Disassociation,
        lists: &mut Lists,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(state) = self.by_mac.get_mut(&left.mac) else {
            scene.tally.unknown_client += 1;
            return;
        };
        let association = &state.association;
        let elsewhere = left.ap.is_some_and(|ap| ap != association.ap)
            || left.bssid.is_some_and(|bssid| bssid != association.bssid);
        if scene.at < state.latest || elsewhere {
            scene.tally.stale += 1;
            return;
        }
        state.measure(left.rssi, None);
        let end = End {
            disconnect: scene.at,
            termination: Termination::Disassociated,
            next_ap: Mac::NONE,
        };
        self.end(left.mac, end, devices, scene);
        lists.on_end(left.mac, &end, scene);
    }

    /// The timer of a client fired: it fell silent, or lives on.
    pub(crate) fn on_timer(
        &mut self,
        mac: Mac,
        lists: &mut Lists,
        devices: &Devices,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(state) = self.by_mac.get_mut(&mac) else { return };
        let deadline = state.deadline(scene.site, scene.over);
        if !state.presence.fired(Some(deadline), scene.now) {
            state.arm(mac, scene.site, scene.over, scene.timers);
            return;
        }
        let end = End {
            disconnect: scene.now.max(state.association.connect),
            termination: Termination::Inactive,
            next_ap: Mac::NONE,
        };
        self.end(mac, end, devices, scene);
        lists.on_end(mac, &end, scene);
    }

    fn end(&mut self, mac: Mac, end: End, devices: &Devices, scene: &mut Scene<'_, '_>) {
        let Some(mut state) = self.by_mac.remove(&mac) else { return };
        state.presence.disarm(scene.site.id, Subject::Client(mac), scene.timers);
        self.by_ap.remove(state.ap, mac);
        state.tell_end(&end, devices, scene);
        tell(&state.association, "CLIENT_DEASSOCIATION", end.disconnect, scene);
    }

    /// The state was read back.
    pub(crate) fn index(&mut self) {
        for (_, state) in self.by_mac.each_mut() {
            state.repeat();
            if state.rssi.is_none() {
                state.rssi = state.association.rssi.into();
            }
        }
        for (mac, state) in self.by_mac.range(..) {
            self.by_ap.insert(state.ap, *mac);
        }
    }

    /// Settings changed, or the state was read back.
    pub(crate) fn rearm(&mut self, site: &Site, over: &Setting, timers: &mut Timers) {
        for (mac, state) in self.by_mac.each_mut() {
            state.arm(mac, site, over, timers);
        }
    }

    /// The site heard nothing until now, through no fault of its clients.
    pub(crate) fn defer(&mut self, site: &Site, over: &Setting, now: Timestamp) {
        for (mac, state) in self.by_mac.each_mut() {
            let deadline = state.deadline(site, over);
            state.presence.defer(Some(deadline), now, mac);
        }
    }
}

impl ClientState {
    fn new(association: Association) -> Self {
        let mut state = Self {
            rssi: association.rssi.into(),
            ap: Mac::NONE,
            band: Band::default(),
            association: Box::new(association),
            latest: Timestamp(0),
            presence: Presence::default(),
        };
        state.repeat();
        state
    }

    /// What stands here too is as the association has it.
    fn repeat(&mut self) {
        self.ap = self.association.ap;
        self.band = Band::of(self.association.band.as_deref());
    }

    fn view(&self) -> ClientView<'_> {
        ClientView::new(&self.association, self.rssi.into(), self.presence.heard())
    }

    /// It is associated in another way from now on.
    fn begin(&mut self, association: Association, scene: &Scene<'_, '_>) {
        self.rssi = association.rssi.into();
        *self.association = association;
        self.repeat();
        self.hear(scene);
    }

    fn tell_join(&self, event_type: &str, devices: &Devices, scene: &mut Scene<'_, '_>) {
        let association = &self.association;
        scene.emit(Topic::ClientJoin, |out, place| {
            encode_join(out, place, ap_name(devices, self.ap, &mut [0; 12]), association);
        });
        tell(association, event_type, association.connect, scene);
    }

    fn tell_end(&mut self, end: &End, devices: &Devices, scene: &mut Scene<'_, '_>) {
        self.association.rssi = self.rssi.into();
        let association = &self.association;
        scene.emit(Topic::ClientSessions, |out, place| {
            let name = &mut [0; 12];
            let ap_name = ap_name(devices, association.ap, name);
            let make = fingerprint::make(association);
            encode_session(out, place, ap_name, association, &make, end);
        });
    }

    /// It is heard like this, and on this band, as far as that is told.
    fn measure(&mut self, rssi: Option<f64>, told: Option<&str>) {
        if rssi.is_some() {
            self.rssi = rssi.into();
        }
        let band = Band::of(told);
        if told.is_some() && (band == Band::Other || band != self.band) {
            replace(&mut self.association.band, told);
            self.band = band;
        }
    }

    fn hear(&mut self, scene: &Scene<'_, '_>) {
        self.latest = scene.at;
        self.presence.hear(scene.now);
        self.presence.settle();
    }

    fn deadline(&self, site: &Site, over: &Setting) -> Timestamp {
        self.presence.heard() + site.setting.inactivity_timeout(over)
    }

    fn arm(&mut self, mac: Mac, site: &Site, over: &Setting, timers: &mut Timers) {
        let deadline = self.deadline(site, over);
        self.presence.arm(Some(deadline), site.id, Subject::Client(mac), timers);
    }
}

/// Tells searches what a client did.
fn tell(association: &Association, event_type: &str, at: Timestamp, scene: &mut Scene<'_, '_>) {
    let event = ClientEvent {
        mac: association.mac,
        event_type,
        ap: Some(association.ap),
        bssid: Some(association.bssid),
        ssid: Some(&association.ssid),
        wlan_id: Some(association.wlan_id),
        band: association.band.as_deref(),
        vlan: None,
        server: None,
        text: None,
        duration: None,
    };
    scene.emit(Topic::ClientEvents, |out, place| encode_client_event(out, place, &event, at));
}

/// The name of an AP; of one that the inventory does not have, its address.
fn ap_name<'a>(devices: &'a Devices, ap: Mac, digits: &'a mut [u8; 12]) -> &'a str {
    devices.name(ap).unwrap_or_else(|| {
        *digits = ap.digits();
        std::str::from_utf8(digits).unwrap_or_default()
    })
}

fn wlan(site: SiteId, report: &telemetry::Association<'_>) -> WlanId {
    report.wlan_id.map_or_else(|| WlanId::derived(site, &report.ssid), WlanId)
}

fn new_association(
    report: &telemetry::Association<'_>,
    connect: Timestamp,
    scene: &Scene<'_, '_>,
) -> Association {
    let facts = &report.facts;
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(SmolStr::new);
    Association {
        mac: report.mac,
        ap: report.ap,
        bssid: report.bssid,
        ssid: SmolStr::new(&report.ssid),
        wlan_id: wlan(scene.site.id, report),
        band: owned(&report.band),
        rssi: report.rssi,
        connect,
        ip: facts.ip,
        hostname: owned(&facts.hostname),
        username: owned(&facts.username),
        family: owned(&facts.family),
        manufacture: owned(&facts.manufacture),
        model: owned(&facts.model),
        os: owned(&facts.os),
        psk_id: report.psk_id,
        psk_name: owned(&report.psk_name),
        dhcp: None,
        link: facts.link.clone(),
    }
}

/// Takes over what was known of a client that roamed and is not told again: what it is, and in
/// the same network its address and user too.
fn inherit(known: &mut Association, before: &mut Association) {
    fn keep<T>(known: &mut Option<T>, before: &mut Option<T>) {
        if known.is_none() {
            *known = before.take();
        }
    }
    keep(&mut known.hostname, &mut before.hostname);
    keep(&mut known.family, &mut before.family);
    keep(&mut known.manufacture, &mut before.manufacture);
    keep(&mut known.model, &mut before.model);
    keep(&mut known.os, &mut before.os);
    keep(&mut known.dhcp, &mut before.dhcp);
    if known.wlan_id == before.wlan_id {
        keep(&mut known.ip, &mut before.ip);
        keep(&mut known.username, &mut before.username);
        keep(&mut known.psk_id, &mut before.psk_id);
        keep(&mut known.psk_name, &mut before.psk_name);
    }
}

/// Takes over what a newer report of the same association says.
fn refresh(known: &mut Association, report: &telemetry::Association<'_>) {
    known.psk_id = report.psk_id.or(known.psk_id);
    replace(&mut known.psk_name, report.psk_name.as_deref());
    learn(known, &report.facts);
}

fn learn(known: &mut Association, facts: &ClientFacts<'_>) {
    if facts.ip.is_some() {
        known.ip = facts.ip;
    }
    if let Some(link) = facts.link.as_deref() {
        known.link.get_or_insert_default().learn(link);
    }
    replace(&mut known.hostname, facts.hostname.as_deref());
    replace(&mut known.username, facts.username.as_deref());
    replace(&mut known.family, facts.family.as_deref());
    replace(&mut known.manufacture, facts.manufacture.as_deref());
    replace(&mut known.model, facts.model.as_deref());
    replace(&mut known.os, facts.os.as_deref());
}

fn replace(known: &mut Option<SmolStr>, told: Option<&str>) {
    if told.is_some() && known.as_deref() != told {
        *known = told.map(SmolStr::new);
    }
}
