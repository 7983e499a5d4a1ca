//! Foghorn against what others published or captured: schemas, sample payloads, packet captures.
//! None of it is part of the project: `cargo xtask test --data DIR` says where it lies.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod capture;
mod catalog;
mod examples;
mod openwifi;
mod payloads;
#[path = "../it/peer.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod peer;
#[path = "../it/phases.rs"]
mod phases;
#[path = "../it/process.rs"]
#[expect(dead_code, reason = "shared with the tests of the binary")]
mod process;
mod relayed;
mod replay;
mod schema;

use std::path::PathBuf;

/// A file of the data, which lies where `FOGHORN_DATA` says.
fn data(name: &str) -> PathBuf {
    let root = std::env::var_os("FOGHORN_DATA").expect("FOGHORN_DATA names the data's directory");
    PathBuf::from(root).join(name)
}
