//! Which alarms Foghorn works out by itself, and which need a source that knows.

use super::AlarmRow;

/// Who says that an alarm is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlarmTier {
    /// Foghorn, which derives it of what equipment observes.
    A,
    /// A source: an event of a device or an edge that is the alarm, or telemetry of kind `alarm`.
    B,
    /// Foghorn, and no other server knows the alarm.
    Ours,
}

impl AlarmTier {
    /// The name in `/const/alarm_defs`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::Ours => "ours",
        }
    }
}

/// The keys of tier A, in order.
#[rustfmt::skip]
const DERIVED: &[&str] = &[
    "adhoc_network", "ap_bad_cable", "ap_offline", "arp_failure", "authentication_failure",
    "bad_cable", "bad_wan_uplink", "beacon_flood", "device_down", "device_reconnected",
    "device_restarted", "dhcp_failure", "disassociation_flood", "dns_failure",
    "eap_dictionary_attack", "eap_handshake_flood", "eapol_logoff_attack",
    "excessive_eapol_start", "gateway_down", "gateway_reconnected", "gw_bad_cable",
    "gw_bgp_neighbor_down", "gw_bgp_neighbor_up", "gw_critical_port_down", "gw_critical_port_up",
    "gw_mtu_mismatch", "gw_negotiation_mismatch", "gw_vpn_path_down", "gw_vpn_path_up",
    "health_check_failed", "honeypot_ssid", "infra_arp_failure", "infra_arp_success",
    "infra_dhcp_failure", "infra_dhcp_success", "infra_dns_failure", "infra_dns_success",
    "insufficient_capacity", "insufficient_coverage", "intermittent_wan_connectivity",
    "krack_attack", "loop_detected_by_ap", "missing_vlan", "mist_edge_connected",
    "mist_edge_cpu_usage_high", "mist_edge_cpu_usage_normal", "mist_edge_disconnected",
    "mist_edge_disk_usage_high", "mist_edge_disk_usage_normal", "mist_edge_memory_usage_high",
    "mist_edge_memory_usage_normal", "negotiation_mismatch", "out_of_sequence", "port_flap",
    "port_stuck", "repeated_auth_failures", "rogue_ap", "rogue_client", "sw_bgp_neighbor_down",
    "sw_bgp_neighbor_up", "sw_critical_port_down", "sw_critical_port_up",
    "sw_negotiation_incomplete", "switch_down", "switch_reconnected", "switch_restarted",
    "switch_stp_loop", "tkip_icv_attack", "tt_ports_all_dropped_from_lacp", "vpn_path_down",
    "vpn_peer_down", "vpn_peer_up", "wan_device_problem",
];

impl AlarmRow {
    /// Who says that it is due.
    pub fn tier(&self) -> AlarmTier {
        match DERIVED.binary_search(&self.key) {
            _ if self.key.starts_with("foghorn_") => AlarmTier::Ours,
            Ok(_) => AlarmTier::A,
            Err(_) => AlarmTier::B,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::alarm;

    #[test]
    fn the_documentation_lists_what_is_derived() {
        let page = include_str!("../../../../docs/compat.md");
        let (_, list) = page.split_once("Tier *A* are ").unwrap();
        let (list, _) = list.split_once(". All others").unwrap();
        let listed: Vec<&str> = list.split(',').map(|key| key.trim().trim_matches('`')).collect();
        assert_eq!(listed, DERIVED);
    }

    #[test]
    fn what_is_derived_is_an_alarm() {
        assert!(DERIVED.is_sorted());
        for key in DERIVED {
            assert_eq!(alarm(key).map(AlarmRow::tier), Some(AlarmTier::A), "{key}");
        }
        assert_eq!(alarm("essid_jack").map(AlarmRow::tier), Some(AlarmTier::B));
        assert_eq!(alarm("foghorn_clock_off").map(AlarmRow::tier), Some(AlarmTier::Ours));
    }
}
