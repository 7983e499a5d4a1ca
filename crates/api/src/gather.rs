//! Bringing together what the catalog and the shards know.

use crate::Api;
use crate::error::Error;
use crate::live::{Ask, Live, LiveClient, LiveDevice, LiveEdge};
use foghorn_catalog::{Document, Kind, Page, Scope};
use foghorn_model::{Mac, SiteId, Timestamp};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Clients of one question to a shard.
const CLIENTS_A_PAGE: usize = 1000;
/// All objects of a list.
pub(crate) const ALL: Page = Page { limit: u32::MAX, page: 1 };

impl Api {
    pub(crate) async fn live(&self, site: SiteId, ask: Ask) -> Result<Live, Error> {
        Ok(self.backend.live(site, ask).await?)
    }

    /// All objects of a kind in a scope.
    pub(crate) async fn all(&self, kind: Kind, scope: Scope) -> Result<Vec<Document>, Error> {
        Ok(self.blocking(move |catalog| catalog.list(kind, scope, ALL)).await?.0)
    }

    /// The scopes of the sites in a scope.
    pub(crate) fn sites(&self, scope: Scope) -> Vec<Scope> {
        let view = self.catalog.view();
        let of_org = view.sites.values().filter(|site| site.org_id == scope.org);
        let within = of_org.filter(|site| scope.site.is_none_or(|only| only == site.id));
        within.map(|site| Scope { org: scope.org, site: Some(site.id) }).collect()
    }

    /// What is live of these devices, in their order.
    pub(crate) async fn live_devices(
        &self,
        documents: &[Document],
    ) -> Result<Vec<Option<LiveDevice>>, Error> {
        self.live_of(documents, Ask::Devices, |live| live.devices).await
    }

    /// What is live of these edges, in their order.
    pub(crate) async fn live_edges(
        &self,
        documents: &[Document],
    ) -> Result<Vec<Option<LiveEdge>>, Error> {
        self.live_of(documents, Ask::Edges, |live| live.edges).await
    }

    /// Asks each site that these are of once; what is of none, its org knows.
    async fn live_of<T: Clone>(
        &self,
        documents: &[Document],
        ask: Ask,
        of: fn(Live) -> BTreeMap<Mac, T>,
    ) -> Result<Vec<Option<T>>, Error> {
        let mut sites: BTreeMap<SiteId, BTreeMap<Mac, T>> = BTreeMap::new();
        let place = |it: &Document| it.site_id.unwrap_or(SiteId::of_org(it.org_id));
        for site in documents.iter().map(place) {
            if let Entry::Vacant(entry) = sites.entry(site) {
                entry.insert(of(self.live(site, ask).await?));
            }
        }
        let of = |document: &Document| {
            let mac = document.text("mac").parse().ok()?;
            sites.get(&place(document))?.get(&mac).cloned()
        };
        Ok(documents.iter().map(of).collect())
    }

    /// How many clients a site has.
    pub(crate) async fn client_count(&self, site: SiteId) -> Result<usize, Error> {
        let ask = Ask::Clients { after: None, since: Timestamp(0), rows: 0 };
        Ok(self.live(site, ask).await?.client_count)
    }

    /// Shows each client of a site that was heard of since then, until `show` has seen enough.
    /// Returns what the site was like at the first of them.
    pub(crate) async fn each_client(
        &self,
        site: SiteId,
        since: Timestamp,
        mut show: impl FnMut(&LiveClient) -> bool + Send,
    ) -> Result<Live, Error> {
        let mut first: Option<Live> = None;
        let mut after = None;
        loop {
            let ask = Ask::Clients { after, since, rows: CLIENTS_A_PAGE };
            let mut live = self.live(site, ask).await?;
            let enough = std::mem::take(&mut live.clients).iter().any(|client| !show(client));
            after = live.next;
            let first = first.get_or_insert(live);
            if enough || after.is_none() {
                return Ok(std::mem::take(first));
            }
        }
    }
}
