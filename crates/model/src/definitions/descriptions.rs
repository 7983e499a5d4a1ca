//! What events of devices and edges mean, a sentence each.
//!
//! Most kinds of devices tell the same things: those stand once, by what follows the kind in the
//! key, and `{}` is what the kind is called. The alternative, a sentence made of a key's words,
//! reads well for few keys and is wrong for some.

/// Kinds of devices, by how their keys begin.
const THINGS: &[(&str, &str)] =
    &[("AP", "access point"), ("GW", "gateway"), ("ME", "Mist Edge"), ("SW", "switch")];

/// By what follows the kind.
#[rustfmt::skip]
const OF_A_THING: &[(&str, &str)] = &[
    ("ALARM", "The {} raised an alarm."),
    ("ALARM_CHASSIS_FAN", "A fan of the {} failed or is missing."),
    ("ALARM_CHASSIS_FAN_CLEAR", "The fans of the {} work again."),
    ("ALARM_CHASSIS_HOT", "The chassis of the {} is too hot."),
    ("ALARM_CHASSIS_HOT_CLEAR", "The chassis of the {} is no longer too hot."),
    ("ALARM_CHASSIS_HUMIDITY", "The humidity in the chassis of the {} is out of range."),
    ("ALARM_CHASSIS_HUMIDITY_CLEAR", "The humidity in the chassis of the {} is in range again."),
    ("ALARM_CHASSIS_MGMT_LINK_DOWN", "The link of the management port of the {} is down."),
    ("ALARM_CHASSIS_MGMT_LINK_DOWN_CLEAR", "The link of the management port of the {} is up again."),
    ("ALARM_CHASSIS_PARTITION", "The {} reported a fault of a partition of its storage."),
    ("ALARM_CHASSIS_PARTITION_CLEAR", "The fault of a storage partition of the {} is gone."),
    ("ALARM_CHASSIS_PEM", "A power entry module of the {} failed or is missing."),
    ("ALARM_CHASSIS_PEM_CLEAR", "The power entry modules of the {} work again."),
    ("ALARM_CHASSIS_POE", "The {} reported a fault of its power over Ethernet."),
    ("ALARM_CHASSIS_POE_CLEAR", "The fault of power over Ethernet of the {} is gone."),
    ("ALARM_CHASSIS_PSU", "A power supply of the {} failed or is missing."),
    ("ALARM_CHASSIS_PSU_CLEAR", "The power supplies of the {} work again."),
    ("ALARM_CHASSIS_WARM", "The chassis of the {} is warmer than it should be."),
    ("ALARM_CHASSIS_WARM_CLEAR", "The chassis of the {} is no longer warmer than it should be."),
    ("ALARM_IOT_CLEAR", "An alarm input of the {} was cleared."),
    ("ALARM_IOT_SET", "An alarm input of the {} was set."),
    ("ALARM_OPTICS_IFACE_RX_LOW", "An optical interface of the {} receives too little light."),
    ("ALARM_POE_CONTROLLER_UPGRADE_AVAILABLE", "There is newer firmware for the PoE controller of the {}."),
    ("ALARM_VIRTUAL_CHASSIS_VERSION_MISMATCH", "The members of the {}'s virtual chassis run different versions."),
    ("ALARM_VIRTUAL_CHASSIS_VERSION_MISMATCH_CLEAR", "The members of the {}'s virtual chassis run the same version again."),
    ("APPID_INSTALLED", "The application identification package was installed on the {}."),
    ("APPID_INSTALL_FAILED", "The application identification package could not be installed on the {}."),
    ("ARP_RESOLVED", "The {} can resolve an address by ARP again."),
    ("ARP_UNRESOLVED", "The {} could not resolve an address by ARP."),
    ("ASSIGNED", "The {} was assigned to a site."),
    ("BEACON_STUCK", "A radio of the {} could not send its beacons."),
    ("BFD_SESSION_DISCONNECTED", "The {} lost a BFD session."),
    ("BFD_SESSION_ESTABLISHED", "The {} established a BFD session."),
    ("BGP_NEIGHBOR_DOWN", "The {} lost its session with a BGP neighbor."),
    ("BGP_NEIGHBOR_STATE_CHANGED", "The session of the {} with a BGP neighbor changed its state."),
    ("BGP_NEIGHBOR_UP", "The {} established a session with a BGP neighbor."),
    ("CERT_REGENERATED", "The certificate of the {} was made anew."),
    ("CLAIMED", "The {} was claimed for the organization."),
    ("CONDUCTOR_CONNECTED", "The {} connected to its conductor."),
    ("CONDUCTOR_DISCONNECTED", "The {} lost the connection to its conductor."),
    ("CONFIGURED", "The {} took its configuration."),
    ("CONFIG_CHANGED_BY_RRM", "Radio resource management changed the configuration of the {}."),
    ("CONFIG_CHANGED_BY_USER", "An administrator changed the configuration of the {}."),
    ("CONFIG_ERROR_ADDTL_COMMAND", "The {} did not take one of its additional configuration commands."),
    ("CONFIG_FAILED", "The {} could not take its configuration."),
    ("CONFIG_GENERATED", "A configuration for the {} was generated."),
    ("CONFIG_LOCK_FAILED", "The configuration of the {} could not be locked for a change."),
    ("CONFIG_REVERTED", "The {} uses the configuration again that it had before."),
    ("CONNECTED", "The {} connected to the cloud."),
    ("DDOS_PROTOCOL_VIOLATION_CLEAR", "The packets of a protocol no longer exceed the DDoS protection of the {}."),
    ("DDOS_PROTOCOL_VIOLATION_SET", "The packets of a protocol exceed the DDoS protection of the {}."),
    ("DHCP_POOL_EXHAUSTED", "A DHCP pool of the {} has no addresses left."),
    ("DHCP_RESOLVED", "The {} got an address by DHCP again."),
    ("DHCP_UNRESOLVED", "The {} could not get an address by DHCP."),
    ("DISCONNECTED", "The {} lost its connection to the cloud."),
    ("DISCONNECTED_LONG", "The {} has been without a connection to the cloud for long."),
    ("DOT1XD_USER_AUTHENTICATED", "The 802.1X daemon of the {} authenticated a user."),
    ("DOT1XD_USR_AUTHENTICATED", "The 802.1X daemon of the {} reported a user as authenticated."),
    ("DOT1X_USER_AUTHENTICATED", "A user authenticated by 802.1X at the {}."),
    ("DYNAMIC_PORT_ASSIGNED", "A port of the {} was given a profile by what is connected to it."),
    ("EVPN_BGP_PEER_STATUS_CHANGE", "The status of an EVPN BGP peer of the {} changed."),
    ("EVPN_CORE_ISOLATED", "The {} is isolated from the core of the EVPN fabric."),
    ("EVPN_CORE_ISOLATION_CLEARED", "The {} is no longer isolated from the core of the EVPN fabric."),
    ("EVPN_DUPLICATE_MAC", "The {} saw one MAC address at several places of the EVPN fabric."),
    ("FAN_PLUGGED", "A fan of the {} was plugged in."),
    ("FAN_UNPLUGGED", "A fan of the {} was taken out."),
    ("FIB_COUNT_RETURNED_TO_NORMAL", "The number of forwarding entries of the {} is below its threshold again."),
    ("FIB_COUNT_THRESHOLD_EXCEEDED", "The number of forwarding entries of the {} exceeds its threshold."),
    ("FIRMWARE_DOWNLOADED", "The {} has downloaded its firmware."),
    ("FIRMWARE_DOWNLOAD_BY_SCHEDULE", "A schedule made the {} download firmware."),
    ("FIRMWARE_DOWNLOAD_BY_USER", "An administrator made the {} download firmware."),
    ("FLOW_COUNT_RETURNED_TO_NORMAL", "The number of flows of the {} is below its threshold again."),
    ("FLOW_COUNT_THRESHOLD_EXCEEDED", "The number of flows of the {} exceeds its threshold."),
    ("FPC_POWER_OFF", "The power of a line card of the {} was turned off."),
    ("FPC_POWER_ON", "The power of a line card of the {} was turned on."),
    ("GET_SUPPORT_FILES", "Support files of the {} were asked for."),
    ("GET_SUPPORT_FILES_DONE", "The support files of the {} were collected."),
    ("GET_SUPPORT_FILES_FAILED", "The support files of the {} could not be collected."),
    ("HANDSHAKE_ERROR", "The handshake of the {} with the cloud failed."),
    ("HA_CONTROL_LINK_DOWN", "The control link of the {}'s high availability is down."),
    ("HA_CONTROL_LINK_UP", "The control link of the {}'s high availability is up."),
    ("HA_HEALTH_WEIGHT_LOW", "The health of the {} is too low for its part in high availability."),
    ("HA_HEALTH_WEIGHT_RECOVERY", "The health of the {} suffices for its part in high availability again."),
    ("IDP_INSTALLED", "The intrusion detection package was installed on the {}."),
    ("IDP_INSTALL_FAILED", "The intrusion detection package could not be installed on the {}."),
    ("LACPD_TIMEOUT", "The LACP daemon of the {} heard nothing of its partner in time."),
    ("LACPD_TIMEOUT_CLEARED", "The LACP daemon of the {} hears of its partner again."),
    ("LACP_MEMBER_DOWN", "A member of a link aggregation group of the {} is down."),
    ("LACP_MEMBER_UP", "A member of a link aggregation group of the {} is up."),
    ("LOOP_CLEARED", "A loop at the {} is gone."),
    ("LOOP_DETECTED", "The {} detected a loop."),
    ("MAC_LEARNING_RESUMED", "The {} learns MAC addresses again."),
    ("MAC_LEARNING_STOPPED", "The {} stopped learning MAC addresses."),
    ("MAC_LIMIT_EXCEEDED", "A port of the {} saw more MAC addresses than it may."),
    ("MAC_LIMIT_RESET", "The MAC addresses of a port of the {} are within their limit again."),
    ("MASTER_ON_RECOVERY", "The master of the {} started from its recovery snapshot."),
    ("MEMBER_ON_RECOVERY", "A member of the {} started from its recovery snapshot."),
    ("MISCONFIGURED", "The configuration of the {} is faulty."),
    ("NON_DHCP_CLIENT_DETECTED", "A client of the {} uses an address that no DHCP server gave it."),
    ("OSPF_NEIGHBOR_DOWN", "The {} lost an OSPF neighbor."),
    ("OSPF_NEIGHBOR_UP", "The {} formed an adjacency with an OSPF neighbor."),
    ("PACKAGE_INSTALLED", "A package was installed on the {}."),
    ("PACKAGE_INSTALL_FAILED", "A package could not be installed on the {}."),
    ("PACKAGE_UNINSTALLED", "A package was removed from the {}."),
    ("PACKAGE_UNINSTALL_FAILED", "A package could not be removed from the {}."),
    ("PACKAGE_UPDATED", "A package of the {} was updated."),
    ("PACKAGE_UPDATE_BY_USER", "An administrator asked for the update of a package of the {}."),
    ("PACKAGE_UPDATE_FAILED", "A package of the {} could not be updated."),
    ("PKG_UPDATE_BY_MIST", "Mist updated a package of the {}."),
    ("PORT_BPDU_BLOCKED", "A port of the {} was blocked since it received a BPDU."),
    ("PORT_BPDU_ERROR_CLEARED", "A port of the {} is no longer blocked for a BPDU."),
    ("PORT_DOWN", "The link of a port of the {} went down."),
    ("PORT_RG_STATE_CHANGED", "The redundancy group of a port of the {} changed its state."),
    ("PORT_RG_ST_CHANGED", "A port of the {} changed its state within its redundancy group."),
    ("PORT_STORM_CONTROL", "Storm control acted on a port of the {}."),
    ("PORT_UP", "The link of a port of the {} came up."),
    ("POWERINPUT_CONNECTED", "A power input of the {} was connected."),
    ("POWERINPUT_DISCONNECTED", "A power input of the {} was disconnected."),
    ("PSU_PLUGGED", "A power supply of the {} was plugged in."),
    ("PSU_UNPLUGGED", "A power supply of the {} was taken out."),
    ("RADAR_DETECTED", "The {} detected radar on its channel."),
    ("RADIUS_ACCOUNTING_SERVER_CHANGE", "The {} uses another RADIUS accounting server."),
    ("RADIUS_AUTHENTICATION_SERVER_CHANGE", "The {} uses another RADIUS authentication server."),
    ("RADIUS_SERVER_UNREACHABLE", "The {} cannot reach a RADIUS server."),
    ("RADSEC_FAILURE", "The {} lost its RadSec connection."),
    ("RADSEC_RECOVERY", "The RadSec connection of the {} works again."),
    ("RADSEC_SERVER_CHANGE", "The {} uses another RadSec server."),
    ("RECONFIGURED", "The {} took a changed configuration."),
    ("RECOVERY_SNAPSHOT_FAILED", "No recovery snapshot of the {} could be taken."),
    ("RECOVERY_SNAPSHOT_NOTNEEDED", "The {} needs no new recovery snapshot."),
    ("RECOVERY_SNAPSHOT_REQUESTED", "A recovery snapshot of the {} was asked for."),
    ("RECOVERY_SNAPSHOT_SUCCEEDED", "A recovery snapshot of the {} was taken."),
    ("RECOVERY_SNAPSHOT_UNSUPPORTED", "The {} supports no recovery snapshots."),
    ("REJECTED", "The {} was rejected by the cloud."),
    ("RESOURCE_USAGE", "The use of a resource of the {} became high or critical, or normal again."),
    ("RESTARTED", "The {} restarted."),
    ("RESTARTED_BY_USER", "The {} restarted since an administrator asked for it."),
    ("RESTART_BY_USER", "An administrator asked the {} to restart."),
    ("RG_STATE_CHANGED", "A redundancy group of the {} changed its state."),
    ("ROGUE_DHCP_SERVER_DETECTED", "The {} detected a DHCP server where none may be."),
    ("RRM_ACTION", "Radio resource management acted on a radio of the {}."),
    ("SERVICE_CRASHED", "A service of the {} crashed."),
    ("SERVICE_FAILED", "A service of the {} failed and is not started again."),
    ("SERVICE_PATH_ADD", "A service path was added to the {}."),
    ("SERVICE_PATH_DOWN", "A service path of the {} went down."),
    ("SERVICE_PATH_REMOVE", "A service path was removed from the {}."),
    ("SERVICE_RESTARTED", "A service of the {} restarted."),
    ("SERVICE_STARTED", "A service of the {} started."),
    ("SERVICE_STOPPED", "A service of the {} stopped."),
    ("SRC_NAT_POOL_THRESHOLD_EXCEEDED", "The use of a source NAT pool of the {} exceeds its threshold."),
    ("STP_TOPO_CHANGED", "The spanning tree that the {} is in changed its topology."),
    ("SVC_PATH_BLACKHOLED", "What takes a service path of the {} does not arrive."),
    ("SVC_PATH_CHANGED", "A service of the {} takes another path."),
    ("SYSTEM_SERVICE_RESTART", "A system service of the {} restarted."),
    ("TIME_OUT_OF_SYNC_DETECTED", "The clock of the {} is not synchronized."),
    ("TUNNEL_DOWN", "A tunnel of the {} went down."),
    ("TUNNEL_PROVISIONED", "A tunnel of the {} was provisioned."),
    ("TUNNEL_PROVISION_FAILED", "A tunnel of the {} could not be provisioned."),
    ("TUNNEL_UP", "A tunnel of the {} came up."),
    ("UNASSIGNED", "The {} is no longer assigned to a site."),
    ("UNCLAIMED", "The {} was released from the organization."),
    ("UPGRADED", "The firmware of the {} was upgraded."),
    ("UPGRADE_BY_MIST", "Mist started an upgrade of the {}."),
    ("UPGRADE_BY_SCHEDULE", "A schedule started an upgrade of the {}."),
    ("UPGRADE_BY_USER", "An administrator started an upgrade of the {}."),
    ("UPGRADE_FAILED", "The firmware of the {} could not be upgraded."),
    ("UPGRADE_IMAGE_UPLOADED", "The image of an upgrade was copied to the {}."),
    ("UPGRADE_PENDING", "An upgrade of the {} is prepared and waits for a restart."),
    ("UPGRADE_REBOOTING", "The {} restarts to complete its upgrade."),
    ("UPGRADE_SOFTWARE_ADD", "The {} installs the software of an upgrade."),
    ("UPGRADE_SOFTWARE_ADD_RETRY", "The {} tries again to install the software of an upgrade."),
    ("UPGRADE_STORAGE_CLEANUP", "The {} makes room on its storage for an upgrade."),
    ("USR_SESSION_HELD", "The session of a user at the {} is held after authentication failed."),
    ("VC_BACKUP_ELECTED", "The virtual chassis of the {} elected a backup."),
    ("VC_IN_TRANSITION", "The virtual chassis of the {} is changing."),
    ("VC_MASTER_CHANGED", "The virtual chassis of the {} has another master."),
    ("VC_MEMBER_ADDED", "A member joined the virtual chassis of the {}."),
    ("VC_MEMBER_DELETED", "A member left the virtual chassis of the {}."),
    ("VC_MEMBER_RESTARTED", "A member of the virtual chassis of the {} restarted."),
    ("VC_PORT_DOWN", "A virtual chassis port of the {} went down."),
    ("VC_PORT_UP", "A virtual chassis port of the {} came up."),
    ("VC_STABLE", "The virtual chassis of the {} is stable."),
    ("VPN_PATH_DOWN", "A VPN path of the {} went down."),
    ("VPN_PATH_UP", "A VPN path of the {} came up."),
    ("VPN_PEER_DOWN", "The {} lost a VPN peer."),
    ("VPN_PEER_UP", "The {} reached a VPN peer."),
    ("ZTP_CONF_APPLIED", "Zero-touch provisioning applied its configuration to the {}."),
    ("ZTP_CONF_FAILED", "Zero-touch provisioning could not apply its configuration to the {}."),
    ("ZTP_FAILED", "Zero-touch provisioning of the {} did not succeed."),
    ("ZTP_FINISHED", "Zero-touch provisioning of the {} is finished."),
    ("ZTP_POST_SCRIPT_SUCCESS", "The script after zero-touch provisioning of the {} succeeded."),
    ("ZTP_PRE_SCRIPT_COMPLETE", "The script before zero-touch provisioning of the {} is complete."),
    ("ZTP_PRE_SCRIPT_CONNECTION_FAIL", "The script before zero-touch provisioning of the {} could not connect."),
    ("ZTP_PRE_SCRIPT_IMAGE_ADD", "The script before zero-touch provisioning installs an image on the {}."),
    ("ZTP_PRE_SCRIPT_IMAGE_ADD_FAIL", "The script before zero-touch provisioning could not install an image on the {}."),
    ("ZTP_PRE_SCRIPT_IMAGE_CHECKSUM_COMPLETE", "The image for zero-touch provisioning of the {} has the right checksum."),
    ("ZTP_PRE_SCRIPT_IMAGE_CHECKSUM_ERROR", "The image for zero-touch provisioning of the {} has a wrong checksum."),
    ("ZTP_PRE_SCRIPT_IMAGE_DOWNLOAD_COMPLETE", "The image for zero-touch provisioning of the {} was downloaded."),
    ("ZTP_PRE_SCRIPT_IMAGE_DOWNLOAD_HTTP_ERROR", "The image for zero-touch provisioning of the {} could not be downloaded over HTTP."),
    ("ZTP_PRE_SCRIPT_IMAGE_DOWNLOAD_START", "The download of the image for zero-touch provisioning of the {} began."),
    ("ZTP_PRE_SCRIPT_IMAGE_VERSION_NOT_SUPPORT_JMA", "The version of the image for zero-touch provisioning of the {} does not support JMA."),
    ("ZTP_PRE_SCRIPT_NO_IMAGE_VERSION", "Zero-touch provisioning of the {} names no version of an image."),
    ("ZTP_PRE_SCRIPT_REBOOT", "The script before zero-touch provisioning restarts the {}."),
    ("ZTP_STARTED", "Zero-touch provisioning of the {} has begun."),
];

