//! Nothing of one tenant is reached by another, whatever names are made up for it.

mod keys;
mod recording;
