//! The questions that are asked on every request.

use alloc::format;
use alloc::string::String;

use super::Bound;
use super::decision::Decision;
use super::evaluate::{PrincipalRef, ResourceRef};
use crate::catalog::{AnyKind, KindId, Request};
use crate::directory::{Directory, Target};
use crate::id::{Principal, ResourceId};

impl Directory {
    /// Whether a principal may do something on a resource.
    ///
    /// All of the permissions must be allowed (rule A5). Takes ids and a bit set and returns a value: it cannot fail,
    /// allocates nothing, and reads two rows and a few words that stay in the cache. An id of something that was
    /// removed is denied.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};
    /// # let catalog = Catalog::builder()
    /// #     .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
    /// #     .profile(Profile::new("designer"))
    /// #     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(License::new("acme").seats("designer", 1))
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["read"]));
    /// let plan = Directory::new(catalog).plan(batch)?;
    /// let directory = plan.into_directory();
    ///
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    /// let write = directory.catalog().permission_set("project", ["write"]).unwrap();
    /// assert_eq!(directory.check(ada, churn, read), Decision::Allowed);
    /// assert_eq!(directory.check(ada, churn, write), Decision::Denied(Denial::NotGranted));
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
            Principal::User(user) => self.decide_user(user, on, request),
            key @ Principal::Key(_) => self.check_slow(key, on, request),
        }
    }

    /// Everything that a principal may do on a resource, each permission asked alone.
    ///
    /// Nothing if the principal or the resource is unknown or the principal is not active. Permissions that are allowed
    /// beyond an advisory profile are in. Allocates nothing.
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
    /// #     .add(Command::add_resource("project/sales"))
    /// #     .add(Command::grant(Grantee::user("ada"), "project/churn", ["write"]));
    /// # let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// // Ada was granted `write`, which implies `read`, and holds a profile that is for reading.
    /// let ada = directory.user_by_name("ada").unwrap();
    /// let churn = directory.resource_by_name("project/churn").unwrap();
    /// let names = |set| directory.catalog().names(set).collect::<Vec<_>>();
    /// assert_eq!(names(directory.granted(ada, churn)), ["write", "read"]);
    /// assert_eq!(names(directory.permissions(ada, churn)), ["read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn permissions<K: AnyKind>(&self, who: impl Into<Principal>, on: ResourceId<K>) -> K::Permissions {
        let (kind, bits) = self.allowed_bits(self.asker(who.into()), self.subject(on.untyped()));
        K::answer(kind, bits)
    }

    pub(super) fn allowed_bits(
        &self,
        who: Option<PrincipalRef<'_>>,
        on: Option<ResourceRef<'_>>,
    ) -> (KindId, u64) {
        let kind = on.map_or(KindId::new(0), |on| on.row.kind());
        match (who.filter(PrincipalRef::is_active), on) {
            (Some(who), Some(on)) => (kind, self.verdict(who, on, &mut ()).allowed()),
            _ => (kind, 0),
        }
    }

    /// Everything that a principal was granted on a resource, whatever status, seat and profile (rule A2).
    ///
    /// It is what the security layer alone says; [`permissions`](Self::permissions) is what may be done. Allocates
    /// nothing.
    ///
    /// See the example of [`permissions`](Self::permissions).
    pub fn granted<K: AnyKind>(&self, who: impl Into<Principal>, on: ResourceId<K>) -> K::Permissions {
        let on = self.subject(on.untyped());
        let kind = on.map_or(KindId::new(0), |on| on.row.kind());
        let granted = match (self.asker(who.into()), on) {
            (Some(who), Some(on)) => self.granted_to(who, on, &mut ()) & self.rights().of_kind(kind).all,
            _ => 0,
        };
        K::answer(kind, granted)
    }

    /// Looks a principal up once, for lists and pages.
    ///
    /// See the example of [`Bound`].
    #[inline]
    pub fn for_principal(&self, who: impl Into<Principal>) -> Bound<'_> {
        Bound::new(self, self.asker(who.into()))
    }

    /// Finds the principal that a text such as `user:ada` or `key:ci` names.
    ///
    /// Two hash lookups at most. A text of another form names nothing, like an unknown name.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let ada = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader"));
    /// # let directory = Directory::new(catalog).plan(ada)?.into_directory();
    /// let ada = directory.principal_by_name("user:ada").unwrap();
    /// assert_eq!(directory.principal_name(ada).as_deref(), Some("user:ada"));
    /// assert_eq!(directory.principal_by_name("ada"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn principal_by_name(&self, text: &str) -> Option<Principal> {
        match text.split_once(':')? {
            ("user", name) => self.user_by_name(name).map(Principal::User),
            ("key", name) => self.key_by_name(name).map(Principal::Key),
            _ => None,
        }
    }

    /// Returns the text that names a principal, such as `user:ada`; `None` if it is unknown.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// # let catalog = Catalog::builder().profile(Profile::new("reader").exempt()).build()?;
    /// # let batch = Batch::host(Timestamp::EPOCH).add(Command::add_user("ada").profile("reader"));
    /// # let directory = Directory::new(catalog).plan(batch.add(Command::add_key("ci", "ada")))?.into_directory();
    /// let ci = directory.key_by_name("ci").unwrap();
    /// assert_eq!(directory.principal_name(ci).as_deref(), Some("key:ci"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn principal_name(&self, who: impl Into<Principal>) -> Option<String> {
        match who.into() {
            Principal::User(user) => self.user_name(user).map(|name| format!("user:{name}")),
            Principal::Key(key) => self.key_name(key).map(|name| format!("key:{name}")),
        }
    }

    /// Whether a principal may do something on a resource, all by name: for tools, tests and consoles.
    ///
    /// Looks three names up; hosts that serve requests resolve ids once and use [`check`](Self::check). A target that
    /// names no existing resource is denied, and so is a whole kind such as `project/*` (rule A8).
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
    /// #     .add(Command::add_resource("project/sales"))
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
        self.decide(who, on, request)
    }

    /// Looks up all names of a request.
    pub(super) fn request_by_name(
        &self,
        who: &str,
        on: &str,
        permissions: &[&str],
    ) -> (Option<PrincipalRef<'_>>, Option<ResourceRef<'_>>, Request) {
        let who = self.principal_by_name(who).and_then(|who| self.asker(who));
        let on = match self.find_target(on) {
            Ok(Target::Resource(resource)) => self.subject(resource),
            _ => None,
        };
        let kind = on.and_then(|on| self.catalog().definition(on.row.kind()));
        let mut bits = permissions.iter().map(|name| kind.and_then(|kind| kind.bit(name)));
        let known = bits.try_fold(0, |all, bit| bit.map(|bit| all | bit));
        let request = match known {
            Some(bits) => Request::typed(bits),
            // Some permission has no bit: asking for all bits of no kind falls to `wrong_kind` in its turn.
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
