//! What stands around a batch on the wire, by the type of its webhook.
//!
//! A batch is frozen without its envelope: its bytes, its checksum and its delivery id say what
//! is told, and the envelope, like a signature, how it is told this time. It is a function of the
//! batch and of the type in force, so a repetition has the same bytes for as long as nobody
//! changes the type, and a webhook that becomes another type while a batch is open goes on in the
//! form that its receiver reads. (A batch that is frozen with it would go on in the old one, and
//! could not be cut again after a restart.)

use bytes::Bytes;
use foghorn_model::WebhookType;

/// One event of the HTTP Event Collector: metadata is left to the collector's token.
const SPLUNK: (&[u8], &[u8]) = (b"{\"event\":", b"}");

/// The bytes that are signed and sent.
pub(crate) fn wrap(webhook_type: &WebhookType, body: &Bytes) -> Bytes {
    match webhook_type {
        WebhookType::HttpPost | WebhookType::Oauth2(_) => body.clone(),
        WebhookType::Splunk { .. } => [SPLUNK.0, body, SPLUNK.1].concat().into(),
    }
}
