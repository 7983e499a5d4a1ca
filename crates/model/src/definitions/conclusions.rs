//! What the alarms of conditions come with: where the trouble lies, what it is called there, and
//! what is to be done. The words are the wire's, of captured alarms and of published examples; an
//! alarm of which neither is known has none.

use super::AlarmRow;

/// What a conclusion comes with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conclusion {
    /// Where the trouble lies.
    pub category: &'static str,
    /// What it is called there.
    pub symptom: &'static str,
    /// What is to be done.
    pub action: &'static str,
    /// The same, as it is suggested.
    pub suggestion: &'static str,
    /// What is behind it, where that is always the same.
    pub root_cause: Option<&'static str>,
}

const fn of(
    category: &'static str,
    symptom: &'static str,
    action: &'static str,
    suggestion: &'static str,
) -> Conclusion {
    Conclusion { category, symptom, action, suggestion, root_cause: None }
}

/// Clients of a WLAN cannot do something.
const fn of_wlan(
    symptom: &'static str,
    action: &'static str,
    suggestion: &'static str,
) -> Conclusion {
    let conclusion = of("connectivity", symptom, action, suggestion);
    Conclusion { root_cause: Some("wlan_site"), ..conclusion }
}

/// By the key of the alarm, in order.
#[rustfmt::skip]
const CONCLUSIONS: &[(&str, Conclusion)] = &[
    ("ap_bad_cable", of("layer_1", "bad_cable", "test_replace_cable", "test_replace_cable")),
    ("ap_offline", of("ap", "ap_disconnect", "check_disconnected_ap", "check_disconnected_ap")),
    ("arp_failure", of_wlan("arp_failure", "check_arp", "check_arp_failure")),
    ("authentication_failure", of_wlan("auth_failure", "check_auth_failure", "check_auth_failure")),
    ("bad_cable", of("switch", "bad_cable", "test_replace_cable", "test_replace_cable")),
    ("bad_wan_uplink", of("gateway", "bad_wan_link", "check_wan_link", "CHECK_WAN_LINK")),
    ("dhcp_failure", of_wlan("dhcp_failure", "check_dhcp", "check_dhcp_failure")),
    ("dns_failure", of_wlan("dns_failure", "check_dns", "check_dns_failure")),
    ("gw_bad_cable", of("gateway", "bad_cable", "test_replace_cable", "test_replace_cable")),
    ("gw_negotiation_mismatch", of("gateway", "negotiation_mismatch", "check_interface_config", "check_interface_config")),
    ("health_check_failed", of("ap", "health_check", "firmware_upgrade", "firmware_upgrade")),
    ("insufficient_capacity", of("ap", "insufficient_capacity", "check_capacity", "check_capacity")),
    ("insufficient_coverage", of("ap", "insufficient_coverage", "check_coverage", "check_coverage")),
    ("missing_vlan", of("switch", "missing_vlan", "config_vlan", "config_vlan")),
    ("negotiation_mismatch", of("switch", "negotiation_mismatch", "check_interface_config", "check_interface_config")),
    ("non_compliant", of("ap", "non_compliant", "firmware_upgrade", "firmware_upgrade")),
    ("port_flap", of("switch", "port_flap", "check_port", "check_port")),
];

impl AlarmRow {
    /// What it comes with, if it is of a condition of which that is known.
    pub fn conclusion(&self) -> Option<&'static Conclusion> {
        let at = CONCLUSIONS.binary_search_by_key(&self.key, |(key, _)| key).ok()?;
        Some(&CONCLUSIONS[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{ALARMS, AlarmGroup, AlarmTier, alarm};

    /// Conditions of which no words are known.
    const WITHOUT: [&str; 7] = [
        "gw_mtu_mismatch",
        "intermittent_wan_connectivity",
        "port_stuck",
        "sw_negotiation_incomplete",
        "switch_stp_loop",
        "vpn_path_down",
        "wan_device_problem",
    ];

    #[test]
    fn each_condition_that_is_derived_comes_with_one() {
        assert!(CONCLUSIONS.is_sorted_by_key(|(key, _)| key));
        for (key, _) in CONCLUSIONS {
            assert_eq!(alarm(key).unwrap().group, AlarmGroup::Marvis, "{key}");
        }
        let derived =
            |row: &&AlarmRow| row.group == AlarmGroup::Marvis && row.tier() == AlarmTier::A;
        for row in ALARMS.iter().filter(derived) {
            assert_eq!(row.conclusion().is_none(), WITHOUT.contains(&row.key), "{}", row.key);
        }
    }
}
