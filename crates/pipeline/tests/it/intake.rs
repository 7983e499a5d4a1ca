//! What waits is bounded, and shared.

use foghorn_model::{OrgId, SiteId, Timestamp};
use foghorn_pipeline::{Intake, IntakeLimits, Refusal};

const LIMITS: IntakeLimits =
    IntakeLimits { partition_bytes_max: 1000, org_bytes_max: 2000, bytes_max: 3000 };

/// Asks for room for a line of 400 bytes.
fn send(intake: &Intake<()>, org: u8, site: u8) -> Result<(), Refusal> {
    let whose = (OrgId::from_bytes([org; 16]), SiteId::from_bytes([site; 16]));
    let line = [b' '; 400];
    intake.submit(whose, 0, std::iter::once(&line[..]), line.len(), Timestamp(0), ()).map(drop)
}

#[test]
fn t10_an_org_that_sends_without_measure_leaves_room_for_others() {
    let intake = Intake::new(LIMITS);
    // Through ever other sites, so that no partition is full before.
    let taken = (1..=64).filter(|site| send(&intake, 1, *site) == Ok(())).count();
    assert_eq!(taken, 5);
    assert_eq!(send(&intake, 1, 65), Err(Refusal::Busy));
    assert_eq!(send(&intake, 2, 66), Ok(()), "another org is taken");
    assert!(intake.bytes() <= LIMITS.bytes_max);
}

#[test]
fn a_site_that_sends_without_measure_fills_its_partition_and_no_other() {
    let intake = Intake::new(LIMITS);
    let taken = (0..64).filter(|_| send(&intake, 1, 1) == Ok(())).count();
    assert_eq!(taken, 2);
    assert_eq!(send(&intake, 1, 2), Ok(()), "another site of it is taken");
}
