//! Which NAS belongs to which site: an immutable view, swapped whole.

use foghorn_model::telemetry::{Accounting, ClientType};
use foghorn_model::{Device, DeviceType, Mac, OrgId, SiteId};
use ipnet::IpNet;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// The routing view.
#[derive(Default)]
pub struct Directory {
    seq: u64,
    networks: Vec<Network>,
    fallback: Option<Arc<str>>,
    by_mac: HashMap<Mac, Found>,
    by_ip: HashMap<IpAddr, Found>,
    by_name: HashMap<String, Found>,
    sites: Vec<(OrgId, SiteId)>,
}

struct Network {
    network: IpNet,
    secret: Arc<str>,
    org: OrgId,
    site: SiteId,
}

/// What a key names: one device, or several, which is none.
#[derive(Clone, Copy)]
enum Found {
    One { org: OrgId, site: SiteId, mac: Mac, device_type: DeviceType },
    Several,
}

/// A secret that a sender may have, and the site that it stands for.
#[derive(Clone)]
pub struct Candidate {
    /// The secret.
    pub secret: Arc<str>,
    site: Option<(OrgId, SiteId)>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate").field("site", &self.site).finish_non_exhaustive()
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// Where a request belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The org.
    pub org: OrgId,
    /// The site.
    pub site: SiteId,
    /// The AP or switch, when it is known.
    pub ap: Option<Mac>,
}

/// No site can be named for a request that verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclaimed;

/// Builds a [`Directory`].
#[derive(Debug, Default)]
pub struct DirectoryBuilder(Directory);

impl DirectoryBuilder {
    /// A directory as of this catalog sequence.
    pub fn new(seq: u64) -> Self {
        Self(Directory { seq, ..Directory::default() })
    }

    /// The secret of senders whose network no site names.
    #[must_use]
    pub fn fallback_secret(mut self, secret: Option<String>) -> Self {
        self.0.fallback = secret.map(Into::into);
        self
    }

    /// Adds a site.
    #[must_use]
    pub fn site(mut self, org: OrgId, site: SiteId) -> Self {
        self.0.sites.push((org, site));
        self
    }

    /// Adds a network whose clients are of this site.
    #[must_use]
    pub fn network(mut self, org: OrgId, site: SiteId, network: IpNet, secret: &str) -> Self {
        self.0.networks.push(Network { network, secret: secret.into(), org, site });
        self
    }

    /// Adds a device, by which requests under the fallback secret are routed.
    #[must_use]
    pub fn device(mut self, device: &Device) -> Self {
        let Some(site) = device.site_id else { return self };
        let found = Found::One {
            org: device.org_id,
            site,
            mac: device.mac,
            device_type: device.device_type,
        };
        add(&mut self.0.by_mac, device.mac, found);
        if let Some(ip) = device.ip {
            add(&mut self.0.by_ip, ip, found);
        }
        if !device.name.is_empty() {
            add(&mut self.0.by_name, device.name.clone(), found);
        }
        self
    }

    /// The directory.
    pub fn build(mut self) -> Directory {
        let longest_first = |network: &Network| std::cmp::Reverse(network.network.prefix_len());
        self.0.networks.sort_by_key(longest_first);
        self.0
    }
}

fn add<K: Eq + std::hash::Hash>(map: &mut HashMap<K, Found>, key: K, found: Found) {
    map.entry(key).and_modify(|known| *known = Found::Several).or_insert(found);
}

impl Directory {
    /// The catalog sequence that it was built of.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The secrets that a sender may have, those of the narrowest networks first.
    pub fn candidates(&self, source: IpAddr) -> impl Iterator<Item = Candidate> {
        let source = source.to_canonical();
        let of_networks = self.networks.iter().filter(move |it| it.network.contains(&source));
        let of_networks = of_networks
            .map(|it| Candidate { secret: Arc::clone(&it.secret), site: Some((it.org, it.site)) });
        let fallback = self.fallback.iter();
        of_networks
            .chain(fallback.map(|secret| Candidate { secret: Arc::clone(secret), site: None }))
    }

    /// Where a request belongs that verified under a candidate's secret: the candidate's site;
    /// else that of the device that it names; else the only site that there is.
    ///
    /// # Errors
    /// [`Unclaimed`].
    pub fn route(
        &self,
        candidate: &Candidate,
        source: IpAddr,
        request: &Accounting<'_>,
        station: Option<Mac>,
    ) -> Result<Route, Unclaimed> {
        let device = self.device(source, request, station);
        let (org, site) = match (candidate.site, device, &self.sites[..]) {
            (Some(site), ..) => site,
            (None, Some(Found::One { org, site, .. }), _) => (org, site),
            (None, _, [only]) => *only,
            (None, ..) => return Err(Unclaimed),
        };
        let is_wireless = request.client_type == Some(ClientType::Wireless);
        let ap = match device {
            Some(Found::One { site: of, mac, device_type, .. })
                if of == site && (device_type == DeviceType::Ap) == is_wireless =>
            {
                Some(mac)
            }
            _ => station.filter(|_| is_wireless),
        };
        Ok(Route { org, site, ap })
    }

    fn device(
        &self,
        source: IpAddr,
        request: &Accounting<'_>,
        station: Option<Mac>,
    ) -> Option<Found> {
        let by_name = |name: &str| {
            let mac = name.parse().ok().and_then(|mac: Mac| self.by_mac.get(&mac));
            mac.or_else(|| self.by_name.get(name))
        };
        let found = station
            .and_then(|mac| self.by_mac.get(&mac))
            .or_else(|| request.nas_id.as_deref().and_then(by_name))
            .or_else(|| self.by_ip.get(&request.nas_ip))
            .or_else(|| self.by_ip.get(&source.to_canonical()));
        found.copied().filter(|found| matches!(found, Found::One { .. }))
    }
}
