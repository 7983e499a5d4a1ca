//! A storage in memory that fails as real ones do, by a seed.
//!
//! Writes go to pages of 4 KiB. A crash keeps what was synced and, of the rest, any subset of the
//! pages written, each whole, in its old form, or torn at some sector with the remainder old or
//! zero. Names behave alike: a file made, renamed or removed since the last `sync_dir` may be
//! there or not.

use super::{Storage, StoredFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
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
    /// The names of which the two differ, or may.
    renamed: BTreeSet<String>,
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

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    /// Outside of it the two are the same.
    changed: Range<usize>,
}

impl Content {
    fn change(&mut self, at: Range<usize>) {
        self.changed = if self.changed.is_empty() {
            at
        } else {
            self.changed.start.min(at.start)..self.changed.end.max(at.end)
        };
    }

    fn resize(&mut self, len: usize) {
        let before = self.bytes.len();
        self.bytes.resize(len, 0);
        self.change(before.min(len)..before.max(len));
    }

    fn sync(&mut self) {
        let Self { bytes, synced, changed } = self;
        synced.resize(bytes.len(), 0);
        let at = changed.start.min(bytes.len())..changed.end.min(bytes.len());
        synced[at.clone()].copy_from_slice(&bytes[at]);
        *changed = 0..0;
    }
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
        let Disk { files, names, durable, renamed, .. } = &mut *disk;
        for content in files.iter_mut().filter(|content| !content.changed.is_empty()) {
            survive(content, &mut dice);
        }
        for name in std::mem::take(renamed) {
            if names.get(&name) == durable.get(&name) {
                continue;
            }
            let (from, to) = if dice.below(2) == 0 {
                (&*names, &mut *durable)
            } else {
                (&*durable, &mut *names)
            };
            assume(from, to, name);
        }
        // Nobody can see the others again.
        let named: BTreeSet<usize> = names.values().copied().collect();
        for at in (0..files.len()).filter(|at| !named.contains(at)) {
            files[at] = Content::default();
        }
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
        let content = &mut disk.files[file];
        change(&mut content.bytes);
        content.change(0..content.bytes.len());
        content.sync();
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

/// Keeps some of what changed.
fn survive(content: &mut Content, dice: &mut Dice) {
    let len = if content.bytes.len() == content.synced.len() || dice.below(2) == 0 {
        content.bytes.len()
    } else {
        content.synced.len()
    };
    let Content { bytes, synced, changed } = content;
    bytes.resize(len, 0);
    synced.resize(len, 0);
    let first = changed.start - changed.start % PAGE;
    for start in (first..changed.end.min(len)).step_by(PAGE) {
        let end = (start + PAGE).min(len);
        let torn_at = match dice.below(4) {
            0 => start,
            1 => (start + dice.below(PAGE as u64 / SECTOR as u64) as usize * SECTOR).min(end),
            _ => end,
        };
        bytes[torn_at..end].copy_from_slice(&synced[torn_at..end]);
    }
    content.sync();
}

/// A name comes to mean in `to` what it means in `from`.
fn assume(from: &BTreeMap<String, usize>, to: &mut BTreeMap<String, usize>, name: String) {
    match from.get(&name) {
        Some(file) => to.insert(name, *file),
        None => to.remove(&name),
    };
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
        disk.renamed.insert(path.into());
        disk.names.insert(path.into(), at);
        Ok(self.file(at, disk.life))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.lock();
        disk.change()?;
        let at = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.renamed.extend([from.into(), to.into()]);
        disk.names.insert(to.into(), at);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut disk = self.lock();
        disk.change()?;
        disk.renamed.insert(path.into());
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
        let Disk { names, durable, renamed, .. } = &mut *disk;
        let is_here =
            |name: &str| name.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.contains('/'));
        let (here, elsewhere): (BTreeSet<String>, _) =
            std::mem::take(renamed).into_iter().partition(|name| is_here(name));
        *renamed = elsewhere;
        here.into_iter().for_each(|name| assume(names, durable, name));
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
        let content = &mut disk.files[self.at];
        let at = start..start + bytes.len();
        if content.bytes.len() < at.end {
            content.resize(at.end);
        }
        content.bytes[at.clone()].copy_from_slice(bytes);
        content.change(at);
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
        disk.files[self.at].sync();
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.lock()?.files[self.at].bytes.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.lock()?.files[self.at].resize(len);
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
