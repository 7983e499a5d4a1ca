//! Which sender belongs to which site: an immutable view, swapped whole.
//!
//! A sender is known by its address: that of a device of the inventory, or a network that a site
//! names. The narrowest claim holds. Since nobody proves an address, claims of two orgs on one
//! address make it nobody's: neither can take what the other is sent. The host name within a
//! message only chooses among the devices of the site that the address belongs to.

use foghorn_model::{Device, DeviceType, Mac, OrgId, SiteId};
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// The routing view.
#[derive(Debug, Default)]
pub struct Directory {
    seq: u64,
    claims: Vec<Claim>,
    by_ip: HashMap<IpAddr, Vec<(OrgId, SiteId, Known)>>,
    by_mac: HashMap<(SiteId, Mac), Known>,
    /// `None` where several devices of the site have the name.
    by_name: HashMap<(SiteId, String), Option<Known>>,
}

/// A network whose senders belong to a site.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The org.
    pub org: OrgId,
    /// The site.
    pub site: SiteId,
    /// Where they send from.
    pub network: IpNet,
    /// Whether what is sent from there is passed on for others, whom the host name tells.
    pub relay: bool,
    /// The radio interfaces of the APs there, by name.
    pub interfaces: BTreeMap<String, Interface>,
}

/// What a radio interface of an AP serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its SSID.
    pub ssid: Option<String>,
    /// Its BSSID.
    pub bssid: Option<Mac>,
    /// Its band: `24`, `5` or `6`.
    pub band: Option<String>,
}

/// A device of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its address.
    pub mac: Mac,
    /// What it is.
    pub device_type: DeviceType,
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// The org.
    pub org: OrgId,
    /// The site.
    pub site: SiteId,
    /// The device that speaks, where it is known.
    pub device: Option<Known>,
    /// Who sent it, where that is to be told with it.
    pub sender: Option<IpAddr>,
    directory: &'a Directory,
    interfaces: Option<&'a BTreeMap<String, Interface>>,
}

/// Why no site can be named for a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stranger {
    /// Nobody claims its address, or several sites do alike.
    Unknown,
    /// Two orgs claim its address.
    Disputed,
}

/// Builds a [`Directory`].
#[derive(Debug, Default)]
pub struct DirectoryBuilder(Directory);

impl DirectoryBuilder {
    /// A directory as of this catalog sequence.
    pub fn new(seq: u64) -> Self {
        Self(Directory { seq, ..Directory::default() })
    }

    /// Adds a network whose senders are of a site.
    #[must_use]
    pub fn claim(mut self, claim: Claim) -> Self {
        self.0.claims.push(claim);
        self
    }

    /// Adds a device.
    #[must_use]
    pub fn device(mut self, device: &Device) -> Self {
        let Some(site) = device.site_id else { return self };
        let known = Known { mac: device.mac, device_type: device.device_type };
        self.0.by_mac.insert((site, device.mac), known);
        if let Some(ip) = device.ip {
            let of_ip = self.0.by_ip.entry(ip.to_canonical()).or_default();
            of_ip.push((device.org_id, site, known));
        }
        if !device.name.is_empty() {
            let key = (site, folded(&device.name));
            self.0.by_name.entry(key).and_modify(|it| *it = None).or_insert(Some(known));
        }
        self
    }

    /// The directory.
    pub fn build(self) -> Directory {
        self.0
    }
}

