//! Snapshots: one file each, written beside, synced, renamed; the two newest of a partition are
//! kept.
//!
//! | bytes | |
//! |---|---|
//! | magic `FGHNSNP1` | 8 |
//! | version, partition, zero | 2, 1, 1 |
//! | epoch | 4 |
//! | record | 8 |
//! | length of the content | 8 |
//! | CRC32C of the content, CRC32C of the above | 4, 4 |

use crate::error::LogError;
use crate::storage::{Storage, read_up_to};
use foghorn_mutant::{Mutant, is as mutated};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const MAGIC: &[u8; 8] = b"FGHNSNP1";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 40;
/// How many of a partition are kept.
const KEPT: usize = 2;

/// The snapshots in a directory.
#[derive(Debug)]
pub struct SnapshotStore {
    storage: Arc<dyn Storage>,
    directory: String,
    /// Records with a snapshot by partition, ascending.
    known: Mutex<BTreeMap<u8, Vec<u64>>>,
}

/// A snapshot that verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedSnapshot {
    /// The last record in it.
    pub record: u64,
    /// The epoch at that record.
    pub epoch: u32,
    /// The content.
    pub bytes: Vec<u8>,
    /// Newer ones that did not verify: file and reason.
    pub rejected: Vec<(String, String)>,
}

impl SnapshotStore {
    /// Opens the directory, or makes it.
    ///
    /// # Errors
    /// As the storage says.
    pub fn open(storage: Arc<dyn Storage>, directory: &str) -> Result<Self, LogError> {
        storage.create_dir(directory).map_err(LogError::io("create", directory))?;
        let mut known: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        for name in storage.list(directory).map_err(LogError::io("list", directory))? {
            if let Some((partition, record)) = parse(&name) {
                known.entry(partition).or_default().push(record);
            }
        }
        known.values_mut().for_each(|records| records.sort_unstable());
        Ok(Self { storage, directory: directory.into(), known: Mutex::new(known) })
    }

    /// Saves a snapshot; durable when this returns. Those before the last two are removed.
    ///
    /// # Errors
    /// As the storage says; the older ones stand.
    pub fn save(
        &self,
        partition: u8,
        record: u64,
        epoch: u32,
        content: &[u8],
    ) -> Result<(), LogError> {
        let path = self.path(partition, record);
        let beside = format!("{path}.tmp");
        let io = |action| LogError::io(action, &path);
        let file = self.storage.create(&beside).map_err(io("create"))?;
        file.write_at(0, &header(partition, record, epoch, content)).map_err(io("write"))?;
        file.write_at(HEADER_BYTES as u64, content).map_err(io("write"))?;
        file.sync().map_err(io("sync"))?;
        self.storage.rename(&beside, &path).map_err(io("rename"))?;
        self.storage.sync_dir(&self.directory).map_err(io("sync the directory of"))?;
        let old = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let records = known.entry(partition).or_default();
            records.retain(|known| *known != record);
            records.push(record);
            records.sort_unstable();
            let old = records.len().saturating_sub(KEPT);
            records.drain(..old).collect::<Vec<_>>()
        };
        for record in old {
            let path = self.path(partition, record);
            self.storage.remove(&path).map_err(LogError::io("remove", &path))?;
        }
        Ok(())
    }

    /// The newest snapshot of a partition that verifies.
    ///
    /// # Errors
    /// As the storage says; or [`LogError::Version`] if a newer version wrote it.
    pub fn load(&self, partition: u8) -> Result<Option<LoadedSnapshot>, LogError> {
        let mut rejected = Vec::new();
        for record in self.records(partition).into_iter().rev() {
            let path = self.path(partition, record);
            match self.read(&path, partition, record)? {
                Ok((epoch, bytes)) => {
                    return Ok(Some(LoadedSnapshot { record, epoch, bytes, rejected }));
                }
                Err(reason) => {
                    tracing::error!(path, reason, "a snapshot does not verify: using an older one");
                    rejected.push((path, reason));
                }
            }
        }
        Ok(None)
    }

    /// The records that a partition has snapshots of, ascending.
    pub fn records(&self, partition: u8) -> Vec<u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&partition).cloned().unwrap_or_default()
    }

    /// The record of the second newest snapshot: input behind it must be kept.
    pub fn second_newest(&self, partition: u8) -> Option<u64> {
        let records = self.records(partition);
        let kept = if mutated(Mutant::TrimmedTooFar) { 1 } else { KEPT };
        records.len().checked_sub(kept).map(|at| records[at])
    }

    fn path(&self, partition: u8, record: u64) -> String {
        format!("{}/{partition:02}-{record:020}.snap", self.directory)
    }

    fn read(
        &self,
        path: &str,
        partition: u8,
        record: u64,
    ) -> Result<Result<(u32, Vec<u8>), String>, LogError> {
        let file = self.storage.open(path).map_err(LogError::io("open", path))?;
        let len = file.len().map_err(LogError::io("measure", path))?;
        let bytes = read_up_to(&*file, 0, usize::try_from(len).unwrap_or(usize::MAX))
            .map_err(LogError::io("read", path))?;
        let Some((head, content)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Ok(Err("it is cut short".into()));
        };
        if head[..8] != *MAGIC {
            return Ok(Err("it does not begin as a snapshot does".into()));
        }
        // Every version has this header: a version that only a flipped bit tells is none.
        if crc32c::crc32c(&head[..36]).to_le_bytes() != head[36..40] {
            return Ok(Err("its header does not verify".into()));
        }
        let version = u16::from_le_bytes([head[8], head[9]]);
        if version != VERSION {
            return Err(LogError::Version { file: path.into(), found: version, known: VERSION });
        }
        let epoch = u32::from_le_bytes([head[12], head[13], head[14], head[15]]);
        if *head != header(partition, record, epoch, content)[..] {
            return Ok(Err("its content does not verify".into()));
        }
        Ok(Ok((epoch, content.to_vec())))
    }
}

fn header(partition: u8, record: u64, epoch: u32, content: &[u8]) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..8].copy_from_slice(MAGIC);
    out[8..10].copy_from_slice(&VERSION.to_le_bytes());
    out[10] = partition;
    out[12..16].copy_from_slice(&epoch.to_le_bytes());
    out[16..24].copy_from_slice(&record.to_le_bytes());
    out[24..32].copy_from_slice(&(content.len() as u64).to_le_bytes());
    out[32..36].copy_from_slice(&crc32c::crc32c(content).to_le_bytes());
    let crc = crc32c::crc32c(&out[..36]);
    out[36..].copy_from_slice(&crc.to_le_bytes());
    out
}

fn parse(name: &str) -> Option<(u8, u64)> {
    let (partition, record) = name.strip_suffix(".snap")?.split_once('-')?;
    Some((partition.parse().ok()?, record.parse().ok()?))
}
