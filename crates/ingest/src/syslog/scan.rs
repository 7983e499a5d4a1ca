//! Small steps through text.

use foghorn_model::Mac;

/// The word at the beginning, and what follows it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(' ');
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

/// What stands between two marks; to the end of the text when the second is absent.
pub(super) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(found, _)| found))
}

/// The address in the word that follows a mark.
pub(super) fn mac_after(text: &str, mark: &str) -> Option<Mac> {
    let (_, rest) = text.split_once(mark)?;
    mac(word(rest).0)
}

/// An address in whatever spelling, with the marks of a sentence around it.
pub(super) fn mac(text: &str) -> Option<Mac> {
    text.trim_matches(|it: char| matches!(it, ',' | ';' | '(' | ')' | '\'' | '"' | '.'))
        .parse()
        .ok()
}

/// The value of a key in `key='value'`, `key="value"` or `key=value`. A key is a whole word, and
/// stands outside quotes, so that what a client calls itself is never taken for a member.
pub(super) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let name_end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after.trim_start();
            continue;
        };
        let quote = after.chars().next().filter(|it| matches!(it, '\'' | '"'));
        let (value, left) = match quote {
            Some(quote) => {
                let inner = &after[1..];
                // A quote within the value is followed by no space.
                let ends = |(at, _): &(usize, &str)| {
                    inner[at + 1..].is_empty() || inner[at + 1..].starts_with(' ')
                };
                let end = inner.match_indices(quote).find(ends).map_or(inner.len(), |(at, _)| at);
                (&inner[..end], inner.get(end + 1..).unwrap_or_default())
            }
            None => after.split_at(after.find(' ').unwrap_or(after.len())),
        };
        if name == key {
            return Some(value);
        }
        rest = left.trim_start();
    }
    None
}

/// The band of a channel: `24` or `5`. Channels of 6 GHz have the numbers of the others, so what
/// is said of them has to come with its band.
pub(super) fn band(channel: u64) -> Option<&'static str> {
    match channel {
        1..=14 => Some("24"),
        32..=177 => Some("5"),
        _ => None,
    }
}
