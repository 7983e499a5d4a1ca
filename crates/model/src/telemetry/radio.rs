//! How a radio is set, and how busy its channel is.

use super::field::{Field, FieldError, Fields};
use super::observation::is_up;
use super::{Radio, count, flag, id, mac, percent, required, rssi, text};
use crate::mac::Mac;
use std::borrow::Cow;
use uuid::Uuid;

/// How a radio is.
#[derive(Clone, PartialEq, Debug)]
pub struct RadioReport<'a> {
    /// The AP.
    pub ap: Mac,
    /// `24`, `5` or `6`: an AP is followed as if it had one radio a band.
    pub band: Cow<'a, str>,
    /// Whether it sends.
    pub is_up: Option<bool>,
    /// How it is set.
    pub now: Radio,
    /// Whether it had to give way to radar, and has not moved since.
    pub radar: bool,
    /// How much of the time its channel is in use, in percent.
    pub utilization: Option<f64>,
    /// The noise, dBm.
    pub noise_floor: Option<f64>,
    /// Why it is set so.
    pub reason: Option<Cow<'a, str>>,
    /// The audit log entry that led to this.
    pub audit_id: Option<Uuid>,
}

impl<'a> RadioReport<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            ap: required(mac(fields, Field::Ap), Field::Ap)?,
            band: required(text(fields, Field::Band), Field::Band)?,
            is_up: is_up(fields)?,
            now: Radio {
                channel: count(fields, Field::Channel),
                bandwidth: count(fields, Field::Bandwidth),
                power: count(fields, Field::Power),
            },
            radar: flag(fields, Field::Radar).unwrap_or(false),
            utilization: percent(fields, Field::UtilAll),
            noise_floor: rssi(fields, Field::NoiseFloor),
            reason: text(fields, Field::Reason),
            audit_id: id(fields, Field::AuditId),
        })
    }
}
