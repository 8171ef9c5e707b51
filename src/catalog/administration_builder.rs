//! A builder of the administration of a catalog.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use super::builder::{flag_names, to_strings};
use super::document::{AccessDocument, AdministrationDocument, Entries};
use super::kind::ResourceKind;

/// A builder of the areas of commands that a catalog opens to actors (rules D2 and D3).
///
/// Without a call nothing is open: only the host changes the directory. Each area names permissions by kind, of which an
/// actor needs one; those of `people`, `seats`, `license`, `groups`, `roles` and `protected` are of singletons. The methods with a type parameter take the permissions of a `bitflags` type, those that end in `_on`
/// and `create_in` take names.
///
/// ```
/// use entitle::catalog::{Administration, Catalog, Kind};
///
/// let administration = Administration::new()
///     .people_on("instance", ["manage_users"])
///     .create_in("project", "instance", ["create_projects"])
///     .access_held_on("project", ["admin"])
///     .protected_on("instance", ["admin"]);
/// let catalog = Catalog::builder()
///     .kind(Kind::named("instance").permissions(["admin", "manage_users", "create_projects"]).singleton())
///     .kind(Kind::named("project").permissions(["admin", "write", "read"]))
///     .administration(administration)
///     .build()?;
/// assert!(catalog.document().administration.is_some());
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an administration does nothing until it is added to a catalog"]
pub struct Administration {
    document: AdministrationDocument,
}

/// Defines the two methods of an area: with a typed kind and with names.
macro_rules! areas {
    ($($area:ident $area_on:ident $kind:literal $permission:literal: $opens:literal;)+) => {
        impl Administration {$(
            #[doc = concat!("Opens ", $opens, " to holders of one of these permissions (rule D3).")]
            ///
            /// ```
            /// # use entitle::bitflags::bitflags;
            /// # use entitle::catalog::ResourceKind;
            /// # bitflags! {
            /// #     #[derive(Clone, Copy)]
            /// #     pub struct Permissions: u64 { const READ = 1; const ADMIN = 2; }
            /// # }
            /// # enum Platform {}
            /// # impl ResourceKind for Platform { const NAME: &'static str = "platform"; type Permissions = Permissions; }
            /// use entitle::catalog::{Administration, Catalog, Kind};
            ///
            /// let catalog = Catalog::builder()
            ///     .kind(Kind::of::<Platform>().singleton())
            #[doc = concat!("    .administration(Administration::new().", stringify!($area), "::<Platform>(Permissions::ADMIN))")]
            ///     .build()?;
            /// let document = catalog.document().administration.as_ref().unwrap();
            #[doc = concat!("assert_eq!(document.", stringify!($area), ".get(\"platform\").unwrap(), &[\"admin\"]);")]
            /// # Ok::<(), entitle::catalog::CatalogError>(())
            /// ```
            pub fn $area<K: ResourceKind>(mut self, permissions: K::Permissions) -> Self {
                self.document.$area.0.push((K::NAME.to_owned(), flag_names::<K>(&permissions)));
                self
            }

            #[doc = concat!("Opens ", $opens, " to holders of one of these permissions, by name (rule D3).")]
            ///
            /// ```
            /// use entitle::catalog::{Administration, Catalog, Kind};
            ///
            /// let catalog = Catalog::builder()
            #[doc = concat!("    .kind(Kind::named(\"", $kind, "\").permissions([\"", $permission, "\"]).singleton())")]
            #[doc = concat!("    .administration(Administration::new().", stringify!($area_on), "(\"", $kind, "\", [\"", $permission, "\"]))")]
            ///     .build()?;
            /// let document = catalog.document().administration.as_ref().unwrap();
            #[doc = concat!("assert_eq!(document.", stringify!($area), ".get(\"", $kind, "\").unwrap(), &[\"", $permission, "\"]);")]
            /// # Ok::<(), entitle::catalog::CatalogError>(())
            /// ```
            pub fn $area_on<'a>(mut self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
                self.document.$area.0.push((kind.to_owned(), to_strings(permissions)));
                self
            }
        )+}
    };
}

