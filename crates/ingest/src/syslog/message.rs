//! One message taken apart, whichever header it has.

use super::stamp;
use foghorn_model::Timestamp;
use std::borrow::Cow;

/// A priority is at most facility 23, severity 7.
const PRIORITY_MAX: u32 = 191;

/// A syslog message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Facility times eight plus severity; absent where the sender leaves it out.
    pub priority: Option<u8>,
    /// When it happened by the sender's clock, where that is believed.
    pub time: Option<Timestamp>,
    /// The sender's name for itself, or for whom it speaks.
    pub host: Option<&'a str>,
    /// The program, where the header names it apart (RFC 5424).
    pub app: Option<&'a str>,
    /// What it says; of RFC 3164 with the tag in front.
    pub text: &'a str,
}

/// The text of a datagram or frame; what is no UTF-8 in it is replaced.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

impl<'a> Message<'a> {
    /// Takes a message apart. Whatever has no header that is known is all text: this never fails.
    pub fn parse(text: &'a str, received_at: Timestamp) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_matches(['\r', '\n', '\0', ' ']);
        let (priority, rest) = priority(text);
        let mut message = Self { priority, time: None, host: None, app: None, text: rest };
        message.header(received_at);
        // A relay puts its own header before that of the sender.
        if message.text.starts_with("1 ") {
            message.meraki(received_at);
        }
        message
    }

    fn header(&mut self, now: Timestamp) {
        if self.rfc5424(now) || self.meraki(now) {
            return;
        }
        // IOS counts its messages before anything else.
        let mut rest = self.text;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0
            && let Some(after) = rest[digits..].strip_prefix(": ")
        {
            rest = after;
        }
        if let Some((time, after)) = bsd_or_rfc3339(rest, now) {
            self.time = time;
            self.after_time(after, now);
        } else if let Some((host, after)) = rest.split_once(": ")
            && is_host(host)
            && let Some((time, after)) = bsd_or_rfc3339(after, now)
        {
            // `number: name: time: %…`
            self.host = Some(host);
            self.time = time;
            self.after_time(after, now);
        } else if let Some((host, after)) = rest.split_once(": ")
            && is_host(host)
            && after.starts_with('%')
        {
            // The same without a time.
            self.host = Some(host);
            self.text = after;
        } else {
            self.text = rest;
        }
    }

    /// What follows a time: a zone, a name, `facility.severity`, and the text.
    fn after_time(&mut self, rest: &'a str, now: Timestamp) {
        let rest = rest.trim_start_matches([':', ' ']);
        let (first, after) = super::scan::word(rest);
        if let Some(zone) = first.strip_suffix(':')
            && !zone.is_empty()
            && zone.len() <= 5
            && zone.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            // `UTC: %FACILITY-…`
            self.text = after;
        } else if is_level(first) {
            // logd: `daemon.info hostapd: …`
            self.text = after;
        } else if is_host(first) && !after.is_empty() {
            self.host = self.host.or(Some(first));
            self.text = after;
            self.inner(now);
        } else {
            self.text = rest;
        }
    }

    /// IOS behind a relay: its own number and time come after the relay's header.
    fn inner(&mut self, now: Timestamp) {
        let digits = self.text.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return;
        }
        let Some(after) = self.text[digits..].strip_prefix(": ") else { return };
        if let Some((time, after)) = bsd_or_rfc3339(after, now) {
            self.time = time.or(self.time);
            let after = after.trim_start_matches([':', ' ']);
            let zone = after.split_once(": ").filter(|(zone, _)| zone.len() <= 5);
            self.text = zone.map_or(after, |(_, text)| text);
        } else {
            self.text = after;
        }
    }

    /// `1 time host app process id structured-data text`.
    fn rfc5424(&mut self, now: Timestamp) -> bool {
        let Some(rest) = self.text.strip_prefix("1 ") else { return false };
        let mut fields = rest.splitn(6, ' ');
        let [Some(time), Some(host), Some(app), Some(_process), Some(_id), Some(rest)] =
            [(); 6].map(|()| fields.next())
        else {
            return false;
        };
        let time = match time {
            "-" => None,
            time => match stamp::rfc3339(time, now) {
                Some(time) => time,
                None => return false,
            },
        };
        let given = |field: &'a str| Some(field).filter(|field| *field != "-");
        self.time = time;
        self.host = given(host);
        self.app = given(app);
        self.text = after_structured_data(rest).trim_start_matches('\u{feff}');
        true
    }

    /// `1 epoch.nanoseconds name text`, with or without the version.
    fn meraki(&mut self, now: Timestamp) -> bool {
        let rest = self.text.strip_prefix("1 ").unwrap_or(self.text);
        let (time, rest) = super::scan::word(rest);
        let Some(time) = stamp::epoch(time, now) else { return false };
        let (host, text) = super::scan::word(rest);
        if host.is_empty() {
            return false;
        }
        self.time = time;
        self.host = Some(host);
        self.app = Some(MERAKI);
        self.text = text;
        true
    }
}

/// What stands as the program of a message that has the header of Meraki.
pub(super) const MERAKI: &str = "meraki";

fn priority(text: &str) -> (Option<u8>, &str) {
    let inner = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let Some((digits, rest)) = inner else { return (None, text) };
    let number = digits.parse::<u32>().ok().filter(|number| *number <= PRIORITY_MAX);
    match number.and_then(|number| u8::try_from(number).ok()) {
        Some(priority) if digits.len() <= 3 => (Some(priority), rest.trim_start_matches(' ')),
        _ => (None, text),
    }
}

fn bsd_or_rfc3339(text: &str, now: Timestamp) -> Option<(Option<Timestamp>, &str)> {
    let (first, after) = super::scan::word(text);
    match stamp::rfc3339(first.trim_end_matches(':'), now) {
        Some(time) => Some((time, after)),
        None => stamp::bsd(text, now),
    }
}

/// A name or an address, and not the tag of a program, which has a colon or a bracket.
fn is_host(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 255
        && !word.ends_with(':')
        && !word.contains(['[', '%', '(', '<', ' ', '='])
}

/// `facility.severity`, as logd writes it.
fn is_level(word: &str) -> bool {
    const SEVERITIES: [&str; 8] =
        ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
    const FACILITIES: [&str; 12] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp",
    ];
    word.split_once('.').is_some_and(|(facility, severity)| {
        let is_local = facility.len() == 6 && facility.starts_with("local");
        (is_local || FACILITIES.contains(&facility)) && SEVERITIES.contains(&severity)
    })
}

fn after_structured_data(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('-') {
        return rest.trim_start_matches(' ');
    }
    let (mut quoted, mut escaped, mut depth) = (false, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth -= 1,
            b' ' if !quoted && depth == 0 => return &text[at + 1..],
            _ => {}
        }
        if at == 0 && depth == 0 {
            // No structured data where it should be.
            return text;
        }
    }
    ""
}
