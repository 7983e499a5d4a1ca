//! The release binary, and what it spends.

use anyhow::{Result, ensure};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};

/// Builds it.
pub fn build() -> Result<()> {
    let built =
        Command::new("cargo").args(["build", "--release", "--package", "foghorn"]).status()?;
    ensure!(built.success(), "the release build failed");
    Ok(())
}

/// Where it is.
pub fn binary() -> PathBuf {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    PathBuf::from(target).join("release/foghorn")
}

/// An address that nobody listens on.
pub fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Microseconds of processor time that a process has spent so far.
pub fn cpu_us(process: &Child) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id()))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    // User and system time are fields 14 and 15 of the line, in hundredths of a second.
    let ticks = fields[12].parse::<u64>()? + fields[13].parse::<u64>()?;
    Ok(ticks * 10_000)
}
