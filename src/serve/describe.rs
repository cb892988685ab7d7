//! Describes the table of routes as OpenAPI 3.1: what `openapi.json` holds. Run by a test, so that no guest carries it.

use serde_json::{Map, Value, json};

use super::export::NDJSON;
use super::reply::PROBLEM;
use super::routes::{Action, Answer, Operation, Parameter, ROUTES, Route, Surface, Verb};
use super::schema;

/// The document.
pub(super) fn description() -> Value {
    let paths: Map<String, Value> = ROUTES
        .iter()
        .map(|route| (route.path.to_owned(), path_item(route)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "edgefold",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "page", "description": "For people." },
            { "name": "api", "description": "Public data. Any origin may read it." },
            { "name": "admin", "description": "Needs a token; does not exist where none is set." },
        ],
        "paths": paths,
        "components": {
            "schemas": schema::schemas(),
            "headers": headers(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The secret `admin_token` of the deployment; for running a cycle `refresh_token` will do, or a call signed as in Standard Webhooks with `webhook_secret`.",
                },
            },
        },
    })
}

fn path_item(route: &Route) -> Value {
    let mut item = Map::new();
    for operation in route.operations {
        match operation.verb {
            Verb::Get => {
                item.insert("get".to_owned(), described(route, operation, "", ""));
                let note = ": the headers of GET, without its content";
                item.insert("head".to_owned(), described(route, operation, "Head", note));
            }
            Verb::Post => {
                item.insert("post".to_owned(), described(route, operation, "", ""));
            }
        }
    }
    Value::Object(item)
}

fn described(route: &Route, operation: &Operation, suffix: &str, note: &str) -> Value {
    let head = !suffix.is_empty();
    let mut responses = Map::new();
    for answer in operation.answers {
        let cacheable = answer.status == 200
            && route.surface != Surface::Admin
            && operation.action != Action::Health;
        add(&mut responses, answer, response(answer, head, cacheable));
        if cacheable {
            responses.insert(
                "304".to_owned(),
                json!({
                    "description": "What `If-None-Match` names, or what was there at `If-Modified-Since`, is still current.",
                    "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
                }),
            );
        }
    }
    let conditional = responses.contains_key("304");
    if conditional {
        responses.insert("412".to_owned(), response(&FAILED, head, false));
    }
    for answer in &EVERYWHERE {
        responses.insert(answer.status.to_string(), response(answer, head, false));
    }
    let mut value = json!({
        "operationId": format!("{}{suffix}", operation.id),
        "summary": format!("{}{note}", operation.summary),
        "tags": [match route.surface {
            Surface::Page => "page",
            Surface::Api => "api",
            Surface::Admin => "admin",
        }],
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": responses,
    });
    if operation.action == Action::Purge {
        value["requestBody"] = json!({
            "description": "In place of the query: several names at once.",
            "required": false,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Purge" } } },
        });
    }
    if route.surface == Surface::Admin {
        value["security"] = json!([{ "token": [] }]);
    }
    value
}

/// Adds an answer; two of one status are one answer with several kinds of content.
fn add(responses: &mut Map<String, Value>, answer: &Answer, response: Value) {
    let status = answer.status.to_string();
    let known = responses
        .get_mut(&status)
        .and_then(|known| known["content"].as_object_mut());
    match (known, response["content"].as_object()) {
        (Some(known), Some(more)) => known.extend(more.clone()),
        _ => {
            responses.insert(status, response);
        }
    }
}

/// What a conditional request may meet.
static FAILED: Answer = Answer {
    status: 412,
    media_type: PROBLEM,
    schema: "Problem",
    description: "`If-Match` names another answer, or there is a newer one than at `If-Unmodified-Since`.",
};

/// What any request may meet.
static EVERYWHERE: [Answer; 3] = [
    Answer {
        status: 413,
        media_type: PROBLEM,
        schema: "Problem",
        description: "The request's body is too large.",
    },
    Answer {
        status: 414,
        media_type: PROBLEM,
        schema: "Problem",
        description: "Path and query are too long.",
    },
    Answer {
        status: 421,
        media_type: PROBLEM,
        schema: "Problem",
        description: "This deployment has several sites, and none for this host.",
    },
];

fn response(answer: &Answer, head: bool, cacheable: bool) -> Value {
    let mut headers = Map::new();
    let mut refer = |name: &str| {
        headers.insert(
            name.to_owned(),
            json!({ "$ref": format!("#/components/headers/{name}") }),
        );
    };
    refer("X-Request-Id");
    refer("Cache-Control");
    if cacheable {
        for name in [
            "ETag",
            "CDN-Cache-Control",
            "Surrogate-Control",
            "Surrogate-Key",
        ] {
            refer(name);
        }
    }
    match answer.status {
        401 => refer("WWW-Authenticate"),
        503 => refer("Retry-After"),
        _ => {}
    }
    let mut value = json!({ "description": answer.description, "headers": headers });
    if !head {
        let mut content = Map::new();
        let schema = match answer.schema {
            "" if answer.media_type == NDJSON => json!({ "type": "string" }),
            "" if answer.media_type.ends_with("json") => json!({ "type": "object" }),
            "" if answer.media_type == "*/*" => json!({}),
            "" => json!({ "type": "string" }),
            name => json!({ "$ref": format!("#/components/schemas/{name}") }),
        };
        content.insert(answer.media_type.to_owned(), json!({ "schema": schema }));
        value["content"] = Value::Object(content);
    }
    value
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = schema::parameter(parameter.name);
    let example = if schema["type"] == "integer" {
        parameter
            .example
            .parse::<u64>()
            .map_or(Value::Null, Value::from)
    } else {
        Value::from(parameter.example)
    };
    json!({
        "name": parameter.name,
        "in": if parameter.in_query { "query" } else { "path" },
        "required": !parameter.in_query,
        "description": parameter.description,
        "schema": schema,
        "example": example,
    })
}

fn headers() -> Value {
    let text = |description: &str, example: &str| {
        json!({
            "description": description,
            "schema": { "type": "string" },
            "example": example,
        })
    };
    json!({
        "ETag": text(
            "Strong; changes with the content.",
            "\"0123456789abcdef0123456789abcdef\"",
        ),
        "Cache-Control": text(
            "How the answer may be kept.",
            "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
        ),
        "CDN-Cache-Control": text(
            "How caches in front may keep the answer (RFC 9213); `[cache] headers` says whether it is sent.",
            "max-age=60, stale-while-revalidate=600, stale-if-error=86400",
        ),
        "Surrogate-Control": text(
            "The same for caches that know it by this name.",
            "max-age=60, stale-while-revalidate=600, stale-if-error=86400",
        ),
        "Surrogate-Key": text(
            "What the answer is about: a cache in front may be told to drop all that has one of these keys.",
            "edgefold site view-all",
        ),
        "X-Request-Id": text(
            "The request's own `X-Request-Id` if it is sane, else a new one.",
            "5f1d0c7a9be2c314",
        ),
        "WWW-Authenticate": text("What to authenticate with.", "Bearer"),
        "Retry-After": text("Seconds until it makes sense to ask again.", "10"),
    })
}
