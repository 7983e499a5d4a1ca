//! One target, driven by coverage: `cargo xtask fuzz` builds this with the instrumentation that
//! it needs. The target's name stands in `FOGHORN_FUZZ_TARGET`.
#![no_main]

use foghorn_fuzz::TARGETS;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let asked = std::env::var("FOGHORN_FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|(name, _)| *name == asked);
    target.unwrap_or_else(|| panic!("no target is named {asked:?}")).1
});

fuzz_target!(|data: &[u8]| RUN(data));
