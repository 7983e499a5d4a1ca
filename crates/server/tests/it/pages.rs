//! The topics that have a page: each of them must be seen to arrive.

use std::collections::BTreeSet;

/// Those that come by the clock, and to webhooks of sites only.
pub const BY_THE_CLOCK: [&str; 2] = ["client-latency", "site-sle"];

/// The topics of the documentation.
pub fn topics() -> BTreeSet<String> {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/topics");
    let files = std::fs::read_dir(pages).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let topics = names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned));
    topics.filter(|name| name != "README").collect()
}
