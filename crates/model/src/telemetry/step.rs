//! What a client goes through on its way into the network: authentication, DHCP, DNS, ARP, and
//! whatever else befalls it.

use super::field::{Field, FieldError, Fields};
use super::{Kind, error, flag, id, ip, mac, required, span, text};
use crate::definitions::CLIENT_EVENTS;
use crate::mac::Mac;
use crate::time::Micros;
use std::borrow::Cow;
use std::net::IpAddr;
use uuid::Uuid;

/// One transaction of a client, as it ended.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientStep<'a> {
    /// Which one.
    pub step: Step,
    /// The client.
    pub mac: Mac,
    /// Whether it went well.
    pub success: bool,
    /// Which client event it is, where the source knows that more exactly.
    pub event_type: Option<&'static str>,
    /// How long it took.
    pub duration: Option<Micros>,
    /// Why it failed.
    pub reason: Option<Cow<'a, str>>,
    /// Details.
    pub text: Option<Cow<'a, str>>,
    /// The server that was asked; of ARP the gateway.
    pub server: Option<Cow<'a, str>>,
    /// The AP that the client is at; where it is associated when this is absent.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// The WLAN's id, when the source has one.
    pub wlan_id: Option<Uuid>,
    /// The band.
    pub band: Option<Cow<'a, str>>,
    /// The VLAN.
    pub vlan: Option<Cow<'a, str>>,
    /// The address that DHCP gave.
    pub ip: Option<IpAddr>,
    /// The name that the client told DHCP.
    pub hostname: Option<Cow<'a, str>>,
    /// The options that the client asked DHCP for.
    pub dhcp_options: Option<Cow<'a, str>>,
    /// The vendor class that the client told DHCP.
    pub dhcp_class: Option<Cow<'a, str>>,
    /// The user who authenticated.
    pub username: Option<Cow<'a, str>>,
}

/// A step of a client into the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// Authentication, from the first frame to the last.
    Auth,
    /// DHCP, from discover to acknowledgement.
    Dhcp,
    /// A DNS query.
    Dns,
    /// ARP of the gateway.
    Arp,
}

/// A client event that is no step.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientHappening<'a> {
    /// The client.
    pub mac: Mac,
    /// What it is, by its key of `/const/client_events`.
    pub event_type: &'static str,
    /// The AP that the client is at; where it is associated when this is absent.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// The WLAN's id, when the source has one.
    pub wlan_id: Option<Uuid>,
    /// The band.
    pub band: Option<Cow<'a, str>>,
    /// The VLAN.
    pub vlan: Option<Cow<'a, str>>,
    /// The server concerned.
    pub server: Option<Cow<'a, str>>,
    /// Details.
    pub text: Option<Cow<'a, str>>,
    /// How long it took.
    pub duration: Option<Micros>,
}

/// Client events that are derived of associations and of many steps.
const DERIVED: [&str; 4] = [
    "CLIENT_ASSOCIATION",
    "CLIENT_DEASSOCIATION",
    "CLIENT_REASSOCIATION",
    "REPEATED_AUTH_FAILURES",
];

impl Step {
    /// Every step.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Dhcp, Self::Dns, Self::Arp];

