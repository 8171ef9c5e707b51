//! Lookups: from names to ids and back, and from ids and slots to rows and records.

mod administration;
mod fields;
mod grant_parts;
mod grant_queries;
mod grant_records;
mod lookup;
mod managers;
mod names;
mod nesting;
mod places;
mod rows;
mod seat_figures;

pub use self::fields::KeyScope;
pub(crate) use self::grant_parts::{GrantPart, MembershipWay, earlier_end, end_order};
pub use self::places::Inside;
