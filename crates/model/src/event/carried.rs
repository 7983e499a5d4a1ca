//! `nac-events`, `guest-authorizations` and the events of devices of other vendors: what a source
//! said, with the place beside it.

use super::Place;
use super::parts::{Part, Parts};
use crate::ids::WlanId;
use crate::telemetry::Carried;
use crate::telemetry::field::{Field, FieldValue};
use crate::time::Timestamp;

/// A member as the record has it. `random_mac` is text on the wire.
fn part<'a>(field: Field, value: &'a FieldValue<'a>) -> Option<Part<'a>> {
    Some(match value {
        FieldValue::Text(text) => Part::Text(text),
        FieldValue::Texts(texts) => Part::Texts(texts),
        FieldValue::Flag(flag) if field == Field::RandomMac => {
            Part::Text(if *flag { "true" } else { "false" })
        }
        FieldValue::Flag(flag) => Part::Flag(*flag),
        FieldValue::Id(id) => Part::Id(*id),
        FieldValue::Mac(mac) => Part::Mac(*mac),
        FieldValue::Ip(ip) => Part::Ip(*ip),
        FieldValue::Count(count) => Part::Count(*count),
        FieldValue::Time(at) => Part::Int(at.secs()),
        FieldValue::Rssi(it) | FieldValue::Percent(it) | FieldValue::Number(it) => Part::Dbm(*it),
        FieldValue::Secs(span) => Part::Span(*span),
        // No record that is carried has any.
        FieldValue::Absent | FieldValue::Objects(_) => return None,
    })
}

fn members<'a>(carried: &'a Carried<'a>, place: &Place<'a>) -> Parts<'a> {
    let mut parts = Parts::at(place, []);
    for (field, value) in &carried.members {
        parts.add_opt(field.row().key, part(*field, value));
    }
    parts
}

/// Appends a `nac-events` event, or one of a device of another vendor.
pub fn encode_event(out: &mut Vec<u8>, place: &Place<'_>, carried: &Carried<'_>, at: Timestamp) {
    let mut parts = members(carried, place);
    parts.add("mac", Part::Mac(carried.mac));
    parts.add("timestamp", Part::Secs(at));
    parts.text("type", carried.event_type.as_deref());
    parts.write(out);
}

/// Appends a `guest-authorizations` event, which has no `timestamp`. A guest is let in from when
/// the source says so, else from `at`; the WLAN is derived of its SSID where the source has no id.
pub fn encode_guest(out: &mut Vec<u8>, place: &Place<'_>, carried: &Carried<'_>, at: Timestamp) {
    let mut parts = members(carried, place);
    let has = |field| carried.members.iter().any(|(other, _)| *other == field);
    parts.add("client", Part::Mac(carried.mac));
    if !has(Field::AuthorizedTime) {
        parts.add("authorized_time", Part::Int(at.secs()));
    }
    let ssid = carried.text(Field::Ssid).filter(|_| !has(Field::WlanId));
    let derived = place.site.zip(ssid).map(|(site, ssid)| WlanId::derived(site, ssid));
    parts.add_opt("wlan_id", derived.map(|id| Part::Id(id.0)));
    parts.write(out);
}
