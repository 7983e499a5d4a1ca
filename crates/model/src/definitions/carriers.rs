//! Which event of a device is an alarm by itself.

use super::{AlarmRow, DEVICE_EVENTS, alarm};
use std::sync::LazyLock;

/// Alarms whose key is not that of the event in lower case.
const RENAMED: &[(&str, &str)] = &[
    ("GW_HA_CONTROL_LINK_DOWN", "ha_control_link_down"),
    ("GW_HA_CONTROL_LINK_UP", "ha_control_link_up"),
    ("GW_TUNNEL_DOWN", "tunnel_down"),
    ("GW_TUNNEL_UP", "tunnel_up"),
    ("GW_VPN_PEER_DOWN", "vpn_peer_down"),
    ("GW_VPN_PEER_UP", "vpn_peer_up"),
    ("SW_ALARM_OPTICS_IFACE_RX_LOW", "sw_bad_optics"),
    ("SW_LACP_MEMBER_DOWN", "switch_lacp_member_down"),
    ("SW_LACP_MEMBER_UP", "switch_lacp_member_up"),
    ("SW_PORT_BPDU_BLOCKED", "sw_bpdu_error"),
    ("SW_VC_BACKUP_ELECTED", "vc_backup_failed"),
    ("SW_VC_MASTER_CHANGED", "vc_master_changed"),
    ("SW_VC_MEMBER_ADDED", "vc_member_added"),
    ("SW_VC_MEMBER_DELETED", "vc_member_deleted"),
    ("SW_VC_MEMBER_RESTARTED", "vc_member_restarted"),
];

/// The events of devices that are alarms, in order: every event is looked up, and few are one.
static OF_DEVICES: LazyLock<Vec<(&str, &AlarmRow)>> = LazyLock::new(|| {
    let row = |event: &str| match RENAMED.binary_search_by_key(&event, |(event, _)| event) {
        Ok(at) => alarm(RENAMED[at].1),
        Err(_) => alarm(&event.to_ascii_lowercase()),
    };
    DEVICE_EVENTS.iter().filter_map(|event| Some((*event, row(event)?))).collect()
});

/// The alarm that an event of a device is, if it is one.
pub fn alarm_of_event(event_type: &str) -> Option<&'static AlarmRow> {
    let at = OF_DEVICES.binary_search_by_key(&event_type, |(event, _)| event).ok()?;
    Some(OF_DEVICES[at].1)
}

/// The alarm that an event of a device of another vendor is, if it is one.
pub fn alarm_of_other_device_event(event_type: &str) -> Option<&'static AlarmRow> {
    alarm(&event_type.to_ascii_lowercase())
}

/// Alarms that events of edges are, where they are called otherwise.
const EDGE_PREFIXES: [(&str, &str); 2] = [("ME_", "mist_edge_"), ("TT_", "tt_")];

/// The alarm that an event of an edge is, if it is one.
pub fn alarm_of_edge_event(event_type: &str) -> Option<&'static AlarmRow> {
    EDGE_PREFIXES.iter().find_map(|(event, key)| {
        let rest = event_type.strip_prefix(event)?.to_ascii_lowercase();
        alarm(&format!("{key}{rest}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_names_an_event_and_an_alarm() {
        assert!(RENAMED.is_sorted());
        for (event, key) in RENAMED {
            assert!(DEVICE_EVENTS.contains(event), "{event}");
            assert_eq!(alarm_of_event(event).map(|row| row.key), Some(*key));
        }
        assert_eq!(alarm_of_event("SW_ALARM_CHASSIS_FAN").unwrap().key, "sw_alarm_chassis_fan");
        assert!(alarm_of_event("AP_CONFIGURED").is_none());
        assert!(alarm_of_event("DEVICE_DOWN").is_none(), "no event of a device");
    }
}
