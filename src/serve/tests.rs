//! Every route through `handle`, on a store in memory.

mod admin;
mod answers;
mod compressed;
mod crawlers;
mod double;
mod export;
mod failures;
mod feeds;
mod given;
mod hostile;
mod items;
mod lasts;
mod openapi;
mod pages;
mod paging;
mod policies;
mod proxied;
mod refusals;
mod searching;
mod tenants;
