//! The one table of routes: the router, `Allow`, `OPTIONS` and `/openapi.json` (see `describe.rs`) are made from it.

mod feeds;

use std::sync::OnceLock;

use http::Method;

use super::policy::Class;
use crate::syndicate::Format;

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    /// For people: errors may be pages.
    Page,
    /// Public data, readable from other origins.
    Api,
    /// Needs a token, and does not exist where none is set.
    Admin,
}

/// A method with a meaning of its own. `HEAD` is what `GET` would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

impl Verb {
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::POST => Some(Self::Post),
            _ => None,
        }
    }
}

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Home,
    ItemPage,
    StatusPage,
    Items,
    Item,
    Export,
    Sources,
    Views,
    Engagement,
    Health,
    Feed(Format),
    Opml,
    Sitemap,
    Robots,
    OpenApi,
    Asset,
    Refresh,
    Status,
    Proxy,
    Purge,
}

/// A parameter of an operation. Its schema is found by its name.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "for the description, which a test makes")
)]
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// In the query; else in the path.
    pub(super) in_query: bool,
    pub(super) description: &'static str,
    pub(super) example: &'static str,
}

/// What an operation may answer. Errors are problem details.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "for the description, which a test makes")
)]
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    /// A name among the schemas, or empty where the content is no JSON.
    pub(super) schema: &'static str,
    pub(super) description: &'static str,
}

/// One method of a route.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "for the description, which a test makes")
)]
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) action: Action,
    /// How its answers may be kept: which class of `[cache]` they are of.
    pub(super) cache: Class,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) answers: &'static [Answer],
}

/// One path.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) surface: Surface,
    pub(super) operations: &'static [Operation],
}

impl Route {
    pub(super) fn operation(&self, verb: Verb) -> Option<&'static Operation> {
        self.operations
            .iter()
            .find(|operation| operation.verb == verb)
    }

    /// The value of `Allow`.
    pub(super) fn allow(&self) -> String {
        let mut methods = Vec::new();
        if self.operation(Verb::Get).is_some() {
            methods.extend(["GET", "HEAD"]);
        }
        methods.push("OPTIONS");
        if self.operation(Verb::Post).is_some() {
            methods.push("POST");
        }
        methods.join(", ")
    }
}

/// Everything under here is an admin route, existing or not.
const ADMIN_PREFIX: &str = "/_edgefold/";

const CATEGORY: Parameter = Parameter {
    name: "category",
    in_query: true,
    description: "Only items of this view: `all`, a category, or a declared view. `GET /api/views` lists them.",
    example: "linux",
};
const SOURCE: Parameter = Parameter {
    name: "source",
    in_query: true,
    description: "Only items of this source. `GET /api/sources` lists them. A page may then be shorter than `limit` and still have a `next`.",
    example: "kernel-news",
};
const SEARCH: Parameter = Parameter {
    name: "q",
    in_query: true,
    description: "Only items that this search finds, the best first: words, `\"phrases\"`, `-without`, `source:` `category:` `tag:` `before:` `after:`. See docs/search.md. Not with `page`.",
    example: "kernel \"memory safety\" -rumour after:2026-11",
};
const SUBSCRIBED: Parameter = Parameter {
    name: "q",
    in_query: true,
    description: "Only items that this search finds, newest first, with titles and addresses alone. See docs/search.md.",
    example: "kernel -rumour",
};
const AFTER: Parameter = Parameter {
    name: "after",
    in_query: true,
    description: "Only the lines after this item: the `id` of the last line that you have. It need not exist any more.",
    example: "8000019aa59b80400000000000000001",
};
const CURSOR: Parameter = Parameter {
    name: "cursor",
    in_query: true,
    description: "Go on after this place: `next` of the page before. Stays valid when items are added, edited or sealed.",
    example: "AYAAAZqlm4CAAAAAAAAAAQA",
};
const PAGE: Parameter = Parameter {
    name: "page",
    in_query: true,
    description: "The page of this number, from 1, instead of `cursor`. New items shift pages: follow `next` to see every item once. Not with `source`.",
    example: "3",
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    in_query: true,
    description: "Items on a page, 1 to 100; the site's own page size where not given.",
    example: "20",
};
const ITEM_ID: Parameter = Parameter {
    name: "id",
    in_query: false,
    description: "The item's id.",
    example: "8000019aa59b80400000000000000001",
};
const ASSET_NAME: Parameter = Parameter {
    name: "name",
    in_query: false,
    description: "The file's name, with the hash of its content.",
    example: "edgefold.0123456789abcdef.css",
};
const ALL_SOURCES: Parameter = Parameter {
    name: "all",
    in_query: true,
    description: "`1` asks all sources, not only those that are due.",
    example: "1",
};

