//! Connections kept for the next request to the same origin.
//!
//! The one used last is taken first, so that those that are not needed grow old and go. Old ones
//! are dropped when a later request passes by, not by a timer: on a quiet server up to
//! [`IDLE_MAX`] sockets may lie half-closed until then.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection is kept without use.
pub const IDLE_SECS_MAX: u64 = 90;
/// Connections kept without use, per origin.
pub const IDLE_PER_ORIGIN_MAX: usize = 32;
/// Connections kept without use, over all origins.
pub const IDLE_MAX: usize = 1024;
/// How often old connections of all origins are looked for.
const SWEEP_SECS: u64 = 15;

pub(super) struct Pool<T>(Mutex<Idle<T>>);

struct Idle<T> {
    by_origin: HashMap<String, VecDeque<(Instant, T)>>,
    count: usize,
    swept: Option<Instant>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::new(Idle { by_origin: HashMap::new(), count: 0, swept: None }))
    }
}

impl<T> Pool<T> {
    /// A connection that is young enough; whether it is still good, the caller must look.
    pub(super) fn take(&self, origin: &str, now: Instant) -> Option<T> {
        let mut idle = self.lock();
        let (since, connection) = idle.by_origin.get_mut(origin)?.pop_back()?;
        idle.count -= 1;
        is_young(since, now).then_some(connection)
    }

    pub(super) fn put(&self, origin: &str, connection: T, now: Instant) {
        let mut idle = self.lock();
        idle.sweep(now);
        if idle.count >= IDLE_MAX {
            return;
        }
        if !idle.by_origin.contains_key(origin) {
            idle.by_origin.insert(origin.to_owned(), VecDeque::new());
        }
        let Some(kept) = idle.by_origin.get_mut(origin) else { return };
        kept.push_back((now, connection));
        if kept.len() > IDLE_PER_ORIGIN_MAX {
            kept.pop_front();
        } else {
            idle.count += 1;
        }
    }

    /// Closing a socket cannot panic, so nothing is ever left half done.
    fn lock(&self) -> MutexGuard<'_, Idle<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Idle<T> {
    fn sweep(&mut self, now: Instant) {
        let rest = Duration::from_secs(SWEEP_SECS);
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < rest) {
            return;
        }
        self.swept = Some(now);
        self.by_origin.retain(|_, kept| {
            kept.retain(|(since, _)| is_young(*since, now));
            !kept.is_empty()
        });
        self.count = self.by_origin.values().map(VecDeque::len).sum();
    }
}

fn is_young(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < Duration::from_secs(IDLE_SECS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(IDLE_SECS_MAX);

    #[test]
    fn the_youngest_of_an_origin_is_taken_first_and_only_once() {
        let (pool, now) = (Pool::default(), Instant::now());
        for connection in 1..=3 {
            pool.put("a", connection, now);
        }
        pool.put("b", 9, now);
        let taken: Vec<Option<i32>> = (0..4).map(|_| pool.take("a", now)).collect();
        assert_eq!(taken, [Some(3), Some(2), Some(1), None]);
        assert_eq!((pool.take("b", now), pool.take("c", now)), (Some(9), None));
    }

    #[test]
    fn old_ones_are_not_taken_and_go_when_another_passes_by() {
        let (pool, now) = (Pool::default(), Instant::now());
        pool.put("a", 1, now);
        pool.put("a", 2, now);
        assert_eq!(pool.take("a", now + AGE), None);
        pool.put("b", 3, now + AGE);
        let idle = pool.lock();
        assert_eq!((idle.count, idle.by_origin.len()), (1, 1));
    }

    #[test]
    fn both_limits_hold_and_the_count_with_them() {
        let (pool, now) = (Pool::default(), Instant::now());
        for connection in 0..IDLE_PER_ORIGIN_MAX + 5 {
            pool.put("a", connection, now);
        }
        assert_eq!(pool.lock().count, IDLE_PER_ORIGIN_MAX);
        for origin in 0..IDLE_MAX {
            pool.put(&origin.to_string(), 0, now);
        }
        assert_eq!(pool.lock().count, IDLE_MAX);
        while pool.take("a", now).is_some() {}
        assert_eq!(pool.lock().count, IDLE_MAX - IDLE_PER_ORIGIN_MAX);
    }
}
