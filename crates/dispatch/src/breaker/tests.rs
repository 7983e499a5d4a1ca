use super::*;

const START: Timestamp = Timestamp(1_750_000_000_000_000);

fn later(secs: i64) -> Timestamp {
    START + Micros::from_secs(secs)
}

fn permit(breaker: &mut Breaker, now: Timestamp) -> Permit {
    match breaker.admit(now) {
        Admission::Send(permit) | Admission::Probe(permit) => permit,
        Admission::Wait(until) => panic!("must wait until {until:?}"),
    }
}

fn fail(breaker: &mut Breaker, now: Timestamp) {
    let permit = permit(breaker, now);
    breaker.report(permit, Health::Failing, None, now);
}

fn opened() -> Breaker {
    let mut breaker = Breaker::new(Uuid::nil());
    for _ in 0..FAILURES_MAX {
        fail(&mut breaker, START);
    }
    breaker
}

fn probe_due(breaker: &mut Breaker, now: Timestamp) -> Timestamp {
    match breaker.admit(now) {
        Admission::Wait(until) => until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn opens_after_failures_in_a_row_only() {
    let mut breaker = Breaker::new(Uuid::nil());
    for _ in 0..10 {
        for _ in 1..FAILURES_MAX {
            fail(&mut breaker, START);
        }
        let permit = permit(&mut breaker, START);
        breaker.report(permit, Health::Alive, None, START);
    }
    assert!(breaker.is_closed());
    assert!(!opened().is_closed());
}

#[test]
fn one_probe_is_shared_and_its_success_closes() {
    let mut breaker = opened();
    let due = probe_due(&mut breaker, START);
    assert!(due > START && due <= later(5));
    let Admission::Probe(probe) = breaker.admit(due) else { panic!("a probe is due") };
    for _ in 0..10 {
        assert!(matches!(breaker.admit(due), Admission::Wait(_)), "one probe at a time");
    }
    breaker.report(probe, Health::Alive, None, due);
    assert!(matches!(breaker.admit(due), Admission::Send(_)));
}

#[test]
fn failed_probes_come_ever_later_up_to_a_minute() {
    let mut breaker = opened();
    let mut now = START;
    for most in [5, 10, 20, 40, 60, 60, 60] {
        let due = probe_due(&mut breaker, now);
        let wait = due.since(now);
        assert!(wait <= Micros::from_secs(most), "{wait:?} of {most} s");
        assert!(wait.0 > Micros::from_secs(most).0 / 5 * 4, "{wait:?} of {most} s");
        now = due;
        fail(&mut breaker, now);
    }
}

#[test]
fn after_closing_it_starts_with_the_first_wait_again() {
    let mut breaker = opened();
    for _ in 0..3 {
        let due = probe_due(&mut breaker, START);
        fail(&mut breaker, due);
    }
    let due = probe_due(&mut breaker, START);
    let probe = permit(&mut breaker, due);
    breaker.report(probe, Health::Alive, None, due);
    for _ in 0..FAILURES_MAX {
        fail(&mut breaker, due);
    }
    assert!(probe_due(&mut breaker, due).since(due) <= Micros::from_secs(5));
}

#[test]
fn a_probe_that_never_reports_is_given_up() {
    let mut breaker = opened();
    let due = probe_due(&mut breaker, START);
    let lost = permit(&mut breaker, due);
    let lease = due + Micros::from_secs(PROBE_LEASE_SECS);
    assert_eq!(breaker.admit(due), Admission::Wait(lease));
    let Admission::Probe(second) = breaker.admit(lease) else { panic!("a probe is due") };
    breaker.report(lost, Health::Failing, None, lease);
    assert!(matches!(breaker.admit(lease), Admission::Wait(_)), "the second probe still counts");
    breaker.report(second, Health::Alive, None, lease);
    assert!(breaker.is_closed());
}

#[test]
fn attempts_from_before_the_opening_do_not_fail_the_probe() {
    let mut breaker = Breaker::new(Uuid::nil());
    let early: Vec<Permit> = (0..20).map(|_| permit(&mut breaker, START)).collect();
    for permit in &early[..FAILURES_MAX as usize] {
        breaker.report(*permit, Health::Failing, None, START);
    }
    let due = probe_due(&mut breaker, START);
    let probe = permit(&mut breaker, due);
    for permit in &early[FAILURES_MAX as usize..] {
        breaker.report(*permit, Health::Failing, None, due);
    }
    breaker.report(probe, Health::Alive, None, due);
    assert!(breaker.is_closed());
}

#[test]
fn a_late_success_from_before_the_opening_closes() {
    let mut breaker = Breaker::new(Uuid::nil());
    let slow = permit(&mut breaker, START);
    for _ in 0..FAILURES_MAX {
        fail(&mut breaker, START);
    }
    breaker.report(slow, Health::Alive, None, later(1));
    assert!(breaker.is_closed());
}

#[test]
fn no_probe_comes_sooner_than_the_receiver_asked() {
    let mut breaker = Breaker::new(Uuid::nil());
    for _ in 0..FAILURES_MAX {
        let permit = permit(&mut breaker, START);
        breaker.report(permit, Health::Failing, Some(Micros::from_secs(90)), START);
    }
    assert_eq!(breaker.admit(START), Admission::Wait(later(90)));
}
