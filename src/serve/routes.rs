//! The one table of routes: the router, `Allow`, `OPTIONS` and `/openapi.json` (see `describe.rs`) are made from it.

mod admin;
mod answers;
mod api;
mod crawlers;
mod feeds;
mod pages;
mod parameters;
mod site;

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
    Repair,
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

pub(super) static ROUTES: &[Route] = &[
    Route {
        path: "/",
        surface: Surface::Page,
        operations: &pages::HOME,
    },
    Route {
        path: "/item/{id}",
        surface: Surface::Page,
        operations: &pages::ITEM_PAGE,
    },
    Route {
        path: "/status",
        surface: Surface::Page,
        operations: &pages::STATUS_PAGE,
    },
    Route {
        path: "/api/items",
        surface: Surface::Api,
        operations: &api::ITEMS,
    },
    Route {
        path: "/api/export.ndjson",
        surface: Surface::Api,
        operations: &api::EXPORT,
    },
    Route {
        path: "/api/items/{id}",
        surface: Surface::Api,
        operations: &api::ITEM,
    },
    Route {
        path: "/api/sources",
        surface: Surface::Api,
        operations: &api::SOURCES,
    },
    Route {
        path: "/api/views",
        surface: Surface::Api,
        operations: &api::VIEWS,
    },
    Route {
        path: "/api/engagement",
        surface: Surface::Api,
        operations: &api::ENGAGEMENT,
    },
    Route {
        path: "/api/proxy/{id}",
        surface: Surface::Api,
        operations: &api::PROXY,
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
        operations: &crawlers::SITEMAP,
    },
    Route {
        path: "/robots.txt",
        surface: Surface::Api,
        operations: &crawlers::ROBOTS,
    },
    Route {
        path: "/health",
        surface: Surface::Api,
        operations: &site::HEALTH,
    },
    Route {
        path: "/openapi.json",
        surface: Surface::Api,
        operations: &site::DESCRIPTION,
    },
    Route {
        path: "/assets/{name}",
        surface: Surface::Page,
        operations: &site::ASSET,
    },
    Route {
        path: crate::page::FAVICON_PATH,
        surface: Surface::Page,
        operations: &site::FAVICON,
    },
    Route {
        path: "/_edgefold/refresh",
        surface: Surface::Admin,
        operations: &admin::REFRESH,
    },
    Route {
        path: "/_edgefold/purge",
        surface: Surface::Admin,
        operations: &admin::PURGE,
    },
    Route {
        path: "/_edgefold/repair",
        surface: Surface::Admin,
        operations: &admin::REPAIR,
    },
    Route {
        path: "/_edgefold/status",
        surface: Surface::Admin,
        operations: &admin::STATUS,
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
