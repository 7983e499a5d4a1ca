//! Routes and their description, in one place: what is routed is described, and what is described
//! is routed. The document is OpenAPI 3.1.

use crate::{Api, resources, schema};
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use serde_json::{Map, Value, json};

/// Routes, and what the document says of them.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    router: Router<Api>,
    operations: Vec<Operation>,
}

/// An operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    method: Method,
    path: String,
    id: String,
    tag: &'static str,
    summary: String,
    query: Vec<Parameter>,
    /// The media type and the schema of the body that it takes.
    body: Option<(&'static str, Value)>,
    /// The media type and the schema of what it answers; none is an empty body.
    answer: Option<(&'static str, Value)>,
    /// Whether anybody may ask for it.
    is_public: bool,
    /// Whether it answers by changing the protocol.
    is_upgrade: bool,
}

/// A parameter of a query: its name, its type in JSON, its meaning.
pub(crate) type Parameter = (&'static str, &'static str, &'static str);

/// What is asked to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

impl Routes {
    /// Routes an operation to its handler.
    pub(crate) fn at<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let on = on(operation.method.filter(), handler);
        self.router = self.router.route(&operation.path, on);
        self.operations.push(operation);
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    pub(crate) fn split(self) -> (Router<Api>, Value) {
        let document = document(&self.operations);
        (self.router, document)
    }
}

impl Operation {
    /// An operation by the name that Mist has for it, where it has one.
    pub(crate) fn new(
        method: Method,
        path: impl Into<String>,
        id: impl Into<String>,
        tag: &'static str,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            id: id.into(),
            tag,
            summary: summary.into(),
            query: Vec::new(),
            body: None,
            answer: None,
            is_public: false,
            is_upgrade: false,
        }
    }

    /// Anybody may ask for it.
    pub(crate) fn public(self) -> Self {
        Self { is_public: true, ..self }
    }

    /// It answers by changing the protocol.
    pub(crate) fn upgrades(self) -> Self {
        Self { is_upgrade: true, ..self }
    }

    /// It takes a JSON body.
    pub(crate) fn takes(self, schema: Value) -> Self {
        self.takes_media("application/json", schema)
    }

    /// It takes a body of this media type.
    pub(crate) fn takes_media(self, media: &'static str, schema: Value) -> Self {
        Self { body: Some((media, schema)), ..self }
    }

    /// It answers JSON.
    pub(crate) fn answers(self, schema: Value) -> Self {
        self.answers_media("application/json", schema)
    }

    /// It answers this media type.
    pub(crate) fn answers_media(self, media: &'static str, schema: Value) -> Self {
        Self { answer: Some((media, schema)), ..self }
    }

    /// It reads these parameters of the query.
    pub(crate) fn asks(mut self, query: &[Parameter]) -> Self {
        self.query.extend(query);
        self
    }

    fn describe(&self) -> Value {
        let mut parameters = path_parameters(&self.path);
        parameters.extend(self.query.iter().map(|(name, kind, meaning)| {
            json!({
                "name": name, "in": "query", "required": false, "description": meaning,
                "schema": { "type": kind },
            })
        }));
        let mut done = json!({ "description": "Done." });
        if let Some((media, answer)) = &self.answer {
            done["content"] = content(media, answer);
        }
        let mut responses = if self.is_upgrade {
            json!({ "101": { "description": "The connection is a WebSocket from here on." } })
        } else {
            json!({ "200": done })
        };
        for (code, name, _) in PROBLEMS {
            responses[code] = json!({ "$ref": format!("#/components/responses/{name}") });
        }
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": parameters,
            "responses": responses,
        });
        if self.is_public {
            operation["security"] = json!([]);
        }
        if let Some((media, schema)) = &self.body {
            operation["requestBody"] = json!({ "content": content(media, schema) });
        }
        operation
    }
}

/// What any operation may answer besides: the status, what it is called, what it says.
const PROBLEMS: [(&str, &str, &str); 9] = [
    ("400", "Bad", "Something is wrong with the request; `field` names what."),
    ("401", "Unauthenticated", "There are no credentials, or none that are known."),
    ("403", "Forbidden", "It is not allowed."),
    ("404", "NotFound", "There is no such thing within reach."),
    ("408", "Slow", "The body did not come in time."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "Unsupported", "The body is encoded in a way that is not known."),
    ("429", "TooMany", "It is too much for now; `Retry-After` says when to come again."),
    ("503", "Refused", "It cannot be taken for now; `Retry-After` says when to come again."),
];

fn problems() -> Map<String, Value> {
    let problem = content("application/json", &reference("Problem"));
    let said = |text: &str| json!({ "description": text, "content": problem });
    PROBLEMS.iter().map(|(_, name, text)| ((*name).to_owned(), said(text))).collect()
}

fn content(media: &str, schema: &Value) -> Value {
    json!({ media: { "schema": schema } })
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| {
        let schema = if str::ends_with(name, "_mac") {
            json!({ "type": "string", "pattern": "^[0-9a-f]{12}$" })
        } else {
            json!({ "type": "string", "format": "uuid" })
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    names.map(parameter).collect()
}

/// A reference to a schema of the document.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(crate) fn array_of(schema: Value) -> Value {
    let mut array = json!({ "type": "array" });
    array["items"] = schema;
    array
}

fn document(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method.name()] = operation.describe();
    }
    paths.sort_keys();
    let mut schemas = resources::schemas();
    schemas.extend(schema::schemas());
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Foghorn",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Webhooks of what a network sees, with Mist's REST surface.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problems(),
            "securitySchemes": {
                "token": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "`Token <key>`",
                },
            },
        },
    })
}
