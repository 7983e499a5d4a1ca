//! Senders that belong to no site: who they are, so that somebody may claim them.
//!
//! Kept in memory and bounded: a flood of made-up addresses pushes out the oldest, never grows the
//! list, and enters no log. Each listener of an org has a list of its own, as has the one that is
//! shared by all.

use super::directory::Stranger;
use foghorn_model::{OrgId, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The most senders of a list.
pub const SENDERS_MAX: usize = 1000;
/// The longest sample in characters, before escaping.
const SAMPLE_CHARS_MAX: usize = 200;
/// The longest host name in characters, before escaping.
const HOST_CHARS_MAX: usize = 100;

/// A sender that belongs to no site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Its address.
    pub address: IpAddr,
    /// What it calls itself, as it last did.
    pub host: Option<String>,
    /// When it was first heard.
    pub first_seen: Timestamp,
    /// When it was last heard.
    pub last_seen: Timestamp,
    /// How many messages came.
    pub count: u64,
    /// The beginning of the last one; what is not for display is escaped.
    pub sample: String,
    /// Why it belongs to nobody.
    pub reason: Stranger,
}

/// The lists.
#[derive(Debug, Default)]
pub struct Unclaimed(Mutex<HashMap<Option<OrgId>, HashMap<IpAddr, Sender>>>);

impl Unclaimed {
    /// Notes a message; `listener` is the org of the listener that took it, if it has one.
    pub fn note(
        &self,
        listener: Option<OrgId>,
        address: IpAddr,
        host: Option<&str>,
        text: &str,
        reason: Stranger,
        now: Timestamp,
    ) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = lists.entry(listener).or_default();
        if list.len() >= SENDERS_MAX && !list.contains_key(&address) {
            let oldest = list.values().min_by_key(|it| (it.last_seen, it.address));
            if let Some(oldest) = oldest.map(|it| it.address) {
                list.remove(&oldest);
            }
        }
        let sender = list.entry(address).or_insert_with(|| Sender {
            address,
            host: None,
            first_seen: now,
            last_seen: now,
            count: 0,
            sample: String::new(),
            reason,
        });
        sender.host = host.map(|host| shown(host, HOST_CHARS_MAX)).or(sender.host.take());
        sender.last_seen = now;
        sender.count += 1;
        sender.sample = shown(text, SAMPLE_CHARS_MAX);
        sender.reason = reason;
    }

    /// The senders that an org may know of, the latest first: those of its own listener, and those
    /// of the shared one if it is the only org that there is, since a sender that belongs to nobody
    /// may be anybody's.
    pub fn of_org(&self, org: OrgId, is_only: bool) -> Vec<Sender> {
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = lists.get(&None).filter(|_| is_only);
        let own = lists.get(&Some(org));
        let mut senders: Vec<Sender> =
            own.into_iter().chain(shared).flat_map(HashMap::values).cloned().collect();
        senders.sort_by_key(|it| (std::cmp::Reverse(it.last_seen), it.address));
        senders
    }
}

/// The beginning of a text; control characters, and those that turn the direction of writing, are
/// escaped.
pub(super) fn shown(text: &str, chars_max: usize) -> String {
    let turns = |it: char| matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::new();
    for char in text.chars().take(chars_max) {
        if char.is_control() || turns(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    out
}
