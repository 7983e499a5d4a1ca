//! What can go wrong, named for what the caller can do about it.

/// An error of the catalog or the delivery store.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no such object in this scope.
    #[error("not found")]
    NotFound,
    /// A field of the input is not as it must be.
    #[error("invalid field: {field}: {reason}")]
    Invalid {
        /// The field.
        field: String,
        /// Why.
        reason: String,
    },
    /// Something else stands in the way.
    #[error("{0}")]
    Conflict(String),
    /// A webhook holds already what can be held once.
    #[error("{detail}")]
    Taken {
        /// What.
        detail: String,
        /// By which webhook.
        webhook_id: uuid::Uuid,
    },
    /// An org would be left without anybody who may do everything in it.
    #[error("an org needs an administrator")]
    LastAdmin(foghorn_model::OrgId),
    /// Another process holds the data directory.
    #[error("{0} is in use by another process")]
    Locked(String),
    /// A newer version wrote the file.
    #[error("{file} has schema {found}, this program knows schemas up to {known}: use a newer one")]
    Newer {
        /// The file.
        file: &'static str,
        /// Its schema.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// Sealed secrets cannot be opened.
    #[error("{0}")]
    Secrets(String),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file failed.
    #[error("{file}: {source}")]
    File {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A stored document does not decode.
    #[error("stored {what} does not decode: {source}")]
    Stored {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        source: serde_json::Error,
    },
}

impl CatalogError {
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = path.display().to_string();
        move |source| Self::File { file, source }
    }

    pub(crate) fn stored(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Stored { what, source }
    }
}
