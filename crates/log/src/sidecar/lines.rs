//! A file of lines, each checked and synced: for the few things that are not in a log.
//!
//! A line is `<CRC32C in hex> <text>`. A last line without its end was never acknowledged and is
//! dropped; any other that does not verify is damage.

use crate::error::{Damage, LogError};
use crate::storage::{Storage, StoredFile, read_up_to};
use std::sync::Arc;

/// A file is not larger than this.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A file of lines.
#[derive(Debug)]
pub struct LineFile {
    file: Arc<dyn StoredFile>,
    path: String,
    end: u64,
}

impl LineFile {
    /// Opens the file, or makes it, and reads its lines.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if a line does not verify.
    pub fn open(storage: &dyn Storage, path: &str) -> Result<(Self, Vec<String>), LogError> {
        let file = match storage.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                storage.create(path).map_err(LogError::io("create", path))?
            }
            Err(error) => return Err(LogError::io("open", path)(error)),
        };
        let len = file.len().map_err(LogError::io("measure", path))?.min(FILE_BYTES_MAX);
        let bytes = read_up_to(&*file, 0, usize::try_from(len).unwrap_or(usize::MAX))
            .map_err(LogError::io("read", path))?;
        let mut lines = Vec::new();
        let mut end = 0;
        while let Some(length) = bytes[end..].iter().position(|byte| *byte == b'\n') {
            let line = read_line(&bytes[end..end + length]).ok_or_else(|| Damage {
                file: path.into(),
                offset: end as u64,
                detail: "a line does not verify".into(),
                frames: None,
                records: Vec::new(),
            })?;
            lines.push(line);
            end += length + 1;
        }
        file.set_len(end as u64).map_err(LogError::io("truncate", path))?;
        // A process that died before it had synced may have left the name and the last line to us:
        // what we act on must outlast the power as well.
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        file.sync()
            .and_then(|()| storage.sync_dir(directory))
            .map_err(LogError::io("sync", path))?;
        Ok((Self { file, path: path.into(), end: end as u64 }, lines))
    }

    /// Appends a line; durable when this returns.
    ///
    /// # Errors
    /// [`LogError::Invalid`] if the text has a line end in it; otherwise as the storage says.
    pub fn append(&mut self, text: &str) -> Result<(), LogError> {
        if text.contains('\n') {
            let detail = "it has more than one line".into();
            return Err(LogError::Invalid { what: "line", detail });
        }
        let line = format!("{:08x} {text}\n", crc32c::crc32c(text.as_bytes()));
        self.file
            .write_at(self.end, line.as_bytes())
            .and_then(|()| self.file.sync())
            .map_err(|source| LogError::SyncFailed { file: self.path.clone(), source })?;
        self.end += line.len() as u64;
        Ok(())
    }
}

fn read_line(line: &[u8]) -> Option<String> {
    let (crc, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    (crc32c::crc32c(text.as_bytes()) == crc).then(|| text.into())
}
