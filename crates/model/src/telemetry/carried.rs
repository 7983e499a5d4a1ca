//! Records whose members go out as they came: decisions of access control, guests, devices of other
//! vendors.

use super::field::{Field, FieldError, FieldValue, Fields};
use super::{KindRow, error, mac, required, text};
use crate::definitions::{NAC_EVENTS, OTHER_DEVICE_EVENTS};
use crate::mac::Mac;
use std::borrow::Cow;

/// A record that is carried.
#[derive(Clone, PartialEq, Debug)]
pub struct Carried<'a> {
    /// The client.
    pub mac: Mac,
    /// What happened, where there are several things that may.
    pub event_type: Option<Cow<'a, str>>,
    /// The rest of its members.
    pub members: Vec<(Field, FieldValue<'a>)>,
}

impl<'a> Carried<'a> {
    /// Reads a decision of access control.
    pub(super) fn read_decision(
        row: &KindRow,
        fields: &mut Fields<'a>,
    ) -> Result<Self, FieldError> {
        let event_type = required(text(fields, Field::Type), Field::Type)?;
        if event_type.starts_with("NAC_ACCOUNTING_") {
            return Err(error(Field::Type, "send it as kind accounting"));
        }
        if !NAC_EVENTS.contains(&event_type.as_ref()) {
            return Err(error(Field::Type, "no event of access control has this type"));
        }
        Ok(Self { event_type: Some(event_type), ..Self::read(row, fields)? })
    }

    /// Reads an event of a device of another vendor.
    pub(super) fn read_other_device(
        row: &KindRow,
        fields: &mut Fields<'a>,
    ) -> Result<Self, FieldError> {
        let event_type = required(text(fields, Field::Type), Field::Type)?;
        if !OTHER_DEVICE_EVENTS.contains(&event_type.as_ref()) {
            return Err(error(Field::Type, "no event of other devices has this type"));
        }
        Ok(Self { event_type: Some(event_type), ..Self::read(row, fields)? })
    }

    pub(super) fn read(row: &KindRow, fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            event_type: None,
            members: fields.take_all(row.required.or(row.optional)),
        })
    }

    /// The text of a member.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.members.iter().find_map(|(other, value)| match value {
            FieldValue::Text(text) if *other == field => Some(text.as_ref()),
            _ => None,
        })
    }
}
