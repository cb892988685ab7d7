//! The routes of what belongs to the site as a whole: its health, its description, its files.

use super::answers::{BAD_QUERY, UNAVAILABLE, json, problem};
use super::parameters::ASSET_NAME;
use super::{Action, Answer, Operation, Verb};
use crate::serve::policy::Class;

pub(super) static HEALTH: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Health,
    cache: Class::Never,
    id: "getHealth",
    summary: "Whether this deployment can serve",
    parameters: &[],
    answers: &[
        json("Health", "`ok`, or `starting` before the first publish."),
        BAD_QUERY,
        UNAVAILABLE,
    ],
}];

pub(super) static DESCRIPTION: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::OpenApi,
    cache: Class::Versioned,
    id: "getOpenApi",
    summary: "This description",
    parameters: &[],
    answers: &[json("", "OpenAPI 3.1."), BAD_QUERY],
}];

pub(super) static ASSET: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Asset,
    cache: Class::Immutable,
    id: "getAsset",
    summary: "A file that the page refers to",
    parameters: &[ASSET_NAME],
    answers: &[
        Answer {
            status: 200,
            media_type: "text/css; charset=utf-8",
            schema: "",
            description: "The stylesheet. Each of these files is cacheable for ever under its present name.",
        },
        Answer {
            status: 200,
            media_type: "text/javascript; charset=utf-8",
            schema: "",
            description: "The module.",
        },
        Answer {
            status: 200,
            media_type: "application/speculationrules+json",
            schema: "",
            description: "Which links a browser may fetch ahead.",
        },
        BAD_QUERY,
        problem(404, "No such file."),
    ],
}];

pub(super) static FAVICON: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Asset,
    cache: Class::Versioned,
    id: "getFavicon",
    summary: "The page's icon",
    parameters: &[],
    answers: &[
        Answer {
            status: 200,
            media_type: "image/svg+xml",
            schema: "",
            description: "An SVG picture.",
        },
        BAD_QUERY,
    ],
}];
