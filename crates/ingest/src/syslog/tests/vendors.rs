use super::*;
use crate::syslog::{Message, Reading, Said, read};
use expect_test::{Expect, expect};
use foghorn_model::telemetry::Telemetry;
use proptest::prelude::*;

/// What messages become, one after the other; ids are left out.
fn check(source: &str, messages: &[&str], expected: &Expect) {
    let directory = site().build();
    let mut out = String::new();
    for message in messages {
        let Reading { vendor, said } = lines_of(&directory, source, message);
        match said {
            Said::Lines(lines) => {
                for line in lines {
                    let mut line: serde_json::Value = serde_json::from_slice(&line).unwrap();
                    line.as_object_mut().unwrap().remove("id");
                    out += &format!("{line}\n");
                }
            }
            other => out += &format!("{vendor:?} {other:?}\n"),
        }
    }
    expected.assert_eq(&out);
}

#[test]
fn headers_are_taken_off_in_every_form() {
    let parse = |text| {
        let Message { priority, time, host, app, text } = Message::parse(text, NOW);
        let late = time.map(|at| NOW.since(at).0 / 1000);
        format!("{priority:?} {late:?} {host:?} {app:?} {text}\n")
    };
    let messages = [
        "<30>Nov 14 22:13:19 ap-1 hostapd: wlan0: AP-ENABLED\n",
        "<30>Nov 14 22:13:19 hostapd[812]: wlan0: AP-ENABLED",
        "<30>1 2023-11-14T22:13:19.5Z ap-1 hostapd 812 - - wlan0: AP-ENABLED",
        "<30>1 2023-11-14T23:13:19+01:00 ap-1 hostapd - m1 [a@1 b=\"c]\\\" d\"][e] \u{feff}wlan0: x",
        "<30>1 - - - - - -",
        "<30>2023-11-14T23:13:19.250+01:00 ap-1 hostapd: wlan0: AP-ENABLED",
        "Tue Nov 14 22:13:19 2023 daemon.info hostapd: wlan0: AP-ENABLED",
        "<134>1 1699999999.602628785 Room_2 events type=association",
        "1699999999.602628785 Room_2 events type=association",
        "<134>Nov 14 22:13:19 192.0.2.1 1 1699999999.602628785 Room_2 events type=association",
        "<189>52: wlc: *Nov 14 22:13:19.125 UTC: %SYS-5-RESTART: System restarted",
        "<189>52: *Nov 14 22:13:19.125: %SYS-5-RESTART: System restarted",
        "<189>Nov 14 22:13:20 wlc 52: Nov 14 22:13:19.125 UTC: %SYS-5-RESTART: System restarted",
        "<189>52: wlc: %SYS-5-RESTART: System restarted",
        "wlan0: AP-ENABLED",
        "<999>not a priority",
        "",
    ];
    let out: String = messages.into_iter().map(parse).collect();
    expect![[r#"
        Some(30) Some(1000) Some("ap-1") None hostapd: wlan0: AP-ENABLED
        Some(30) Some(1000) None None hostapd[812]: wlan0: AP-ENABLED
        Some(30) Some(500) Some("ap-1") Some("hostapd") wlan0: AP-ENABLED
        Some(30) Some(1000) Some("ap-1") Some("hostapd") wlan0: x
        Some(30) None None None 
        Some(30) Some(750) Some("ap-1") None hostapd: wlan0: AP-ENABLED
        None Some(1000) None None hostapd: wlan0: AP-ENABLED
        Some(134) Some(397) Some("Room_2") Some("meraki") events type=association
        None Some(397) Some("Room_2") Some("meraki") events type=association
        Some(134) Some(397) Some("Room_2") Some("meraki") events type=association
        Some(189) Some(875) Some("wlc") None %SYS-5-RESTART: System restarted
        Some(189) Some(875) None None %SYS-5-RESTART: System restarted
        Some(189) Some(875) Some("wlc") None %SYS-5-RESTART: System restarted
        Some(189) None Some("wlc") None %SYS-5-RESTART: System restarted
        None None None None wlan0: AP-ENABLED
        None None None None <999>not a priority
        None None None None 
    "#]]
    .assert_eq(&out);
}

#[test]
fn hostapd() {
    let messages = [
        "<30>Nov 14 22:13:19 Lobby hostapd: wlan1: STA 70:ef:00:71:53:5f IEEE 802.11: associated (aid 1)",
        "<30>Nov 14 22:13:19 Lobby hostapd: wlan1: AP-STA-CONNECTED 70:ef:00:71:53:5f auth_alg=open",
        "wlan0: AP-STA-CONNECTED 70:ef:00:71:53:5f",
        "Tue Nov 14 22:13:19 2023 daemon.notice hostapd: wlan1: AP-STA-DISCONNECTED 70:ef:00:71:53:5f",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f IEEE 802.11: disassociated",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f IEEE 802.11: deauthenticated due to inactivity (timer DEAUTH/REMOVE)",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f WPA: pairwise key handshake completed (RSN)",
        "hostapd: wlan1: AP-STA-POSSIBLE-PSK-MISMATCH 70:ef:00:71:53:5f",
        "hostapd: wlan1: CTRL-EVENT-EAP-SUCCESS2 70:ef:00:71:53:5f",
        "hostapd: wlan1: CTRL-EVENT-EAP-FAILURE2 70:ef:00:71:53:5f",
        "hostapd: wlan1: DFS-RADAR-DETECTED freq=5500 ht_enabled=1 chan_offset=0 chan_width=3 cf1=5530 cf2=0",
        "hostapd: wlan1: interface state DFS->ENABLED",
        "hostapd: wlan1: AP-ENABLED",
        "hostapd: wlan1: CTRL-EVENT-EAP-STARTED 70:ef:00:71:53:5f",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f IEEE 802.1X: unauthorizing port",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f RADIUS: starting accounting session 1F",
        "hostapd: wlan1: STA 70:ef:00:71:53:5f WPA: group key handshake completed (RSN)",
        "hostapd: wlan1: something new",
        "hostapd: wlan1: AP-STA-CONNECTED nobody",
        "dnsmasq-dhcp: DHCPACK(br-lan) 192.0.2.50",
    ];
    check(
        "192.0.2.1",
        &messages,
        &expect![[r#"
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-associated","mac":"70ef0071535f","ssid":"Maui","time":1699999999.0}
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-associated","mac":"70ef0071535f","ssid":"Maui","time":1699999999.0}
        {"ap":"5c5b35000001","bssid":"5e7201000001","kind":"client-associated","mac":"70ef0071535f","ssid":"wlan0"}
        {"ap":"5c5b35000001","bssid":"5c5b35df18a1","kind":"client-disassociated","mac":"70ef0071535f","time":1699999999.0}
        {"ap":"5c5b35000001","bssid":"5c5b35df18a1","kind":"client-disassociated","mac":"70ef0071535f"}
        {"ap":"5c5b35000001","bssid":"5c5b35df18a1","kind":"client-disassociated","mac":"70ef0071535f"}
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-auth","mac":"70ef0071535f","ssid":"Maui","success":true}
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-auth","mac":"70ef0071535f","reason":"wrong pre-shared key","ssid":"Maui","success":false}
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-auth","mac":"70ef0071535f","ssid":"Maui","success":true}
        {"ap":"5c5b35000001","band":"5","bssid":"5c5b35df18a1","kind":"client-auth","mac":"70ef0071535f","reason":"EAP failure","ssid":"Maui","success":false}
        {"band":"5","bandwidth":80,"channel":100,"kind":"device-event","mac":"5c5b35000001","type":"AP_RADAR_DETECTED"}
        Hostapd Nothing
        Hostapd Nothing
        Hostapd Nothing
        Hostapd Nothing
        Hostapd Nothing
        Hostapd Nothing
        Hostapd Unknown
        Hostapd Unknown
        Other Unknown
    "#]],
    );
    // Of an AP that is not known nothing can be said.
    check(
        "192.0.2.9",
        &messages[4..5],
        &expect![[r#"
            Hostapd NoDevice
        "#]],
    );
}

#[test]
fn meraki() {
    let messages = [
        "<134>1 1699999999.602628785 Lobby events type=association radio='1' vap='3' client_mac='70:EF:00:71:53:5F' client_ip='192.0.2.77' channel='36' rssi='41' aid='1813578850'",
        "<134>1 1699999999.7 Lobby events type=association radio='0' vap='1' client_mac='70:EF:00:71:53:5F' channel='6' rssi='23'",
        "<134>1 1699999999.8 Lobby events type=disassociation radio='1' vap='3' client_mac='70:EF:00:71:53:5F' channel='36' reason='8' instigator='2' duration='309.163703632' auth_neg_dur='0.005547865' last_auth_ago='308.9' is_wpa='1' full_conn='1.59' ip_resp='1.59' arp_resp='0.4' dns_server='192.0.2.53' dns_req_rtt='0.024' dns_resp='0.190431042' dhcp_lease_completed='1.37' dhcp_ip='192.0.2.77' dhcp_server='192.0.2.254' dhcp_resp='1.373967135' identity='it's me' aid='1813578850'",
        "<134>1 1699999999.8 Lobby events type=disassociation radio='1' vap='3' client_mac='70:EF:00:71:53:5F' channel='36' auth_neg_failed='1' is_8021x='1'",
        "<134>1 1699999999.8 Lobby events type=wpa_auth radio='1' vap='3' client_mac='70:EF:00:71:53:5F' aid='5'",
        "<134>1 1699999999.8 Lobby events type=wpa_deauth radio='1' vap='3' client_mac='70:EF:00:71:53:5F' aid='5'",
        "<134>1 1699999999.8 Lobby events type=8021x_eap_success radio='0' vap='3' client_mac='70:EF:00:71:53:5F' identity='alice' aid='5'",
        "<134>1 1699999999.8 Lobby events type=8021x_eap_failure radio='0' vap='3' client_mac='70:EF:00:71:53:5F' identity='alice' aid='5'",
        "<134>1 1699999999.8 Lobby events type=dfs_event radio='1' channel='100' state='detected'",
        "<134>1 1699999999.8 Lobby airmarshal_events type=rogue_ssid_detected ssid='Free WiFi' bssid='02:A1:B2:C3:D4:E5' src='02:A1:B2:C3:D4:E5' dst='FF:FF:FF:FF:FF:FF' wired_mac='02:A1:B2:C3:D4:E0' vlan_id='30' channel='11' rssi='60' fc_type='0' fc_subtype='8'",
        "<134>1 1699999999.8 Lobby airmarshal_events type=ssid_spoofing_detected ssid='Maui' vap='3' bssid='02:A1:B2:C3:D4:E6' src='02:A1:B2:C3:D4:E6' dst='FF:FF:FF:FF:FF:FF' channel='1' rssi='44'",
        "<134>1 1699999999.8 Lobby urls src=192.0.2.77:5000 dst=198.51.100.1:443 mac=70:EF:00:71:53:5F request: UNKNOWN https://example.net/...",
        "<134>1 1699999999.8 Lobby events type=brand_new client_mac='70:EF:00:71:53:5F'",
        "<134>1 1699999999.8 Lobby events type=association client_mac='nobody'",
    ];
    check(
        "192.0.2.1",
        &messages,
        &expect![[r#"
            {"ap":"5c5b35000001","band":"5","bssid":"5e0261000001","client_ip":"192.0.2.77","kind":"client-associated","mac":"70ef0071535f","rssi":-54.0,"ssid":"Guests","time":1699999999.602628}
            {"ap":"5c5b35000001","band":"24","bssid":"5e26ec000001","kind":"client-associated","mac":"70ef0071535f","rssi":-72.0,"ssid":"vap1","time":1699999999.7}
            {"ap":"5c5b35000001","band":"5","bssid":"5e0261000001","client_username":"it's me","duration":0.005547865,"kind":"client-auth","mac":"70ef0071535f","ssid":"Guests","success":true,"time":1699999999.8}
            {"ap":"5c5b35000001","band":"5","bssid":"5e0261000001","client_ip":"192.0.2.77","duration":1.373967135,"kind":"client-dhcp","mac":"70ef0071535f","server":"192.0.2.254","ssid":"Guests","success":true,"time":1699999999.8}
            {"ap":"5c5b35000001","band":"5","bssid":"5e0261000001","duration":0.024,"kind":"client-dns","mac":"70ef0071535f","server":"192.0.2.53","ssid":"Guests","success":true,"time":1699999999.8}
            {"ap":"5c5b35000001","client_username":"it's me","kind":"client-seen","mac":"70ef0071535f","time":1699999999.8}
            {"ap":"5c5b35000001","bssid":"5e0261000001","kind":"client-disassociated","mac":"70ef0071535f","time":1699999999.8}
            {"ap":"5c5b35000001","band":"5","bssid":"5e0261000001","kind":"client-auth","mac":"70ef0071535f","reason":"negotiation failed","ssid":"Guests","success":false,"time":1699999999.8}
            {"ap":"5c5b35000001","bssid":"5e0261000001","kind":"client-disassociated","mac":"70ef0071535f","time":1699999999.8}
            {"ap":"5c5b35000001","bssid":"5e0261000001","kind":"client-auth","mac":"70ef0071535f","ssid":"Guests","success":true,"time":1699999999.8}
            Meraki Nothing
            {"ap":"5c5b35000001","bssid":"5e24ec000001","client_username":"alice","kind":"client-auth","mac":"70ef0071535f","ssid":"Guests","success":true,"time":1699999999.8}
            {"ap":"5c5b35000001","bssid":"5e24ec000001","client_username":"alice","kind":"client-auth","mac":"70ef0071535f","reason":"EAP failure","ssid":"Guests","success":false,"time":1699999999.8}
            {"band":"5","channel":100,"kind":"device-event","mac":"5c5b35000001","time":1699999999.8,"type":"AP_RADAR_DETECTED"}
            {"bssid":"02a1b2c3d4e5","kind":"alarm","mac":"5c5b35000001","peer_mac":"02a1b2c3d4e0","ssid":"Free WiFi","time":1699999999.8,"type":"rogue_ap","vlan":"30"}
            {"bssid":"02a1b2c3d4e6","kind":"alarm","mac":"5c5b35000001","ssid":"Maui","time":1699999999.8,"type":"honeypot_ssid"}
            Meraki Nothing
            Meraki Unknown
            Meraki Unknown
        "#]],
    );
    let wired = [
        "<134>1 1699999999.8 Edge events dhcp lease of ip 192.0.2.77 from server mac 5C:5B:35:00:00:03 for client mac 70:EF:00:71:53:5F with hostname laptop from router 192.0.2.3 on subnet 255.255.255.0 with dns 192.0.2.53",
        "<134>1 1699999999.8 Edge events dhcp no offers for mac 70:EF:00:71:53:5F host = 192.0.2.3",
        "<134>1 1699999999.8 Edge events type=vpn_connectivity_change vpn_type='site-to-site' peer_contact='198.51.100.7:51856' peer_ident='0a1b' connectivity='false'",
        "<134>1 1699999999.8 Edge events type=vpn_connectivity_change vpn_type='site-to-site' peer_contact='198.51.100.7:51856' peer_ident='0a1b' connectivity='true'",
        "<134>1 1699999999.8 Edge events Port 44 status changed from 1Gfdx to down",
    ];
    check(
        "192.0.2.3",
        &wired,
        &expect![[r#"
        {"client_ip":"192.0.2.77","kind":"client-dhcp","mac":"70ef0071535f","server":"192.0.2.3","success":true,"time":1699999999.8}
        {"kind":"client-dhcp","mac":"70ef0071535f","reason":"no offers","success":false,"time":1699999999.8}
        {"kind":"device-event","mac":"5c5b35000003","text":"198.51.100.7:51856","time":1699999999.8,"type":"GW_VPN_PEER_DOWN"}
        {"kind":"device-event","mac":"5c5b35000003","text":"198.51.100.7:51856","time":1699999999.8,"type":"GW_VPN_PEER_UP"}
        {"kind":"device-event","mac":"5c5b35000003","port_id":"44","text":"1Gfdx to down","time":1699999999.8,"type":"GW_PORT_DOWN"}
    "#]],
    );
    let switch = ["<134>1 1699999999.8 Rack events port 44 status changed from Down to 100fdx"];
    check(
        "192.0.2.2",
        &switch,
        &expect![[r#"
        {"kind":"device-event","mac":"5c5b35000002","port_id":"44","text":"Down to 100fdx","time":1699999999.8,"type":"SW_PORT_UP"}
    "#]],
    );
}

#[test]
fn cisco() {
    let head = "<189>52: wlc: *Nov 14 22:13:19.125 UTC: ";
    let messages = [
        "%CLIENT_ORCH_LOG-6-CLIENT_ADDED_TO_RUN_STATE: R0/0: wncd: Username entry (alice) joined with ssid (Maui Guests) for device with MAC: 70ef.0071.535f on channel (36)",
        "%CLIENT_ORCH_LOG-6-CLIENT_ADDED_TO_RUN_STATE: R0/0: wncd: Username entry (70ef0071535f) joined with ssid (Maui) for device with MAC: 70ef.0071.535f",
        "%CLIENT_ORCH_LOG-7-CLIENT_MOVED_TO_RUN_STATE: Chassis 1 R0/0: wncd: Username (alice), MAC: 70ef.0071.535f, IP fe80::1 192.0.2.77 associated to AP (AP-North) with SSID (Maui)",
        "%CLIENT_ORCH_LOG-7-CLIENT_IP_UPDATED: Chassis 1 R0/0: wncd: Username (null), MAC: 70ef.0071.535f, IP 192.0.2.78 IP address updated, associated to AP (AP-North) with SSID (Maui)",
        "%CLIENT_ORCH_LOG-7-CLIENT_MOVED_TO_DELETE_STATE: Chassis 1 R0/0: wncd: Username (alice), MAC: 70ef.0071.535f, IP 192.0.2.78 disconnected from AP (AP-North) with SSID (Maui)",
        "%CAPWAPAC_SMGR_TRACE_MESSAGE-5-AP_JOIN_DISJOIN: Chassis 1 R0/0: wncmgrd: AP Event: AP Name: AP-North Mac: 5c5b.3500.00f0 Session-IP: 192.0.2.31[5260] 192.0.2.4[5246] Joined",
        "%CAPWAPAC_SMGR_TRACE_MESSAGE-5-AP_JOIN_DISJOIN: Chassis 1 R0/0: wncmgrd: AP Event: AP Name: renamed Mac: 5c5b.3500.0005 Session-IP: 192.0.2.31[5260] 192.0.2.4[5246] Disjoined heartbeat timer expired",
        "%CAPWAPAC_SMGR_TRACE_MESSAGE-5-AP_JOIN_DISJOIN: Chassis 1 R0/0: wncmgrd: AP Event: AP Name: stranger Mac: 5c5b.3500.0099 Session-IP: 192.0.2.99[5260] 192.0.2.4[5246] Joined",
        "%LINK-3-UPDOWN: Interface TenGigabitEthernet0/0/1, changed state to down",
        "%LINEPROTO-5-UPDOWN: Line protocol on Interface TenGigabitEthernet0/0/1, changed state to down",
        "%SYS-5-RESTART: System restarted --",
        "%SYS-5-CONFIG_I: Configured from console by admin",
    ];
    let messages: Vec<String> = messages.iter().map(|message| format!("{head}{message}")).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    check(
        "192.0.2.4",
        &messages,
        &expect![[r#"
        {"ap":"5c5b35000004","band":"5","bssid":"5c5b35000004","client_username":"alice","kind":"client-associated","mac":"70ef0071535f","ssid":"Maui Guests","time":1699999999.125}
        {"ap":"5c5b35000004","bssid":"5c5b35000004","kind":"client-associated","mac":"70ef0071535f","ssid":"Maui","time":1699999999.125}
        {"ap":"5c5b35000005","bssid":"5c5b35000005","client_ip":"192.0.2.77","client_username":"alice","kind":"client-associated","mac":"70ef0071535f","ssid":"Maui","time":1699999999.125}
        {"ap":"5c5b35000005","client_ip":"192.0.2.78","kind":"client-seen","mac":"70ef0071535f","time":1699999999.125}
        {"ap":"5c5b35000005","bssid":"5c5b35000005","kind":"client-disassociated","mac":"70ef0071535f","time":1699999999.125}
        {"kind":"device-connected","mac":"5c5b35000005","time":1699999999.125}
        {"kind":"device-disconnected","mac":"5c5b35000005","reason":"heartbeat timer expired","time":1699999999.125}
        Cisco NoDevice
        {"kind":"device-event","mac":"5c5b35000004","port_id":"TenGigabitEthernet0/0/1","time":1699999999.125,"type":"GW_PORT_DOWN"}
        Cisco Nothing
        {"kind":"device-restarted","mac":"5c5b35000004","time":1699999999.125}
        Cisco Unknown
    "#]],
    );
}

#[test]
fn the_same_words_at_the_same_time_have_the_same_id_whichever_way_they_come() {
    let directory = site().build();
    let id = |source, message: &str| {
        let Said::Lines(lines) = lines_of(&directory, source, message).said else { panic!() };
        let line: serde_json::Value = serde_json::from_slice(&lines[0]).unwrap();
        line.get("id").and_then(|id| id.as_str()).map(str::to_owned)
    };
    let words = "hostapd: wlan1: AP-STA-CONNECTED 70:ef:00:71:53:5f";
    let direct = id("192.0.2.1", &format!("<30>Nov 14 22:13:19 {words}"));
    assert!(direct.is_some());
    let relayed = id("192.0.2.1", &format!("<13>Nov 14 22:13:19 ap {words}"));
    assert_eq!(direct, relayed);
    assert_ne!(direct, id("192.0.2.1", &format!("<30>Nov 14 22:13:18 {words}")));
    // Without a time of its own it may have happened again.
    assert_eq!(id("192.0.2.1", words), None);
    assert_eq!(id("192.0.2.1", &format!("<30>Nov 14 20:13:18 {words}")), None);
}

proptest! {
    #[test]
    fn whatever_is_said_becomes_lines_that_read_back(
        header in prop_oneof![
            "(<[0-9]{1,3}>)?(1 )?\\PC{0,20}",
            Just("<134>1 1699999999.8 Lobby ".to_owned()),
            Just("<30>Nov 14 22:13:19 Lobby hostapd: wlan1: ".to_owned()),
            Just("<189>52: wlc: *Nov 14 22:13:19.125 UTC: %".to_owned()),
        ],
        text in prop_oneof![
            "\\PC{0,80}",
            "(AP-STA-CONNECTED|DFS-RADAR-DETECTED|STA) \\PC{0,40}",
            "events type=(association|disassociation|8021x_eap_success) (client_mac='70ef0071535f' )?\\PC{0,60}",
            "events (dhcp lease of ip|port) \\PC{0,60}",
            "CLIENT_ORCH_LOG-7-CLIENT_MOVED_TO_RUN_STATE: \\PC{0,20}MAC: 70ef0071535f, IP \\PC{0,20} AP \\(\\PC{0,9}\\) with SSID \\(\\PC{0,50}\\)",
            "LINK-3-UPDOWN: Interface \\PC{0,80}, changed state to up",
        ],
    ) {
        let directory = site().build();
        let whole = header + &text;
        let message = Message::parse(&whole, NOW);
        let route = directory.route(None, address("192.0.2.1"), message.host).unwrap();
        if let Said::Lines(lines) = read(&message, &route).said {
            prop_assert!(!lines.is_empty());
            for line in lines {
                prop_assert!(Telemetry::parse(&line).is_ok(), "{}", String::from_utf8_lossy(&line));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
        let directory = site().build();
        let text = String::from_utf8_lossy(&bytes);
        let message = Message::parse(&text, NOW);
        let route = directory.route(None, address("192.0.2.4"), message.host).unwrap();
        read(&message, &route);
    }
}
