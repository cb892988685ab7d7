//! The routes that need a token.

use super::answers::{
    BAD_CONFIGURATION, BAD_QUERY, NO_ADMIN, UNAUTHORIZED, UNAVAILABLE, json, problem,
};
use super::parameters::{ALL_SOURCES, FROM, PURGE_ALL, PURGE_KEY, PURGE_TAG, ROUND};
use super::{Action, Operation, Verb};
use crate::serve::policy::Class;

pub(super) static REFRESH: [Operation; 1] = [Operation {
    verb: Verb::Post,
    action: Action::Refresh,
    cache: Class::Personal,
    id: "refresh",
    summary: "Run one cycle",
    parameters: &[ALL_SOURCES, ROUND],
    answers: &[
        json(
            "Report",
            "What the cycle did. That another one published first is an outcome, no error.",
        ),
        BAD_QUERY,
        UNAUTHORIZED,
        problem(
            403,
            "A signed call asks for more than the sources that are due.",
        ),
        NO_ADMIN,
        BAD_CONFIGURATION,
        UNAVAILABLE,
    ],
}];

pub(super) static PURGE: [Operation; 1] = [Operation {
    verb: Verb::Post,
    action: Action::Purge,
    cache: Class::Personal,
    id: "purge",
    summary: "Void cached answers, and what is known of sources, by key, by tag, or all",
    parameters: &[PURGE_KEY, PURGE_TAG, PURGE_ALL],
    answers: &[
        json(
            "Purged",
            "What was purged. Repeating it changes nothing but costs a write.",
        ),
        problem(
            400,
            "Nothing is named, or a parameter or the body is malformed.",
        ),
        UNAUTHORIZED,
        problem(
            404,
            "No proxy or source has this id or tag; or this deployment sets no token.",
        ),
        BAD_CONFIGURATION,
        problem(
            503,
            "The store can't be read, or the day's writes are used up; `Retry-After` says when to come back.",
        ),
    ],
}];

pub(super) static REPAIR: [Operation; 1] = [Operation {
    verb: Verb::Post,
    action: Action::Repair,
    cache: Class::Personal,
    id: "repair",
    summary: "Look for stored values that are lost or damaged, and mend them",
    parameters: &[FROM],
    answers: &[
        json(
            "Repair",
            "What was looked at and what became of it. Call again with `next` until that is null.",
        ),
        BAD_QUERY,
        UNAUTHORIZED,
        NO_ADMIN,
        BAD_CONFIGURATION,
        UNAVAILABLE,
    ],
}];

pub(super) static STATUS: [Operation; 1] = [Operation {
    verb: Verb::Get,
    action: Action::Status,
    cache: Class::Personal,
    id: "getStatus",
    summary: "What is published, and how the deployment is set up",
    parameters: &[],
    answers: &[
        json("Status", "The state of this deployment."),
        BAD_QUERY,
        UNAUTHORIZED,
        NO_ADMIN,
        BAD_CONFIGURATION,
        UNAVAILABLE,
    ],
}];
