//! A small file system in memory, for a disk that fills and fails.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of it.
const SIZE: &str = "size=400m";

/// A mounted file system; unmounted with its owner, unless the test failed.
pub struct Mount {
    at: PathBuf,
}

impl Mount {
    /// Mounts one under `directory/data`, if this machine lets us.
    pub fn new(directory: &Path) -> Option<Self> {
        let at = directory.join("data");
        std::fs::create_dir(&at).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", SIZE, "tmpfs"], &at);
        if !mounted {
            eprintln!("no file system of our own can be mounted: the disk neither fills nor fails");
        }
        mounted.then_some(Self { at })
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let full = std::fs::write(self.at.join("filler"), vec![1; 512 << 20]);
        assert!(full.is_err(), "there was room for all of it");
    }

    /// Gives the room back.
    pub fn empty(&self) {
        std::fs::remove_file(self.at.join("filler")).unwrap();
    }

    /// Lets nothing be written, or everything again.
    pub fn set_read_only(&self, read_only: bool) {
        let options = if read_only { "remount,ro" } else { "remount,rw" };
        assert!(mount(&["-o", options], &self.at), "{options}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} stays mounted, for whoever looks into it", self.at.display());
            return;
        }
        let unmounted = Command::new("umount").arg("-l").arg(&self.at).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.at.display());
        }
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(arguments).arg(at).stderr(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
