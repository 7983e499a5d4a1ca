use super::*;

const NOW: Timestamp = Timestamp(1_750_000_000_000_000);

fn attempt(events: usize, refusals: u32) -> Attempt<'static> {
    Attempt { delivery: Uuid::nil(), number: 1, refusals, events, success_codes: &[], now: NOW }
}

fn status(code: u16, attempt: &Attempt<'_>) -> &'static str {
    word(classify(Answer::Status { code, retry_after: None }, attempt))
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Retry { health: Health::Failing, refused: false, .. } => "retry",
        Outcome::Retry { health: Health::Alive, refused: false, .. } => "retry alive",
        Outcome::Retry { health: Health::Alive, refused: true, .. } => "retry refused",
        Outcome::Retry { .. } => "retry refused by a failing endpoint",
        Outcome::Split => "split",
        Outcome::Reject => "reject",
        Outcome::Pause => "pause",
    }
}

#[test]
fn every_status_has_its_outcome() {
    let table: &[(&[u16], &str)] = &[
        (&[200, 201, 202, 204, 206, 299], "delivered"),
        (&[408, 429, 500, 501, 502, 503, 504, 507, 599], "retry"),
        (&[425], "retry alive"),
        (&[413], "split"),
        (&[400, 406, 409, 411, 412, 414, 415, 418, 422, 431, 499], "retry refused"),
        (&[401, 402, 403, 404, 405, 407, 410, 421, 426, 451], "pause"),
        (&[300, 301, 302, 303, 304, 307, 308, 399], "pause"),
        (&[100, 101, 103, 199, 600, 999], "retry"),
    ];
    for (codes, expected) in table {
        for code in *codes {
            assert_eq!(status(*code, &attempt(10, 0)), *expected, "{code}");
        }
    }
}

#[test]
fn every_transport_error_has_its_outcome() {
    use ErrorClass::*;
    for class in [Timeout, Dns, Connect, Tls, Reset, Protocol] {
        assert_eq!(word(classify(Answer::Failed(class), &attempt(1, 0))), "retry", "{class:?}");
    }
    for class in [Blocked, Invalid] {
        assert_eq!(word(classify(Answer::Failed(class), &attempt(1, 0))), "pause", "{class:?}");
    }
}

#[test]
fn a_refused_batch_is_repeated_then_split_then_its_event_is_rejected() {
    assert_eq!(status(422, &attempt(10, 0)), "retry refused");
    assert_eq!(status(422, &attempt(10, 1)), "retry refused");
    assert_eq!(status(422, &attempt(10, 2)), "split");
    assert_eq!(status(422, &attempt(1, 2)), "reject");
    assert_eq!(status(422, &attempt(1, u32::MAX)), "reject");
    let late = Attempt { number: 40, ..attempt(10, 0) };
    assert_eq!(status(422, &late), "retry refused", "an outage uses up no patience");
}

#[test]
fn too_large_is_split_at_once_and_a_single_event_rejected() {
    assert_eq!(status(413, &attempt(2, 0)), "split");
    assert_eq!(status(413, &attempt(1, 0)), "reject");
}

#[test]
fn a_webhook_may_name_further_success_codes() {
    let script_host = Attempt { success_codes: &[302, 404], ..attempt(3, 0) };
    assert_eq!(status(302, &script_host), "delivered");
    assert_eq!(status(404, &script_host), "delivered");
    assert_eq!(status(301, &script_host), "pause");
}

#[test]
fn retry_after_replaces_the_schedule_within_bounds() {
    let after = |code, asked| {
        let asked = Some(RetryAfter::Delay(Micros::from_secs(asked)));
        match classify(Answer::Status { code, retry_after: asked }, &attempt(1, 0)) {
            Outcome::Retry { after, .. } => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(after(429, 42), Micros::from_secs(42));
    assert_eq!(after(503, 0), Micros::from_secs(1));
    assert_eq!(after(503, 100_000), Micros::from_secs(300));
    let until = Some(RetryAfter::Until(NOW + Micros::from_secs(9)));
    let outcome = classify(Answer::Status { code: 503, retry_after: until }, &attempt(1, 0));
    assert!(matches!(outcome, Outcome::Retry { after: Micros(9_000_000), .. }), "{outcome:?}");
}

#[test]
fn without_retry_after_the_schedule_decides() {
    let late = Attempt { number: 40, ..attempt(1, 0) };
    let expected = schedule::retry_after(40, late.delivery);
    let outcome = classify(Answer::Failed(ErrorClass::Reset), &late);
    assert!(matches!(outcome, Outcome::Retry { after, .. } if after == expected), "{outcome:?}");
}

#[test]
fn only_a_failing_endpoint_counts_for_the_breaker() {
    let health =
        |code| classify(Answer::Status { code, retry_after: None }, &attempt(1, 0)).health();
    for code in [200, 404, 413, 422, 302, 425] {
        assert_eq!(health(code), Health::Alive, "{code}");
    }
    for code in [429, 500, 503] {
        assert_eq!(health(code), Health::Failing, "{code}");
    }
}
