//! The routes that are more than objects, one module a subject.

mod admins;
mod alarms;
mod consts;
mod deliveries;
mod history;
mod images;
mod imports;
mod inventory;
pub(crate) mod login;
mod openwifi;
mod orgs;
mod relay;
mod settings;
mod sites;
mod stats;
mod streams;
mod suppression;
mod telemetry;
mod tokens;
mod unclaimed;
mod webhooks;
mod whoami;
mod wlans;

use crate::openapi::Routes;
use crate::resources;

pub(crate) fn all() -> Routes {
    [
        login::routes(),
        whoami::routes(),
        admins::routes(),
        tokens::routes(),
        unclaimed::routes(),
        orgs::routes(),
        sites::routes(),
        settings::routes(),
        inventory::routes(),
        imports::routes(),
        images::routes(),
        webhooks::routes(),
        wlans::routes(),
        resources::routes(),
        deliveries::routes(),
        history::routes(),
        alarms::routes(),
        suppression::routes(),
        stats::routes(),
        streams::routes(),
        telemetry::routes(),
        openwifi::routes(),
        relay::routes(),
        consts::routes(),
    ]
    .into_iter()
    .fold(Routes::default(), Routes::merge)
}
