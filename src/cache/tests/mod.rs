//! Proxies, purges and budgets in a simulated world.

mod budgets;
mod policy;
mod purges;
mod stampede;
mod world;
