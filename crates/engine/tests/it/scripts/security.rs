//! Strangers and attacks.

use super::{AP2, Script, step};
use crate::world::{AP, associated, client};
use expect_test::{Expect, expect};
use foghorn_model::Setting;
use foghorn_model::config::RogueSetting;

#[rustfmt::skip]
pub fn scripts() -> Vec<Script> {
    vec![
        strangers("rogue_ap", expect![[r#"
            13 rogue_ap x1
            13 rogue_ap x2 again
        "#]]),
        strangers("rogue_client", expect![[r#"
            13 rogue_client x1
            13 rogue_client x2 again
        "#]]),
        strangers("honeypot_ssid", expect![[r#"
            13 honeypot_ssid x1
            13 honeypot_ssid x2 again
        "#]]),
        attacks("krack_attack", "replay", 1, expect![[r#"
            15 krack_attack x1
            15 krack_attack x2 again
        "#]]),
        attacks("tkip_icv_attack", "tkip-icv", 2, expect![[r#"
            15 tkip_icv_attack x1
            15 tkip_icv_attack x2 again
        "#]]),
        attacks("disassociation_flood", "deauthentication", 30, expect![[r#"
            15 disassociation_flood x1
            15 disassociation_flood x2 again
        "#]]),
        attacks("adhoc_network", "ad-hoc", 1, expect![[r#"
            15 adhoc_network x1
            15 adhoc_network x2 again
        "#]]),
        attacks("beacon_flood", "beacon-flood", 60, expect![[r#"
            15 beacon_flood x1
            15 beacon_flood x2 again
        "#]]),
        attacks("eap_dictionary_attack", "eap-guess", 15, expect![[r#"
            15 eap_dictionary_attack x1
            15 eap_dictionary_attack x2 again
        "#]]),
        attacks("eap_handshake_flood", "eap-handshake", 60, expect![[r#"
            15 eap_handshake_flood x1
            15 eap_handshake_flood x2 again
        "#]]),
        attacks("eapol_logoff_attack", "eapol-logoff", 8, expect![[r#"
            15 eapol_logoff_attack x1
            15 eapol_logoff_attack x2 again
        "#]]),
        attacks("excessive_eapol_start", "eapol-start", 30, expect![[r#"
            15 excessive_eapol_start x1
            15 excessive_eapol_start x2 again
        "#]]),
        attacks("out_of_sequence", "out-of-sequence", 15, expect![[r#"
            15 out_of_sequence x1
            15 out_of_sequence x2 again
        "#]]),
        repeated_auth_failures(),
    ]
}

/// Two strangers on our wire with our SSID, each heard three times, and a client of each.
fn strangers(about: &'static str, told: Expect) -> Script {
    let setting = RogueSetting {
        enabled: Some(true),
        honeypot_enabled: Some(true),
        ..RogueSetting::default()
    };
    let heard = |who: u8| {
        format!(
            r#"{{"kind":"neighbor","ap":"{AP}","bssid":"02a1b2c3d4{who:02x}","ssid":"Maui","rssi":-60,"on_wire":true,"client_mac":"{}"}}"#,
            client(100 + who)
        )
    };
    Script::new(about, told)
        .set(Setting { rogue: Some(setting), ..Setting::default() })
        .each(1, (1..4).map(|who| associated(client(who), AP, "5c5b35000011")))
        .each(10, [1, 1, 1, 2, 2, 2].map(heard))
}

/// Attacks that two radios notice.
fn attacks(about: &'static str, attack: &str, count: u8, told: Expect) -> Script {
    let noticed = |ap: &str| {
        format!(
            r#"{{"kind":"intrusion","ap":"{ap}","type":"{attack}","count":{count},"client_mac":"{}","peer_mac":"{}","bssid":"5c5b35000011","ssid":"Maui"}}"#,
            client(1),
            client(2)
        )
    };
    Script::new(about, told).carried().each(15, [AP, AP, AP2, AP2].map(noticed))
}

fn repeated_auth_failures() -> Script {
    let fails = |who: u8| step("auth", who, false, r#","ssid":"Maui""#);
    let lines = (0..14).map(|number| fails(1 + number / 7));
    Script::new(
        "repeated_auth_failures",
        expect![[r#"
            50 repeated_auth_failures x1
            50 repeated_auth_failures x2 again
        "#]],
    )
    .each(10, lines)
}
