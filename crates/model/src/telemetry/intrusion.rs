//! Attacks: those that radios notice, and those that gateways do.

use super::field::{Field, FieldError, Fields};
use super::{count, error, mac, required, text};
use crate::mac::Mac;
use std::borrow::Cow;

/// An attack that a radio of ours noticed.
#[derive(Clone, PartialEq, Debug)]
pub struct IntrusionReport<'a> {
    /// The AP that noticed it.
    pub ap: Mac,
    /// What it is.
    pub attack: Attack,
    /// How often.
    pub count: u64,
    /// The client that it is of, or at.
    pub client_mac: Option<Mac>,
    /// The other one.
    pub peer_mac: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
}

macro_rules! attacks {
    ($($name:ident $key:literal $doc:literal;)*) => {
        /// What is noticed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Attack { $(#[doc = $doc] $name,)* }

        impl Attack {
            /// Every one, with the `type` that says it.
            pub const ALL: &[(Self, &'static str)] = &[$((Self::$name, $key),)*];
        }

        /// What `type` may be, for messages.
        const NAMES: &str = concat!("not one of", $(" ", $key,)*);
    };
}

attacks! {
    Replay "replay" "A message of the key handshake that came again.";
    TkipIcv "tkip-icv" "A TKIP integrity check that failed.";
    Deauthentication "deauthentication" "Frames that end associations.";
    AdHoc "ad-hoc" "Stations that talk without an AP.";
    BeaconFlood "beacon-flood" "Beacons of cells that are not there.";
    BssidSpoofing "bssid-spoofing" "Frames with a BSSID of ours that none of ours sent.";
    EapFailureInjection "eap-failure-injection" "An EAP failure that nobody of ours sent.";
    EapGuess "eap-guess" "An EAP attempt with a wrong secret.";
    EapHandshake "eap-handshake" "An EAP handshake that was begun.";
    EapSpoofedSuccess "eap-spoofed-success" "An EAP success that nobody of ours sent.";
    EapolLogoff "eapol-logoff" "A client that logs off.";
    EapolStart "eapol-start" "A client that asks to begin.";
    EssidJack "essid-jack" "What the tool ESSID-Jack looks like.";
    ExcessiveClient "excessive-client" "A client that is turned away since there are too many.";
    MonkeyJack "monkey-jack" "What the tool Monkey-Jack looks like.";
    OutOfSequence "out-of-sequence" "A frame with a number that does not follow.";
    SsidInjection "ssid-injection" "An SSID that attacks whoever shows it.";
    SurveyScan "survey-scan" "What a survey tool looks like that scans.";
    VendorIeMissing "vendor-ie-missing" "Frames of a BSSID of ours without what ours always send.";
    WatchedStation "watched-station" "A station that the AP is told to watch for.";
    ZeroSsid "zero-ssid" "A request to associate with an empty SSID.";
}

/// An attack that a gateway of ours noticed.
#[derive(Clone, PartialEq, Debug)]
pub struct ThreatReport<'a> {
    /// The gateway.
    pub mac: Mac,
    /// What it is.
    pub threat: Threat,
    /// What it looks like: the signature, or the address that was asked for.
    pub reason: Option<Cow<'a, str>>,
}

/// What a gateway notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threat {
    /// What its detection of intrusions knows for an attack.
    IdpAttack,
    /// Somebody asked for a web address that its policy blocks.
    UrlBlocked,
}

impl<'a> IntrusionReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let told = required(text(fields, Field::Type), Field::Type)?;
        let attack = Attack::ALL.iter().find(|(_, name)| *name == told).map(|(attack, _)| *attack);
        Ok(Self {
            ap: required(mac(fields, Field::Ap), Field::Ap)?,
            attack: attack.ok_or_else(|| error(Field::Type, NAMES))?,
            count: count(fields, Field::Count).unwrap_or(1),
            client_mac: mac(fields, Field::ClientMac),
            peer_mac: mac(fields, Field::PeerMac),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
        })
    }
}

impl<'a> ThreatReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let threat = match required(text(fields, Field::Type), Field::Type)?.as_ref() {
            "idp-attack" => Threat::IdpAttack,
            "url-blocked" => Threat::UrlBlocked,
            _ => return Err(error(Field::Type, "not one of idp-attack, url-blocked")),
        };
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            threat,
            reason: text(fields, Field::Reason),
        })
    }
}
