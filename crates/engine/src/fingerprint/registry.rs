//! Whose an address is, by the registry of the IEEE.

use foghorn_model::Mac;
use macaddr_ouidb::OUI_DB_BUNDLED;
use smol_str::SmolStr;

/// Entries that name nobody.
const NOBODY: [&str; 2] = ["IEEE Registration Authority", "Private"];

/// The manufacturer that the address was given to. Of one that is locally administered, as the
/// random ones of phones are, nobody knows.
pub(super) fn manufacturer(mac: Mac) -> Option<SmolStr> {
    const LOCAL_OR_GROUP: u8 = 0b11;
    if mac.0[0] & LOCAL_OR_GROUP != 0 {
        return None;
    }
    let entry = OUI_DB_BUNDLED.lookup(&mac.0)?;
    Some(entry.name()).filter(|name| !NOBODY.contains(name)).map(SmolStr::new)
}

/// The day of the registry that this build has.
pub fn registry_date() -> &'static str {
    OUI_DB_BUNDLED.updated.split(' ').next().unwrap_or_default()
}
