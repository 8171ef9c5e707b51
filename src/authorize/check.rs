//! The queries of the request path: checks and permission sets.

use alloc::borrow::ToOwned as _;

use super::BoundPrincipal;
use super::decision::Decision;
use super::evaluate::{PrincipalRef, ResourceRef};
use super::principal::PrincipalName;
use crate::catalog::{AnyKind, KindId, Request};
use crate::directory::{Directory, Target};
use crate::id::{Principal, ResourceId};

impl Directory {
    /// Checks that a principal may do something on a resource.
    ///
    /// The request is allowed only if all of the permissions are (rule A5). An id of a removed user, key or resource is
    /// denied. The check cannot fail and does not allocate; it reads two rows and a few words that stay in the cache.
    ///
    /// Rows hold 14 groups of a user and 8 grants on a resource. Beyond both, the cost is linear in the smaller number:
    /// with ten thousand groups on both sides a check takes tens of microseconds.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// let write = directory.catalog().permission_set("project", ["write"]).unwrap();
    /// assert_eq!(directory.check(ada, churn, read), Decision::Allowed);
    /// assert_eq!(directory.check(ada, churn, write), Decision::Denied(Denial::BeyondProfile));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn check<K: AnyKind>(
        &self,
        who: impl Into<Principal>,
        on: ResourceId<K>,
        permissions: K::Permissions,
    ) -> Decision {
        let (on, request) = (on.untyped(), K::request(permissions));
        match who.into() {
            Principal::User(user) => self.check_user(user, on, request),
            key @ Principal::Key(_) => self.check_slow(key, on, request),
        }
    }

    /// Returns the permissions that a principal has on a resource, each one checked on its own.
    ///
    /// The set is empty if the principal or the resource is unknown or the principal is not active. Permissions beyond an
    /// advisory profile are included. Does not allocate.
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
    /// // Ada is granted `write`, which implies `read`, and the profile `reader` includes only `read`.
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let allowed = directory.permissions(ada, churn);
    /// assert_eq!(directory.catalog().names(allowed).collect::<Vec<_>>(), ["read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn permissions<K: AnyKind>(&self, who: impl Into<Principal>, on: ResourceId<K>) -> K::Permissions {
        let (kind, bits) = self.allowed_bits(self.principal_ref(who.into()), self.resource_ref(on.untyped()));
        K::answer(kind, bits)
    }

    /// Returns the resource's kind and the permissions that are allowed on it.
    pub(super) fn allowed_bits(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
    ) -> (KindId, u64) {
        let kind = on.map_or(KindId::UNKNOWN, |on| on.row.kind());
        match (who.filter(PrincipalRef::is_active), on) {
            (Some(who), Some(on)) => (kind, self.verdict(who, on).allowed()),
            _ => (kind, 0),
        }
    }

    /// Returns the permissions that a principal is granted on a resource, regardless of status, seat and profile
    /// (rule A2).
    ///
    /// This is the security layer alone; [`permissions`](Self::permissions) applies both layers. Does not allocate.
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
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let granted = directory.granted(ada, churn);
    /// assert_eq!(directory.catalog().names(granted).collect::<Vec<_>>(), ["write", "read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn granted<K: AnyKind>(&self, who: impl Into<Principal>, on: ResourceId<K>) -> K::Permissions {
        let on = self.resource_ref(on.untyped());
        let kind = on.map_or(KindId::UNKNOWN, |on| on.row.kind());
        let granted = match (self.principal_ref(who.into()), on) {
            (Some(who), Some(on)) => self.granted_to(who, on) & self.rights().of_kind(kind).all,
            _ => 0,
        };
        K::answer(kind, granted)
    }

    /// Looks a principal up once, for many checks in a row.
    ///
    /// An unknown principal is denied by every check of the returned value.
    #[inline]
    pub fn for_principal(&self, who: impl Into<Principal>) -> BoundPrincipal<'_> {
        BoundPrincipal::new(self, self.principal_ref(who.into()))
    }

    /// Looks up a principal by its text form, such as `user:ada` or `key:ci`.
    ///
    /// Returns `None` for an unknown name and for any other form of text. Costs one hash lookup.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let ada = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader"));
    /// # let directory = Directory::new(catalog).plan(ada)?.into_directory();
    /// let ada = directory.principal_by_name("user:ada").unwrap();
    /// assert_eq!(directory.principal_name(ada).unwrap().to_string(), "user:ada");
    /// assert_eq!(directory.principal_by_name("ada"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn principal_by_name(&self, text: &str) -> Option<Principal> {
        match text.parse().ok()? {
            PrincipalName::User(name) => self.user_by_name(&name).map(Principal::User),
            PrincipalName::Key(name) => self.key_by_name(&name).map(Principal::Key),
        }
    }

    /// Returns the name of a principal, which displays as `user:ada` or `key:ci`; `None` if the principal is unknown.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader"));
    /// # let directory = Directory::new(catalog).plan(batch.add(Command::add_key("ci", "ada")))?.into_directory();
    /// use entitle::authorize::PrincipalName;
    ///
    /// let ci = directory.key_by_name("ci").unwrap();
    /// assert_eq!(directory.principal_name(ci), Some(PrincipalName::Key("ci".into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn principal_name(&self, who: impl Into<Principal>) -> Option<PrincipalName> {
        match who.into() {
            Principal::User(user) => self.user_name(user).map(|name| PrincipalName::User(name.to_owned())),
            Principal::Key(key) => self.key_name(key).map(|name| PrincipalName::Key(name.to_owned())),
        }
    }

    /// Checks a request by names, for tools, tests and consoles.
    ///
    /// Servers resolve ids once and call [`check`](Self::check); this method looks three names up. An unknown name
    /// is denied, and so is a whole kind such as `project/*` (rule A8).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("reader").ceiling_on("project", ["read"]).exempt())
    /// #     .build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH)
    /// #     .add(Command::add_user("ada").profile("reader"))
    /// #     .add(Command::add_resource("project/churn"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// let churn = |permission| directory.check_by_name("user:ada", "project/churn", &[permission]);
    /// assert_eq!(churn("read"), Decision::Allowed);
    /// assert_eq!(churn("write"), Decision::Denied(Denial::BeyondProfile));
    /// assert_eq!(churn("wriet"), Decision::Denied(Denial::WrongKind));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_by_name(&self, who: &str, on: &str, permissions: &[&str]) -> Decision {
        let (who, on, request) = self.request_by_name(who, on, permissions);
        self.check_resolved_slow(who, on, request)
    }

    /// Looks up the names of a request.
    pub(super) fn request_by_name(
        &self,
        who: &str,
        on: &str,
        permissions: &[&str],
    ) -> (Option<PrincipalRef<'_>>, Option<ResourceRef<'_>>, Request) {
        let who = self.principal_by_name(who).and_then(|who| self.principal_ref(who));
        let on = match self.find_target(on) {
            Ok(Target::Resource(resource)) => self.resource_ref(resource),
            _ => None,
        };
        let kind = on.and_then(|on| self.catalog().definition(on.row.kind()));
        let mut bits = permissions.iter().map(|name| kind.and_then(|kind| kind.bit(name)));
        let known = bits.try_fold(0, |all, bit| bit.map(|bit| all | bit));
        let request = match known {
            Some(bits) => Request::typed(bits),
            // A permission that the kind does not have: a request of no kind is denied as `wrong_kind`.
            None => Request::of_no_kind(),
        };
        (who, on, request)
    }
}

#[cfg(test)]
mod tests {
    use super::Decision;
    use crate::authorize::Denial;

    #[test]
    fn a_decision_is_one_or_two_bytes() {
        assert!(size_of::<Decision>() <= 2);
        assert_eq!(Denial::ALL.len(), 11);
    }
}
