//! Public values: the words in which a directory is asked and answers.

mod grantee;
mod members;
mod seat_ref;
mod target;
mod user;

pub use self::grantee::{Grantee, GranteeId, ParseNameError};
pub use self::members::MembershipRule;
pub use self::seat_ref::SeatRef;
pub(crate) use self::target::{ParsedTarget, parse_resource};
pub use self::target::{ResourceName, Target};
pub use self::user::{UserSource, UserStatus};