areas! {
    people people_on "instance" "manage_users": "the commands about users";
    seats seats_on "instance" "manage_users": "the assignment of profiles";
    license license_on "instance" "admin": "the commands about licenses";
    groups groups_on "instance" "manage_groups": "the commands about groups";
    roles roles_on "instance" "admin": "the commands about roles";
    remove remove_on "project" "admin": "the removal of resources of a kind";
    ownership ownership_on "project" "admin": "the transfer of resources of a kind to other owners";
}

impl Administration {
    /// Creates an administration that opens nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the creation of resources of the kind `K`, to holders of one of these permissions on the place (rule D4).
    ///
    /// The place is the parent, if its kind is `P`, or the singleton `P`. If several kinds of places are listed, one permission
    /// is needed on each that applies.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct Flags: u64 { const READ = 1; const WRITE = 2; }
    /// # }
    /// # enum Folder {}
    /// # impl ResourceKind for Folder { const NAME: &'static str = "folder"; type Permissions = Flags; }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// use entitle::catalog::{Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Folder>())
    ///     .kind(Kind::of::<Project>().inside_same::<Folder>())
    ///     .administration(Administration::new().create::<Project, Folder>(Flags::WRITE))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.create.get("project").unwrap().get("folder").unwrap(), &["write"]);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn create<K: ResourceKind, P: ResourceKind>(self, permissions: P::Permissions) -> Self {
        self.create_names(K::NAME, P::NAME, flag_names::<P>(&permissions))
    }

    /// Opens the creation of resources of a kind, to holders of one of these permissions on the place (rule D4).
    ///
    /// The place is the parent, if it is of the second kind, or the singleton of that kind. If several kinds of places are
    /// listed, one permission is needed on each that applies.
    ///
    /// ```
    /// use entitle::catalog::{Administration, Catalog, Kind};
    ///
    /// // Who creates a project in a folder needs a permission on the instance and one on the folder.
    /// let administration = Administration::new()
    ///     .create_in("project", "instance", ["create_projects"])
    ///     .create_in("project", "folder", ["write"]);
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("instance").permissions(["create_projects"]).singleton())
    ///     .kind(Kind::named("folder").permissions(["write"]))
    ///     .kind(Kind::named("project").permissions(["read"]).inside("folder", [("write", ["read"])]))
    ///     .administration(administration)
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.create.get("project").unwrap().iter().count(), 2);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn create_in<'a>(
        self,
        kind: &str,
        place: &str,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.create_names(kind, place, to_strings(permissions))
    }

    fn create_names(mut self, kind: &str, place: &str, permissions: Vec<String>) -> Self {
        change(&mut self.document.create, kind, |places| places.push((place.to_owned(), permissions)));
        self
    }

    /// Lets holders of each of these permissions grant and revoke what they are granted on a target (rule D5).
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct Flags: u64 { const READ = 1; const ADMIN = 2; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project { const NAME: &'static str = "project"; type Permissions = Flags; }
    /// use entitle::catalog::{AccessDocument, Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Project>())
    ///     .administration(Administration::new().access_held::<Project>(Flags::ADMIN))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.access.get("project").unwrap().get("admin"), Some(&AccessDocument::Held));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn access_held<K: ResourceKind>(self, permissions: K::Permissions) -> Self {
        self.access_names(K::NAME, flag_names::<K>(&permissions), &AccessDocument::Held)
    }

    /// Lets holders of each of these permissions, by name, grant and revoke what they are granted on a target (rule D5).
    ///
    /// ```
    /// use entitle::catalog::{AccessDocument, Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["admin", "read"]))
    ///     .administration(Administration::new().access_held_on("project", ["admin"]))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.access.get("project").unwrap().get("admin"), Some(&AccessDocument::Held));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn access_held_on<'a>(self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.access_names(kind, to_strings(permissions), &AccessDocument::Held)
    }

    /// Lets holders of each of the first permissions grant and revoke the second ones, whether they hold these or not (rule D5).
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct Flags: u64 { const WRITE = 1; const ON_CALL = 2; }
    /// # }
    /// # enum Dataset {}
    /// # impl ResourceKind for Dataset { const NAME: &'static str = "dataset"; type Permissions = Flags; }
    /// use entitle::catalog::{AccessDocument, Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Dataset>())
    ///     .administration(Administration::new().access_these::<Dataset>(Flags::ON_CALL, Flags::WRITE))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// let write = AccessDocument::These(vec!["write".to_owned()]);
    /// assert_eq!(document.access.get("dataset").unwrap().get("on_call"), Some(&write));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn access_these<K: ResourceKind>(self, permissions: K::Permissions, these: K::Permissions) -> Self {
        let these = AccessDocument::These(flag_names::<K>(&these));
        self.access_names(K::NAME, flag_names::<K>(&permissions), &these)
    }

    /// Lets holders of a permission grant and revoke the listed ones, whether they hold these or not (rule D5).
    ///
    /// ```
    /// use entitle::catalog::{AccessDocument, Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("dataset").permissions(["on_call", "write"]))
    ///     .administration(Administration::new().access_these_on("dataset", "on_call", ["write"]))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// let write = AccessDocument::These(vec!["write".to_owned()]);
    /// assert_eq!(document.access.get("dataset").unwrap().get("on_call"), Some(&write));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn access_these_on<'a>(
        self,
        kind: &str,
        permission: &str,
        these: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let these = AccessDocument::These(to_strings(these));
        self.access_names(kind, Vec::from([permission.to_owned()]), &these)
    }

    fn access_names(mut self, kind: &str, permissions: Vec<String>, opens: &AccessDocument) -> Self {
        let opened = permissions.into_iter().map(|permission| (permission, opens.clone()));
        change(&mut self.document.access, kind, |access| access.extend(opened));
        self
    }

    /// Protects permissions of a typed singleton: their holders are administered only by each other (rule D11).
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! { #[derive(Clone, Copy)] pub struct Permissions: u64 { const ADMIN = 1; } }
    /// # enum Platform {}
    /// # impl ResourceKind for Platform { const NAME: &'static str = "platform"; type Permissions = Permissions; }
    /// use entitle::catalog::{Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Platform>().singleton())
    ///     .administration(Administration::new().protected::<Platform>(Permissions::ADMIN))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.protected.get("platform").unwrap(), &["admin"]);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn protected<K: ResourceKind>(mut self, permissions: K::Permissions) -> Self {
        self.document.protected.0.push((K::NAME.to_owned(), flag_names::<K>(&permissions)));
        self
    }

    /// Protects permissions of a singleton: their holders are administered only by each other (rule D11).
    ///
    /// ```
    /// use entitle::catalog::{Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("instance").permissions(["admin"]).singleton())
    ///     .administration(Administration::new().protected_on("instance", ["admin"]))
    ///     .build()?;
    /// let document = catalog.document().administration.as_ref().unwrap();
    /// assert_eq!(document.protected.get("instance").unwrap(), &["admin"]);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn protected_on<'a>(mut self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.document.protected.0.push((kind.to_owned(), to_strings(permissions)));
        self
    }

    pub(super) fn into_document(self) -> AdministrationDocument {
        self.document
    }
}

/// Changes the entries of a kind, which are added if there are none.
fn change<T>(entries: &mut Entries<Entries<T>>, kind: &str, change: impl FnOnce(&mut Vec<(String, T)>)) {
    if let Some((_, of_kind)) = entries.0.iter_mut().find(|(name, _)| name == kind) {
        return change(&mut of_kind.0);
    }
    let mut added = Entries::default();
    change(&mut added.0);
    entries.0.push((kind.to_owned(), added));
}
