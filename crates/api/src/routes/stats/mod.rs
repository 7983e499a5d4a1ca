//! How things are now.

mod clients;
mod devices;
mod edges;
mod found;
mod places;
mod totals;

use crate::openapi::Routes;

pub(super) fn routes() -> Routes {
    let all = [
        totals::routes(),
        devices::routes(),
        edges::routes(),
        clients::routes(),
        places::routes(),
        found::routes(),
    ];
    all.into_iter().fold(Routes::default(), Routes::merge)
}
