//! Pictures of maps.

use super::imports::file;
use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes};
use crate::page::{Ids, Raw};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use foghorn_catalog::{Image, Right};
use foghorn_model::SiteId;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use imagesize::ImageType;
use serde_json::json;
use uuid::Uuid;

/// The largest picture, as a file and along a side.
const BYTES_MAX: usize = 10 << 20;
const SIDE_MAX: usize = 20_000;
const PATH: &str = "/api/v1/sites/{site_id}/maps/{map_id}/image";

pub(super) fn routes() -> Routes {
    let new = |method, id, summary| Operation::new(method, PATH, id, "maps", summary);
    let form = json!({
        "type": "object",
        "properties": { "file": { "type": "string", "format": "binary" } },
        "required": ["file"],
    });
    Routes::default()
        .at(
            new(Method::Post, "addSiteMapImage", "Gives a map a picture: PNG or JPEG")
                .takes_media("multipart/form-data", form),
            set,
        )
        .at(new(Method::Delete, "deleteSiteMapImage", "Takes a map's picture away"), remove)
        .at(
            new(Method::Get, "getSiteMapImage", "The picture of a map (extension)")
                .answers_media("image/*", json!({ "type": "string", "format": "binary" })),
            show,
        )
}

async fn set(
    caller: Caller,
    State(api): State<Api>,
    Ids((site, id)): Ids<(SiteId, Uuid)>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<(), Error> {
    let scope = caller.site(site, Right::Write)?;
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.starts_with("multipart/form-data") {
        return Err(Error::Unsupported("Content-Type is to be multipart/form-data".into()));
    }
    let image = checked(file(media, body, BYTES_MAX).await?.to_vec())?;
    api.blocking(move |catalog| catalog.set_image(scope, id, &image, &caller.actor)).await.map(drop)
}

/// A picture by what it is, not by what it is called.
fn checked(bytes: Vec<u8>) -> Result<Image, Error> {
    let wrong = |reason: String| Error::Field { field: "file".into(), reason };
    let media = match imagesize::image_type(&bytes) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        // SVG among them: it can hold scripts.
        _ => return Err(wrong("neither PNG nor JPEG".into())),
    };
    let size = imagesize::blob_size(&bytes);
    let size = size.map_err(|error| wrong(format!("its size cannot be read: {error}")))?;
    let side = |pixels: usize| {
        let fits = (1..=SIDE_MAX).contains(&pixels).then(|| u32::try_from(pixels).ok()).flatten();
        fits.ok_or_else(|| wrong(format!("a side of {pixels} pixels is not from 1 to {SIDE_MAX}")))
    };
    Ok(Image { media: media.into(), size: (side(size.width)?, side(size.height)?), bytes })
}

async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Ids((site, id)): Ids<(SiteId, Uuid)>,
) -> Result<(), Error> {
    let scope = caller.site(site, Right::Write)?;
    api.blocking(move |catalog| catalog.remove_image(scope, id, &caller.actor)).await
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids((site, id)): Ids<(SiteId, Uuid)>,
) -> Result<Response, Error> {
    let scope = caller.site(site, Right::Read)?;
    let (media, bytes) = api.blocking(move |catalog| catalog.image(scope, id)).await?;
    let media =
        HeaderValue::from_str(&media).map_err(|error| Error::Internal(error.to_string()))?;
    // Whatever somebody put there, it is looked at and does nothing.
    let headers = [
        (CONTENT_TYPE, media),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
}
