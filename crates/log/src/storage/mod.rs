//! Files, as the logs need them, and nothing that a disk cannot do.
//!
//! The trait stands below all formats, so that the production code of a log runs unchanged over
//! [`SimStorage`], which loses what was not synced, tears the last write, fills up and fails.
//! Paths are relative to the storage's root, with `/` between their parts.

mod fs;
mod sim;

pub use fs::FsStorage;
pub use sim::{SimFaults, SimStorage};

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

/// A directory tree.
pub trait Storage: Send + Sync + Debug {
    /// Opens a file that exists.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if it does not.
    fn open(&self, path: &str) -> io::Result<Arc<dyn StoredFile>>;

    /// Makes an empty file, in place of one that exists.
    ///
    /// # Errors
    /// As the operating system says.
    fn create(&self, path: &str) -> io::Result<Arc<dyn StoredFile>>;

    /// Gives a file another name, in place of one that exists.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// The names of the files in a directory, in order; none if there is no such directory.
    ///
    /// # Errors
    /// As the operating system says.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;

    /// Makes a directory and those above it.
    ///
    /// # Errors
    /// As the operating system says.
    fn create_dir(&self, directory: &str) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_dir(&self, directory: &str) -> io::Result<()>;

    /// Bytes that can still be written.
    ///
    /// # Errors
    /// As the operating system says.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open file.
pub trait StoredFile: Send + Sync + Debug {
    /// Writes all of it at this place.
    ///
    /// # Errors
    /// As the operating system says; part of it may be written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads what is there, up to the length of the buffer.
    ///
    /// # Errors
    /// As the operating system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Makes everything durable that was written before.
    ///
    /// # Errors
    /// As the operating system says; nothing may be trusted afterwards.
    fn sync(&self) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether it is empty.
    ///
    /// # Errors
    /// As the operating system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file off, or extends it with zeros.
    ///
    /// # Errors
    /// As the operating system says.
    fn set_len(&self, len: u64) -> io::Result<()>;
}

/// Reads exactly this many bytes, or fewer if the file ends before.
pub(crate) fn read_up_to(file: &dyn StoredFile, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read_at(offset + filled as u64, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}
