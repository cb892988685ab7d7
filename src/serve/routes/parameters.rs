//! Parameters of operations.

use super::Parameter;

pub(super) const CATEGORY: Parameter = Parameter {
    name: "category",
    in_query: true,
    description: "Only items of this view: `all`, a category, or a declared view. `GET /api/views` lists them.",
    example: "linux",
};
pub(super) const SOURCE: Parameter = Parameter {
    name: "source",
    in_query: true,
    description: "Only items of this source. `GET /api/sources` lists them. A page may then be shorter than `limit` and still have a `next`.",
    example: "kernel-news",
};
pub(super) const SEARCH: Parameter = Parameter {
    name: "q",
    in_query: true,
    description: "Only items that this search finds, the best first: words, `\"phrases\"`, `-without`, `source:` `category:` `tag:` `before:` `after:`. See docs/search.md. Not with `page`.",
    example: "kernel \"memory safety\" -rumour after:2026-11",
};
pub(super) const SUBSCRIBED: Parameter = Parameter {
    name: "q",
    in_query: true,
    description: "Only items that this search finds, newest first, with titles and addresses alone. See docs/search.md.",
    example: "kernel -rumour",
};
pub(super) const AFTER: Parameter = Parameter {
    name: "after",
    in_query: true,
    description: "Only the lines after this item: the `id` of the last line that you have. It need not exist any more.",
    example: "8000019aa59b80400000000000000001",
};
pub(super) const CURSOR: Parameter = Parameter {
    name: "cursor",
    in_query: true,
    description: "Go on after this place: `next` of the page before. Stays valid when items are added, edited or sealed.",
    example: "AYAAAZqlm4CAAAAAAAAAAQA",
};
pub(super) const PAGE: Parameter = Parameter {
    name: "page",
    in_query: true,
    description: "The page of this number, from 1, instead of `cursor`. New items shift pages: follow `next` to see every item once. Not with `source`.",
    example: "3",
};
pub(super) const PART: Parameter = Parameter {
    name: "part",
    in_query: true,
    description: "`newest`, or the part that begins with this item, as an index has it. Not with `index`.",
    example: "8000019aa59b80400000000000000001",
};
pub(super) const INDEX: Parameter = Parameter {
    name: "index",
    in_query: true,
    description: "The index of older parts that begins with this item, as `/robots.txt` has it. Not with `part`.",
    example: "8000019aa59b80400000000000000001",
};
pub(super) const LIMIT: Parameter = Parameter {
    name: "limit",
    in_query: true,
    description: "Items on a page, 1 to 100; the site's own page size where not given.",
    example: "20",
};
pub(super) const ITEM_ID: Parameter = Parameter {
    name: "id",
    in_query: false,
    description: "The item's id.",
    example: "8000019aa59b80400000000000000001",
};
pub(super) const ASSET_NAME: Parameter = Parameter {
    name: "name",
    in_query: false,
    description: "The file's name, with the hash of its content.",
    example: "edgefold.0123456789abcdef.css",
};
pub(super) const ALL_SOURCES: Parameter = Parameter {
    name: "all",
    in_query: true,
    description: "`1` asks all sources, not only those that are due.",
    example: "1",
};

pub(super) const ROUND: Parameter = Parameter {
    name: "round",
    in_query: true,
    description: "`new`, then the `round` of the report before, until its `left` is 0: for callers that go on at once. Nothing is stored then for sources that had nothing new.",
    example: "new",
};

pub(super) const FROM: Parameter = Parameter {
    name: "from",
    in_query: true,
    description: "The `next` of the answer before: the look goes on there. Leave it out to begin.",
    example: "AYAAAZqlm4BAAAAAAAAAAAE.all",
};

pub(super) const PROXY_ID: Parameter = Parameter {
    name: "id",
    in_query: false,
    description: "The id of a `[[proxy]]`.",
    example: "prices",
};
pub(super) const PURGE_KEY: Parameter = Parameter {
    name: "key",
    in_query: true,
    description: "The id of a proxy or source.",
    example: "prices",
};
pub(super) const PURGE_TAG: Parameter = Parameter {
    name: "tag",
    in_query: true,
    description: "A tag of proxies or sources.",
    example: "shop",
};
pub(super) const PURGE_ALL: Parameter = Parameter {
    name: "all",
    in_query: true,
    description: "`1` purges everything.",
    example: "1",
};
