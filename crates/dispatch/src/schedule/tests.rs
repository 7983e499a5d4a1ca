use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_750_000_000_000_000);

fn published(attempt: u32) -> i64 {
    match attempt {
        0 | 1 => 1,
        2 => 2,
        3 => 4,
        4 => 8,
        5..=28 => 15,
        29 => 30,
        30 => 60,
        31 => 120,
        32 => 240,
        _ => 300,
    }
}

proptest! {
    #[test]
    fn waits_are_the_published_ones_less_up_to_a_fifth(id: u128, attempt in 0u32..60) {
        let wait = retry_after(attempt, Uuid::from_u128(id));
        let most = Micros::from_secs(published(attempt));
        prop_assert!(wait <= most, "{wait:?} of {most:?}");
        prop_assert!(wait.0 > most.0 / 5 * 4, "{wait:?} of {most:?}");
        prop_assert_eq!(wait, retry_after(attempt, Uuid::from_u128(id)));
    }

    #[test]
    fn no_wait_exceeds_fifteen_seconds_in_the_first_five_minutes(id: u128) {
        let mut tried = Micros(0);
        for attempt in 1.. {
            let wait = retry_after(attempt, Uuid::from_u128(id));
            if tried >= Micros::from_mins(5) {
                break;
            }
            prop_assert!(wait <= Micros::from_secs(FAST_SECS_MAX), "attempt {attempt}: {wait:?}");
            tried.0 += wait.0;
        }
    }

    #[test]
    fn probes_grow_from_five_seconds_to_a_minute(id: u128, probe in 0u32..50) {
        let most = Micros::from_secs([5, 5, 10, 20, 40, 60][(probe as usize).min(5)]);
        let wait = probe_after(probe, Uuid::from_u128(id));
        prop_assert!(wait <= most && wait.0 > most.0 / 5 * 4, "{wait:?} of {most:?}");
    }

    #[test]
    fn any_retry_after_text_is_bounded(text in "\\PC{0,40}") {
        if let Some(asked) = RetryAfter::parse(&text) {
            let wait = asked.bounded(NOW);
            prop_assert!((Micros::from_secs(1)..=Micros::from_secs(300)).contains(&wait));
        }
    }
}

#[test]
fn deliveries_made_in_one_burst_spread() {
    let waits: std::collections::BTreeSet<i64> =
        (0..100).map(|n| retry_after(5, Uuid::from_u128(n)).0 / 30_000).collect();
    assert!(waits.len() > 50, "only {} of 100 slots used", waits.len());
}

#[test]
fn attempts_beyond_any_count_stay_at_the_maximum() {
    assert!(retry_after(u32::MAX, Uuid::nil()) <= Micros::from_secs(RETRY_SECS_MAX));
    assert!(probe_after(u32::MAX, Uuid::nil()) <= Micros::from_secs(PROBE_SECS_MAX));
}

#[test]
fn r09_retry_after_is_clamped_or_ignored() {
    let secs = |text: &str| RetryAfter::parse(text).map(|asked| asked.bounded(NOW).0 / 1_000_000);
    let table = [
        ("7", Some(7)),
        (" 7\t", Some(7)),
        ("0", Some(1)),
        ("299", Some(299)),
        ("999999999", Some(300)),
        ("99999999999999999999999999999999999999", Some(300)),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("", None),
        ("soon", None),
        ("0x10", None),
        ("７", None),
        // NOW is 2025-06-15T15:06:40Z.
        ("Sun, 15 Jun 2025 15:07:40 GMT", Some(60)),
        ("Sunday, 15-Jun-25 15:07:40 GMT", Some(60)),
        ("Sun Jun 15 15:07:40 2025", Some(60)),
        ("Sun, 15 Jun 2025 15:06:40 GMT", Some(1)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(1)),
        ("Thu, 31 Dec 9998 00:00:00 GMT", Some(300)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Sun, 31 Feb 2025 15:07:40 GMT", None),
        ("Sun, 15 Jun 2025 15:07:40", None),
        ("Sun, 15 Jun 2025 15:07:40 +0200", None),
    ];
    for (text, expected) in table {
        assert_eq!(secs(text), expected, "{text:?}");
    }
}
