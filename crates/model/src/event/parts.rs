//! Members that are not written in one fixed order: they are gathered, sorted and then written.

use super::Place;
use super::json::JsonObject;
use crate::alarm::Entity;
use crate::mac::Mac;
use crate::time::{Micros, Timestamp};
use std::net::IpAddr;
use uuid::Uuid;

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Text(&'a str),
    Texts(&'a [String]),
    Id(Uuid),
    Mac(Mac),
    Ip(IpAddr),
    Count(u64),
    Int(i64),
    /// Seconds with a fraction.
    Secs(Timestamp),
    Span(Micros),
    /// Text without a zone.
    Zoneless(Timestamp),
    Dbm(f64),
    Flag(bool),
    /// An object of texts, in the order of its keys.
    Object(&'a [(&'a str, &'a str)]),
    /// A list of things.
    Entities(&'a [Entity]),
    Null,
}

/// The members of an event.
#[derive(Debug, Default)]
pub(super) struct Parts<'a>(Vec<(&'a str, Part<'a>)>);

impl<'a> Parts<'a> {
    /// Members of an event that says where it happened.
    pub(super) fn at(
        place: &Place<'a>,
        members: impl IntoIterator<Item = (&'a str, Part<'a>)>,
    ) -> Self {
        let mut parts = Self(members.into_iter().collect());
        parts.add("org_id", Part::Id(place.org.0));
        parts.add_opt("site_id", place.site.map(|site| Part::Id(site.0)));
        parts
    }

    pub(super) fn add(&mut self, key: &'a str, part: Part<'a>) {
        self.0.push((key, part));
    }

    /// Adds a member, when there is one.
    pub(super) fn add_opt(&mut self, key: &'a str, part: Option<Part<'a>>) {
        self.0.extend(part.map(|part| (key, part)));
    }

    pub(super) fn text(&mut self, key: &'a str, text: Option<&'a str>) {
        self.add_opt(key, text.map(Part::Text));
    }

    /// Appends the object.
    pub(super) fn write(mut self, out: &mut Vec<u8>) {
        self.0.sort_by_key(|(key, _)| *key);
        let mut event = JsonObject::begin(out);
        for (key, part) in self.0 {
            match part {
                Part::Text(text) => event.text(key, text),
                Part::Texts(texts) => event.texts(key, texts),
                Part::Id(id) => event.id(key, id),
                Part::Mac(mac) => event.mac(key, mac),
                Part::Ip(ip) => event.ip(key, ip),
                Part::Count(count) => event.count(key, count),
                Part::Int(int) => event.int(key, int),
                Part::Secs(at) => event.secs_float(key, at),
                Part::Span(span) => event.span(key, span),
                Part::Zoneless(at) => event.text(key, &at.zoneless()),
                Part::Dbm(dbm) => event.dbm(key, dbm),
                Part::Flag(flag) => event.flag(key, flag),
                Part::Object(members) => event.object(key, members),
                Part::Entities(entities) => {
                    event.objects(key, entities.iter().map(Entity::members));
                }
                Part::Null => event.null(key),
            }
        }
        event.end();
    }
}
