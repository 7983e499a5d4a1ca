//! Attribute numbers and the names of values (RFC 2865, 2866, 2868, 2869, 3162, 3579, 3580).

pub const USER_NAME: u8 = 1;
pub const NAS_IP_ADDRESS: u8 = 4;
pub const SERVICE_TYPE: u8 = 6;
pub const FRAMED_IP_ADDRESS: u8 = 8;
pub const VENDOR_SPECIFIC: u8 = 26;
pub const CALLED_STATION_ID: u8 = 30;
pub const CALLING_STATION_ID: u8 = 31;
pub const NAS_IDENTIFIER: u8 = 32;
pub const PROXY_STATE: u8 = 33;
pub const ACCT_STATUS_TYPE: u8 = 40;
pub const ACCT_DELAY_TIME: u8 = 41;
pub const ACCT_INPUT_OCTETS: u8 = 42;
pub const ACCT_OUTPUT_OCTETS: u8 = 43;
pub const ACCT_SESSION_ID: u8 = 44;
pub const ACCT_SESSION_TIME: u8 = 46;
pub const ACCT_INPUT_PACKETS: u8 = 47;
pub const ACCT_OUTPUT_PACKETS: u8 = 48;
pub const ACCT_TERMINATE_CAUSE: u8 = 49;
pub const ACCT_MULTI_SESSION_ID: u8 = 50;
pub const ACCT_INPUT_GIGAWORDS: u8 = 52;
pub const ACCT_OUTPUT_GIGAWORDS: u8 = 53;
pub const EVENT_TIMESTAMP: u8 = 55;
pub const NAS_PORT_TYPE: u8 = 61;
pub const MESSAGE_AUTHENTICATOR: u8 = 80;
pub const TUNNEL_PRIVATE_GROUP_ID: u8 = 81;
pub const NAS_PORT_ID: u8 = 87;
pub const NAS_IPV6_ADDRESS: u8 = 95;
pub const FRAMED_IPV6_ADDRESS: u8 = 168;

/// Service-Type Call-Check: the NAS asks by the caller's address alone.
pub const CALL_CHECK: u32 = 10;

/// The name of an Acct-Terminate-Cause.
pub fn terminate_cause(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "User-Request",
        2 => "Lost-Carrier",
        3 => "Lost-Service",
        4 => "Idle-Timeout",
        5 => "Session-Timeout",
        6 => "Admin-Reset",
        7 => "Admin-Reboot",
        8 => "Port-Error",
        9 => "NAS-Error",
        10 => "NAS-Request",
        11 => "NAS-Reboot",
        12 => "Port-Unneeded",
        13 => "Port-Preempted",
        14 => "Port-Suspended",
        15 => "Service-Unavailable",
        16 => "Callback",
        17 => "User-Error",
        18 => "Host-Request",
        19 => "Supplicant-Restart",
        20 => "Reauthentication-Failure",
        21 => "Port-Reinitialized",
        22 => "Port-Administratively-Disabled",
        23 => "Lost-Power",
        _ => return None,
    })
}

/// The vendor of an IANA enterprise number. Some numbers name no vendor of a NAS: Microsoft's
/// and WISPr's attributes are sent by all of them.
pub fn vendor(number: u32) -> Option<&'static str> {
    Some(match number {
        9 => "cisco",
        11 => "hp",
        890 => "zyxel",
        1916 => "extreme",
        2011 => "huawei",
        2636 => "juniper",
        12356 => "fortinet",
        14179 => "airespace",
        14525 => "trapeze",
        14823 => "aruba",
        14988 => "mikrotik",
        15983 => "meru",
        17713 => "cambium",
        25053 => "ruckus",
        25506 => "h3c",
        26928 => "aerohive",
        29671 => "meraki",
        30065 => "arista",
        41112 => "ubiquiti",
        _ => return None,
    })
}

/// The vendor of an AP by the first three octets of its address (IEEE MA-L assignments).
pub fn vendor_of_oui(oui: [u8; 3]) -> Option<&'static str> {
    Some(match oui {
        [0x5c, 0x5b, 0x35]
        | [0xd4, 0x20, 0xb0]
        | [0xa8, 0x3a, 0x79]
        | [0xac, 0x23, 0x16]
        | [0x70, 0x90, 0x41] => "juniper-mist",
        [0xac, 0x7e, 0x8a] | [0x00, 0xfd, 0x22] => "cisco",
        [0x00, 0x27, 0x22] => "ubiquiti",
        [0x00, 0x18, 0x0a] | [0xac, 0x17, 0xc8] => "meraki",
        [0x00, 0x0b, 0x86] | [0x24, 0xde, 0xc6] => "aruba",
        [0x00, 0x25, 0xc4] | [0x58, 0x93, 0x96] => "ruckus",
        _ => return None,
    })
}

/// Where a vendor puts the SSID: attribute number of its own space.
pub fn ssid_attribute(vendor: u32) -> Option<u8> {
    match vendor {
        14823 => Some(5),
        25053 => Some(3),
        _ => None,
    }
}
