//! Times as senders write them, and which of them are believed.
//!
//! A time with a zone (RFC 3339, epoch seconds) is believed within the bounds that hold for
//! telemetry. RFC 3164 writes local time without zone or year: it is read as UTC in the year that
//! is nearest, and believed only close to now, since an hour's difference is a zone and not a
//! delay. What is not believed happened when it came.

use crate::times::believed;
use foghorn_model::Timestamp;
use foghorn_model::time::Micros;

/// How far a time without a zone may be off.
const ZONELESS_OFF_MAX: Micros = Micros::from_mins(10);

/// RFC 3339, or the like with a space, with a zone.
pub(super) fn rfc3339(text: &str, now: Timestamp) -> Option<Option<Timestamp>> {
    let bytes = text.as_bytes();
    let looks = bytes.len() >= 19 && bytes[4] == b'-' && bytes[10] == b'T' && bytes[13] == b':';
    looks.then(|| Timestamp::from_rfc3339(text).and_then(|at| believed(at, now)))
}

/// Seconds since the epoch with their fraction: ten digits, a point, more digits.
pub(super) fn epoch(text: &str, now: Timestamp) -> Option<Option<Timestamp>> {
    let (secs, fraction) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if secs.len() != 10 || fraction.is_empty() || !digits(secs) || !digits(fraction) {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let at = secs.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)?;
    Some(believed(Timestamp(at), now))
}

/// A time without a year, as it stands at the beginning of a text: `Mmm dd hh:mm:ss`, with a
/// weekday before it, a year after the day or the time, a fraction, or `*` and `.` in front, as
/// they occur. Says what follows it.
pub(super) fn bsd(text: &str, now: Timestamp) -> Option<(Option<Timestamp>, &str)> {
    let mut rest = text.trim_start_matches(['*', '.', ' ']);
    if let Some(after) = rest.get(..4).filter(|it| is_weekday(it)) {
        rest = &rest[after.len()..];
    }
    let month = MONTHS.iter().position(|month| rest.starts_with(month))?;
    rest = rest[3..].strip_prefix(' ')?;
    let (day, after) = number(rest.trim_start_matches(' '), 2)?;
    rest = after.strip_prefix(' ')?;
    let mut year = None;
    if let Some((given, after)) = number(rest, 4).filter(|(given, _)| *given >= 1900) {
        year = Some(given);
        rest = after.strip_prefix(' ')?;
    }
    let (hour, after) = number(rest, 2)?;
    let (minute, after) = number(after.strip_prefix(':')?, 2)?;
    let (second, mut rest) = number(after.strip_prefix(':')?, 2)?;
    let mut nanos = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take(9).take_while(u8::is_ascii_digit).count();
        let padded: String = after[..digits].chars().chain("000000000".chars()).take(9).collect();
        nanos = padded.parse().ok()?;
        rest = &after[digits..];
    }
    // Not an address that begins like a year.
    let is_year = |(given, after): &(i64, &str)| *given >= 1900 && !after.starts_with([':', '.']);
    if let Some((given, after)) = number(rest.trim_start_matches(' '), 4).filter(is_year) {
        year = Some(given);
        rest = after;
    }
    let at = |year: i64| {
        let date = jiff::civil::DateTime::new(
            i16::try_from(year).ok()?,
            i8::try_from(month + 1).ok()?,
            i8::try_from(day).ok()?,
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second.min(59)).ok()?,
            nanos,
        );
        let at = jiff::tz::Offset::UTC.to_timestamp(date.ok()?).ok()?;
        Some(Timestamp(at.as_microsecond()))
    };
    let today = jiff::Timestamp::from_second(now.secs()).ok()?;
    let this_year = i64::from(jiff::tz::Offset::UTC.to_datetime(today).year());
    let years = match year {
        Some(year) => year..=year,
        None => this_year - 1..=this_year + 1,
    };
    let off = |at: &Timestamp| now.since(*at).0.saturating_abs();
    let nearest = years.filter_map(at).min_by_key(off);
    let near = nearest.filter(|at| off(at) <= ZONELESS_OFF_MAX.0);
    Some((near, rest.trim_start_matches(' ')))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn is_weekday(text: &str) -> bool {
    ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "].contains(&text)
}

/// A number of at most so many digits, and what follows.
fn number(text: &str, digits_max: usize) -> Option<(i64, &str)> {
    let digits = text.bytes().take(digits_max).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(digits);
    digits.parse().ok().map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14T22:13:20Z.
    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    #[test]
    fn times_are_read_in_every_form_and_believed_within_bounds() {
        let bsd = |text| bsd(text, NOW).map(|(at, rest)| (at.map(|at| NOW.since(at).0), rest));
        assert_eq!(bsd("Nov 14 22:13:15 ap"), Some((Some(5_000_000), "ap")));
        assert_eq!(bsd("*Nov 14 22:13:15.250: %A"), Some((Some(4_750_000), ": %A")));
        assert_eq!(bsd("Tue Nov 14 22:13:20 2023 daemon.info"), Some((Some(0), "daemon.info")));
        assert_eq!(bsd("Nov 14 2023 22:13:20 UTC"), Some((Some(0), "UTC")));
        // An hour off is a zone; another year is another event.
        assert_eq!(bsd("Nov 14 23:13:20 ap"), Some((None, "ap")));
        assert_eq!(bsd("Tue Nov 14 22:13:20 2022 x"), Some((None, "x")));
        assert_eq!(bsd("Nov 31 22:13:20 ap"), Some((None, "ap")));
        assert_eq!(bsd("November rain"), None);
        assert_eq!(epoch("1700000000.602628785", NOW), Some(Some(Timestamp(NOW.0 + 602_628))));
        assert_eq!(epoch("1400000000.5", NOW), Some(None));
        assert_eq!(epoch("10.0.0.1", NOW), None);
        assert_eq!(rfc3339("2023-11-14T23:13:20+01:00", NOW), Some(Some(NOW)));
        assert_eq!(rfc3339("2024-11-14T23:13:20Z", NOW), Some(None));
        assert_eq!(rfc3339("ap-1.example.net", NOW), None);
    }

    #[test]
    fn a_time_of_last_year_is_of_last_year() {
        // 2024-01-01T00:00:05Z.
        let now = Timestamp(1_704_067_205_000_000);
        let (at, _) = bsd("Dec 31 23:59:58 ap", now).unwrap();
        assert_eq!(at.map(|at| now.since(at).0), Some(7_000_000));
    }
}
