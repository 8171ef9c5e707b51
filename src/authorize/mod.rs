//! Questions: may this principal do that, and what may it do at all.
//!
//! Everything here reads a [`Directory`](crate::Directory) and changes nothing. A check takes ids and a bit set and
//! gives a [`Decision`]; it cannot fail, and it allocates nothing.

mod bound;
mod check;
mod decision;
mod evaluate;
mod explain;
mod floor;
mod grants;
mod lookup;
mod principal;
mod review;

pub use self::bound::Bound;
pub use self::decision::{Decision, Denial, Layer};
pub use self::explain::{Actor, ContributingGrant, Cut, CutBy, Explanation, Holding, Need, Through};
pub use self::grants::{Grant, GrantsOf, GrantsOn, GroupIds, MemberIds};
pub use self::lookup::{Principals, Resources};
pub use self::principal::PrincipalName;
pub use self::review::{Access, AccessRow, Review};
