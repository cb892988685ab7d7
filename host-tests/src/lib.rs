//! Simulator and harness.
