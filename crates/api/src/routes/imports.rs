//! Many objects at once: a JSON list, or a CSV file with a line of names at its top.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes};
use crate::page::{Ids, Raw};
use crate::query::Query;
use crate::resources::Level;
use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, State};
use csv::StringRecord;
use foghorn_catalog::{Import, Imported, Kind, Right, Scope, read_cells};
use foghorn_ingest::http::BODY_BYTES_MAX;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a form has beside its file.
const FORM_BYTES: usize = 4096;
/// Rows of one import.
const ROWS_MAX: usize = 10_000;

/// What can be imported: the level, the path, the name, the kind, and what it takes.
const IMPORTS: [(Level, &str, &str, Kind, Right); 4] = [
    (
        Level::Org,
        "/api/v1/orgs/{org_id}/assets/import",
        "importOrgAssets",
        Kind::Asset,
        Right::Write,
    ),
    (
        Level::Site,
        "/api/v1/sites/{site_id}/assets/import",
        "importSiteAssets",
        Kind::Asset,
        Right::Write,
    ),
    (
        Level::Org,
        "/api/v1/orgs/{org_id}/inventory/import",
        "importOrgInventory",
        Kind::Device,
        Right::Install,
    ),
    (
        Level::Site,
        "/api/v1/sites/{site_id}/devices/import",
        "importSiteDevices",
        Kind::Device,
        Right::Install,
    ),
];

const HOW: [Parameter; 2] = [
    ("upsert", "string", "`true`: a row changes the object that has its MAC; else it is an error"),
    ("dry_run", "string", "`true`: only tell what would be done (extension)"),
];

/// The collection that a path of an import leads to.
fn tag(path: &'static str) -> &'static str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

#[derive(Deserialize)]
struct Asked {
    upsert: Option<String>,
    dry_run: Option<String>,
}

pub(super) fn routes() -> Routes {
    IMPORTS.into_iter().fold(Routes::default(), |routes, (level, path, id, kind, right)| {
        let noun = kind.row().noun;
        let summary = format!("Takes a list of {noun} objects, as JSON or as a file in CSV");
        let rows = json!({ "type": "array", "items": { "type": "object" } });
        let numbers = json!({ "type": "integer" });
        let answer = json!({
            "type": "object",
            "properties": {
                "added": numbers, "updated": numbers, "errors": { "type": "array" },
            },
            "required": ["added", "updated", "errors"],
        });
        routes.at(
            Operation::new(Method::Post, path, id, tag(path), summary)
                .asks(&HOW)
                .takes(rows)
                .answers(answer),
            move |caller: Caller,
                  State(api): State<Api>,
                  Ids(owner),
                  Query(asked),
                  headers: HeaderMap,
                  Raw(body): Raw| async move {
                let scope = level.scope(&caller, owner, right)?;
                let rows = rows_of(kind, &headers, body).await?;
                import(&api, caller, kind, scope, rows, &asked).await
            },
        )
    })
}

async fn import(
    api: &Api,
    caller: Caller,
    kind: Kind,
    scope: Scope,
    rows: Vec<Row>,
    asked: &Asked,
) -> Result<Json<Value>, Error> {
    let how = Import {
        key: "mac",
        upsert: is_set("upsert", asked.upsert.as_deref())?,
        dry_run: is_set("dry_run", asked.dry_run.as_deref())?,
    };
    let (mut numbers, mut objects, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in (1..).zip(rows) {
        match row {
            Ok(object) => {
                numbers.push(number);
                objects.push(object);
            }
            Err(detail) => wrong.push((number, None, detail)),
        }
    }
    let Imported { added, updated, errors } = api
        .blocking(move |catalog| catalog.import(kind, scope, &caller.actor, objects, how))
        .await?;
    // The catalog counts those that it was given.
    let counted = errors.into_iter().map(|(row, field, detail)| (numbers[row - 1], field, detail));
    let mut errors: Vec<(usize, Option<String>, String)> = counted.chain(wrong).collect();
    errors.sort_by_key(|(row, ..)| *row);
    let error = |(row, field, detail): &(usize, Option<String>, String)| json!({ "row": row, "field": field, "detail": detail });
    Ok(Json(json!({
        "added": added.len(),
        "updated": updated.len(),
        "errors": errors.iter().map(error).collect::<Vec<_>>(),
        "dry_run": how.dry_run,
    })))
}

/// An object as it came, or what is wrong with the row that should be one.
type Row = Result<Map<String, Value>, String>;

fn is_set(name: &str, flag: Option<&str>) -> Result<bool, Error> {
    match flag.map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::Field { field: name.into(), reason: "not true or false".into() }),
    }
}

