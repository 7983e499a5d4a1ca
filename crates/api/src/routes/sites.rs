//! Sites: made and listed in their org, and addressed by themselves.

use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::resources::{Level, Objects, PAGE};
use foghorn_catalog::{Kind, Right};

const ALL: &str = "/api/v1/orgs/{org_id}/sites";
const ONE: &str = "/api/v1/sites/{site_id}";
const OF_AN_ORG: Objects =
    Objects { level: Level::Org, kind: Kind::Site, sees: Right::Read, changes: Right::Write };
const ITSELF: Objects = Objects { level: Level::Site, ..OF_AN_ORG };

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "sites", summary);
    let site = || reference("Site");
    let list = new(Method::Get, ALL, "listOrgSites", "The sites of an org").asks(&PAGE);
    let create = new(Method::Post, ALL, "createOrgSite", "Makes a site").takes(site());
    let show = new(Method::Get, ONE, "getSiteInfo", "A site");
    let change = "Changes the given members of a site";
    let changed =
        |method, id| new(method, ONE, id, change).takes(reference("SiteChange")).answers(site());
    let remove = new(
        Method::Delete,
        ONE,
        "deleteSite",
        "Deletes a site and what belongs to it; its devices go back to the inventory",
    );
    let routes = OF_AN_ORG.lists(Routes::default(), list.answers(array_of(site())));
    let routes = OF_AN_ORG.creates(routes, create.answers(site()));
    let routes = ITSELF.shows(routes, show.answers(site()));
    let routes = ITSELF.updates(routes, changed(Method::Put, "updateSiteInfo"));
    let routes = ITSELF.updates(routes, changed(Method::Post, "updateSiteInfoByPost"));
    ITSELF.removes(routes, remove)
}
