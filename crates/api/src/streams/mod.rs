//! Answers that do not end: Mist's channels over a WebSocket, and events as they are derived.
//!
//! A stream is bounded in what it may hold: seats by token, by org and in all, subscriptions by
//! connection, rows that wait for a reader. Who does not read is cut, and may come again. Who it
//! is and what it may see is asked again with every change of either (T9).

mod channel;
mod cursor;
pub(crate) mod events;
mod feed;
mod seats;
pub(crate) mod socket;
#[cfg(test)]
mod tests;

use crate::error::Error;
use feed::Feeds;
use foghorn_catalog::Principal;
use seats::{Seat, Seats};
use std::sync::Arc;
use tokio::sync::watch;

/// What all streams share.
#[derive(Debug)]
pub(crate) struct Streams {
    seats: Arc<Seats>,
    feeds: Feeds,
    access: watch::Sender<()>,
    ending: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            seats: Arc::default(),
            feeds: Feeds::default(),
            access: watch::Sender::new(()),
            ending: watch::Sender::new(false),
        }
    }
}

impl Streams {
    /// A seat for somebody's stream.
    ///
    /// # Errors
    /// [`Error::TooManyStreams`].
    pub(crate) fn take_seat(&self, principal: &Principal) -> Result<Seat, Error> {
        self.seats.take(principal)
    }

    /// The configuration, or what somebody may do, is not what it was.
    pub(crate) fn access_changed(&self) {
        self.access.send_replace(());
    }

    /// Ends all of them, and whatever begins from now on.
    pub(crate) fn end(&self) {
        self.ending.send_replace(true);
    }
}

/// Returns when the server is to stop.
async fn ended(ending: &mut watch::Receiver<bool>) {
    drop(ending.wait_for(|ending| *ending).await);
}
