//! What a client is: manufacturer, family, model and operating system, by what it shows of itself.
//!
//! Each member comes from the first of these that has it: what equipment tells of the client; what
//! its DHCP requests look like (`dhcp`); what it is called (`names`); whose its address is
//! (`registry`). A host name is what its owner made of it: one that speaks of another system than
//! the DHCP requests do is left out. Addresses that are made up are nobody's.
//!
//! Nothing is asked before somebody wants to know, at the end of a session or in a view, so a
//! record costs nothing; only what the DHCP requests showed is kept. The tables and the registry are
//! part of the fold: whoever changes one counts `FOLD_VERSION` up, and a test holds the registry to
//! that. To ask when a record comes in, and to journal the answer, would have kept the tables out
//! of the fold, but most of the names are learned after the join.

mod dhcp;
mod names;
mod registry;

pub(crate) use dhcp::identify;
pub use registry::registry_date;

use foghorn_model::event::client::{Association, Make};
use smol_str::SmolStr;

/// A row of the tables: what shows that a client is of this make.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    manufacture: &'static str,
    family: &'static str,
    os: &'static str,
}

impl Known {
    const fn of(manufacture: &'static str, family: &'static str, os: &'static str) -> Self {
        Self { manufacture, family, os }
    }

    fn make(self) -> Make {
        let known = |text: &'static str| (!text.is_empty()).then_some(SmolStr::new_static(text));
        Make {
            manufacture: known(self.manufacture),
            family: known(self.family),
            model: None,
            os: known(self.os),
        }
    }
}

/// What an associated client is.
pub(crate) fn make(client: &Association) -> Make {
    let told = Make {
        manufacture: client.manufacture.clone(),
        family: client.family.clone(),
        model: client.model.clone(),
        os: client.os.clone(),
    };
    let dhcp = client.dhcp.as_deref().cloned().unwrap_or_default();
    let name = client.hostname.as_deref().and_then(names::identify);
    let name = name.filter(|name| agree(name.os.as_deref(), dhcp.os.as_deref()));
    let mut make = told.or(dhcp).or(name.unwrap_or_default());
    if make.manufacture.is_none() {
        make.manufacture = registry::manufacturer(client.mac);
    }
    make
}

/// Whether two systems may be one.
fn agree(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => kin(one) == kin(other),
        _ => true,
    }
}

/// What a system is a variant of.
fn kin(os: &str) -> &str {
    match os {
        "iOS" | "iPadOS" | "macOS" | "tvOS" | "watchOS" => "Apple",
        "ChromeOS" => "Linux",
        _ => os.split(' ').next().unwrap_or_default(),
    }
}
