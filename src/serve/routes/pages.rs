//! The routes of pages.

use super::answers::{
    BAD_CONFIGURATION, BAD_QUERY, CURSOR_GONE, UNAVAILABLE, UNKNOWN_SELECTION, problem,
};
use super::parameters::{CATEGORY, CURSOR, ITEM_ID, PAGE, SEARCH, SOURCE};
use super::{Action, Answer, Operation, Verb};
use crate::serve::policy::Class;

pub(super) static HOME: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Home,
    cache: Class::Html,
    id: "getPage",
    summary: "The dashboard",
    parameters: &[SEARCH, CATEGORY, SOURCE, CURSOR, PAGE],
    answers: &[
        Answer {
            status: 200,
            media_type: crate::serve::reply::HTML,
            schema: "",
            description: "The page. It works without script.",
        },
        BAD_QUERY,
        UNKNOWN_SELECTION,
        CURSOR_GONE,
        UNAVAILABLE,
    ],
}];

pub(super) static ITEM_PAGE: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::ItemPage,
    cache: Class::Html,
    id: "getItemPage",
    summary: "The page of one item",
    parameters: &[ITEM_ID],
    answers: &[
        Answer {
            status: 200,
            media_type: crate::serve::reply::HTML,
            schema: "",
            description: "The item, and newer ones of its source.",
        },
        BAD_QUERY,
        problem(
            404,
            "No such item, or the store has lost it: `type` tells which.",
        ),
        UNAVAILABLE,
    ],
}];

pub(super) static STATUS_PAGE: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::StatusPage,
    cache: Class::Html,
    id: "getStatusPage",
    summary: "The state of the deployment, for people",
    parameters: &[],
    answers: &[
        Answer {
            status: 200,
            media_type: crate::serve::reply::HTML,
            schema: "",
            description: "Sources, publishes, the day's writes. It touches no source and writes nothing.",
        },
        BAD_QUERY,
        BAD_CONFIGURATION,
        UNAVAILABLE,
    ],
}];
