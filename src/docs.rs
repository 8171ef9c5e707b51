//! Guides: the rules of the library, how to use it, and how it is built.
//!
//! | page | for |
//! |---|---|
//! | [`express_your_platform`] | hosts: from a platform's documentation to a catalog and its checks |
//! | [`patterns`] | hosts: the library in a server, storage, time |
//! | [`several_processes`], [`many_tenants`] | hosts on several machines, and with many directories |
//! | [`your_own_transaction`] | hosts with rows of their own on PostgreSQL |
//! | [`sizing`], [`operating`] | who runs it: how much memory and how many machines; backups, upgrades, what to watch |
//! | [`command_line`] | administrators: the `entitle` command on a platform that runs |
//! | [`who_may_change_what`] | administrators of platforms: who may invite, share, move and manage, as tested catalogs |
//! | [`glossary`] | everyone: the words, and what other platforms call them |
//! | [`specification`] | everyone: the numbered rules, such as `A6` or `S7` |
//! | [`limitations`], [`comparison`] | those who choose a library |
//! | [`architecture`], [`decisions`] | contributors: a map of the code, and the reasons for it |
//!
//! The specification, the patterns and the page about who may change what contain code for the default features and are empty
//! without them.

#[doc = include_str!("docs/express_your_platform.md")]
pub mod express_your_platform {}

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/patterns.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "This page is part of builds with the default features."
)]
pub mod patterns {}

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/who_may_change_what.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "This page is part of builds with the default features."
)]
pub mod who_may_change_what {}

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/several_processes.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "This page is part of builds with the default features."
)]
pub mod several_processes {}

#[cfg_attr(feature = "tenants", doc = include_str!("docs/many_tenants.md"))]
#[cfg_attr(not(feature = "tenants"), doc = "This page is part of builds with the feature `tenants`.")]
pub mod many_tenants {}

#[cfg_attr(
    all(feature = "sync", feature = "postgres", feature = "conformance"),
    doc = include_str!("docs/your_own_transaction.md")
)]
#[cfg_attr(
    not(all(feature = "sync", feature = "postgres", feature = "conformance")),
    doc = "This page is part of builds with the features `sync`, `postgres` and `conformance`."
)]
pub mod your_own_transaction {}

#[doc = include_str!("docs/sizing.md")]
pub mod sizing {}

#[cfg_attr(
    all(feature = "sync", feature = "redb", feature = "postgres"),
    doc = include_str!("docs/operating.md")
)]
#[cfg_attr(
    not(all(feature = "sync", feature = "redb", feature = "postgres")),
    doc = "This page is part of builds with the features `sync`, `redb` and `postgres`."
)]
pub mod operating {}

#[cfg_attr(feature = "cli", doc = include_str!("docs/command_line.md"))]
#[cfg_attr(not(feature = "cli"), doc = "This page is part of builds with the feature `cli`.")]
pub mod command_line {}

#[doc = include_str!("docs/glossary.md")]
pub mod glossary {}

#[cfg_attr(all(feature = "serde", feature = "sync"), doc = include_str!("docs/specification.md"))]
#[cfg_attr(
    not(all(feature = "serde", feature = "sync")),
    doc = "This page is part of builds with the default features."
)]
pub mod specification {}

#[doc = include_str!("docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("docs/comparison.md")]
pub mod comparison {}

#[doc = include_str!("docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("docs/decisions.md")]
pub mod decisions {}
