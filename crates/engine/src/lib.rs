//! The deterministic fold: journaled records in, events out.
//!
//! An [`Engine`] holds the state of one partition. It reads no clock, no file and no socket, uses
//! no randomness and iterates ordered containers only, so the same records give the same events,
//! byte for byte, on every machine and after every crash. Time moves only with the records:
//! before a record is folded, every timer whose deadline its `received_at` reaches fires, in
//! deadline order and *at its deadline*, so it makes no difference when somebody looks.
//!
//! A new topic is a processor in `processors/`: a state that a site holds, what a record does to
//! it, and what its timers do.

mod fingerprint;
mod output;
mod partition;
mod processors;
mod seen;
mod state;
mod table;
mod timers;
mod view;

pub use fingerprint::registry_date;
pub use output::{EventBuffer, Output};
pub use partition::{Engine, RestoreError, Tally};
pub use processors::windows::told_at;
pub use view::{ClientView, DeviceView, EdgeView, RadioView, SiteView};

/// The version of the fold. It is counted up with every change that derives other events of the
/// same records; see the `Upgrade` record.
pub const FOLD_VERSION: u32 = 7;
