//! Routes of objects: who may do what with a kind of them, wherever its paths lead.

use super::Level;
use super::handlers::{self, Removal};
use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Operation, Routes};
use crate::page::{Ids, Object, Paged};
use crate::query::Query;
use axum::extract::{FromRequestParts, State};
use foghorn_catalog::{Kind, Right, Scope};
use http::request::Parts;
use uuid::Uuid;

/// Objects of a kind, as they are reached at a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objects {
    pub(crate) level: Level,
    pub(crate) kind: Kind,
    /// What it takes to see one.
    pub(crate) sees: Right,
    /// What it takes to make, change or delete one.
    pub(crate) changes: Right,
}

/// Whose it is, and which: an org and a site are their own.
struct Named {
    owner: Uuid,
    id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Ids(ids) = Ids::<Vec<Uuid>>::from_request_parts(parts, state).await?;
        match ids[..] {
            [owner, id] => Ok(Self { owner, id }),
            [itself] => Ok(Self { owner: itself, id: itself }),
            _ => Err(Error::Internal("a path of an object names one id or two".into())),
        }
    }
}

impl Objects {
    pub(super) fn scope(self, caller: &Caller, owner: Uuid, right: Right) -> Result<Scope, Error> {
        let scope = self.level.scope(caller, owner, right)?;
        // A site is an object of its org.
        Ok(if self.kind == Kind::Site { Scope { site: None, ..scope } } else { scope })
    }

    /// Lists them.
    pub(crate) fn lists(self, routes: Routes, described: Operation) -> Routes {
        routes.at(
            described,
            move |caller: Caller, State(api): State<Api>, Ids(owner), Paged(page)| async move {
                let scope = self.scope(&caller, owner, self.sees)?;
                handlers::list(&api, &caller, self.kind, scope, page).await
            },
        )
    }

    /// Makes one.
    pub(crate) fn creates(self, routes: Routes, described: Operation) -> Routes {
        routes.at(
            described,
            move |caller: Caller, State(api): State<Api>, Ids(owner), Object(body)| async move {
                let scope = self.scope(&caller, owner, self.changes)?;
                handlers::create(&api, caller, self.kind, scope, body).await
            },
        )
    }

    /// Shows one.
    pub(crate) fn shows(self, routes: Routes, described: Operation) -> Routes {
        routes.at(
            described,
            move |caller: Caller, State(api): State<Api>, Named { owner, id }| async move {
                let scope = self.scope(&caller, owner, self.sees)?;
                handlers::show(&api, &caller, self.kind, scope, id).await
            },
        )
    }

    /// Changes the given members of one.
    pub(crate) fn updates(self, routes: Routes, described: Operation) -> Routes {
        routes.at(
            described,
            move |caller: Caller,
                  State(api): State<Api>,
                  Named { owner, id },
                  Object(body)| async move {
                let scope = self.scope(&caller, owner, self.changes)?;
                handlers::update(&api, caller, self.kind, scope, id, body).await
            },
        )
    }

    /// Deletes one.
    pub(crate) fn removes(self, routes: Routes, described: Operation) -> Routes {
        routes.at(
            described,
            move |caller: Caller,
                  State(api): State<Api>,
                  Named { owner, id },
                  Query(removal): Query<Removal>| async move {
                let scope = self.scope(&caller, owner, self.changes)?;
                handlers::remove(&api, caller, self.kind, scope, id, removal).await
            },
        )
    }
}
