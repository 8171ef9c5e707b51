//! Decisions as records, for logs.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::decision::{Decision, Denial, Layer};
use super::principal::PrincipalName;
use crate::catalog::{AnyKind, KindId};
use crate::directory::{Directory, ResourceRow};
use crate::id::{Principal, ResourceId};

/// One decision with the names of its request, for a decision log or a sample of one.
///
/// Created by [`Directory::decision_record`]. Serialized, it is an object of `revision`, `who`, `on`, `permissions`,
/// `decision` (the [code](Decision::code), such as `allowed` or `not_granted`) and, for a denial, `layer` (`security` or
/// `licensing`):
///
/// ```json
/// { "revision": 7, "who": "user:ada", "on": "project/churn", "permissions": ["write"], "decision": "beyond_profile",
///   "layer": "licensing" }
/// ```
///
/// `who` and `on` are `null` for ids that the directory does not know. It has no time, because the library has no clock: a
/// host adds its own, with the request that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DecisionRecord {
    /// The revision of the directory.
    pub revision: u64,
    /// The principal; `None` if the directory does not know it.
    pub who: Option<PrincipalName>,
    /// The resource, such as `project/churn`; `None` if the directory does not know it.
    pub on: Option<String>,
    /// The permissions asked for, without bits that the catalog does not declare.
    pub permissions: Vec<String>,
    /// The decision.
    pub decision: Decision,
    /// The layer that denied; `None` if the request is allowed.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub layer: Option<Layer>,
}

impl Directory {
    /// Describes a decision that was made on this directory, for a log.
    ///
    /// Pass what was passed to [`check`](Self::check), and its decision, which is not made again. It looks names up and
    /// allocates, so a host that cannot afford it for each check records denials, or one check of many.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// # let ada = directory.user_by_name("ada").unwrap();
    /// # let churn = directory.resource_by_name("project/churn").unwrap();
    /// # let write = directory.catalog().permission_set("project", ["write"]).unwrap();
    /// let decision = directory.check(ada, churn, write);
    /// let record = directory.decision_record(ada, churn, write, decision);
    /// assert_eq!((record.revision, record.on.as_deref()), (1, Some("project/churn")));
    /// assert_eq!((record.permissions, record.decision.code()), (vec!["write".to_owned()], "beyond_profile"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn decision_record<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        on: ResourceId<K>,
        permissions: K::Permissions,
        decision: Decision,
    ) -> DecisionRecord {
        let (on, request) = (on.untyped(), K::request(permissions));
        // A typed set has the kind of its resource, and an untyped one its own.
        let kind = request.kind().or_else(|| self.resource_row(on).map(ResourceRow::kind));
        DecisionRecord {
            revision: self.revision(),
            who: self.principal_name(who),
            on: self.resource_name(on).map(|name| name.to_string()),
            permissions: self.permission_names(
                kind.unwrap_or(KindId::UNKNOWN),
                request.bits,
                ToString::to_string,
            ),
            decision,
            layer: decision.denial().map(Denial::layer),
        }
    }
}
