//! Whole cycles through the ports, against a store that counts and fails on demand.

mod amend;
mod concurrent;
mod crash;
mod definitions;
mod figures;
mod model;
mod operations;
mod retention;
mod sources;
mod walk;
mod world;