/// Names are compared without case, and with `_` for the spaces that a header cannot have.
fn folded(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

impl Directory {
    /// The catalog sequence that it was built of.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Where a message from this address belongs; `org` is that of a listener that takes messages
    /// of one org only.
    ///
    /// # Errors
    /// [`Stranger`].
    pub fn route(
        &self,
        org: Option<OrgId>,
        source: IpAddr,
        host: Option<&str>,
    ) -> Result<Route<'_>, Stranger> {
        let source = source.to_canonical();
        let is_asked = |of: OrgId| org.is_none_or(|org| org == of);
        let claims =
            || self.claims.iter().filter(|it| is_asked(it.org) && it.network.contains(&source));
        let devices = || {
            let of_ip = self.by_ip.get(&source).into_iter().flatten();
            of_ip.filter(|(org, ..)| is_asked(*org))
        };
        let mut orgs = claims().map(|it| it.org).chain(devices().map(|(org, ..)| *org));
        let org = orgs.next().ok_or(Stranger::Unknown)?;
        if orgs.any(|other| other != org) {
            return Err(Stranger::Disputed);
        }
        let widest_first = claims().map(|it| it.network.prefix_len()).max();
        let narrowest = || claims().filter(|it| Some(it.network.prefix_len()) == widest_first);
        // A device's own address is as narrow as a claim can be; a relay that is named by its
        // address speaks for others even so.
        let is_host = |claim: &&Claim| claim.network.prefix_len() == claim.network.max_prefix_len();
        let is_relay = narrowest().any(|it| it.relay);
        if devices().next().is_some() && !(is_relay && narrowest().all(|it| is_host(&it))) {
            let sites: Vec<SiteId> = devices().map(|(_, site, _)| *site).collect();
            let device = match devices().collect::<Vec<_>>()[..] {
                [(_, site, known)] => Some((*site, *known)),
                _ => self.named(&sites, host),
            };
            return self.found(org, source, &sites, device);
        }
        let sites: Vec<SiteId> = narrowest().map(|it| it.site).collect();
        let device = self.named(&sites, host);
        self.found(org, source, &sites, device)
    }

    fn found(
        &self,
        org: OrgId,
        source: IpAddr,
        sites: &[SiteId],
        device: Option<(SiteId, Known)>,
    ) -> Result<Route<'_>, Stranger> {
        let site = match (device, sites) {
            (Some((site, _)), _) => site,
            (None, [site, others @ ..]) if others.iter().all(|other| other == site) => *site,
            _ => return Err(Stranger::Unknown),
        };
        let of_site = self.claims.iter().filter(|it| it.site == site);
        let of_site = of_site.filter(|it| it.network.contains(&source));
        let narrowest = of_site.max_by_key(|it| it.network.prefix_len());
        Ok(Route {
            org,
            site,
            device: device.map(|(_, known)| known),
            sender: None,
            directory: self,
            interfaces: narrowest.map(|it| &it.interfaces),
        })
    }

    /// The one device of these sites that has this name, address, or hardware address.
    fn named(&self, sites: &[SiteId], host: Option<&str>) -> Option<(SiteId, Known)> {
        let host = host?;
        let mut sites = sites.to_vec();
        sites.sort_unstable();
        sites.dedup();
        let address: Option<IpAddr> = host.parse().ok();
        let name = folded(host);
        let of_address = address.and_then(|it| self.by_ip.get(&it.to_canonical()));
        let by_address = of_address.into_iter().flatten();
        let by_address = by_address.filter(|(_, site, _)| sites.contains(site));
        let by_address = by_address.map(|(_, site, known)| (*site, *known));
        let by_name = sites.iter().filter_map(|site| {
            let known = self.by_name.get(&(*site, name.clone())).copied().flatten();
            let by_mac = || self.by_mac.get(&(*site, host.parse().ok()?)).copied();
            known.or_else(by_mac).map(|known| (*site, known))
        });
        let mut found = by_address.chain(by_name);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }
}

impl<'a> Route<'a> {
    /// The same, and the records say through whom they came.
    #[must_use]
    pub fn through(self, sender: IpAddr) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// A device of the site by its address.
    pub fn by_mac(&self, mac: Mac) -> Option<Known> {
        self.directory.by_mac.get(&(self.site, mac)).copied()
    }

    /// A device of the site by its name, if only one has it.
    pub fn by_name(&self, name: &str) -> Option<Known> {
        self.directory.by_name.get(&(self.site, folded(name))).copied().flatten()
    }

    /// What is known of a radio interface of this AP.
    pub fn interface(&self, name: &str) -> Option<&'a Interface> {
        self.interfaces?.get(name)
    }
}
