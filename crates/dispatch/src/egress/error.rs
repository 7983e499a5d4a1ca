//! From the errors of three libraries to one class and a line for the delivery log.

use crate::outcome::{Answer, ErrorClass};
use std::error::Error;
use std::fmt;
use std::io;

/// What the connection was doing when its time was up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Lookup,
    Dial,
    Handshake,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "looking up the name",
            Self::Dial => "connecting",
            Self::Handshake => "negotiating tls",
        })
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("this destination is not allowed")]
    Blocked,
    #[error("name lookup failed: {0}")]
    Lookup(io::Error),
    #[error("name has no address")]
    NoAddress,
    #[error("connection failed: {0}")]
    Dial(io::Error),
    #[error("tls failed: {0}")]
    Handshake(io::Error),
    #[error("timed out while {0}")]
    Timeout(Stage),
    #[error("name is not one that tls can verify")]
    Name,
}

impl ConnectError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Blocked => ErrorClass::Blocked,
            Self::Lookup(_) | Self::NoAddress => ErrorClass::Dns,
            Self::Dial(_) => ErrorClass::Connect,
            Self::Handshake(_) => ErrorClass::Tls,
            Self::Timeout(_) => ErrorClass::Timeout,
            Self::Name => ErrorClass::Invalid,
        }
    }
}

/// Why an attempt got no status. The text is for the delivery log: it names no address, and for a
/// blocked destination no reason.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct SendError {
    /// What decides over the next step.
    pub class: ErrorClass,
    /// What happened, in a line.
    pub detail: String,
}

impl SendError {
    /// The error as [`crate::outcome::classify`] takes it.
    pub fn answer(&self) -> Answer {
        Answer::Failed(self.class)
    }

    pub(super) fn new(class: ErrorClass, detail: impl fmt::Display) -> Self {
        Self { class, detail: detail.to_string() }
    }

    /// A cause that we know decides (TLS after the handshake, the socket), else HTTP.
    pub(super) fn from_http(error: &hyper::Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Self::from_io(error);
            }
            cause = error.source();
        }
        if error.is_parse() {
            return Self::new(ErrorClass::Protocol, format_args!("not an http answer: {error}"));
        }
        Self::new(ErrorClass::Reset, format_args!("no answer: {error}"))
    }

    fn from_io(error: &io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            return Self::new(ErrorClass::Tls, format_args!("tls failed: {error}"));
        }
        let class = match error.kind() {
            io::ErrorKind::TimedOut => ErrorClass::Timeout,
            _ => ErrorClass::Reset,
        };
        Self::new(class, format_args!("connection lost: {error}"))
    }
}

impl From<ConnectError> for SendError {
    fn from(error: ConnectError) -> Self {
        Self::new(error.class(), error)
    }
}
