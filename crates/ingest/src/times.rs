//! Which of the times that sources give are believed.

use foghorn_model::Timestamp;
use foghorn_model::time::Micros;

/// How far a source's clock may be ahead of ours.
pub(crate) const AHEAD_MAX: Micros = Micros::from_mins(24 * 60);
/// How long ago something may have happened.
pub(crate) const AGO_MAX: Micros = Micros::from_mins(30 * 24 * 60);

/// A time that is believed, if it is.
pub(crate) fn believed(at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (at <= now + AHEAD_MAX && at >= now - AGO_MAX).then_some(at)
}
