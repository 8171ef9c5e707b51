//! Pages to read: what the rules are, how to use the library well, and how it is built.
//!
//! The specification and the patterns show code for the default features, and are there with these.

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/specification.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "See the page as built with the default features."
)]
pub mod specification {}

#[doc = include_str!("docs/express_your_platform.md")]
pub mod express_your_platform {}

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/patterns.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "See the page as built with the default features."
)]
pub mod patterns {}

#[doc = include_str!("docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}
