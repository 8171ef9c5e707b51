//! Checks, lists, explanations and access reviews.
//!
//! Everything here reads a [`Directory`](crate::Directory) and changes nothing. A check takes ids and a permission set and
//! returns a [`Decision`]; it cannot fail and does not allocate.
//!
//! | query | method |
//! |---|---|
//! | is this request allowed? | [`Directory::check`](crate::Directory::check) |
//! | which permissions does a principal have here? | [`Directory::permissions`](crate::Directory::permissions) |
//! | which resources may a principal use? | [`Directory::resources_for`](crate::Directory::resources_for) |
//! | which places lead to what a principal may use? | [`Directory::ways`](crate::Directory::ways) |
//! | what lies inside a resource? | [`Directory::inside`](crate::Directory::inside) |
//! | which users may use a resource? | [`Directory::users_for`](crate::Directory::users_for) |
//! | why is it allowed or denied? | [`Directory::explain`](crate::Directory::explain) |
//! | until when does a principal have each permission? | [`Directory::until`](crate::Directory::until) |
//! | what ends by a time? | [`Directory::ending`](crate::Directory::ending) |
//! | who is in a group? | [`Directory::members_of`](crate::Directory::members_of) |
//! | who is in it without nested groups? | [`Directory::direct_members_of`](crate::Directory::direct_members_of) |
//! | is this user in this group? | [`Directory::is_member`](crate::Directory::is_member) |
//! | to whom and where is a role given? | [`Directory::grants_of_role`](crate::Directory::grants_of_role) |
//! | what does everyone have? | [`Directory::review`](crate::Directory::review) |
//! | for whom is a lower profile enough? | [`Directory::right_sizing`](crate::Directory::right_sizing) |
//! | what is granted to whom, including groups without members? | [`Directory::review_grants`](crate::Directory::review_grants) |
//! | who is allowed less than before? | [`Directory::lost_access`](crate::Directory::lost_access) |
//! | what is granted on one target, with ends and roles? | [`Directory::review_grants_on`](crate::Directory::review_grants_on) |

mod access_diff;
mod acting_principal;
mod administrators;
mod below;
#[cfg(feature = "bench-internals")]
mod bench_internals;
mod bound;
mod candidates;
mod check;
mod contributions;
mod decision;
mod decision_record;
mod ending;
mod evaluate;
mod explain;
mod grants;
mod lookup;
mod principal;
mod reaching;
mod review;
mod right_sizing;
mod ways;

pub(crate) use self::access_diff::AccessDifference;
pub(crate) use self::acting_principal::{ActingPrincipal, Held};
pub use self::bound::BoundPrincipal;
pub use self::decision::{Decision, Denial, Layer};
pub use self::decision_record::DecisionRecord;
pub use self::ending::{Ending, EndingBy, EndingKind, EndingRow};
pub use self::explain::{
    ActingUser, ContributingGrant, Cut, CutBy, Explanation, Holding, MembershipPath, Need, PassedOwnership,
    RoleWithout, Through,
};
pub use self::grants::{Grant, GrantsOf, GrantsOn, GroupsOf, MembersOf};
pub use self::lookup::{ResourcesFor, UsersFor};
pub use self::principal::PrincipalName;
pub(crate) use self::reaching::Reaching;
pub use self::review::{Access, AccessRow, GrantRow, Review};
pub use self::right_sizing::{ProfileSizing, ProfileSizingCsv, RightSizing, UserSizing, UserSizingCsv};
