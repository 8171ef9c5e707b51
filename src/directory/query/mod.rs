//! Lookups: from names to ids and back, and from ids and slots to rows and records.

mod fields;
mod grant_parts;
mod grant_queries;
mod grant_records;
mod lookup;
mod names;
mod nesting;
mod rows;
mod seat_figures;

pub use self::fields::KeyScope;
pub(crate) use self::grant_parts::{GrantPart, MembershipWay, earlier_end, end_order};
