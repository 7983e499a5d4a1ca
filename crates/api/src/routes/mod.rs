//! The routes, one module an object.

mod consts;
mod deliveries;
mod devices;
mod history;
mod orgs;
mod settings;
mod sites;
mod telemetry;
mod tokens;
mod webhooks;
mod whoami;

use crate::Api;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn all() -> OpenApiRouter<Api> {
    [
        whoami::routes(),
        tokens::routes(),
        orgs::routes(),
        sites::routes(),
        settings::routes(),
        devices::routes(),
        webhooks::routes(),
        deliveries::routes(),
        history::routes(),
        telemetry::routes(),
        consts::routes(),
    ]
    .into_iter()
    .fold(OpenApiRouter::new(), OpenApiRouter::merge)
}
