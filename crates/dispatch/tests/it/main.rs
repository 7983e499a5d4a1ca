//! Egress against receivers that behave and receivers that do not. Names begin with the numbers
//! of the attack cases that they hold.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod destinations;
mod hostile;
mod network;
mod oauth2;
mod receiver;
mod splunk;
mod tls;
mod wire;
mod world;

use bytes::Bytes;
use foghorn_dispatch::egress::headers::{Template, Trace, USER_AGENT};
use foghorn_dispatch::egress::{
    AddressPolicy, Destination, Egress, Options, Request, Response, SendError,
};
use foghorn_dispatch::sign::Signer;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Long enough to pass on a busy machine, for what must succeed.
const PATIENCE: Duration = Duration::from_secs(30);
/// For what must run out of time.
const SHORT: Duration = Duration::from_millis(200);
const SECRET: &str = "s3cr3t-of-the-lobby";
const AT: i64 = 1_750_000_000;

fn loopback() -> AddressPolicy {
    AddressPolicy { allow_loopback: true, ..AddressPolicy::default() }
}

fn egress() -> Egress {
    Egress::new(Options::new(loopback())).unwrap()
}

/// One delivery, with all that may differ between tests.
struct Delivery {
    body: Bytes,
    deadline: Duration,
    verify_cert: bool,
}

impl Default for Delivery {
    fn default() -> Self {
        let body = Bytes::from_static(br#"{"topic":"ping","events":[{"id":"1"}]}"#);
        Self { body, deadline: PATIENCE, verify_cert: true }
    }
}

impl Delivery {
    fn within(deadline: Duration) -> Self {
        Self { deadline, ..Self::default() }
    }

    async fn send(&self, egress: &Egress, to: &Destination) -> Result<Response, SendError> {
        let signatures = Signer::new(Some(SECRET)).headers(Uuid::nil(), AT, &self.body);
        let request = Request {
            destination: to,
            headers: &Template::new(USER_AGENT, &BTreeMap::new()).unwrap(),
            trace: Trace {
                lane: Some("lane-1"),
                first: Some("1"),
                last: Some("2"),
                previous: None,
            },
            signatures: &signatures,
            authorization: None,
            body: self.body.clone(),
            deadline: self.deadline,
            verify_cert: self.verify_cert,
        };
        egress.send(request).await
    }

    async fn send_to(&self, egress: &Egress, url: &str) -> Result<Response, SendError> {
        self.send(egress, &egress.check_url(url).unwrap()).await
    }
}
