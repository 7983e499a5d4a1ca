//! The fields that telemetry may carry: one table for reading, for the schema and for messages.

mod read;
mod set;

pub use set::{FieldSet, set};

use super::kinds::{CELL, LISTED_CLIENT};
use crate::mac::Mac;
use crate::time::{Micros, Timestamp};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use uuid::Uuid;

/// The longest text of a field in bytes, where the table names no shorter one.
pub const TEXT_BYTES_MAX: usize = 1024;

/// The most texts in a list.
pub const TEXTS_MAX: usize = 64;
/// The longest span that a field may hold, in seconds.
pub const SECS_MAX: f64 = 86_400.0;

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldType {
    /// Text of at most this many bytes.
    Text(usize),
    /// Epoch seconds or RFC 3339 text.
    Time,
    /// A MAC address in any spelling.
    Mac,
    /// A received signal strength, -150 to 30 dBm.
    Rssi,
    /// A whole number from 0 up.
    Count,
    /// `true` or `false`.
    Flag,
    /// An IP address.
    Ip,
    /// A UUID.
    Id,
    /// `24`, `5` or `6` (`2.4` is read as `24`).
    Band,
    /// A span of 0 to 86,400 seconds, with its fraction.
    Secs,
    /// 0 to 100, with its fraction.
    Percent,
    /// 0 to 1,000,000 Mbit/s, with its fraction.
    Rate,
    /// -100 to 200 dB.
    Decibels,
    /// At most [`TEXTS_MAX`] texts of at most [`TEXT_BYTES_MAX`] bytes each.
    Texts,
    /// Objects of this form.
    Objects(&'static ObjectForm),
}

/// What objects within a record are: of the same fields as records.
#[derive(PartialEq, Eq, Debug)]
pub struct ObjectForm {
    /// The fields that each must have.
    pub required: FieldSet,
    /// The fields that it may have beside those.
    pub optional: FieldSet,
    /// How many there may be.
    pub max: usize,
}

macro_rules! fields {
    ($($name:ident $key:literal $kind:ident $(($max:expr))? $doc:literal;)*) => {
        /// A field of telemetry.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Field { $(#[doc = $doc] $name,)* }

        /// Every field, in the order of [`Field`].
        pub const FIELDS: &[FieldRow] = &[$(FieldRow {
            field: Field::$name,
            key: $key,
            field_type: FieldType::$kind $(($max))?,
            doc: $doc,
        },)*];

    };
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct FieldRow {
    /// The field.
    pub field: Field,
    /// Its key in the JSON.
    pub key: &'static str,
    /// What it holds.
    pub field_type: FieldType,
    /// What it means.
    pub doc: &'static str,
}

fields! {
    Kind "kind" Text(32) "the kind of the record";
    Id "id" Text(128) "de-duplicates: the same id of the same source within 10 minutes counts once";
    Time "time" Time "when it happened, by the source's clock; now when absent";
    Mac "mac" Mac "the device or client concerned";
    Ap "ap" Mac "the access point, by its base MAC";
    Bssid "bssid" Mac "the BSSID";
    Ssid "ssid" Text(32) "the SSID";
    Band "band" Band "the band";
    Rssi "rssi" Rssi "the received signal strength in dBm";
    WlanId "wlan_id" Id "the WLAN's id; derived from site and SSID when absent";
    ClientIp "client_ip" Ip "the client's address";
    ClientHostname "client_hostname" Text(255) "the client's host name";
    ClientUsername "client_username" Text(255) "the client's user name";
    ClientFamily "client_family" Text(64) "the client's product family";
    ClientManufacture "client_manufacture" Text(64) "the client's manufacturer";
    ClientModel "client_model" Text(64) "the client's model";
    ClientOs "client_os" Text(64) "the client's operating system";
    PskId "psk_id" Id "the id of the personal PSK used";
    PskName "psk_name" Text(255) "the name of the personal PSK used";
    Type "type" Text(64) "the event type, e.g. `AP_CONFIGURED`";
    Reason "reason" Text(1024) "why, in the source's words";
    Text "text" Text(1024) "details, in the source's words";
    Version "version" Text(64) "the firmware version";
    ExtIp "ext_ip" Ip "the device's address as seen from outside";
    PortId "port_id" Text(64) "the port concerned";
    AuditId "audit_id" Id "the audit log entry that led to this";
    Severity "severity" Text(16) "`notice` or `warn`";
    Channel "channel" Count "the channel";
    Bandwidth "bandwidth" Count "the channel width in MHz";
    Power "power" Count "the transmit power in dBm";
    PreChannel "pre_channel" Count "the channel before";
    PreBandwidth "pre_bandwidth" Count "the channel width before in MHz";
    PrePower "pre_power" Count "the transmit power before in dBm";
    PeerMac "peer_mac" Mac "the VPN or protocol peer";
    Count "count" Count "how often";
    Status "status" Text(16) "of accounting `on`, `off`, `start`, `update` or `stop`; of a condition `open` or `resolved`";
    SessionId "session_id" Text(253) "Acct-Session-Id";
    MultiSessionId "multi_session_id" Text(253) "Acct-Multi-Session-Id";
    NasIp "nas_ip" Ip "NAS-IP-Address or NAS-IPv6-Address, else the sender's address";
    NasId "nas_id" Text(253) "NAS-Identifier";
    NasVendor "nas_vendor" Text(64) "the NAS's vendor";
    Username "username" Text(253) "User-Name";
    ClientType "client_type" Text(16) "`wireless`, `wired` or `vty`";
    AuthType "auth_type" Text(32) "how the client authenticated";
    Vlan "vlan" Text(64) "the VLAN assigned";
    RxBytes "rx_bytes" Count "octets from the client so far, gigawords included";
    TxBytes "tx_bytes" Count "octets to the client so far, gigawords included";
    RxPkts "rx_pkts" Count "packets from the client so far";
    TxPkts "tx_pkts" Count "packets to the client so far";
    SessionTime "session_time" Count "Acct-Session-Time in seconds";
    ClientMac "client_mac" Mac "the client concerned";
    Success "success" Flag "whether it went well";
    Duration "duration" Secs "how long it took, in seconds";
    Server "server" Text(255) "the server concerned, by address or name";
    DeviceMac "device_mac" Mac "the device that the client is at";
    PortType "port_type" Text(32) "`wireless` or `wired`";
    VlanSource "vlan_source" Text(64) "what assigned the VLAN";
    NacruleId "nacrule_id" Id "the rule that decided";
    NacruleName "nacrule_name" Text(255) "its name";
    NacruleMatched "nacrule_matched" Flag "whether a rule matched";
    DryrunNacruleId "dryrun_nacrule_id" Id "the rule that would decide";
    DryrunNacruleMatched "dryrun_nacrule_matched" Flag "whether a rule on trial matched";
    IdpId "idp_id" Id "the identity provider";
    IdpUsername "idp_username" Text(255) "the user there";
    IdpRole "idp_role" Texts "the roles there";
    RespAttrs "resp_attrs" Texts "the attributes of the answer, `Name=value`";
    GroupRole "group_role" Text(255) "the role of the client's group";
    RandomMac "random_mac" Flag "whether the client's address is a random one";
    UsermacLabels "usermac_labels" Texts "the labels of the client's address";
    MxedgeId "mxedge_id" Id "the edge that asked";
    CertCn "cert_cn" Text(255) "common name of the client's certificate";
    CertExpiry "cert_expiry" Text(64) "when it expires";
    CertIssuer "cert_issuer" Text(1024) "who issued it";
    CertSanUpn "cert_san_upn" Texts "its user principal names";
    CertSerial "cert_serial" Text(255) "its serial number";
    CertSubject "cert_subject" Text(1024) "its subject";
    TlsVersion "tls_version" Text(32) "version of TLS";
    TlsCipher "tls_cipher" Text(128) "cipher suite";
    MdmProvider "mdm_provider" Text(64) "who manages the client";
    MdmCompliance "mdm_compliance" Text(64) "what that one says of it";
    AuthMethod "auth_method" Text(32) "how the guest was let in";
    AuthorizedTime "authorized_time" Time "from when on; when it happened when absent";
    AuthorizedExpiringTime "authorized_expiring_time" Time "until when";
    Name "name" Text(255) "the guest's name";
    Email "email" Text(254) "the guest's address of mail";
    Company "company" Text(255) "the guest's company";
    Mobile "mobile" Text(64) "the guest's number";
    Carrier "carrier" Text(64) "the carrier of that number";
    SmsGateway "sms_gateway" Text(64) "the gateway that sent the code";
    SponsorEmail "sponsor_email" Text(254) "who vouched for the guest";
    Field1 "field1" Text(1024) "what the portal asked first";
    Field2 "field2" Text(1024) "and second";
    Field3 "field3" Text(1024) "and third";
    Field4 "field4" Text(1024) "and fourth";
    State "state" Text(32) "what it is now";
    Lag "lag" Text(64) "the link aggregation group; empty when the port is in none";
    Component "component" Text(64) "the part concerned, e.g. `PS1`";
    Service "service" Text(64) "the service concerned, e.g. `tunterm`";
    Resource "resource" Text(16) "`cpu`, `memory` or `disk`";
    Usage "usage" Count "how much of it is used, in percent";
    Package "package" Text(64) "the package concerned";
    FromVersion "from_version" Text(64) "its version before";
    ToVersion "to_version" Text(64) "its version after";
    BouncedPorts "bounced_ports" Texts "the ports that were bounced";
    DisconnectedAps "disconnected_aps" Texts "the APs that were disconnected";
    Speed "speed" Count "the speed of the link in Mbit/s";
    Duplex "duplex" Text(8) "`full` or `half`";
    Errors "errors" Count "errors in both directions so far";
    Packets "packets" Count "packets in both directions so far";
    Loss "loss" Percent "packets that are lost, in percent";
    Latency "latency" Secs "the round trip, in seconds";
    Jitter "jitter" Secs "how much that varies, in seconds";
    OnWire "on_wire" Flag "whether the address is seen on our wire too";
    Uplink "uplink" Mac "the switch that the device is connected to";
    Vendor "vendor" Text(64) "the vendor of the device";
    DhcpOptions "dhcp_options" Text(512) "the options that the client asked DHCP for (option 55), in its order, with commas between";
    DhcpClass "dhcp_class" Text(255) "the vendor class that the client told DHCP (option 60)";
    TerminateCause "terminate_cause" Text(64) "Acct-Terminate-Cause by its RADIUS name";
    Source "source" Text(64) "the collector or sender that it came through; one that falls silent is an alarm";
    Cells "cells" Objects(&CELL) "the BSSIDs of the AP, and who is associated with each";
    Clients "clients" Objects(&LISTED_CLIENT) "everybody who is associated; nobody when absent";
    Connected "connected" Count "for how long the client has been associated, in seconds";
    AlarmClass "alarm_class" Text(32) "the class of the device's own alarm, e.g. `Major`";
    ChassisMac "chassis_mac" Mac "the chassis concerned";
    FixedVersion "fixed_version" Text(64) "the firmware in which the cause is mended";
    NewServer "new_server" Text(255) "the server that is used now";
    Node "node" Text(16) "the node of a cluster, `node0` or `node1`";
    Occurrence "occurrence" Count "how often it happened from `start_time` to `end_time`";
    OldServer "old_server" Text(255) "the server that was used before";
    PeerSiteId "peer_site_id" Id "the site of the peer";
    StartTime "start_time" Time "when it began";
    EndTime "end_time" Time "when it was over";
    TypeCode "type_code" Count "the device's own number for what happened";
    VcBackupId "vc-backup-id" Count "the member of the virtual chassis that is the backup";
    VcMasterId "vc-master-id" Count "the member of the virtual chassis that leads";
    VpnName "vpn_name" Text(64) "the VPN";
    RxBps "rx_bps" Count "how much comes from the client now, in bit/s";
    TxBps "tx_bps" Count "how much goes to the client now, in bit/s";
    RxRate "rx_rate" Rate "the rate at which the client sends, in Mbit/s";
    TxRate "tx_rate" Rate "the rate at which the client is sent to, in Mbit/s";
    RxRetries "rx_retries" Count "how often the client sent something again";
    TxRetries "tx_retries" Count "how often something was sent to the client again";
    Snr "snr" Decibels "how far the signal is above the noise, in dB";
    Proto "proto" Text(16) "the protocol of the radio, e.g. `ax`";
    KeyMgmt "key_mgmt" Text(64) "how keys are agreed, e.g. `WPA3-SAE/CCMP`";
    Flaps "flaps" Count "how often the link of the port has changed so far";
    Critical "critical" Flag "whether the port is one whose link matters by itself";
    Negotiation "negotiation" Text(16) "`complete` or `incomplete`";
    Mtu "mtu" Count "the largest packet of the link, in octets";
    PeerMtu "peer_mtu" Count "the same at the other end";
    Loop "loop" Flag "whether the port gets back what it sent";
    Radar "radar" Flag "whether the radio had to give way to radar and has not moved since";
    UtilAll "util_all" Percent "how much of the time the channel is in use, in percent";
    NoiseFloor "noise_floor" Rssi "the noise in dBm";
}

/// Places in the table that finds a field by its key, of which most are free.
const SLOTS: usize = 512;
const FREE: u8 = u8::MAX;

/// The index of a field by the slot of its key, or by the next one after it that is not taken.
const BY_KEY: [u8; SLOTS] = {
    let mut table = [FREE; SLOTS];
    let mut at = 0;
    while at < FIELDS.len() {
        let mut slot = slot(FIELDS[at].key.as_bytes());
        while table[slot] != FREE {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = at as u8;
        at += 1;
    }
    table
};

const fn slot(key: &[u8]) -> usize {
    if key.is_empty() {
        return 0;
    }
    let (first, middle, last) = (key[0], key[key.len() / 2], key[key.len() - 1]);
    (key.len() * 29 + first as usize * 7 + middle as usize * 3 + last as usize * 17) % SLOTS
}

fn by_key(key: &str) -> Option<Field> {
    let mut slot = slot(key.as_bytes());
    loop {
        let row = FIELDS.get(usize::from(BY_KEY[slot]))?;
        if row.key == key {
            return Some(row.field);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// The value of a field.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum FieldValue<'a> {
    /// The record does not have the field, or has `null` in it.
    #[default]
    Absent,
    /// Text, borrowed from the line where it needs no unescaping.
    Text(Cow<'a, str>),
    /// An instant.
    Time(Timestamp),
    /// A MAC address.
    Mac(Mac),
    /// dBm.
    Rssi(f64),
    /// A count.
    Count(u64),
    /// A flag.
    Flag(bool),
    /// An address.
    Ip(IpAddr),
    /// A UUID.
    Id(Uuid),
    /// A span.
    Secs(Micros),
    /// A share of a hundred.
    Percent(f64),
    /// Mbit/s, or dB.
    Number(f64),
    /// Texts.
    Texts(Vec<String>),
    /// Objects.
    Objects(Vec<Fields<'a>>),
}

/// All fields of one record, or of an object within one.
#[derive(Clone, PartialEq, Debug)]
pub struct Fields<'a> {
    /// A record has few of the fields: looking for one is cheaper than room for all.
    values: Vec<(Field, FieldValue<'a>)>,
    present: FieldSet,
}

/// Why a line is no telemetry record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// The field at fault, when it is one field's fault.
    pub field: Option<String>,
    /// What is wrong with it.
    pub detail: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for FieldError {}

impl Field {
    /// The row of the table.
    pub fn row(self) -> &'static FieldRow {
        &FIELDS[self as usize]
    }
}

impl<'a> Fields<'a> {
    /// Which fields are present.
    pub fn present(&self) -> FieldSet {
        self.present
    }

    /// Takes the values of all fields of a set out, in the order in which they were given.
    pub fn take_all(&mut self, set: FieldSet) -> Vec<(Field, FieldValue<'a>)> {
        let wanted = |(field, value): &(Field, FieldValue<'a>)| {
            set.has(*field) && *value != FieldValue::Absent
        };
        self.values.extract_if(.., |it| wanted(it)).collect()
    }

    /// Takes a field's value out.
    pub fn take(&mut self, field: Field) -> FieldValue<'a> {
        if !self.present.has(field) {
            return FieldValue::Absent;
        }
        let at = self.values.iter_mut().find(|(other, _)| *other == field);
        at.map_or(FieldValue::Absent, |(_, value)| std::mem::take(value))
    }
}
