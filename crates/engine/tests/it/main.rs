//! Telemetry in, events out: scripts and traces.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod accounting;
mod adversity;
mod alarms;
mod clients;
mod damping;
mod detectors;
mod devices;
mod edges;
mod examples;
mod fingerprints;
mod golden;
mod limits;
mod lists;
mod orgs;
mod outages;
mod own;
mod paths;
mod peerings;
mod ports;
mod properties;
mod radios;
mod relayed;
mod scripts;
mod snapshots;
mod steps;
mod views;
mod world;
