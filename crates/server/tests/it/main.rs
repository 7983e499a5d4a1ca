//! The real binary, as its user starts it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod alarms;
mod audited;
mod clock;
mod damage;
mod demo;
mod findings;
mod formats;
mod history;
mod hostapd;
mod hostile;
mod input;
mod kill;
mod ledger;
mod live;
mod login;
mod objects;
mod openapi;
mod openwifi;
mod pages;
mod peer;
mod phases;
mod process;
mod receivers;
mod relay;
mod sockets;
mod streams;
mod syslog;
mod tenancy;
mod trigger;
mod vendors;
mod webhook_types;
