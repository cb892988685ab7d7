//! Answers that operations share.

use super::Answer;

pub(super) const fn json(schema: &'static str, description: &'static str) -> Answer {
    Answer {
        status: 200,
        media_type: crate::serve::reply::JSON,
        schema,
        description,
    }
}

/// What is no JSON.
pub(super) const fn content(media_type: &'static str, description: &'static str) -> Answer {
    Answer {
        status: 200,
        media_type,
        schema: "",
        description,
    }
}

pub(super) const fn problem(status: u16, description: &'static str) -> Answer {
    Answer {
        status,
        media_type: crate::serve::reply::PROBLEM,
        schema: "Problem",
        description,
    }
}

pub(super) const BAD_QUERY: Answer = problem(
    400,
    "An unknown, repeated, empty or malformed query parameter.",
);
pub(super) const NO_HOST: Answer = problem(
    400,
    "A bad query parameter; or no usable `Host`, where the configuration has no `[site] url`.",
);
pub(super) const UNKNOWN_SELECTION: Answer = problem(
    404,
    "No such category or source; the known ones are listed.",
);
pub(super) const CURSOR_GONE: Answer = problem(
    410,
    "What followed this cursor is no longer kept; `Link` with `rel=first` says where to go on.",
);
pub(super) const UNAVAILABLE: Answer = problem(
    503,
    "The store can't be read; `Retry-After` says when to come back.",
);
pub(super) const UNAUTHORIZED: Answer = problem(401, "No token, or a wrong one.");
pub(super) const BAD_CONFIGURATION: Answer =
    problem(500, "Not even the baked-in configuration can be used.");
pub(super) const NO_ADMIN: Answer = problem(
    404,
    "This deployment sets no token: the route does not exist.",
);
