//! Alarms that a source raises by their key.

use super::Devices;
use crate::processors::Scene;
use crate::processors::alarms::Incident;
use foghorn_model::alarm::{AlarmStatus, Evidence};
use foghorn_model::telemetry::AlarmReport;

/// The members of alarms that list devices.
const LISTS: [&str; 3] = ["aps", "gateways", "switches"];
/// Members that only alarms of incidents have.
const OF_INCIDENTS: [&str; 3] = ["client_mac1", "client_mac2", "wcids"];

impl Devices {
    /// A source raised an alarm by its key. It is about a device of the site, but for those alarms
    /// that name no devices.
    pub(crate) fn on_alarm(&self, report: &AlarmReport<'_>, scene: &mut Scene<'_, '_>) {
        let row = report.row;
        let mut evidence = Evidence::new();
        match self.by_mac.get(&report.mac) {
            Some(state) => state.show(&mut evidence),
            None if LISTS.iter().any(|list| row.fields.contains(list)) => {
                scene.tally.unknown_device += 1;
                return;
            }
            None => evidence.add("hostnames", report.mac.to_string()),
        }
        let samples = [
            ("bssids", report.bssid.map(|it| it.to_string())),
            ("client_mac1", report.client_mac.map(|it| it.to_string())),
            ("client_mac2", report.peer_mac.map(|it| it.to_string())),
            ("client_macs", report.client_mac.map(|it| it.to_string())),
            ("port_ids", report.port_id.as_deref().map(Into::into)),
            ("reasons", report.reason.as_deref().map(Into::into)),
            ("servers", report.server.as_deref().map(Into::into)),
            ("ssids", report.ssid.as_deref().map(Into::into)),
            ("vlans", report.vlan.as_deref().map(Into::into)),
            ("wcids", report.client_mac.map(|it| it.to_string())),
            ("wlan_ids", report.wlan_id.map(|it| it.to_string())),
        ];
        for (member, sample) in samples {
            // An alarm of a condition has no list of members: it shows what is known.
            let is_shown = if row.fields.is_empty() {
                !OF_INCIDENTS.contains(&member)
            } else {
                row.fields.contains(&member)
            };
            if is_shown {
                evidence.add_opt(member, sample);
            }
        }
        if row.conclusion().is_some() {
            let entity = self.entity(report.mac, report.port_id.as_deref());
            let vlan = report.vlan.as_deref().unwrap_or_default();
            evidence.involve(entity.with("missing_vlan_id", vlan));
        }
        let parts = [report.port_id.as_deref(), report.ssid.as_deref(), report.vlan.as_deref()];
        let about = parts.iter().fold(report.mac.to_string(), |about, part| {
            format!("{about}/{}", part.unwrap_or_default())
        });
        if report.status == Some(AlarmStatus::Resolved) {
            scene.resolve(row, &about, scene.at);
        } else {
            let at = scene.at;
            scene.raise(&Incident { row, about: &about, at, evidence });
        }
    }
}
