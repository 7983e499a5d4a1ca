//! Whether what arrives is complete, in order, and the same when it comes again.
//!
//! Each POST names its lane, its first and last event and the last event of the batch before it.
//! So a receiver can prove, lane by lane, that nothing is missing between two POSTs, and tell a
//! repetition from something new.

use foghorn_model::EventKey;
use std::collections::{BTreeMap, HashMap};

/// What the headers of a POST say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub lane: String,
    pub first: EventKey,
    pub last: EventKey,
    pub previous: Option<EventKey>,
    pub id: String,
    /// SHA-256 of the body, hex.
    pub hash: String,
}

/// What a POST is to its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The next one.
    New,
    /// One that was seen, the same.
    Repeated,
    /// Something between the last one and this is missing, or was given up.
    Gap(String),
    /// It contradicts what was seen.
    Broken(String),
}

/// Deliveries of a lane that are remembered.
const REMEMBERED_MAX: usize = 4096;

/// All lanes.
#[derive(Debug, Default)]
pub struct Chains {
    lanes: HashMap<String, Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    seen: Option<EventKey>,
    deliveries: BTreeMap<EventKey, (EventKey, String, String)>,
}

impl Chains {
    /// Takes a POST in.
    pub fn take(&mut self, link: &Link) -> Verdict {
        let lane = self.lanes.entry(link.lane.clone()).or_default();
        if link.last < link.first || link.previous.is_some_and(|previous| previous >= link.first) {
            return Verdict::Broken("its keys are out of order".into());
        }
        if let Some((last, id, hash)) = lane.deliveries.get(&link.first) {
            return if (*last, id, hash) == (link.last, &link.id, &link.hash) {
                Verdict::Repeated
            } else {
                Verdict::Broken(format!("{} came before with other content", link.first))
            };
        }
        if lane.seen.is_some_and(|seen| link.first <= seen) {
            return Verdict::Broken(format!("{} lies within what was seen", link.first));
        }
        let verdict = match (link.previous, lane.seen) {
            (Some(previous), Some(seen)) if previous != seen => {
                Verdict::Gap(format!("nothing came after {seen} up to {previous}"))
            }
            _ => Verdict::New,
        };
        lane.seen = Some(link.last);
        lane.deliveries.insert(link.first, (link.last, link.id.clone(), link.hash.clone()));
        if lane.deliveries.len() > REMEMBERED_MAX {
            lane.deliveries.pop_first();
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(first: u64, last: u64, previous: Option<u64>) -> Link {
        let key = |record| format!("07-1-{record}-0").parse().unwrap();
        Link {
            lane: "w/audits/07".into(),
            first: key(first),
            last: key(last),
            previous: previous.map(key),
            id: format!("id{first}"),
            hash: "h".into(),
        }
    }

    #[test]
    fn a_chain_without_a_hole_is_new_link_by_link() {
        let mut chains = Chains::default();
        assert_eq!(chains.take(&link(1, 3, None)), Verdict::New);
        assert_eq!(chains.take(&link(5, 5, Some(3))), Verdict::New);
        assert_eq!(chains.take(&link(1, 3, None)), Verdict::Repeated);
        assert!(matches!(chains.take(&link(9, 9, Some(8))), Verdict::Gap(_)));
    }

    #[test]
    fn the_same_range_with_other_content_is_noticed() {
        let mut chains = Chains::default();
        chains.take(&link(1, 3, None));
        let other = Link { hash: "x".into(), ..link(1, 3, None) };
        assert!(matches!(chains.take(&other), Verdict::Broken(_)));
        assert!(matches!(chains.take(&link(2, 4, None)), Verdict::Broken(_)));
    }
}