const ROUND: Parameter = Parameter {
    name: "round",
    in_query: true,
    description: "`new`, then the `round` of the report before, until its `left` is 0: for callers that go on at once. Nothing is stored then for sources that had nothing new.",
    example: "new",
};

const PROXY_ID: Parameter = Parameter {
    name: "id",
    in_query: false,
    description: "The id of a `[[proxy]]`.",
    example: "prices",
};
const PURGE_KEY: Parameter = Parameter {
    name: "key",
    in_query: true,
    description: "The id of a proxy or source.",
    example: "prices",
};
const PURGE_TAG: Parameter = Parameter {
    name: "tag",
    in_query: true,
    description: "A tag of proxies or sources.",
    example: "shop",
};
const PURGE_ALL: Parameter = Parameter {
    name: "all",
    in_query: true,
    description: "`1` purges everything.",
    example: "1",
};

const fn json(schema: &'static str, description: &'static str) -> Answer {
    Answer {
        status: 200,
        media_type: super::reply::JSON,
        schema,
        description,
    }
}

const fn problem(status: u16, description: &'static str) -> Answer {
    Answer {
        status,
        media_type: super::reply::PROBLEM,
        schema: "Problem",
        description,
    }
}

const BAD_QUERY: Answer = problem(
    400,
    "An unknown, repeated, empty or malformed query parameter.",
);
const UNKNOWN_SELECTION: Answer = problem(
    404,
    "No such category or source; the known ones are listed.",
);
const CURSOR_GONE: Answer = problem(
    410,
    "What followed this cursor is no longer kept; `Link` with `rel=first` says where to go on.",
);
const UNAVAILABLE: Answer = problem(
    503,
    "The store can't be read; `Retry-After` says when to come back.",
);
const UNAUTHORIZED: Answer = problem(401, "No token, or a wrong one.");
const BAD_CONFIGURATION: Answer = problem(500, "Not even the baked-in configuration can be used.");
const NO_ADMIN: Answer = problem(
    404,
    "This deployment sets no token: the route does not exist.",
);