/// The rows of a body.
async fn rows_of(kind: Kind, headers: &HeaderMap, body: bytes::Bytes) -> Result<Vec<Row>, Error> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let rows = if media.starts_with("multipart/form-data") {
        rows_of_csv(kind, &file(media, body, BODY_BYTES_MAX).await?)?
    } else if media.starts_with("text/csv") {
        rows_of_csv(kind, &body)?
    } else {
        let rows: Vec<Value> = serde_json::from_slice(&body)
            .map_err(|error| Error::Bad(format!("JSON parse error - {error}")))?;
        let object = |row| match row {
            Value::Object(object) => Ok(object),
            _ => Err("not an object".to_owned()),
        };
        rows.into_iter().map(object).collect()
    };
    if rows.len() > ROWS_MAX {
        return Err(Error::TooLarge(format!("more than {ROWS_MAX} rows: send the rest again")));
    }
    Ok(rows)
}

/// The one file of a form, of at most so many bytes.
pub(super) async fn file(
    media: &str,
    body: bytes::Bytes,
    bytes_max: usize,
) -> Result<bytes::Bytes, Error> {
    let bad = |detail: String| Error::Bad(format!("the form cannot be read: {detail}"));
    if body.len() > bytes_max + FORM_BYTES {
        return Err(Error::TooLarge(format!("the file is larger than {bytes_max} bytes")));
    }
    let request = Request::builder().header(CONTENT_TYPE, media).body(Body::from(body));
    let mut request = request.map_err(|error| bad(error.to_string()))?;
    // It is read already, and measured.
    DefaultBodyLimit::disable().apply(&mut request);
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| bad(error.body_text()))?;
    while let Some(field) = form.next_field().await.map_err(|error| bad(error.body_text()))? {
        if field.file_name().is_some() || field.name() == Some("file") {
            return field.bytes().await.map_err(|error| bad(error.body_text()));
        }
    }
    Err(bad("it has no file".into()))
}

/// Rows of a file whose first line names the members; an empty cell is an absent member.
fn rows_of_csv(kind: Kind, text: &[u8]) -> Result<Vec<Row>, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text);
    let names = reader.headers().map_err(|error| Error::Bad(format!("CSV: {error}")))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(match record {
            Ok(record) => row_of(kind, &names, &record),
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                Err("not UTF-8".into())
            }
            Err(error) => return Err(Error::Bad(format!("CSV: {error}"))),
        });
        if rows.len() > ROWS_MAX {
            break;
        }
    }
    Ok(rows)
}

fn row_of(kind: Kind, names: &StringRecord, record: &StringRecord) -> Row {
    if record.len() != names.len() {
        return Err(format!("{} cells, where {} are named", record.len(), names.len()));
    }
    let cells = names.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
    let mut row = cells.map(|(name, cell)| (name.to_owned(), json!(cell))).collect();
    read_cells(kind, &mut row);
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_by_the_names_at_its_top() {
        let file = "\u{feff}name, mac\n\"a, b\",5c5b53010101\n,5c5b53010102\n";
        let rows = rows_of_csv(Kind::Asset, file.as_bytes()).unwrap();
        let rows = rows.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows[0]["name"], "a, b");
        assert_eq!((rows[1].get("name"), &rows[1]["mac"]), (None, &json!("5c5b53010102")));
        let placed = rows_of_csv(Kind::Device, b"mac,x,name\n5c5b53010101,1.5,7\n").unwrap();
        let placed = placed[0].as_ref().unwrap();
        assert_eq!((&placed["x"], &placed["name"]), (&json!(1.5), &json!("7")));
    }

    #[test]
    fn a_row_that_cannot_be_read_leaves_the_others() {
        let file = b"name,mac\na,b,c\nd\n\xff,b\ne,5c5b53010101\n";
        let rows = rows_of_csv(Kind::Asset, file).unwrap();
        let wrong: Vec<&str> =
            rows.iter().filter_map(|row| Some(row.as_ref().err()?.as_str())).collect();
        let two = |cells| format!("{cells} cells, where 2 are named");
        assert_eq!(wrong, [&two(3), &two(1), "not UTF-8"]);
        assert_eq!(rows[3].as_ref().unwrap()["name"], "e");
    }
}
