//! Pagination in headers, and bodies that are JSON objects.

use crate::error::Error;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use foghorn_catalog::{Document, Page};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;

const X_PAGE_LIMIT: HeaderName = HeaderName::from_static("x-page-limit");
const X_PAGE_PAGE: HeaderName = HeaderName::from_static("x-page-page");
const X_PAGE_TOTAL: HeaderName = HeaderName::from_static("x-page-total");

#[derive(Deserialize)]
struct Asked {
    limit: Option<u32>,
    page: Option<u32>,
}

/// Which page is asked for: `?limit=&page=`, or the headers that the answer has.
pub(crate) struct Paged(pub(crate) Page);

impl<S: Send + Sync> FromRequestParts<S> for Paged {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state)
            .await
            .map_err(|error| Error::Bad(error.body_text()))?;
        let header = |name| {
            let value: Option<&HeaderValue> = parts.headers.get(name);
            value.and_then(|value| value.to_str().ok()?.parse().ok())
        };
        let limit = asked.limit.or_else(|| header(X_PAGE_LIMIT)).unwrap_or(LIMIT_DEFAULT);
        let page = asked.page.or_else(|| header(X_PAGE_PAGE)).unwrap_or(1);
        let field = |field: &str, reason: String| Error::Field { field: field.into(), reason };
        if limit == 0 || limit > LIMIT_MAX {
            return Err(field("limit", format!("not from 1 to {LIMIT_MAX}")));
        }
        if page == 0 {
            return Err(field("page", "pages are counted from 1".into()));
        }
        Ok(Self(Page { limit, page }))
    }
}

/// A page of objects with the headers that say which.
pub(crate) fn listing(
    page: Page,
    (documents, total): (Vec<Document>, u64),
    secrets: bool,
) -> Response {
    let list: Vec<Value> = documents.iter().map(|it| it.to_json(secrets)).collect();
    let headers = [
        (X_PAGE_LIMIT, HeaderValue::from(page.limit)),
        (X_PAGE_PAGE, HeaderValue::from(page.page)),
        (X_PAGE_TOTAL, HeaderValue::from(total)),
    ];
    (headers, axum::Json(list)).into_response()
}

/// A body that is a JSON object.
pub(crate) struct Object(pub(crate) Map<String, Value>);

/// A body that is any JSON.
pub(crate) struct Json(pub(crate) Value);

/// Configuration is small.
const OBJECT_BYTES_MAX: usize = 1 << 20;

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|error| Error::TooLarge(error.body_text()))?;
        if body.len() > OBJECT_BYTES_MAX {
            return Err(Error::TooLarge(format!(
                "the body is larger than {OBJECT_BYTES_MAX} bytes"
            )));
        }
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Error::Bad(format!("JSON parse error - {error}")))
    }
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        match Json::from_request(request, state).await?.0 {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(Error::Bad("JSON parse error - the body is not an object".into())),
        }
    }
}
