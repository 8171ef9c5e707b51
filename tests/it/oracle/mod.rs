//! The oracle: a naive model of the numbered rules of the specification, for comparison with the crate.
//!
//! It follows the specification rule by rule, and is meant to be obviously right rather than fast. Everything
//! is a map of names, every figure is recounted from the users on each query, and a refused batch leaves no
//! trace because it ran on a copy. It shares nothing with the crate, so that a mistake goes unnoticed only if it
//! is made twice.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test code: what a test itself gets wrong may panic, and `pub` marks what the tests call"
)]

mod actors;
mod administration;
mod administrators;
mod authority;
mod catalog;
mod ends;
mod grants;
mod groups_and_resources;
mod json;
mod license;
mod mutation;
mod names;
mod nesting;
mod places;
mod policy;
mod questions;
mod roles;
mod scenario;
mod seats;
#[cfg(test)]
mod selftest;
mod shape;
mod users;
mod what_if;
mod world;

pub use mutation::Mutation;
pub use policy::{Answer, Ask, Policy};
pub use scenario::run_scenario;
pub use what_if::WhatIf;
pub use world::World;