/// By the whole key.
#[rustfmt::skip]
const OTHERS: &[(&str, &str)] = &[
    ("ESL_HUNG", "The radio for electronic shelf labels of an access point hangs."),
    ("ESL_QESL_STOPPED", "The QESL service for electronic shelf labels stopped."),
    ("ESL_QSCD_STOPPED", "The QSCD service for electronic shelf labels stopped."),
    ("ESL_RECOVERED", "The radio for electronic shelf labels of an access point works again."),
    ("ESL_STARTED", "The radio for electronic shelf labels of an access point started."),
    ("OC_FWUPDATE_NOTNEEDED", "A firmware update was not needed."),
    ("SYSTEM_UPGRADE_COMPLETED", "An upgrade of the system was completed."),
    ("SYSTEM_UPGRADE_FAILED", "An upgrade of the system failed."),
    ("SYSTEM_UPGRADE_STARTED", "An upgrade of the system began."),
    ("TT_AP_DISCONNECTED", "An access point was disconnected from the tunnel terminator."),
    ("TT_AP_DISCONNECT_BY_USER", "An administrator asked for an access point to be disconnected from the tunnel terminator."),
    ("TT_AP_DISCONNECT_FAILED", "An access point could not be disconnected from the tunnel terminator."),
    ("TT_INACTIVE_VLANS", "VLANs of the tunnel terminator carry nothing."),
    ("TT_MONITORED_RESOURCE_FAILED", "A resource that the tunnel terminator monitors failed."),
    ("TT_MONITORED_RESOURCE_RECOVERED", "A resource that the tunnel terminator monitors recovered."),
    ("TT_PORTS_BOUNCED", "Ports of the tunnel terminator were taken down and up again."),
    ("TT_PORTS_BOUNCE_BY_USER", "An administrator asked for ports of the tunnel terminator to be taken down and up again."),
    ("TT_PORTS_BOUNCE_FAILED", "Ports of the tunnel terminator could not be taken down and up again."),
    ("TT_PORT_BLOCKED", "A port of the tunnel terminator is blocked."),
    ("TT_PORT_DROPPED_FROM_LACP", "A port of the tunnel terminator left its link aggregation group, in which others remain."),
    ("TT_PORT_FIRST_JOIN_LACP", "A port of the tunnel terminator is the first to join its link aggregation group."),
    ("TT_PORT_JOINED_LACP", "A port of the tunnel terminator joined others in a link aggregation group."),
    ("TT_PORT_LAST_DROPPED_FROM_LACP", "The last port of the tunnel terminator left its link aggregation group."),
    ("TT_PORT_LINK_DOWN", "The link of a port of the tunnel terminator went down."),
    ("TT_PORT_LINK_RECOVERY", "The link of a port of the tunnel terminator is up again."),
    ("TT_PORT_RECOVERY", "A port of the tunnel terminator is no longer blocked."),
    ("TT_TUNNELS_LOST", "The tunnel terminator lost tunnels."),
    ("TT_TUNNELS_UP", "The tunnels of the tunnel terminator are up."),
];

