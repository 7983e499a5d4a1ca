//! The channels that can be subscribed: a row each.

use crate::resources::Level;
use foghorn_catalog::Kind;
use uuid::Uuid;

/// What a channel carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum What {
    /// The statistics of devices.
    Devices,
    /// The statistics of clients.
    Clients,
    /// The statistics of edges.
    Edges,
    /// Devices as they are configured.
    DeviceObjects,
    /// Edges as they are configured.
    EdgeObjects,
}

impl What {
    /// The objects that it is about, if it is about any.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Devices | Self::DeviceObjects => Some(Kind::Device),
            Self::Edges | Self::EdgeObjects => Some(Kind::MxEdge),
            Self::Clients => None,
        }
    }
}

const CARRIED: [(&str, What); 5] = [
    ("stats/devices", What::Devices),
    ("stats/clients", What::Clients),
    ("stats/mxedges", What::Edges),
    ("devices", What::DeviceObjects),
    ("mxedges", What::EdgeObjects),
];
/// Who is on a map.
const ON_A_MAP: [&str; 5] =
    ["clients", "sdkclients", "unconnected_clients", "assets", "discovered_assets"];

/// A channel by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Channel {
    /// Counts, for whoever tries whether anything comes.
    Test,
    /// What is carried of an org or a site.
    Of(Level, Uuid, What),
    /// Who is on a map of a site: nobody, before there are positions.
    OnMap { site: Uuid, map: Uuid },
}

impl Channel {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix('/').unwrap_or(name);
        if name == "test" {
            return Some(Self::Test);
        }
        let (level, rest) = name.split_once('/')?;
        let level = match level {
            "orgs" => Level::Org,
            "sites" => Level::Site,
            _ => return None,
        };
        let (id, rest) = rest.split_once('/')?;
        let id = Uuid::try_parse(id).ok()?;
        if let Some((_, what)) = CARRIED.iter().find(|(carried, _)| *carried == rest) {
            return Some(Self::Of(level, id, *what));
        }
        let (map, who) = rest.strip_prefix("stats/maps/")?.split_once('/')?;
        let map = Uuid::try_parse(map).ok()?;
        let is_known = level == Level::Site && ON_A_MAP.contains(&who);
        is_known.then_some(Self::OnMap { site: id, map })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_known_by_their_names_and_nothing_else_is_one() {
        let id = Uuid::from_bytes([7; 16]);
        let of = |name: String| Channel::named(&name);
        assert_eq!(of("/test".into()), Some(Channel::Test));
        assert_eq!(
            of(format!("/sites/{id}/stats/devices")),
            Some(Channel::Of(Level::Site, id, What::Devices))
        );
        assert_eq!(
            of(format!("/orgs/{id}/devices")),
            Some(Channel::Of(Level::Org, id, What::DeviceObjects))
        );
        assert_eq!(
            of(format!("/sites/{id}/stats/maps/{id}/assets")),
            Some(Channel::OnMap { site: id, map: id })
        );
        for name in [
            String::new(),
            "/".into(),
            "/sites".into(),
            "/sites/x/stats/devices".into(),
            format!("/sites/{id}"),
            format!("/sites/{id}/stats"),
            format!("/sites/{id}/stats/devices/"),
            format!("/msps/{id}/devices"),
            format!("/orgs/{id}/stats/maps/{id}/assets"),
            format!("/sites/{id}/stats/maps/{id}/nonsense"),
        ] {
            assert_eq!(of(name.clone()), None, "{name}");
        }
    }
}
