//! Pagination in headers, and bodies that are JSON objects.

use crate::error::Error;
use crate::query::Query;
use axum::body::HttpBody;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use foghorn_catalog::{Document, Page};
use foghorn_ingest::http::BODY_BYTES_MAX;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;

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
        let Query(asked) = Query::<Asked>::from_request_parts(parts, state).await?;
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

/// The ids in a path.
pub(crate) struct Ids<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(ids)| Self(ids)).map_err(|rejection| misnamed(&rejection))
    }
}

/// What is wrong with a path: the part of it that is no id.
fn misnamed(rejection: &PathRejection) -> Error {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else {
        return Error::Internal("a route without parts".into());
    };
    match error.kind() {
        ErrorKind::DeserializeError { key, .. } => {
            Error::Field { field: key.clone(), reason: "not a UUID".into() }
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            Error::Field { field: key.clone(), reason: "not UTF-8".into() }
        }
        _ => Error::NotFound,
    }
}

/// A page of objects with the headers that say which.
pub(crate) fn listing(
    page: Page,
    (documents, total): (Vec<Document>, u64),
    secrets: bool,
) -> Response {
    rows(page, documents.iter().map(|it| it.to_json(secrets)).collect(), total)
}

/// A page of rows with the headers that say which.
pub(crate) fn rows(page: Page, list: Vec<Value>, total: u64) -> Response {
    let headers = [
        (X_PAGE_LIMIT, HeaderValue::from(page.limit)),
        (X_PAGE_PAGE, HeaderValue::from(page.page)),
        (X_PAGE_TOTAL, HeaderValue::from(total)),
    ];
    (headers, axum::Json(list)).into_response()
}

/// The part of all rows that makes the page, with its headers.
pub(crate) fn page_of<T>(page: Page, all: Vec<T>, row: impl FnMut(T) -> Value) -> Response {
    let total = all.len() as u64;
    let skip = (page.page as usize - 1).saturating_mul(page.limit as usize);
    rows(page, all.into_iter().skip(skip).take(page.limit as usize).map(row).collect(), total)
}

/// A body that is a JSON object.
pub(crate) struct Object(pub(crate) Map<String, Value>);

/// A body that is a JSON object, or none at all, which is an empty object.
pub(crate) struct MaybeObject(pub(crate) Map<String, Value>);

/// A body that is any JSON.
pub(crate) struct Json(pub(crate) Value);

/// Configuration is small.
const OBJECT_BYTES_MAX: usize = 1 << 20;

/// How long the body of a request may take to come.
pub(crate) const BODY_TIME_MAX: Duration = Duration::from_secs(60);

/// Reads a body of at most so many bytes, in so much time.
pub(crate) async fn read_body(
    request: Request,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge(format!("the body is larger than {bytes_max} bytes"));
    let body = request.into_body();
    // What says that it is too large need not be read to be believed.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let read = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(time_max, read).await {
        Err(_) => Err(Error::Slow(time_max)),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Error::Bad(format!("the body cannot be read: {error}"))),
    }
}

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let body = read_body(request, OBJECT_BYTES_MAX, BODY_TIME_MAX).await?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Error::Bad(format!("JSON parse error - {error}")))
    }
}

/// A body as it came, of at most [`BODY_BYTES_MAX`].
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        read_body(request, BODY_BYTES_MAX, BODY_TIME_MAX).await.map(Self)
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

impl<S: Send + Sync> FromRequest<S> for MaybeObject {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self(Map::new()));
        }
        Object::from_request(request, state).await.map(|Object(map)| Self(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A body that says how long it is and never comes.
    struct Stalled;

    impl HttpBody for Stalled {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn i01_a_body_that_does_not_come_is_given_up() {
        let request = Request::new(Body::new(Stalled));
        let given_up = read_body(request, 10, Duration::ZERO).await;
        let status = given_up.unwrap_err().into_response().status();
        assert_eq!(status, http::StatusCode::REQUEST_TIMEOUT);
    }
}
