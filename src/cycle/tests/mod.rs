//! Whole cycles through the ports, against a store that counts and fails on demand.

mod crash;
mod figures;
mod operations;
mod sources;
mod walk;
mod world;
