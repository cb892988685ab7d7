//! Whole cycles through the ports, against a store that counts and fails on demand.

mod actions;
mod activity;
mod alerts;
mod amend;
mod bulk;
mod chunks;
mod concurrent;
mod crash;
mod definitions;
mod engagement;
mod export;
mod figures;
mod forgotten;
mod integrity;
mod late;
mod lost;
mod lost_export;
mod model;
mod operations;
mod orphans;
mod purged;
mod repair;
mod repair_crash;
mod repair_forgotten;
mod retention;
mod search;
mod search_alone;
mod search_cost;
mod search_index;
mod search_lost;
mod sitemap;
mod sources;
mod told;
mod walk;
mod world;

pub(crate) use world::config;
