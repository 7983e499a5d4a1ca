//! `foghorn inspect`: what a data directory holds, and whether all of it verifies.

use crate::serve::clock;
use crate::serve::storage::{EVENTS_RECORD, EVENTS_STREAM, INPUTS, SKIPS, SNAPSHOTS};
use anyhow::{Result, ensure};
use clap::Args;
use foghorn_catalog::{Catalog, DeliveryStore};
use foghorn_log::{FsStorage, LineFile, Log, SegmentLog, SegmentOptions, SnapshotStore, Storage};
use foghorn_model::Partition;
use foghorn_pipeline::Interventions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Flags of `foghorn inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// The data directory.
    #[arg(long, env = "FOGHORN_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Print every segment.
    #[arg(long)]
    segments: bool,
}

/// Prints it; says whether all of it verifies.
pub fn run(args: &InspectArgs, out: &mut impl Write) -> Result<bool> {
    // Opening makes what is not there.
    ensure!(Catalog::is_in(&args.data), "{} is no data directory", args.data.display());
    let catalog = Catalog::open(&args.data, clock::now)?;
    let view = catalog.view();
    writeln!(
        out,
        "catalog    change {}, {} orgs, {} sites, {} devices, {} webhooks",
        view.seq,
        view.orgs.len(),
        view.sites.len(),
        view.devices.len(),
        view.webhooks.len(),
    )?;
    let deliveries = DeliveryStore::open(&args.data)?;
    let lanes = deliveries.lanes()?;
    let idle = lanes.iter().filter(|lane| lane.idle).count();
    writeln!(out, "lanes      {}, {idle} idle", lanes.len())?;
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(&args.data)?);
    let mut fine = true;
    for directory in [INPUTS, EVENTS_RECORD, EVENTS_STREAM] {
        fine &= log(args, &storage, directory, out)?;
    }
    let snapshots = SnapshotStore::open(Arc::clone(&storage), SNAPSHOTS)?;
    let mut count = 0;
    for partition in Partition::all() {
        count += snapshots.records(partition.0).len();
        if let Some(loaded) = snapshots.load(partition.0)? {
            for (file, reason) in loaded.rejected {
                fine = false;
                writeln!(out, "DAMAGE     {file}: {reason}")?;
            }
        }
    }
    writeln!(out, "snapshots  {count}")?;
    let (file, lines) = LineFile::open(&*storage, SKIPS)?;
    let interventions = Interventions::new(file, &lines)?;
    for (partition, record) in interventions.skipped() {
        writeln!(out, "skipped    partition {partition}: record {record} could not be folded")?;
    }
    for (partition, records) in interventions.lost() {
        let (first, last) = records.into_inner();
        writeln!(out, "lost       partition {partition}: records {first} to {last}, accepted")?;
    }
    writeln!(out, "{}", if fine { "everything verifies" } else { "something does not verify" })?;
    Ok(fine)
}

fn log(
    args: &InspectArgs,
    storage: &Arc<dyn Storage>,
    directory: &str,
    out: &mut impl Write,
) -> Result<bool> {
    // Opened as if losses were accepted, so that everything is listed; nothing is written but
    // the removal of an unfinished end.
    let options = SegmentOptions { accept_data_loss: true, ..SegmentOptions::default() };
    let opened = SegmentLog::open(Arc::clone(storage), directory, options)?;
    let report = opened.log.verify()?;
    let records: u64 = report.segments.iter().map(|segment| segment.records).sum();
    writeln!(
        out,
        "{directory:<10} {} segments, {} bytes, frames to {}, {records} records{}",
        report.segments.len(),
        opened.log.bytes(),
        opened.log.last_frame(),
        if opened.clean { ", closed in order" } else { "" },
    )?;
    if opened.torn_bytes > 0 {
        writeln!(out, "           {} bytes of an unfinished write dropped", opened.torn_bytes)?;
    }
    if args.segments {
        for it in &report.segments {
            let (first, last) = it.frames;
            writeln!(out, "  {} frames {first} to {last}, {} records", it.file, it.records)?;
            for range in &it.partitions {
                writeln!(out, "    {range}")?;
            }
        }
    }
    for damage in report.damage.iter().chain(&opened.accepted) {
        writeln!(out, "DAMAGE     {damage}")?;
    }
    Ok(report.damage.is_empty() && opened.accepted.is_empty())
}
