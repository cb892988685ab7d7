//! The routes of the public API.

use super::answers::{
    BAD_CONFIGURATION, BAD_QUERY, CURSOR_GONE, UNAVAILABLE, UNKNOWN_SELECTION, json, problem,
};
use super::parameters::{AFTER, CATEGORY, CURSOR, ITEM_ID, LIMIT, PAGE, PROXY_ID, SEARCH, SOURCE};
use super::{Action, Answer, Operation, Verb};
use crate::serve::policy::Class;

pub(super) static ITEMS: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Items,
    cache: Class::Api,
    id: "listItems",
    summary: "Items, newest first, or those that a search finds, the best first",
    parameters: &[SEARCH, CATEGORY, SOURCE, CURSOR, PAGE, LIMIT],
    answers: &[
        json(
            "ItemPage",
            "One page. Before the first publish it is empty, with generation 0.",
        ),
        BAD_QUERY,
        UNKNOWN_SELECTION,
        CURSOR_GONE,
        UNAVAILABLE,
    ],
}];

pub(super) static EXPORT: [Operation; 1] = [Operation {
    verb: Verb::Get,
    cache: Class::Api,
    action: Action::Export,
    id: "exportItems",
    summary: "Every item of a view, one JSON object a line, oldest first",
    parameters: &[CATEGORY, AFTER],
    answers: &[
        Answer {
            status: 200,
            media_type: crate::serve::export::NDJSON,
            schema: "",
            description: "All of it, read while it is sent. An item that the store has lost is a line with `lost` (1) and `after` (where to go on behind the loss) instead. Ends early, and visibly so, where the store fails meanwhile.",
        },
        Answer {
            status: 206,
            media_type: crate::serve::export::NDJSON,
            schema: "",
            description: "The bytes that `Range` asks for, where `If-Range` names the present `ETag` or is absent.",
        },
        BAD_QUERY,
        UNKNOWN_SELECTION,
        problem(
            416,
            "`Range` begins behind the end; `Content-Range` says where that is.",
        ),
        UNAVAILABLE,
    ],
}];

pub(super) static ITEM: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Item,
    cache: Class::Api,
    id: "getItem",
    summary: "One item",
    parameters: &[ITEM_ID],
    answers: &[
        json("Item", "The item."),
        BAD_QUERY,
        problem(
            404,
            "No such item, or the store has lost it: `type` tells which.",
        ),
        UNAVAILABLE,
    ],
}];

pub(super) static SOURCES: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Sources,
    cache: Class::Api,
    id: "listSources",
    summary: "Sources and how they fare",
    parameters: &[],
    answers: &[
        json("SourceList", "Every source, without touching it."),
        BAD_QUERY,
        UNAVAILABLE,
    ],
}];

pub(super) static VIEWS: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Views,
    cache: Class::Api,
    id: "listViews",
    summary: "Views with their counts",
    parameters: &[],
    answers: &[
        json(
            "ViewList",
            "Everything (`all`), then the categories, then the declared views.",
        ),
        BAD_QUERY,
        UNAVAILABLE,
    ],
}];

pub(super) static ENGAGEMENT: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Engagement,
    cache: Class::Api,
    id: "getEngagement",
    summary: "Points and comments of listed items",
    parameters: &[],
    answers: &[
        json(
            "Engagement",
            "Counts by item id, as last stored. Stored apart from the items, so that they change without a publish.",
        ),
        BAD_QUERY,
        UNAVAILABLE,
    ],
}];

pub(super) static PROXY: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Proxy,
    cache: Class::Api,
    id: "getProxied",
    summary: "An upstream's answer, passed on whole",
    parameters: &[PROXY_ID],
    answers: &[
        Answer {
            status: 200,
            media_type: "*/*",
            schema: "",
            description: "What the upstream answered, in its media type; `Age` says how long ago.",
        },
        BAD_QUERY,
        problem(404, "No such proxy; the known ones are listed."),
        BAD_CONFIGURATION,
        problem(
            502,
            "The upstream gives nothing that can be passed on, and nothing stored may stand in for it.",
        ),
        problem(
            504,
            "The upstream gives no answer in time, and nothing stored may stand in for it.",
        ),
    ],
}];
