//! Nothing of one tenant is reached by another, whatever names are made up for it.

mod hosts;
mod keys;
mod recording;
