//! The WLANs in force at a site: its own, and those of its org.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::gather::ALL;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Paged, page_of};
use crate::query::Query;
use crate::resources::PAGE;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Document, Kind, Right, Scope};
use foghorn_model::SiteId;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

const DERIVED: &str = "/api/v1/sites/{site_id}/wlans/derived";

pub(super) fn routes() -> Routes {
    let operation = Operation::new(
        Method::Get,
        DERIVED,
        "listSiteWlansDerived",
        "wlans",
        "The WLANs in force at a site: those of its org, and its own",
    );
    let wlan_id = ("wlan_id", "string", "only this one");
    Routes::default()
        .at(operation.asks(&[wlan_id]).asks(&PAGE).answers(array_of(reference("Wlan"))), derived)
}

#[derive(Deserialize)]
struct Which {
    wlan_id: Option<Uuid>,
}

async fn derived(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    Query(which): Query<Which>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.site(site, Right::Read)?;
    let of_org = Scope { site: None, ..scope };
    let (of_org_wlans, own, aps) = api
        .blocking(move |catalog| {
            let (of_org, _) = catalog.list(Kind::Wlan, of_org, ALL)?;
            let (own, _) = catalog.list(Kind::Wlan, scope, ALL)?;
            let (aps, _) = catalog.list(Kind::Device, scope, ALL)?;
            let aps: Vec<String> = aps.iter().map(|ap| ap.id.to_string()).collect();
            Ok((of_org, own, aps))
        })
        .await?;
    let here = of_org_wlans.iter().filter(|wlan| is_sent_by(wlan, &aps));
    let here = here.map(|wlan| (wlan, caller.sees_secrets(of_org)));
    let own = own.iter().map(|wlan| (wlan, caller.sees_secrets(scope)));
    let wanted = here.chain(own).filter(|(wlan, _)| which.wlan_id.is_none_or(|id| id == wlan.id));
    Ok(page_of(page, wanted.collect(), |(wlan, secrets)| wlan.to_json(secrets)))
}

/// Whether a WLAN of the org is for any of these APs: for all, unless it names its own.
fn is_sent_by(wlan: &Document, aps: &[String]) -> bool {
    if wlan.text("apply_to") != "aps" {
        return true;
    }
    let named = wlan.body.get("ap_ids").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    named.into_iter().any(|named| aps.iter().any(|ap| ap == named))
}