pub(super) static ROUTES: &[Route] = &[
    Route {
        path: "/",
        surface: Surface::Page,
        operations: &[Operation {
            verb: Verb::Get,
            action: Action::Home,
            cache: Class::Html,
            id: "getPage",
            summary: "The dashboard",
            parameters: &[SEARCH, CATEGORY, SOURCE, CURSOR, PAGE],
            answers: &[
                Answer {
                    status: 200,
                    media_type: super::reply::HTML,
                    schema: "",
                    description: "The page. It works without script.",
                },
                BAD_QUERY,
                UNKNOWN_SELECTION,
                CURSOR_GONE,
                UNAVAILABLE,
            ],
        }],
    },
    Route {
        path: "/item/{id}",
        surface: Surface::Page,
        operations: &[Operation {
            verb: Verb::Get,
            action: Action::ItemPage,
            cache: Class::Html,
            id: "getItemPage",
            summary: "The page of one item",
            parameters: &[ITEM_ID],
            answers: &[
                Answer {
                    status: 200,
                    media_type: super::reply::HTML,
                    schema: "",
                    description: "The item, and newer ones of its source.",
                },
                BAD_QUERY,
                problem(404, "No such item."),
                UNAVAILABLE,
            ],
        }],
    },
    Route {
        path: "/status",
        surface: Surface::Page,
        operations: &[Operation {
            verb: Verb::Get,
            action: Action::StatusPage,
            cache: Class::Html,
            id: "getStatusPage",
            summary: "The state of the deployment, for people",
            parameters: &[],
            answers: &[
                Answer {
                    status: 200,
                    media_type: super::reply::HTML,
                    schema: "",
                    description: "Sources, publishes, the day's writes. It touches no source and writes nothing.",
                },
                BAD_QUERY,
                BAD_CONFIGURATION,
                UNAVAILABLE,
            ],
        }],
    },
    Route {
        path: "/api/items",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/api/export.ndjson",
        surface: Surface::Api,
        operations: &[Operation {
            verb: Verb::Get,
            cache: Class::Api,
            action: Action::Export,
            id: "exportItems",
            summary: "Every item of a view, one JSON object a line, oldest first",
            parameters: &[CATEGORY, AFTER],
            answers: &[
                Answer {
                    status: 200,
                    media_type: super::export::NDJSON,
                    schema: "",
                    description: "All of it, read while it is sent. Ends early, and visibly so, where the store fails meanwhile.",
                },
                Answer {
                    status: 206,
                    media_type: super::export::NDJSON,
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
        }],
    },
    Route {
        path: "/api/items/{id}",
        surface: Surface::Api,
        operations: &[Operation {
            verb: Verb::Get,
            action: Action::Item,
            cache: Class::Api,
            id: "getItem",
            summary: "One item",
            parameters: &[ITEM_ID],
            answers: &[
                json("Item", "The item."),
                BAD_QUERY,
                problem(404, "No such item."),
                UNAVAILABLE,
            ],
        }],
    },
    Route {
        path: "/api/sources",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/api/views",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/api/engagement",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/api/proxy/{id}",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/feed.xml",
        surface: Surface::Api,
        operations: &feeds::RSS,
    },
    Route {
        path: "/rss.xml",
        surface: Surface::Api,
        operations: &feeds::RSS_TOO,
    },
    Route {
        path: "/atom.xml",
        surface: Surface::Api,
        operations: &feeds::ATOM,
    },
    Route {
        path: "/feed.json",
        surface: Surface::Api,
        operations: &feeds::JSON_FEED,
    },
    Route {
        path: "/sources.opml",
        surface: Surface::Api,
        operations: &feeds::OUTLINES,
    },
    Route {
        path: "/sitemap.xml",
        surface: Surface::Api,
        operations: &feeds::SITEMAP,
    },
    Route {
        path: "/robots.txt",
        surface: Surface::Api,
        operations: &feeds::ROBOTS,
    },
    Route {
        path: "/health",
        surface: Surface::Api,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/openapi.json",
        surface: Surface::Api,
        operations: &[Operation {
            verb: Verb::Get,
            action: Action::OpenApi,
            cache: Class::Versioned,
            id: "getOpenApi",
            summary: "This description",
            parameters: &[],
            answers: &[json("", "OpenAPI 3.1."), BAD_QUERY],
        }],
    },
    Route {
        path: "/assets/{name}",
        surface: Surface::Page,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: crate::page::FAVICON_PATH,
        surface: Surface::Page,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/_edgefold/refresh",
        surface: Surface::Admin,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/_edgefold/purge",
        surface: Surface::Admin,
        operations: &[Operation {
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
        }],
    },
    Route {
        path: "/_edgefold/status",
        surface: Surface::Admin,
        operations: &[Operation {
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
        }],
    },
];

/// A route, and what its path captured (at most one part; empty where none).
#[derive(Debug)]
pub(super) struct Found<'p> {
    pub(super) route: &'static Route,
    pub(super) captured: &'p str,
}

/// The route of `path`.
pub(super) fn find(path: &str) -> Option<Found<'_>> {
    static ROUTER: OnceLock<matchit::Router<usize>> = OnceLock::new();
    let router = ROUTER.get_or_init(|| {
        let mut router = matchit::Router::new();
        for (index, route) in ROUTES.iter().enumerate() {
            // A path that clashes would not be found: a test asks for every one.
            let _ = router.insert(route.path, index);
        }
        router
    });
    let found = router.at(path).ok()?;
    Some(Found {
        route: ROUTES.get(*found.value)?,
        captured: found.params.iter().next().map_or("", |(_, value)| value),
    })
}

/// What kind of address `path` is, be there a route or not.
pub(super) fn surface(path: &str) -> Surface {
    match find(path) {
        Some(found) => found.route.surface,
        None if path.starts_with("/api/") => Surface::Api,
        None if path.starts_with(ADMIN_PREFIX) => Surface::Admin,
        None => Surface::Page,
    }
}

/// Paths that may be told to anybody.
pub(super) fn public_paths() -> impl Iterator<Item = &'static str> + Clone {
    ROUTES
        .iter()
        .filter(|route| route.surface != Surface::Admin)
        .map(|route| route.path)
        .filter(|path| !path.contains('{') && path.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found() {
        for route in ROUTES {
            let path = route.path.replace("{id}", "x").replace("{name}", "x");
            assert_eq!(find(&path).unwrap().route.path, route.path);
        }
        assert_eq!(find("/api/items/abc").unwrap().captured, "abc");
        for path in ["", "/api", "/api/items/", "/api/items/a/b", "/assets/", "*"] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn allow_is_made_from_the_operations() {
        assert_eq!(find("/").unwrap().route.allow(), "GET, HEAD, OPTIONS");
        assert_eq!(
            find("/_edgefold/refresh").unwrap().route.allow(),
            "OPTIONS, POST"
        );
    }
}
