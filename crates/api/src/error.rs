//! Errors as Mist answers them: `{"detail": …}`, with `field` and `reason` beside it where they
//! help.

use axum::response::{IntoResponse, Response};
use foghorn_catalog::CatalogError;
use foghorn_ingest::http::BodyError;
use foghorn_ingest::journal::Refused;
use foghorn_ingest::mist::{MessageError, SignatureError};
use foghorn_ingest::openwifi::StateError;
use foghorn_model::OrgId;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Why a request is not answered with 200.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Authentication credentials were not provided.")]
    Unauthenticated,
    #[error("{0}")]
    Unsigned(SignatureError),
    #[error("You do not have permission to perform this action.")]
    Forbidden,
    #[error("CSRF Failed: CSRF token missing or incorrect.")]
    Csrf,
    #[error("Invalid email or password, or a wrong code.")]
    Login,
    #[error("Too many failed logins.")]
    TooManyFailures(Duration),
    #[error("Not found.")]
    NotFound,
    #[error("Method not allowed.")]
    Method,
    #[error("{0}")]
    Bad(String),
    #[error("invalid field: {field}")]
    Field { field: String, reason: String },
    #[error("{detail}")]
    Taken { detail: String, webhook_id: Uuid },
    #[error("an org needs an administrator")]
    LastAdmin(OrgId),
    #[error("{0}")]
    TooLarge(String),
    #[error("the body did not come within {} s", .0.as_secs())]
    Slow(Duration),
    #[error("{0}")]
    Unsupported(String),
    #[error(
        "Too Many Request. The API Token used for the request reached the {max} API Calls per hour \
         threshold"
    )]
    TooMany { after: Duration, max: u32 },
    #[error("too many streams are open")]
    TooManyStreams(Duration),
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("internal error")]
    Internal(String),
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound => Self::NotFound,
            CatalogError::Invalid { field, reason } => Self::Field { field, reason },
            CatalogError::Conflict(detail) => Self::Bad(detail),
            CatalogError::LastAdmin(org) => Self::LastAdmin(org),
            CatalogError::Taken { detail, webhook_id } => Self::Taken { detail, webhook_id },
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { .. } => Self::TooLarge(error.to_string()),
            BodyError::Encoding(_) => Self::Unsupported(error.to_string()),
            BodyError::Corrupt { .. } => Self::Bad(error.to_string()),
        }
    }
}

impl From<MessageError> for Error {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Json(_) => Self::Bad(error.to_string()),
            MessageError::Topic(_) => {
                Self::Field { field: "topic".into(), reason: error.to_string() }
            }
            MessageError::Field { field, reason } => Self::Field { field, reason },
        }
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Json(_) => Self::Bad(error.to_string()),
            StateError::TooLarge => Self::TooLarge(error.to_string()),
            StateError::Field { field, reason } => Self::Field { field, reason },
        }
    }
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Unsigned(SignatureError::Missing) => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Csrf | Self::Unsigned(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Bad(_)
            | Self::Field { .. }
            | Self::Taken { .. }
            | Self::LastAdmin(_)
            | Self::Login => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. }
            | Self::TooManyFailures(_)
            | Self::TooManyStreams(_)
            | Self::Refused(Refused::Quota { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { after, .. }
            | Self::TooManyFailures(after)
            | Self::TooManyStreams(after) => Some(*after),
            Self::Refused(refused) => Some(refused.retry_after()),
            _ => None,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Internal(detail) = &self {
            tracing::error!(detail, "a request failed");
        }
        let mut body = json!({ "detail": self.to_string() });
        if let Self::Field { field, reason } = &self {
            body["field"] = Value::String(field.clone());
            body["reason"] = Value::String(reason.clone());
        }
        if let Self::LastAdmin(org) = &self {
            body["org_id"] = json!(org);
        }
        if let Self::Taken { webhook_id, .. } = &self {
            body["webhook_id"] = json!(webhook_id);
        }
        let mut response = (self.status(), axum::Json(body)).into_response();
        if let Some(after) = self.retry_after() {
            let secs = HeaderValue::from(after.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, secs);
        }
        response
    }
}
