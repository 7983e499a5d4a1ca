//! How things are now.

mod clients;
mod devices;
mod found;
mod places;
mod totals;

use crate::openapi::Routes;

pub(super) fn routes() -> Routes {
    [totals::routes(), devices::routes(), clients::routes(), places::routes(), found::routes()]
        .into_iter()
        .fold(Routes::default(), Routes::merge)
}
