//! What partitions hand over to each other against what is in the journals of those who take it.

use crate::journal::Journal;
use anyhow::{Result, ensure};
use foghorn_model::{EventKey, HandOver, Partition};
use std::collections::BTreeMap;

/// What was handed over to a partition, without what it had had before.
pub(super) fn taken(journal: &Journal, target: Partition) -> Result<Vec<HandOver>> {
    let mut last: BTreeMap<Partition, EventKey> = BTreeMap::new();
    let mut taken = journal.handed_to(target)?;
    taken.retain(|it| {
        let is_new = last.get(&it.from.partition).is_none_or(|last| *last < it.from);
        if is_new {
            last.insert(it.from.partition, it.from);
        }
        is_new
    });
    Ok(taken)
}

/// `handed` is all that clean folds hand over, source by source.
pub(super) fn check(handed: &[HandOver], journal: &Journal) -> Result<()> {
    for target in Partition::all() {
        let mut news: BTreeMap<Partition, Vec<HandOver>> = BTreeMap::new();
        for it in taken(journal, target)? {
            ensure!(
                handed.contains(&it),
                "handed over: nobody handed {it:?} to partition {target}"
            );
            news.entry(it.from.partition).or_default().push(it);
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
