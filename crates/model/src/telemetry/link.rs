//! How a client and its AP get on: what it is connected by, and what has gone over it.

use super::field::{Field, FieldSet, Fields, set};
use super::{count, number, text};
use serde::{Deserialize, Serialize};

/// The fields of it.
pub(super) const LINK: FieldSet = set(&[
    Field::Channel,
    Field::KeyMgmt,
    Field::Proto,
    Field::RxBps,
    Field::RxBytes,
    Field::RxPkts,
    Field::RxRate,
    Field::RxRetries,
    Field::Snr,
    Field::TxBps,
    Field::TxBytes,
    Field::TxPkts,
    Field::TxRate,
    Field::TxRetries,
    Field::Vlan,
]);

/// What an AP says of its link to a client. Counters are of the association: they begin with it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
    /// How keys are agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_mgmt: Option<String>,
    /// The protocol of the radio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proto: Option<String>,
    /// The VLAN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<String>,
    /// How far the signal is above the noise, dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snr: Option<f64>,
    /// What comes from the client.
    #[serde(skip_serializing_if = "Traffic::is_none")]
    pub rx: Traffic,
    /// What goes to it.
    #[serde(skip_serializing_if = "Traffic::is_none")]
    pub tx: Traffic,
}

/// What goes one way.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Bit/s, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bps: Option<u64>,
    /// Octets so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Packets so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkts: Option<u64>,
    /// The rate of the last frame, Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Frames that were sent again so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u64>,
}

impl Link {
    /// Reads it, if the record says anything of it.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Box<Self>> {
        if !fields.present().has_any(LINK) {
            return None;
        }
        let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(Into::into);
        Some(Box::new(Self {
            channel: count(fields, Field::Channel),
            key_mgmt: owned(text(fields, Field::KeyMgmt)),
            proto: owned(text(fields, Field::Proto)),
            vlan: owned(text(fields, Field::Vlan)),
            snr: number(fields, Field::Snr),
            rx: Traffic {
                bps: count(fields, Field::RxBps),
                bytes: count(fields, Field::RxBytes),
                pkts: count(fields, Field::RxPkts),
                rate: number(fields, Field::RxRate),
                retries: count(fields, Field::RxRetries),
            },
            tx: Traffic {
                bps: count(fields, Field::TxBps),
                bytes: count(fields, Field::TxBytes),
                pkts: count(fields, Field::TxPkts),
                rate: number(fields, Field::TxRate),
                retries: count(fields, Field::TxRetries),
            },
        }))
    }

    /// Takes over what a later report says.
    pub fn learn(&mut self, later: &Self) {
        fn keep<T: Clone>(known: &mut Option<T>, later: &Option<T>) {
            if later.is_some() {
                known.clone_from(later);
            }
        }
        keep(&mut self.channel, &later.channel);
        keep(&mut self.key_mgmt, &later.key_mgmt);
        keep(&mut self.proto, &later.proto);
        keep(&mut self.vlan, &later.vlan);
        keep(&mut self.snr, &later.snr);
        for (known, later) in [(&mut self.rx, &later.rx), (&mut self.tx, &later.tx)] {
            keep(&mut known.bps, &later.bps);
            keep(&mut known.bytes, &later.bytes);
            keep(&mut known.pkts, &later.pkts);
            keep(&mut known.rate, &later.rate);
            keep(&mut known.retries, &later.retries);
        }
    }
}

impl Traffic {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
