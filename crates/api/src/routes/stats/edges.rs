//! Edges: their configuration, and whether they are connected.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Paged, page_of};
use crate::resources::{Level, PAGE};
use crate::rows;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Kind, Right};
use uuid::Uuid;

/// Whose they are; the path of all and its name; that of one.
const MEASURED: [(Level, [&str; 2], [&str; 2]); 2] = [
    (
        Level::Org,
        ["/api/v1/orgs/{org_id}/stats/mxedges", "listOrgMxEdgesStats"],
        ["/api/v1/orgs/{org_id}/stats/mxedges/{mxedge_id}", "getOrgMxEdgeStats"],
    ),
    (
        Level::Site,
        ["/api/v1/sites/{site_id}/stats/mxedges", "listSiteMxEdgesStats"],
        ["/api/v1/sites/{site_id}/stats/mxedges/{mxedge_id}", "getSiteMxEdgeStats"],
    ),
];

pub(super) fn routes() -> Routes {
    let new = |path, id, summary| Operation::new(Method::Get, path, id, "stats", summary);
    let edge = || reference("MxEdgeStats");
    MEASURED.into_iter().fold(Routes::default(), |routes, (level, all, one)| {
        let list = new(all[0], all[1], "Edges as they are now").asks(&PAGE);
        let routes = routes.at(
            list.answers(array_of(edge())),
            move |caller: Caller, State(api): State<Api>, Ids(owner): Ids<Uuid>, page| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Paged(page) = page;
                let documents = api.all(Kind::MxEdge, scope).await?;
                let live = api.live_edges(&documents).await?;
                let found = documents.into_iter().zip(live);
                let found = found.collect();
                Ok::<_, Error>(page_of(page, found, |(edge, live)| {
                    rows::edge(&edge, live.as_ref())
                }))
            },
        );
        let show = new(one[0], one[1], "An edge as it is now");
        routes.at(
            show.answers(edge()),
            move |caller: Caller, State(api): State<Api>, Ids((owner, id))| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let found = api.blocking(move |catalog| catalog.get(Kind::MxEdge, scope, id));
                let edge = found.await?;
                let live = api.live_edges(std::slice::from_ref(&edge)).await?;
                Ok::<_, Error>(Json(rows::edge(&edge, live[0].as_ref())))
            },
        )
    })
}
