//! hostapd, as OpenWrt and its like log it: `INTERFACE: EVENT …` and
//! `INTERFACE: STA address PART: what`.
//!
//! No line names an SSID or BSSID. They are those that the site's setting gives the interface;
//! else the interface's name stands for the SSID, and a BSSID is derived of the AP's address and
//! that name, with the bit of locally administered addresses set: it tells interfaces apart, and
//! is on no air.

use super::directory::Route;
use super::reading::Meaning;
use super::scan;
use crate::line::Line;
use foghorn_model::Mac;
use foghorn_model::telemetry::Kind;
use foghorn_model::telemetry::field::Field;

/// The longest name of an interface (IFNAMSIZ, without its NUL).
const INTERFACE_BYTES_MAX: usize = 15;

/// A line of hostapd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event<'a> {
    interface: &'a str,
    what: &'a str,
}

/// What an event means.
#[derive(Debug, Clone, Copy)]
enum Means {
    Associated,
    Left,
    Authenticated,
    Refused(&'static str),
    Radar,
    /// It says nothing that is told.
    Nothing,
}

/// Events of the control interface: the first word.
const EVENTS: &[(&str, Means)] = &[
    ("AP-STA-CONNECTED", Means::Associated),
    ("AP-STA-DISCONNECTED", Means::Left),
    ("AP-STA-POSSIBLE-PSK-MISMATCH", Means::Refused("wrong pre-shared key")),
    ("CTRL-EVENT-EAP-SUCCESS", Means::Authenticated),
    ("CTRL-EVENT-EAP-SUCCESS2", Means::Authenticated),
    ("CTRL-EVENT-EAP-FAILURE", Means::Refused("EAP failure")),
    ("CTRL-EVENT-EAP-FAILURE2", Means::Refused("EAP failure")),
    ("CTRL-EVENT-EAP-TIMEOUT-FAILURE", Means::Refused("EAP timeout")),
    ("CTRL-EVENT-EAP-TIMEOUT-FAILURE2", Means::Refused("EAP timeout")),
    ("DFS-RADAR-DETECTED", Means::Radar),
    // A start of an exchange is told by its end.
    ("CTRL-EVENT-EAP-STARTED", Means::Nothing),
    ("CTRL-EVENT-EAP-STARTED2", Means::Nothing),
    ("CTRL-EVENT-EAP-PROPOSED-METHOD", Means::Nothing),
    ("CTRL-EVENT-EAP-RETRANSMIT", Means::Nothing),
    ("CTRL-EVENT-EAP-RETRANSMIT2", Means::Nothing),
    // Radios go and come with each change of configuration; no event of the inventory is that.
    ("AP-ENABLED", Means::Nothing),
    ("AP-DISABLED", Means::Nothing),
    ("DFS-CAC-START", Means::Nothing),
    ("DFS-CAC-COMPLETED", Means::Nothing),
    ("DFS-NEW-CHANNEL", Means::Nothing),
    ("DFS-NOP-FINISHED", Means::Nothing),
    ("ACS-STARTED", Means::Nothing),
    ("ACS-COMPLETED", Means::Nothing),
];

/// Lines of a station: the part that speaks, and how what it says begins.
const STATION: &[(&str, &str, Means)] = &[
    ("IEEE 802.11", "associated", Means::Associated),
    ("IEEE 802.11", "disassociated", Means::Left),
    ("IEEE 802.11", "deauthenticated", Means::Left),
    ("IEEE 802.11", "authenticated", Means::Nothing),
    ("WPA", "pairwise key handshake completed", Means::Authenticated),
    ("WPA", "", Means::Nothing),
    // The control interface says the same as an event; ports are unauthorized at each start.
    ("IEEE 802.1X", "", Means::Nothing),
    // The accounting itself comes by RADIUS.
    ("RADIUS", "", Means::Nothing),
    ("MLME", "", Means::Nothing),
];

/// The event in a text, with or without the tag of the program in front.
pub(super) fn event<'a>(app: Option<&str>, text: &'a str) -> Option<Event<'a>> {
    let is_program = |name: &str| name == "hostapd" || name.starts_with("hostapd[");
    let tagged = text.split_once(": ").filter(|(tag, _)| is_program(tag));
    let is_ours = app == Some("hostapd") || tagged.is_some();
    let text = tagged.map_or(text, |(_, rest)| rest);
    let (interface, what) = text.split_once(": ")?;
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if interface.is_empty()
        || interface.len() > INTERFACE_BYTES_MAX
        || !interface.bytes().all(named)
    {
        return None;
    }
    let event = Event { interface, what };
    (is_ours || event.means().is_some()).then_some(event)
}