/// What an event of a device or an edge means: a sentence. `None` for other families.
pub fn description(key: &str) -> Option<String> {
    if let Some(sentence) = find(OTHERS, key) {
        return Some(sentence.to_owned());
    }
    let (kind, what) = key.split_once('_')?;
    Some(find(OF_A_THING, what)?.replace("{}", find(THINGS, kind)?))
}

fn find(table: &[(&'static str, &'static str)], key: &str) -> Option<&'static str> {
    table.binary_search_by_key(&key, |row| row.0).ok().map(|at| table[at].1)
}

#[cfg(test)]
mod tests {
    use super::super::{DEVICE_EVENTS, MXEDGE_EVENTS, NAC_EVENTS};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_event_of_a_device_or_an_edge_is_described_by_a_sentence_of_its_own() {
        for family in [DEVICE_EVENTS, MXEDGE_EVENTS] {
            let mut sentences = BTreeSet::new();
            for key in family {
                let sentence = description(key).unwrap_or_else(|| panic!("{key} has none"));
                let (first, last) = (sentence.chars().next(), sentence.chars().last());
                assert!(first.is_some_and(char::is_uppercase) && last == Some('.'), "{sentence}");
                assert!(sentence.matches('.').count() == 1 + sentence.matches("802.1X").count());
                assert!(!sentence.contains(['_', '{', '}']), "{sentence}");
                assert!(!sentence.contains("  ") && sentence.split(' ').count() > 2, "{sentence}");
                assert!(sentences.insert(sentence), "{key} has that of another");
            }
        }
        assert_eq!(NAC_EVENTS.iter().find_map(|key| description(key)), None);
    }

    #[test]
    fn the_tables_are_in_order_and_have_nothing_that_no_key_needs() {
        let keys: Vec<&str> = [DEVICE_EVENTS, MXEDGE_EVENTS].concat();
        for table in [THINGS, OF_A_THING, OTHERS] {
            assert!(table.is_sorted_by_key(|row| row.0));
        }
        let is_needed = |what: &str| {
            let of = |thing: &(&str, &str)| format!("{}_{what}", thing.0);
            THINGS.iter().map(of).any(|key| keys.contains(&key.as_str()))
        };
        for (what, sentence) in OF_A_THING {
            assert!(is_needed(what) && sentence.contains("{}"), "{what}");
        }
        assert!(OTHERS.iter().all(|(key, _)| keys.contains(key)));
    }

    #[test]
    fn a_sentence_names_the_kind_of_device() {
        let told = |key: &str| description(key).unwrap();
        assert_eq!(
            told("AP_CONFIG_CHANGED_BY_USER"),
            "An administrator changed the configuration of the access point."
        );
        assert_eq!(told("ME_RESTARTED"), "The Mist Edge restarted.");
        assert_eq!(description("XX_RESTARTED"), None);
    }
}
