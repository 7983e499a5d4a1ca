//! `device-events` and `device-updowns`.

use super::Place;
use super::json::JsonObject;
use crate::config::DeviceType;
use crate::mac::Mac;
use crate::telemetry::{DeviceEvent, Severity};
use crate::time::Timestamp;
use std::net::IpAddr;
use uuid::Uuid;

/// What both topics say of a device.
#[derive(Clone, Copy, Debug)]
pub struct DeviceFacts<'a> {
    /// Where it is.
    pub place: Place<'a>,
    /// Its MAC.
    pub mac: Mac,
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub device_type: DeviceType,
    /// Its model, empty when not known.
    pub model: &'a str,
    /// Its firmware, empty when not known.
    pub version: &'a str,
    /// Its address as seen from outside.
    pub ext_ip: Option<IpAddr>,
}

/// What happened to it.
#[derive(Clone, Copy, Debug)]
pub struct Happening<'a> {
    /// The event type, e.g. `AP_RESTARTED`.
    pub event_type: &'a str,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// How grave it is.
    pub severity: Severity,
    /// Why.
    pub reason: Option<&'a str>,
    /// Details.
    pub text: Option<&'a str>,
    /// The audit log entry that led to this.
    pub audit_id: Option<Uuid>,
    /// The firmware in which the cause is mended.
    pub fixed_version: Option<&'a str>,
    /// What only some types have.
    pub detail: Option<&'a DeviceEvent<'a>>,
    /// What a marker of flapping says.
    pub flapping: Option<Flapping<'a>>,
}

/// Says that changes are not told one by one.
#[derive(Clone, Copy, Debug)]
pub struct Flapping<'a> {
    /// The port, if it is one that flaps, and not the device.
    pub port_id: Option<&'a str>,
    /// Whether it goes on.
    pub status: FlappingStatus,
    /// Since when.
    pub since: Timestamp,
    /// How many changes were not told so far.
    pub suppressed: u64,
    /// How the last of them left it.
    pub is_up: bool,
}

/// Whether something flaps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlappingStatus {
    /// From here on.
    Started,
    /// Still.
    Ongoing,
    /// No longer.
    Ended,
}

impl FlappingStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Ongoing => "ongoing",
            Self::Ended => "ended",
        }
    }
}

impl Flapping<'_> {
    fn since(this: Option<&Self>, event: &mut JsonObject<'_>) {
        if let Some(flapping) = this {
            event.int("since", flapping.since.secs());
        }
    }

    fn state(this: Option<&Self>, event: &mut JsonObject<'_>) {
        if let Some(flapping) = this {
            event.text("state", if flapping.is_up { "up" } else { "down" });
            event.text("status", flapping.status.name());
            event.count("suppressed", flapping.suppressed);
        }
    }
}

/// Captures and receivers have upper case; the published schema says lower case.
fn ev_type(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "NOTICE",
        Severity::Warn => "WARN",
    }
}

/// Appends a `device-events` event. `ap`, `ap_name` and `apfw` are older names that only APs
/// still carry.
pub fn encode_event(out: &mut Vec<u8>, device: &DeviceFacts<'_>, what: &Happening<'_>) {
    let mut event = JsonObject::begin(out);
    let is_ap = device.device_type == DeviceType::Ap;
    let version = Some(device.version).filter(|version| !version.is_empty());
    let nothing = DeviceEvent::default();
    let detail = what.detail.unwrap_or(&nothing);
    let [old_server, new_server] = &detail.servers;
    let [start, end] = detail.span.map(|at| at.map(Timestamp::secs));
    let flapping = what.flapping.as_ref();
    event.text_opt("alarm_class", detail.alarm_class.as_deref());
    if is_ap {
        event.mac("ap", device.mac);
        event.text("ap_name", device.name);
        event.text_opt("apfw", version);
    }
    event.id_opt("audit_id", what.audit_id);
    event.text_opt("band", detail.band.as_deref());
    event.count_opt("bandwidth", detail.now.bandwidth);
    event.count_opt("channel", detail.now.channel);
    event.mac_opt("chassis_mac", detail.chassis_mac);
    event.count_opt("count", detail.count);
    event.text("device_name", device.name);
    event.text("device_type", device.device_type.name());
    event.int_opt("end_time", end);
    event.text("ev_type", ev_type(what.severity));
    if let Some(ip) = device.ext_ip {
        event.ip("ext_ip", ip);
    }
    event.text_opt("fixed_version", what.fixed_version);
    event.mac("mac", device.mac);
    event.text_opt("model", Some(device.model).filter(|model| !model.is_empty()));
    event.text_opt("new_server", new_server.as_deref());
    event.text_opt("node", detail.node.as_deref());
    event.count_opt("occurrence", detail.occurrence);
    event.text_opt("old_server", old_server.as_deref());
    event.id("org_id", device.place.org);
    event.mac_opt("peer_mac", detail.peer_mac);
    event.id_opt("peer_site_id", detail.peer_site_id);
    let port_id = detail.port_id.as_deref();
    event.text_opt("port_id", port_id.or(flapping.and_then(|it| it.port_id)));
    event.count_opt("power", detail.now.power);
    event.count_opt("pre_bandwidth", detail.before.bandwidth);
    event.count_opt("pre_channel", detail.before.channel);
    event.count_opt("pre_power", detail.before.power);
    event.text_opt("reason", what.reason);
    Flapping::since(flapping, &mut event);
    event.id_opt("site_id", device.place.site);
    event.text_opt("site_name", device.place.site_name);
    event.text_opt("ssid", detail.ssid.as_deref());
    event.int_opt("start_time", start);
    Flapping::state(flapping, &mut event);
    event.text_opt("text", what.text);
    event.int("timestamp", what.at.secs());
    event.text("type", what.event_type);
    event.count_opt("type_code", detail.type_code);
    event.count_opt("vc-backup-id", detail.vc_backup);
    event.count_opt("vc-master-id", detail.vc_master);
    event.text_opt("version", version);
    event.text_opt("vpn_name", detail.vpn_name.as_deref());
    event.id_opt("wlan_id", detail.wlan_id);
    event.end();
}

/// Appends a `device-updowns` event. Here `ap` and `ap_name` name switches and gateways too.
pub fn encode_updown(out: &mut Vec<u8>, device: &DeviceFacts<'_>, what: &Happening<'_>) {
    let mut event = JsonObject::begin(out);
    event.mac("ap", device.mac);
    event.text("ap_name", device.name);
    if let Some(audit) = what.audit_id {
        event.id("audit_id", audit);
    }
    event.text("device_name", device.name);
    event.text("device_type", device.device_type.name());
    event.text("ev_type", ev_type(what.severity));
    if let Some(ip) = device.ext_ip {
        event.ip("ext_ip", ip);
    }
    event.flag("for_site", true);
    event.mac("mac", device.mac);
    event.text_opt("model", Some(device.model).filter(|model| !model.is_empty()));
    event.id("org_id", device.place.org);
    event.text_opt("reason", what.reason);
    Flapping::since(what.flapping.as_ref(), &mut event);
    event.id_opt("site_id", device.place.site);
    event.text_opt("site_name", device.place.site_name);
    Flapping::state(what.flapping.as_ref(), &mut event);
    event.int("timestamp", what.at.secs());
    event.text("type", what.event_type);
    event.end();
}