    /// The type of the client event that it is, where its source says no more.
    pub fn event_type(self, success: bool) -> &'static str {
        self.event_types(success)[0]
    }

    /// The types of client events that it may be.
    pub fn event_types(self, success: bool) -> &'static [&'static str] {
        match (self, success) {
            (Self::Auth, true) => &[
                "CLIENT_AUTHENTICATED",
                "CLIENT_AUTHENTICATED_11R",
                "CLIENT_AUTHENTICATED_OKC",
                "MARVIS_EVENT_CLIENT_FBT_SUCCESS",
                "MARVIS_EVENT_CLIENT_MAC_AUTH_SUCCESS",
            ],
            (Self::Auth, false) => &[
                "MARVIS_EVENT_CLIENT_AUTH_FAILURE",
                "MARVIS_EVENT_CLIENT_AUTH_DENIED",
                "MARVIS_EVENT_CLIENT_AUTH_FAILURE_11R",
                "MARVIS_EVENT_CLIENT_AUTH_FAILURE_OKC",
                "MARVIS_EVENT_CLIENT_FBT_FAILURE",
                "MARVIS_EVENT_CLIENT_MAC_AUTH_FAILURE",
                "MARVIS_EVENT_SAE_AUTH_FAILURE",
            ],
            (Self::Dhcp, true) => {
                &["CLIENT_IP_ASSIGNED", "CLIENT_IPV6_ASSIGNED", "CLIENT_IP_RENEWED"]
            }
            (Self::Dhcp, false) => &[
                "MARVIS_EVENT_CLIENT_DHCP_FAILURE",
                "MARVIS_EVENT_CLIENT_DHCPV6_FAILURE",
                "MARVIS_EVENT_CLIENT_DHCPV6_NAK",
                "MARVIS_EVENT_CLIENT_DHCPV6_STUCK",
                "MARVIS_EVENT_CLIENT_DHCP_NAK",
                "MARVIS_EVENT_CLIENT_DHCP_STUCK",
                "MARVIS_EVENT_CLIENT_FAILED_DHCP_INFORM",
            ],
            (Self::Dns, true) => &["CLIENT_DNS_OK"],
            (Self::Dns, false) => &["MARVIS_DNS_FAILURE"],
            (Self::Arp, true) => &["CLIENT_GW_ARP_OK"],
            (Self::Arp, false) => &["CLIENT_GW_ARP_FAILURE", "CLIENT_ARP_FAILURE"],
        }
    }
}

fn is_derived(event_type: &str) -> bool {
    let of_steps = Step::ALL.iter().any(|step| {
        [true, false].iter().any(|success| step.event_types(*success).contains(&event_type))
    });
    of_steps || DERIVED.contains(&event_type)
}

/// The entry of a table that a text is.
fn entry(table: &[&'static str], text: &str) -> Option<&'static str> {
    table.iter().find(|it| **it == text).copied()
}

impl<'a> ClientStep<'a> {
    pub(super) fn read(kind: Kind, fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let step = match kind {
            Kind::ClientDhcp => Step::Dhcp,
            Kind::ClientDns => Step::Dns,
            Kind::ClientArp => Step::Arp,
            _ => Step::Auth,
        };
        let success = required(flag(fields, Field::Success), Field::Success)?;
        let told = |key: Cow<'_, str>| {
            let detail = "no client event of a step that ended so";
            entry(step.event_types(success), &key).ok_or_else(|| error(Field::Type, detail))
        };
        Ok(Self {
            step,
            success,
            event_type: text(fields, Field::Type).map(told).transpose()?,
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            duration: span(fields, Field::Duration),
            reason: text(fields, Field::Reason),
            text: text(fields, Field::Text),
            server: text(fields, Field::Server),
            ap: mac(fields, Field::Ap),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
            wlan_id: id(fields, Field::WlanId),
            band: text(fields, Field::Band),
            vlan: text(fields, Field::Vlan),
            ip: ip(fields, Field::ClientIp),
            hostname: text(fields, Field::ClientHostname),
            dhcp_options: text(fields, Field::DhcpOptions),
            dhcp_class: text(fields, Field::DhcpClass),
            username: text(fields, Field::ClientUsername),
        })
    }
}

impl<'a> ClientHappening<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        let key = required(text(fields, Field::Type), Field::Type)?;
        if is_derived(&key) {
            return Err(error(Field::Type, "it is derived of another kind of record"));
        }
        let event_type = entry(CLIENT_EVENTS, &key)
            .ok_or_else(|| error(Field::Type, "no event of clients has this type"))?;
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            event_type,
            ap: mac(fields, Field::Ap),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
            wlan_id: id(fields, Field::WlanId),
            band: text(fields, Field::Band),
            vlan: text(fields, Field::Vlan),
            server: text(fields, Field::Server),
            text: text(fields, Field::Text),
            duration: span(fields, Field::Duration),
        })
    }
}
