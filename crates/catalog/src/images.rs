//! Pictures of floor plans.

use crate::catalog::{Catalog, Document, Scope};
use crate::error::CatalogError;
use crate::objects::Kind;
use foghorn_model::Actor;
use rusqlite::{OptionalExtension, params};
use serde_json::json;
use uuid::Uuid;

/// Where a document keeps what picture it has: its media type, and its version.
pub(crate) const IMAGE: &str = "$image";

/// A picture, checked.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its media type.
    pub media: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its width and height in pixels.
    pub size: (u32, u32),
}

impl Catalog {
    /// Gives a map a picture in place of any that it has; its width and height are the picture's.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`].
    pub fn set_image(
        &self,
        scope: Scope,
        id: Uuid,
        image: &Image,
        actor: &Actor,
    ) -> Result<Document, CatalogError> {
        self.write(|write| {
            let before = write.get(Kind::Map, scope, id)?;
            write.transaction.execute(
                "INSERT OR REPLACE INTO images (kind, id, media, bytes) VALUES (?1, ?2, ?3, ?4)",
                params![Kind::Map.name(), id.to_string(), image.media, image.bytes],
            )?;
            let mut after = before.clone();
            let (width, height) = image.size;
            after.body.insert("width".into(), json!(width));
            after.body.insert("height".into(), json!(height));
            after.body.insert(IMAGE.into(), json!(before.version + 1));
            write.replace(actor, &before, after)
        })
    }

    /// Takes a map's picture away.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if there is no map, or it has no picture.
    pub fn remove_image(&self, scope: Scope, id: Uuid, actor: &Actor) -> Result<(), CatalogError> {
        self.write(|write| {
            let before = write.get(Kind::Map, scope, id)?;
            let mut after = before.clone();
            after.body.remove(IMAGE).ok_or(CatalogError::NotFound)?;
            write.remove_image(&before)?;
            write.replace(actor, &before, after).map(drop)
        })
    }

    /// The picture of a map: its media type and the file.
    ///
    /// # Errors
    /// [`CatalogError::NotFound`] if there is no map, or it has no picture.
    pub fn image(&self, scope: Scope, id: Uuid) -> Result<(String, Vec<u8>), CatalogError> {
        self.get(Kind::Map, scope, id)?;
        let connection = self.lock();
        let mut query = connection
            .prepare_cached("SELECT media, bytes FROM images WHERE kind = ?1 AND id = ?2")?;
        let found = query.query_row(params![Kind::Map.name(), id.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        found.optional()?.ok_or(CatalogError::NotFound)
    }
}
