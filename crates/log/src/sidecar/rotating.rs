//! Records that must outlive the process but not the power: two generations of a file, never
//! synced.
//!
//! A record is its length, its CRC32C and its bytes. What a generation says is superseded by
//! something durable two rotations later, so older ones are overwritten.

use crate::error::LogError;
use crate::storage::{Storage, StoredFile, read_up_to};
use std::sync::Arc;

/// A generation is not larger than this when it is read.
const GENERATION_BYTES_MAX: u64 = 256 << 20;
/// The largest number of a generation that is believed.
const GENERATION_MAX: u64 = u64::MAX / 2;

/// A file in two generations.
#[derive(Debug)]
pub struct RotatingFile {
    storage: Arc<dyn Storage>,
    path: String,
    generation: u64,
    file: Arc<dyn StoredFile>,
    end: u64,
    scratch: Vec<u8>,
}

impl RotatingFile {
    /// Opens `<path>.0` and `<path>.1`, reads what they hold, the older generation first, and
    /// begins a new generation, which keeps the newest one until it is rotated.
    ///
    /// # Errors
    /// If the storage fails. What does not verify ends a generation: it was being written.
    pub fn open(storage: Arc<dyn Storage>, path: &str) -> Result<(Self, Vec<Vec<u8>>), LogError> {
        let mut generations = Vec::new();
        for slot in 0..2 {
            let name = format!("{path}.{slot}");
            let Ok(file) = storage.open(&name) else { continue };
            generations.push(load(&*file, &name)?);
        }
        generations.sort_unstable_by_key(|(generation, _)| *generation);
        let newest = generations.last().map_or(0, |(generation, _)| *generation);
        let records: Vec<Vec<u8>> =
            generations.into_iter().flat_map(|(_, records)| records).collect();
        // Everything still counts until it is flushed: it goes into the new generation, which
        // takes the place of the oldest only once all of it is in there.
        let generation = newest + 1;
        let beside = format!("{path}.new");
        let file = begin(&*storage, &beside, generation)?;
        let mut opened =
            Self { storage, path: path.into(), generation, file, end: 8, scratch: Vec::new() };
        let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        opened.append(&slices)?;
        let name = slot(path, generation);
        opened.storage.rename(&beside, &name).map_err(LogError::io("rename", &name))?;
        Ok((opened, records))
    }

    /// Appends records; they outlive the process when this returns.
    ///
    /// # Errors
    /// As the storage says.
    pub fn append(&mut self, records: &[&[u8]]) -> Result<(), LogError> {
        self.scratch.clear();
        for record in records {
            let len = u32::try_from(record.len()).map_err(|_| LogError::Invalid {
                what: "record",
                detail: "it is larger than 4 GiB".into(),
            })?;
            self.scratch.extend_from_slice(&len.to_le_bytes());
            self.scratch.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
            self.scratch.extend_from_slice(record);
        }
        self.file.write_at(self.end, &self.scratch).map_err(LogError::io("write", &self.path))?;
        self.end += self.scratch.len() as u64;
        Ok(())
    }

    /// Begins a generation; the one before the last is gone.
    ///
    /// # Errors
    /// As the storage says.
    pub fn rotate(&mut self) -> Result<(), LogError> {
        self.generation += 1;
        self.file = begin(&*self.storage, &slot(&self.path, self.generation), self.generation)?;
        self.end = 8;
        Ok(())
    }
}

fn slot(path: &str, generation: u64) -> String {
    format!("{path}.{}", generation % 2)
}

fn begin(
    storage: &dyn Storage,
    name: &str,
    generation: u64,
) -> Result<Arc<dyn StoredFile>, LogError> {
    let file = storage.create(name).map_err(LogError::io("create", name))?;
    file.write_at(0, &generation.to_le_bytes()).map_err(LogError::io("write", name))?;
    Ok(file)
}

fn load(file: &dyn StoredFile, name: &str) -> Result<(u64, Vec<Vec<u8>>), LogError> {
    let len = file.len().map_err(LogError::io("measure", name))?.min(GENERATION_BYTES_MAX);
    let bytes = read_up_to(file, 0, usize::try_from(len).unwrap_or(usize::MAX))
        .map_err(LogError::io("read", name))?;
    let Some((generation, mut rest)) = bytes.split_first_chunk::<8>() else {
        return Ok((0, Vec::new()));
    };
    let mut records = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, e, f, g, h] = *head;
        let len = u32::from_le_bytes([a, b, c, d]) as usize;
        let crc = u32::from_le_bytes([e, f, g, h]);
        let Some(record) = tail.get(..len).filter(|record| crc32c::crc32c(record) == crc) else {
            break;
        };
        records.push(record.to_vec());
        rest = &tail[len..];
    }
    // No process lives for so many generations: then it is no number that we wrote.
    let generation = u64::from_le_bytes(*generation);
    if generation > GENERATION_MAX {
        return Ok((0, Vec::new()));
    }
    Ok((generation, records))
}
