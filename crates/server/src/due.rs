//! When what comes by the clock is told, in words.

use foghorn_model::Timestamp;

/// How long it is until then.
pub fn in_words(then: Timestamp, now: Timestamp) -> String {
    let left = (then.secs() - now.secs()).max(0);
    format!("{} min {} s", left / 60, left % 60)
}