impl<'a> Event<'a> {
    fn means(&self) -> Option<(Means, &'a str)> {
        if let Some(rest) = self.what.strip_prefix("STA ") {
            let (_, said) = scan::word(rest);
            let (part, said) = said.split_once(": ")?;
            let row = STATION.iter().find(|(of, says, _)| *of == part && said.starts_with(says))?;
            return Some((row.2, rest));
        }
        if self.what.starts_with("interface state ") {
            return Some((Means::Nothing, ""));
        }
        let (first, rest) = scan::word(self.what);
        let row = EVENTS.iter().find(|(event, _)| *event == first)?;
        Some((row.1, rest))
    }
}

pub(super) fn read(event: &Event<'_>, route: &Route<'_>) -> Meaning {
    let Some((means, rest)) = event.means() else { return Meaning::Unknown };
    if matches!(means, Means::Nothing) {
        return Meaning::Nothing;
    }
    let Some(ap) = route.device.map(|device| device.mac) else { return Meaning::NoDevice };
    if matches!(means, Means::Radar) {
        return radar(ap, rest).into();
    }
    let Some(client) = scan::mac(scan::word(rest).0) else { return Meaning::Unknown };
    let place = Place::of(event.interface, event.interface, ap, route);
    let step = |success: bool| {
        place.on(Line::new(Kind::ClientAuth).mac(Field::Mac, client).flag(Field::Success, success))
    };
    match means {
        Means::Associated => {
            place.on(Line::new(Kind::ClientAssociated).mac(Field::Mac, client)).into()
        }
        Means::Left => Line::new(Kind::ClientDisassociated)
            .mac(Field::Mac, client)
            .mac(Field::Ap, ap)
            .mac(Field::Bssid, place.bssid)
            .into(),
        Means::Authenticated => step(true).into(),
        Means::Refused(reason) => step(false).text(Field::Reason, reason).into(),
        Means::Radar | Means::Nothing => Meaning::Nothing,
    }
}

/// Where a client is.
pub(super) struct Place<'a> {
    ap: Mac,
    pub(super) bssid: Mac,
    ssid: &'a str,
    band: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The place of an interface; `cell` tells what has a BSSID of its own.
    pub(super) fn of(interface: &'a str, cell: &str, ap: Mac, route: &Route<'a>) -> Self {
        let given = route.interface(interface);
        Self {
            ap,
            bssid: given.and_then(|it| it.bssid).unwrap_or_else(|| derived(ap, cell)),
            ssid: given.and_then(|it| it.ssid.as_deref()).unwrap_or(interface),
            band: given.and_then(|it| it.band.as_deref()),
        }
    }

    /// Another band than that of the interface, where the message tells one.
    pub(super) fn in_band(self, band: Option<&'a str>) -> Self {
        Self { band: band.or(self.band), ..self }
    }

    pub(super) fn on(&self, line: Line) -> Line {
        line.mac(Field::Ap, self.ap)
            .mac(Field::Bssid, self.bssid)
            .text(Field::Ssid, self.ssid)
            .text_opt(Field::Band, self.band)
    }
}

/// An address that tells the cells of an AP apart. Of the AP's address the last half stays.
fn derived(ap: Mac, cell: &str) -> Mac {
    // FNV-1a: the address must be the same in every run.
    let hash = cell
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [first, second, ..] = hash.to_be_bytes();
    let [a, b, c, d, e, f] = ap.0;
    Mac([(a | 2) & !1, b ^ first, c ^ second, d, e, f])
}

/// `freq=5500 ht_enabled=1 chan_offset=0 chan_width=3 cf1=5530 cf2=0`, in MHz.
fn radar(ap: Mac, rest: &str) -> Line {
    const WIDTHS: [u64; 6] = [20, 20, 40, 80, 80, 160];
    let number = |key| scan::value(rest, key).and_then(|text| text.parse::<u64>().ok());
    let channel = number("freq").filter(|freq| (5180..5900).contains(freq));
    let channel = channel.map(|freq| (freq - 5000) / 5);
    let width = number("chan_width").and_then(|at| WIDTHS.get(usize::try_from(at).ok()?));
    Line::new(Kind::DeviceEvent)
        .mac(Field::Mac, ap)
        .text(Field::Type, "AP_RADAR_DETECTED")
        .text_opt(Field::Band, channel.map(|_| "5"))
        .count_opt(Field::Channel, channel)
        .count_opt(Field::Bandwidth, width.copied())
}
