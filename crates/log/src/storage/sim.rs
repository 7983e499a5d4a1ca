//! A storage in memory that fails as real ones do, by a seed.
//!
//! Writes go to pages of 4 KiB. A crash keeps what was synced and, of the rest, any subset of the
//! pages written, each whole, in its old form, or torn at some sector with the remainder old or
//! zero. Names behave alike: a file made, renamed or removed since the last `sync_dir` may be
//! there or not.

use super::{Storage, StoredFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// Faults to come.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimFaults {
    /// Bytes that may still be written before the storage is full.
    pub room: Option<u64>,
    /// The next sync fails.
    pub fail_sync: bool,
    /// The next write fails, half done.
    pub fail_write: bool,
    /// Changes (writes, syncs, renames…) that still succeed; every later one fails, as when the
    /// power goes in the middle of one.
    pub changes_left: Option<u64>,
}

/// A storage in memory with faults.
#[derive(Debug, Clone, Default)]
pub struct SimStorage {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    files: Vec<Content>,
    /// Names as the process sees them, and as they are durable.
    names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    faults: SimFaults,
    /// Counts crashes: a file opened before the last one is no longer usable.
    life: u64,
}

impl Disk {
    /// Counts a change, and lets it through or not.
    fn change(&mut self) -> io::Result<()> {
        match &mut self.faults.changes_left {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[derive(Debug, Default, Clone)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
}

impl SimStorage {
    /// An empty storage.
    pub fn new() -> Self {
        Self::default()
    }

    /// The faults to come.
    pub fn faults(&self) -> SimFaults {
        self.lock().faults
    }

    /// Sets the faults to come.
    pub fn set_faults(&self, faults: SimFaults) {
        self.lock().faults = faults;
    }

    /// The power fails: what was not synced is kept, lost or torn as the seed decides.
    pub fn crash(&self, seed: u64) {
        let mut dice = Dice(seed);
        let mut disk = self.lock();
        disk.life += 1;
        disk.faults = SimFaults::default();
        let Disk { files, names, durable, .. } = &mut *disk;
        for content in files.iter_mut() {
            content.bytes = survivor(content, &mut dice);
            content.synced.clone_from(&content.bytes);
        }
        let changed: Vec<String> = names
            .keys()
            .chain(durable.keys())
            .filter(|name| names.get(*name) != durable.get(*name))
            .cloned()
            .collect();
        for name in changed {
            if dice.below(2) == 0 {
                match names.get(&name) {
                    Some(file) => durable.insert(name, *file),
                    None => durable.remove(&name),
                };
            }
        }
        names.clone_from(durable);
    }

    /// The process ends; everything written is still there.
    pub fn kill(&self) {
        self.lock().life += 1;
    }

    /// Changes bytes behind everyone's back.
    ///
    /// # Panics
    /// If there is no such file or byte.
    pub fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.lock();
        let file = disk.names[path];
        change(&mut disk.files[file].bytes);
        disk.files[file].synced = disk.files[file].bytes.clone();
    }

    /// Every path and its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let disk = self.lock();
        disk.names.iter().map(|(name, at)| (name.clone(), disk.files[*at].bytes.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, at: usize, life: u64) -> Arc<dyn StoredFile> {
        Arc::new(SimFile { disk: Arc::clone(&self.disk), at, life })
    }
}

fn survivor(content: &Content, dice: &mut Dice) -> Vec<u8> {
    let len = if content.bytes.len() == content.synced.len() || dice.below(2) == 0 {
        content.bytes.len()
    } else {
        content.synced.len()
    };
    let old = |at: usize| content.synced.get(at).copied().unwrap_or(0);
    let new = |at: usize| content.bytes.get(at).copied().unwrap_or(0);
    let mut kept = vec![0; len];
    for start in (0..len).step_by(PAGE) {
        let end = (start + PAGE).min(len);
        let torn_at = match dice.below(4) {
            0 => start,
            1 => start + dice.below(PAGE as u64 / SECTOR as u64) as usize * SECTOR,
            _ => end,
        };
        for (at, byte) in kept.iter_mut().enumerate().take(end).skip(start) {
            *byte = if at < torn_at { new(at) } else { old(at) };
        }
    }
    kept
}

impl Storage for SimStorage {
    fn open(&self, path: &str) -> io::Result<Arc<dyn StoredFile>> {
        let disk = self.lock();
        let at = *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(at, disk.life))
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn StoredFile>> {
        let mut disk = self.lock();
        disk.change()?;
        disk.files.push(Content::default());
        let at = disk.files.len() - 1;
        disk.names.insert(path.into(), at);
        Ok(self.file(at, disk.life))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.lock();
        disk.change()?;
        let at = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.into(), at);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut disk = self.lock();
        disk.change()?;
        disk.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let disk = self.lock();
        let names = disk.names.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(names.filter(|name| !name.contains('/')).map(String::from).collect())
    }

    fn create_dir(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, directory: &str) -> io::Result<()> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut disk = self.lock();
        disk.change()?;
        let Disk { names, durable, .. } = &mut *disk;
        let here =
            |name: &str| name.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.contains('/'));
        durable.retain(|name, _| !here(name));
        let named = names.iter().filter(|(name, _)| here(name));
        durable.extend(named.map(|(name, at)| (name.clone(), *at)));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.lock().faults.room.unwrap_or(u64::MAX))
    }
}

#[derive(Debug)]
struct SimFile {
    disk: Arc<Mutex<Disk>>,
    at: usize,
    life: u64,
}

impl SimFile {
    fn lock(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if disk.life == self.life {
            Ok(disk)
        } else {
            Err(io::Error::other("the process that opened this file is gone"))
        }
    }
}

impl StoredFile for SimFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.lock()?;
        disk.change()?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let grows = (start + bytes.len()).saturating_sub(disk.files[self.at].bytes.len()) as u64;
        if let Some(room) = &mut disk.faults.room {
            *room = room.checked_sub(grows).ok_or(io::ErrorKind::StorageFull)?;
        }
        let failing = std::mem::take(&mut disk.faults.fail_write);
        let bytes = if failing { &bytes[..bytes.len() / 2] } else { bytes };
        let content = &mut disk.files[self.at].bytes;
        if content.len() < start + bytes.len() {
            content.resize(start + bytes.len(), 0);
        }
        content[start..start + bytes.len()].copy_from_slice(bytes);
        if failing { Err(io::Error::other("a simulated write error")) } else { Ok(()) }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.lock()?;
        let content = &disk.files[self.at].bytes;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let len = buffer.len().min(content.len() - start);
        buffer[..len].copy_from_slice(&content[start..start + len]);
        Ok(len)
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.lock()?;
        disk.change()?;
        if std::mem::take(&mut disk.faults.fail_sync) {
            return Err(io::Error::other("a simulated sync error"));
        }
        let content = &mut disk.files[self.at];
        content.synced.clone_from(&content.bytes);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.lock()?.files[self.at].bytes.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.lock()?.files[self.at].bytes.resize(len, 0);
        Ok(())
    }
}

/// SplitMix64: enough chance for faults, the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % max
    }
}
