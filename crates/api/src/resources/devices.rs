//! The devices of a site are listed by their type: APs, unless others are asked for.

use super::routed::Objects;
use crate::Api;
use crate::caller::Caller;
use crate::openapi::{Operation, Parameter, Routes};
use crate::page::{Ids, Paged, page_of};
use crate::query::Query;
use crate::search::field;
use axum::extract::State;
use foghorn_catalog::Document;
use serde::Deserialize;

const TYPES: [&str; 4] = ["ap", "switch", "gateway", "all"];
const WHICH: [Parameter; 2] = [
    ("type", "string", "ap, switch, gateway or all; ap unless it is given"),
    ("name", "string", "those of this name"),
];

/// Which devices are asked for.
#[derive(Deserialize)]
struct Which {
    r#type: Option<String>,
    name: Option<String>,
}

impl Which {
    fn takes(&self, device: &Document) -> bool {
        let kind = self.r#type.as_deref().unwrap_or("ap");
        (kind == "all" || device.text("type") == kind)
            && self.name.as_ref().is_none_or(|name| device.text("name") == name)
    }
}

/// Lists those that are asked for.
pub(super) fn lists(devices: Objects, routes: Routes, described: Operation) -> Routes {
    routes.at(
        described.asks(&WHICH),
        move |caller: Caller, State(api): State<Api>, Ids(owner), which, Paged(page)| async move {
            let scope = devices.scope(&caller, owner, devices.sees)?;
            let Query(which): Query<Which> = which;
            if which.r#type.as_deref().is_some_and(|it| !TYPES.contains(&it)) {
                return Err(field("type", format!("not one of {}", TYPES.join(", "))));
            }
            let mut found = api.all(devices.kind, scope).await?;
            found.retain(|device| which.takes(device));
            let secrets = caller.sees_secrets(scope);
            Ok(page_of(page, found, |device| device.to_json(secrets)))
        },
    )
}
