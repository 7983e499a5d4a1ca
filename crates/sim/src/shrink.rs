//! The shortest way to the same kind of failure that is found quickly.

use crate::run::{Plan, run};

/// Shortens a plan that fails, as long as it fails.
pub fn shrink(plan: Plan) -> Plan {
    let fails = |plan: Plan| run(plan).is_err();
    let mut shortest = plan;
    for without in [Plan { edits: false, ..plan }, Plan { faults: false, ..plan }] {
        let simpler = Plan {
            edits: shortest.edits && without.edits,
            faults: shortest.faults && without.faults,
            ..shortest
        };
        if fails(simpler) {
            shortest = simpler;
        }
    }
    if shortest.day.is_some() {
        return shortest;
    }
    // The world is not the same when it ends earlier, so this is a search and no proof.
    let (mut works, mut broken) = (0, shortest.secs);
    while broken - works > 5 {
        let secs = works + (broken - works) / 2;
        if fails(Plan { secs, ..shortest }) {
            broken = secs;
        } else {
            works = secs;
        }
    }
    Plan { secs: broken, ..shortest }
}
