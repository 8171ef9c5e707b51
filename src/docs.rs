//! Pages to read: what the rules are, how to use the library well, and how it is built.

#[doc = include_str!("docs/specification.md")]
pub mod specification {}

#[doc = include_str!("docs/express_your_platform.md")]
pub mod express_your_platform {}

#[doc = include_str!("docs/patterns.md")]
pub mod patterns {}

#[doc = include_str!("docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}
