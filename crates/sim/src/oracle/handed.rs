//! What partitions hand over to each other against what is in the journals of those who take it.

use crate::journal::Journal;
use anyhow::{Result, ensure};
use foghorn_model::{HandOver, Partition};
use std::collections::BTreeMap;

/// `handed` is all that clean folds hand over, source by source.
pub(super) fn check(handed: &[HandOver], journal: &Journal) -> Result<()> {
    for target in Partition::all() {
        let mut news: BTreeMap<Partition, Vec<HandOver>> = BTreeMap::new();
        for it in journal.handed_to(target)? {
            ensure!(
                handed.contains(&it),
                "handed over: nobody handed {it:?} to partition {target}"
            );
            let known = news.entry(it.from.partition).or_default();
            if known.last().is_none_or(|last| last.from < it.from) {
                known.push(it);
            }
        }
        for source in Partition::all() {
            let due = handed
                .iter()
                .filter(|it| it.from.partition == source && Partition::of_org(it.org_id) == target);
            let due: Vec<&HandOver> = due.collect();
            let taken = news.remove(&source).unwrap_or_default();
            ensure!(
                due == taken.iter().collect::<Vec<_>>(),
                "handed over: partition {source} handed {} to partition {target}, which took {}",
                due.len(),
                taken.len()
            );
        }
    }
    Ok(())
}
