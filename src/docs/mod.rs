//! Pages for hosts: longer than an item's documentation, and tested like it.

#[doc = include_str!("express_your_platform.md")]
pub mod express_your_platform {}
