//! Lines of NDJSON: which are records and which are not.

use crate::journal::Lines;
use crate::times::{AGO_MAX, AHEAD_MAX};
use foghorn_model::Timestamp;
use foghorn_model::telemetry::Telemetry;
use foghorn_model::telemetry::field::FieldError;

/// The longest line.
pub const LINE_BYTES_MAX: usize = 64 << 10;
/// The most lines of one body.
pub const LINES_MAX: usize = 100_000;
/// The most rejections that are listed one by one.
pub const REJECTIONS_LISTED_MAX: usize = 1000;

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its number, from 1.
    pub line: u32,
    /// The field at fault, when it is one field's fault.
    pub field: Option<String>,
    /// What is wrong.
    pub detail: String,
}

/// A body taken apart.
#[derive(Debug, Default)]
pub struct Split {
    /// The records, as they came.
    pub lines: Lines,
    /// The first of the lines that are none.
    pub rejected: Vec<Rejection>,
    /// How many there are.
    pub rejected_count: u64,
}

/// Takes a body apart. Blank lines are no lines; `admit` may refuse a record that is one.
pub fn split_lines(
    body: &[u8],
    received_at: Timestamp,
    admit: &dyn Fn(&Telemetry<'_>) -> Result<(), FieldError>,
) -> Split {
    let mut split = Split::default();
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    for (number, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let taken = if split.lines.len() >= LINES_MAX {
            Err(error(None, format!("more than {LINES_MAX} lines: send the rest again")))
        } else {
            check(line, received_at, admit)
        };
        match taken {
            Ok(()) => split.lines.push(line),
            Err(FieldError { field, detail }) => {
                split.rejected_count += 1;
                if split.rejected.len() < REJECTIONS_LISTED_MAX {
                    split.rejected.push(Rejection { line: number, field, detail });
                }
            }
        }
    }
    split
}

fn check(
    line: &[u8],
    received_at: Timestamp,
    admit: &dyn Fn(&Telemetry<'_>) -> Result<(), FieldError>,
) -> Result<(), FieldError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(error(None, format!("longer than {LINE_BYTES_MAX} bytes")));
    }
    let telemetry = Telemetry::parse(line)?;
    if let Some(time) = telemetry.time {
        if time > received_at + AHEAD_MAX {
            return Err(error(Some("time"), "more than a day ahead".into()));
        }
        if time < received_at - AGO_MAX {
            return Err(error(Some("time"), "more than 30 days ago".into()));
        }
    }
    admit(&telemetry)
}

fn error(field: Option<&str>, detail: String) -> FieldError {
    FieldError { field: field.map(Into::into), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

    #[test]
    fn bad_lines_are_named_and_cost_the_good_ones_nothing() {
        let body = concat!(
            "\u{feff}{\"kind\":\"device-heartbeat\",\"mac\":\"5c5b35000001\"}\r\n",
            "\n",
            "{\"kind\":\"device-heartbeat\"}\n",
            "not json\n",
            "{\"kind\":\"device-heartbeat\",\"mac\":\"5c5b35000001\",\"time\":1800000000}\n",
            "{\"kind\":\"device-heartbeat\",\"mac\":\"5c5b35000001\",\"time\":1600000000}\n",
            "{\"kind\":\"device-heartbeat\",\"mac\":\"5c5b35000002\"}",
        );
        let split = split_lines(body.as_bytes(), NOW, &|_| Ok(()));
        assert_eq!(split.lines.len(), 2);
        let rejected: Vec<_> =
            split.rejected.iter().map(|it| (it.line, it.field.as_deref())).collect();
        assert_eq!(rejected, [(3, Some("mac")), (4, None), (5, Some("time")), (6, Some("time"))]);
        assert_eq!(split.rejected[2].detail, "more than a day ahead");
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_alone() {
        let long = format!("{{\"kind\":\"{}\"}}\n", "x".repeat(LINE_BYTES_MAX));
        let body = format!("{long}{{\"kind\":\"client-seen\",\"mac\":\"5c5b35000001\"}}\n");
        let split = split_lines(body.as_bytes(), NOW, &|_| Ok(()));
        assert_eq!((split.lines.len(), split.rejected_count), (1, 1));
    }

    proptest! {
        #[test]
        fn every_line_is_either_taken_or_named(body: Vec<u8>) {
            let split = split_lines(&body, NOW, &|_| Ok(()));
            let lines = body.split(|byte| *byte == b'\n');
            let count = lines.filter(|line| !line.trim_ascii().is_empty()).count();
            let taken = split.lines.len() as u64 + split.rejected_count;
            // A byte order mark alone is no line.
            prop_assert!(taken == count as u64 || body.starts_with(b"\xef\xbb\xbf"));
        }
    }
}
