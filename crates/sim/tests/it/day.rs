//! A day of a site, folded.

use foghorn_model::{SiteId, Timestamp, Topic};
use foghorn_mutant::{Mutant, with};
use foghorn_sim::day::{Balance, Day, Size, fold};

pub const MIDNIGHT: Timestamp = Timestamp(1_700_006_400_000_000);

pub fn a_day(seed: u64, size: Size) -> Day {
    Day::new(seed, size, SiteId::from_bytes([2; 16]), MIDNIGHT)
}

fn count(balance: &Balance, topic: Topic, kind: &str) -> u64 {
    balance.counts.get(&(topic, kind.to_owned())).copied().unwrap_or(0)
}

#[test]
fn what_comes_of_a_day_is_what_is_true_of_it_one_for_one() {
    let balance = fold(a_day(1, Size::SMALL), None).unwrap();
    let some = [
        (Topic::ClientJoin, ""),
        (Topic::ClientSessions, "1"),
        (Topic::ClientSessions, "2"),
        (Topic::ClientSessions, "3"),
        (Topic::DeviceEvents, "AP_DISCONNECTED"),
        (Topic::DeviceUpdowns, "SW_DISCONNECTED"),
        (Topic::DeviceUpdowns, "AP_RESTARTED"),
        (Topic::DeviceUpdowns, "GW_CONNECTED"),
        (Topic::MxedgeEvents, "ME_DISCONNECTED"),
        (Topic::ClientInfo, ""),
        (Topic::ClientLatency, ""),
        (Topic::SiteSle, ""),
        (Topic::NacEvents, "NAC_CLIENT_PERMIT"),
        (Topic::NacEvents, "NAC_CLIENT_DENY"),
        (Topic::NacAccounting, "NAC_ACCOUNTING_START"),
        (Topic::NacAccounting, "NAC_ACCOUNTING_UPDATE"),
        (Topic::NacAccounting, "NAC_ACCOUNTING_STOP"),
        (Topic::GuestAuthorizations, ""),
        (Topic::Alarms, "ap_offline"),
        (Topic::Alarms, "device_down"),
        (Topic::Alarms, "device_reconnected"),
        (Topic::Alarms, "device_restarted"),
        (Topic::Alarms, "health_check_failed"),
        (Topic::Alarms, "infra_dhcp_failure"),
        (Topic::Alarms, "infra_dhcp_success"),
        (Topic::Alarms, "repeated_auth_failures"),
        (Topic::Alarms, "switch_down"),
        (Topic::Alarms, "switch_reconnected"),
    ];
    for (topic, kind) in some {
        assert!(count(&balance, topic, kind) > 0, "no {topic} {kind}: {:?}", balance.counts);
    }
}

#[test]
fn a_restart_in_between_changes_nothing_of_it() {
    let size = Size { clients: 100, ..Size::SMALL };
    for seed in 2..4 {
        fold(a_day(seed, size), Some(2_003)).unwrap();
    }
}

#[test]
fn a_bug_does_not_go_unnoticed() {
    let size = Size { clients: 20, ..Size::SMALL };
    for mutant in [Mutant::TimerDropped, Mutant::TimerLate, Mutant::StateLeftOut] {
        let found = with(Some(mutant), || fold(a_day(2, size), Some(151)));
        assert!(found.is_err(), "{mutant:?}");
    }
}
