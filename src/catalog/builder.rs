//! Builders for catalogs declared in code.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use bitflags::Flags as _;

use super::document::{
    AddOnDocument, Cap, CatalogDocument, CeilingDocument, EditionDocument, Enforcement, Entries,
    ExternalProfile, ExternalProfiles, InsideDocument, KindDocument, PassesDocument, PermissionsDocument,
    ProfileChoice, ProfileDocument, SeatKind,
};
use super::kind::{ResourceKind, single_bits};
use super::{Administration, Catalog, CatalogError};
use crate::id::Untyped;

/// A builder of a [`Catalog`].
///
/// The methods do not validate; [`build`](CatalogBuilder::build) reports the first error.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CatalogBuilder {
    document: CatalogDocument,
}

impl CatalogBuilder {
    /// Adds a kind of resource.
    pub fn kind<K>(mut self, kind: Kind<K>) -> Self {
        self.document.kinds.0.push((kind.name, kind.document));
        self
    }

    /// Adds a profile, ranked below the profiles added before it.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    ///
    /// let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
    /// assert!(catalog.profile_by_name("designer") < catalog.profile_by_name("reader"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn profile(mut self, profile: Profile) -> Self {
        self.document.profiles.0.push((profile.name, profile.document));
        self
    }

    /// Sets the profile of users who are added without one (rule G3).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    ///
    /// let catalog = Catalog::builder().profile(Profile::new("reader")).default_profile("reader").build()?;
    /// assert_eq!(catalog.default_profile(), catalog.profile_by_name("reader"));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn default_profile(mut self, profile: impl Into<String>) -> Self {
        self.document.default_profile = Some(profile.into());
        self
    }

    /// Adds an add-on that gates permissions of one kind (rule S13).
    ///
    /// Without the add-on in the license, the permissions are denied. Another call with the same name adds
    /// permissions of another kind.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["publish", "read"]))
    ///     .add_on("publishing", "project", ["publish"])
    ///     .build()?;
    /// assert_eq!(catalog.document().add_ons.0[0].0, "publishing");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn add_on<'a>(mut self, name: &str, kind: &str, gates: impl IntoIterator<Item = &'a str>) -> Self {
        let gates = (kind.to_owned(), PermissionsDocument::These(to_strings(gates)));
        let add_ons = &mut self.document.add_ons.0;
        if let Some((_, add_on)) = add_ons.iter_mut().rfind(|(other, _)| other == name) {
            add_on.gates.0.push(gates);
        } else {
            add_ons.push((name.to_owned(), AddOnDocument { gates: Entries(Vec::from([gates])) }));
        }
        self
    }

    /// Adds an edition that offers these profiles, without a total and with all add-ons (rule S14).
    ///
    /// ```
    /// use entitle::catalog::{Cap, Catalog, Profile};
    ///
    /// let catalog = Catalog::builder()
    ///     .profile(Profile::new("designer"))
    ///     .edition("starter", [("designer", Cap::AtMost(5))])
    ///     .build()?;
    /// assert_eq!(catalog.document().editions.0[0].1.total, None);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn edition<'a>(self, name: &str, profiles: impl IntoIterator<Item = (&'a str, Cap)>) -> Self {
        self.edition_document(
            name,
            EditionDocument { profiles: profiles.into_iter().collect(), ..Default::default() },
        )
    }

    /// Adds an edition from a document, which can set a total and exclude add-ons (rule S14).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, EditionDocument};
    ///
    /// let trial = EditionDocument { total: Some(3), add_ons: false, ..Default::default() };
    /// let catalog = Catalog::builder().edition_document("trial", trial).build()?;
    /// assert_eq!(catalog.document().editions.0[0].1.total, Some(3));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn edition_document(mut self, name: &str, edition: EditionDocument) -> Self {
        self.document.editions.0.push((name.to_owned(), edition));
        self
    }

    /// Sets the mapping of external names, such as LDAP groups, to profiles (rule G3).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, ProfileChoice, Profile};
    ///
    /// let catalog = Catalog::builder()
    ///     .profile(Profile::new("designer"))
    ///     .external_profiles(ProfileChoice::Rank, [("cn=data", "designer")])
    ///     .build()?;
    /// assert_eq!(catalog.document().external_profiles.as_ref().unwrap().map[0].external, "cn=data");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn external_profiles<'a>(
        mut self,
        choose: ProfileChoice,
        map: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let map = map.into_iter().map(|(external, profile)| ExternalProfile {
            external: external.to_owned(),
            profile: profile.to_owned(),
        });
        self.document.external_profiles = Some(ExternalProfiles { choose, map: map.collect() });
        self
    }

    /// Adds a role (rule R1).
    ///
    /// A role grants, while a profile limits. What some platforms call a role, and license by the seat, is a profile
    /// here.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Kind, Role};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("instance").permissions(["view_audit"]).singleton())
    ///     .kind(Kind::named("project").permissions(["write", "read"]))
    ///     .role(Role::new("auditor").allow_on("instance", ["view_audit"]).allow_on("project", ["read"]))
    ///     .build()?;
    /// assert_eq!(catalog.document().roles.0.len(), 1);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn role(mut self, role: Role) -> Self {
        self.document.roles.0.push((role.name, role.permissions));
        self
    }

    /// Permits commands to add, change and remove roles (rule R1).
    pub fn custom_roles(mut self) -> Self {
        self.document.custom_roles = true;
        self
    }

    /// Sets the areas of commands that are open to actors (rule D2); none by default.
    ///
    /// ```
    /// use entitle::catalog::{Administration, Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("instance").permissions(["manage_users"]).singleton())
    ///     .administration(Administration::new().people_on("instance", ["manage_users"]))
    ///     .build()?;
    /// assert!(catalog.document().administration.is_some());
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn administration(mut self, administration: Administration) -> Self {
        self.document.administration = Some(administration.into_document());
        self
    }

    /// Adds permissions of a typed kind to the lapsed ceiling (rule S12).
    ///
    /// While the license is pending or lapsed, only the permissions of the lapsed ceiling are allowed. The ceiling
    /// is empty by default.
    ///
    /// It limits all users, also those on exempt profiles and those who administer the platform. A platform whose
    /// administrators install the next license themselves must list what they need for it.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project {
    /// #     const NAME: &'static str = "project";
    /// #     type Permissions = ProjectPermissions;
    /// # }
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Project>())
    ///     .lapsed::<Project>(ProjectPermissions::READ)
    ///     .build()?;
    /// let same = Catalog::builder().kind(Kind::of::<Project>()).lapsed_on("project", ["read"]).build()?;
    /// assert_eq!(catalog, same);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn lapsed<K: ResourceKind>(self, permissions: K::Permissions) -> Self {
        self.lapsed_entry(K::NAME, PermissionsDocument::These(flag_names::<K>(&permissions)))
    }

    /// Adds permissions of a kind, by name, to the lapsed ceiling (rule S12).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["write", "read"]))
    ///     .lapsed_on("project", ["read"])
    ///     .build()?;
    /// assert!(catalog.document().lapsed.is_some());
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn lapsed_on<'a>(self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.lapsed_entry(kind, PermissionsDocument::These(to_strings(permissions)))
    }

    /// Adds all permissions of a kind to the lapsed ceiling (rule S12).
    pub fn lapsed_all_of(self, kind: &str) -> Self {
        self.lapsed_entry(kind, PermissionsDocument::All)
    }

    /// Sets the whole lapsed ceiling from a document (rule S12).
    ///
    /// ```
    /// use entitle::catalog::{Catalog, CeilingDocument};
    ///
    /// // The license limits seats only: nothing is denied when it lapses.
    /// let catalog = Catalog::builder().lapsed_document(CeilingDocument::All).build()?;
    /// assert_eq!(catalog.document().lapsed, Some(CeilingDocument::All));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn lapsed_document(mut self, ceiling: CeilingDocument) -> Self {
        self.document.lapsed = Some(ceiling);
        self
    }

    fn lapsed_entry(mut self, kind: &str, permissions: PermissionsDocument) -> Self {
        self.document.lapsed.get_or_insert(CeilingDocument::None).list(kind.to_owned(), permissions);
        self
    }

    /// Validates the declarations and builds the catalog.
    ///
    /// # Errors
    ///
    /// Returns a [`CatalogError`] for the first error found: a malformed or repeated name, an unknown kind,
    /// permission or profile, permissions that imply each other in a cycle, or more items than a limit allows.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    ///
    /// let error = Catalog::builder().profile(Profile::new("Reader")).build().unwrap_err();
    /// assert!(error.to_string().starts_with("catalog: invalid profile: `Reader` is not an identifier"));
    /// ```
    pub fn build(self) -> Result<Catalog, CatalogError> {
        Catalog::try_from(self.document)
    }
}

/// A builder of a role: a named set of permissions over several kinds (rule R1).
///
/// ```
/// use entitle::catalog::Role;
///
/// let auditor = Role::new("auditor").allow_on("project", ["read"]).allow_all_of("report");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Role {
    name: String,
    permissions: Entries<PermissionsDocument>,
}

impl Role {
    /// Creates a role without permissions.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), permissions: Entries::default() }
    }

    /// Adds permissions of a typed kind, and those that they imply.
    pub fn allow<K: ResourceKind>(mut self, permissions: K::Permissions) -> Self {
        self.permissions
            .0
            .push((K::NAME.to_owned(), PermissionsDocument::These(flag_names::<K>(&permissions))));
        self
    }

    /// Adds permissions of a kind by name, and those that they imply.
    pub fn allow_on<'a>(mut self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.permissions.0.push((kind.to_owned(), PermissionsDocument::These(to_strings(permissions))));
        self
    }

    /// Adds all permissions of a kind.
    pub fn allow_all_of(mut self, kind: &str) -> Self {
        self.permissions.0.push((kind.to_owned(), PermissionsDocument::All));
        self
    }
}

/// A builder of a kind of resource.
///
/// [`Kind::of`] takes the permissions from a `bitflags` type, and [`Kind::named`] takes them by name.
///
/// ```
/// use entitle::catalog::{Catalog, Kind};
///
/// let project = Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]);
/// let catalog = Catalog::builder().kind(project).build()?;
/// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["write", "read"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a kind does nothing until it is added to a catalog"]
pub struct Kind<K = Untyped> {
    name: String,
    document: KindDocument,
    marker: PhantomData<fn() -> K>,
}

impl<K> Kind<K> {
    fn inside_document(mut self, place: impl Into<String>, passes: PassesDocument) -> Self {
        self.document.inside.0.push((place.into(), InsideDocument { passes }));
        self
    }

    /// Makes the kind a singleton: it has exactly one resource, which always exists (rule A9).
    ///
    /// ```
    /// use entitle::Directory;
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let instance = Kind::named("instance").permissions(["administrate"]).singleton();
    /// let catalog = Catalog::builder().kind(instance).build()?;
    /// let directory = Directory::new(catalog);
    /// assert!(directory.resource_by_name("instance").is_some());
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn singleton(mut self) -> Self {
        self.document.singleton = true;
        self
    }
}

impl Kind {
    /// Creates a kind whose permissions are the flags of a type.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project {
    /// #     const NAME: &'static str = "project";
    /// #     type Permissions = ProjectPermissions;
    /// # }
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let project = Kind::of::<Project>().implies(ProjectPermissions::WRITE, ProjectPermissions::READ);
    /// let catalog = Catalog::builder().kind(project).build()?;
    /// assert_eq!(catalog.permissions_of("project").collect::<Vec<_>>(), ["read", "write"]);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn of<K: ResourceKind>() -> Kind<K> {
        let mut flags: Vec<_> = single_bits::<K>().collect();
        flags.sort_unstable_by_key(|&(bit, _)| bit);
        let document = KindDocument {
            permissions: flags.iter().map(|(_, name)| name.to_ascii_lowercase()).collect(),
            bits: explicit_bits(&flags),
            ..KindDocument::default()
        };
        Kind { name: K::NAME.to_owned(), document, marker: PhantomData }
    }

    /// Creates a kind without permissions; [`permissions`](Self::permissions) adds them by name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), document: KindDocument::default(), marker: PhantomData }
    }

    /// Adds permissions, at most 64 for one kind.
    pub fn permissions<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.document.permissions.extend(to_strings(names));
        self
    }

    /// Makes one permission imply others (rule A3).
    pub fn implies<'a>(mut self, permission: &str, implied: impl IntoIterator<Item = &'a str>) -> Self {
        add_implied(&mut self.document.implies, permission.to_owned(), to_strings(implied));
        self
    }

    /// Lets resources lie inside those of another kind, and declares which permissions pass from there (rules H1 and H2).
    ///
    /// If the other kind is a singleton, all resources of this kind lie inside it without being put there (rule H5). See
    /// [`inside_passing_nothing`](Self::inside_passing_nothing) for folders that only order things.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("folder").permissions(["admin", "read"]).inside_same("folder"))
    ///     .kind(Kind::named("project").permissions(["write", "read"]).inside("folder", [("admin", ["write"])]))
    ///     .build()?;
    /// assert_eq!(catalog.document().kinds.0[1].1.inside.0[0].0, "folder");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn inside<'a, P: IntoIterator<Item = &'a str>>(
        self,
        place: impl Into<String>,
        passes: impl IntoIterator<Item = (&'a str, P)>,
    ) -> Self {
        let these = |to| PermissionsDocument::These(to_strings(to));
        let passes = passes.into_iter().map(|(from, to)| (from, these(to)));
        self.inside_document(place, PassesDocument::Map(passes.collect()))
    }

    /// Lets resources lie inside those of another kind, from which nothing passes: they only lie there (rule H2).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("folder").permissions(["read"]))
    ///     .kind(Kind::named("project").permissions(["read"]).inside_passing_nothing("folder"))
    ///     .profile(Profile::new("member").exempt())
    ///     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("member"))
    ///     .add(Command::add_resource("folder/team"))
    ///     .add(Command::add_resource("project/churn").parent("folder/team"))
    ///     .add(Command::grant(Grantee::user("ada"), "folder/team", ["read"]));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert!(!directory.check_by_name("user:ada", "project/churn", &["read"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inside_passing_nothing(self, place: impl Into<String>) -> Self {
        self.inside_document(place, PassesDocument::Map(Entries::default()))
    }

    /// Lets resources lie inside those of another kind, from which each permission passes as the one of the same name.
    ///
    /// Permissions of the other kind that this one does not have pass nothing (rule H2).
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Kind, Profile};
    /// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::named("project").permissions(["admin", "read"]))
    ///     .kind(Kind::named("dataset").permissions(["write", "read"]).inside_same("project"))
    ///     .profile(Profile::new("member").exempt())
    ///     .build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .add(Command::add_user("ada").profile("member"))
    ///     .add(Command::add_resource("project/churn"))
    ///     .add(Command::add_resource("dataset/orders").parent("project/churn"))
    ///     .add(Command::grant(Grantee::user("ada"), "project/churn", ["admin", "read"]));
    /// let directory = Directory::new(catalog).plan(batch)?.into_directory();
    /// assert!(directory.check_by_name("user:ada", "dataset/orders", &["read"]).is_allowed());
    /// assert!(!directory.check_by_name("user:ada", "dataset/orders", &["write"]).is_allowed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inside_same(self, place: impl Into<String>) -> Self {
        self.inside_document(place, PassesDocument::Same)
    }

    /// Grants permissions to the owner of each resource of the kind (rule A2).
    pub fn owner<'a>(mut self, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.document.owner.extend(to_strings(permissions));
        self
    }
}

impl<K: ResourceKind> Kind<K> {
    /// Makes each permission of the first set imply every permission of the second (rule A3).
    pub fn implies(mut self, permissions: K::Permissions, implied: K::Permissions) -> Self {
        for permission in flag_names::<K>(&permissions) {
            add_implied(&mut self.document.implies, permission, flag_names::<K>(&implied));
        }
        self
    }

    /// Lets resources lie inside those of another kind, and declares which permissions pass from there (rules H1 and H2).
    ///
    /// Each permission of the first set passes as every permission of the second. If the other kind is a singleton, all resources
    /// of this kind lie inside it without being put there (rule H5). See
    /// [`inside_passing_nothing`](Self::inside_passing_nothing) for folders that only order things.
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
    /// use entitle::catalog::{Catalog, Kind};
    ///
    /// let catalog = Catalog::builder()
    ///     .kind(Kind::of::<Folder>().inside_same::<Folder>())
    ///     .kind(Kind::of::<Project>().inside::<Folder>([(Flags::WRITE, Flags::WRITE | Flags::READ)]))
    ///     .build()?;
    /// assert_eq!(catalog.document().kinds.0[1].1.inside.0[0].0, "folder");
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn inside<P: ResourceKind>(
        self,
        passes: impl IntoIterator<Item = (P::Permissions, K::Permissions)>,
    ) -> Self {
        let mut map = Entries::default();
        for (from, to) in passes {
            for permission in flag_names::<P>(&from) {
                add_implied(&mut map, permission, flag_names::<K>(&to));
            }
        }
        let map = map.into_iter().map(|(from, to)| (from, PermissionsDocument::These(to)));
        self.inside_document(P::NAME, PassesDocument::Map(map.collect()))
    }

    /// Lets resources lie inside those of another kind, from which nothing passes: they only lie there (rule H2).
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
    /// use entitle::catalog::{Catalog, Kind, PassesDocument};
    ///
    /// let catalog = Catalog::builder().kind(Kind::of::<Folder>().inside_passing_nothing::<Folder>()).build()?;
    /// let passes = &catalog.document().kinds.0[0].1.inside.0[0].1.passes;
    /// assert_eq!(*passes, PassesDocument::Map(Default::default()));
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn inside_passing_nothing<P: ResourceKind>(self) -> Self {
        self.inside_document(P::NAME, PassesDocument::Map(Entries::default()))
    }

    /// Lets resources lie inside those of another kind, from which each permission passes as the one of the same name.
    ///
    /// Permissions of the other kind that this one does not have pass nothing (rule H2).
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
    /// use entitle::catalog::{Catalog, Kind, PassesDocument};
    ///
    /// let catalog = Catalog::builder().kind(Kind::of::<Folder>().inside_same::<Folder>()).build()?;
    /// assert_eq!(catalog.document().kinds.0[0].1.inside.0[0].1.passes, PassesDocument::Same);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn inside_same<P: ResourceKind>(self) -> Self {
        self.inside_document(P::NAME, PassesDocument::Same)
    }

    /// Grants permissions to the owner of each resource of the kind (rule A2).
    pub fn owner(mut self, permissions: K::Permissions) -> Self {
        self.document.owner.extend(flag_names::<K>(&permissions));
        self
    }
}

/// A builder of a profile.
///
/// The ceiling of a profile limits the permissions of its holders. A profile without a ceiling has no limit. The
/// first call of [`ceiling`](Self::ceiling), [`ceiling_on`](Self::ceiling_on) or
/// [`ceiling_all_of`](Self::ceiling_all_of) limits the profile to the listed permissions, and later calls add to
/// the list.
///
/// ```
/// use entitle::catalog::{Catalog, Kind, Profile};
///
/// let catalog = Catalog::builder()
///     .kind(Kind::named("project").permissions(["write", "read"]))
///     .profile(Profile::new("designer"))
///     .profile(Profile::new("reader").ceiling_on("project", ["read"]))
///     .build()?;
/// assert_eq!(catalog.profiles().collect::<Vec<_>>(), ["designer", "reader"]);
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a profile does nothing until it is added to a catalog"]
pub struct Profile {
    name: String,
    document: ProfileDocument,
}

impl Profile {
    /// Creates a counted profile without a ceiling.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), document: ProfileDocument::default() }
    }

    /// Adds permissions of a typed kind to the ceiling.
    ///
    /// ```
    /// # use entitle::bitflags::bitflags;
    /// # use entitle::catalog::ResourceKind;
    /// # bitflags! {
    /// #     #[derive(Clone, Copy)]
    /// #     pub struct ProjectPermissions: u64 { const READ = 1; const WRITE = 2; }
    /// # }
    /// # enum Project {}
    /// # impl ResourceKind for Project {
    /// #     const NAME: &'static str = "project";
    /// #     type Permissions = ProjectPermissions;
    /// # }
    /// use entitle::catalog::{Catalog, Kind, Profile};
    ///
    /// let reader = Profile::new("reader").ceiling::<Project>(ProjectPermissions::READ);
    /// let catalog = Catalog::builder().kind(Kind::of::<Project>()).profile(reader).build()?;
    /// let reader = Profile::new("reader").ceiling_on("project", ["read"]);
    /// assert_eq!(catalog, Catalog::builder().kind(Kind::of::<Project>()).profile(reader).build()?);
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn ceiling<K: ResourceKind>(self, permissions: K::Permissions) -> Self {
        self.list(K::NAME.to_owned(), PermissionsDocument::These(flag_names::<K>(&permissions)))
    }

    /// Adds permissions of a kind, by name, to the ceiling.
    pub fn ceiling_on<'a>(self, kind: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.list(kind.to_owned(), PermissionsDocument::These(to_strings(permissions)))
    }

    /// Adds all permissions of a kind to the ceiling.
    pub fn ceiling_all_of(self, kind: &str) -> Self {
        self.list(kind.to_owned(), PermissionsDocument::All)
    }

    /// Makes the ceiling empty: holders have no permission, except those that later calls add.
    pub fn ceiling_none(mut self) -> Self {
        self.document.ceiling = CeilingDocument::None;
        self
    }

    /// Makes the profile exempt: its holders need no seat (rule S2).
    ///
    /// They are not exempt from the [lapsed ceiling](CatalogBuilder::lapsed): after a license lapsed it limits them too.
    ///
    /// ```
    /// use entitle::catalog::{Catalog, Profile};
    ///
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// let catalog = Catalog::builder().profile(Profile::new("technical").exempt()).build()?;
    /// // No license is installed.
    /// let batch = Batch::host(Timestamp::EPOCH).add(Command::add_user("ci").profile("technical"));
    /// assert!(Directory::new(catalog).plan(batch).is_ok());
    /// # Ok::<(), entitle::catalog::CatalogError>(())
    /// ```
    pub fn exempt(mut self) -> Self {
        self.document.seat = SeatKind::Exempt;
        self
    }

    /// Makes the ceiling advisory: permissions beyond it are allowed, and the decision reports it (rule A4).
    pub fn advisory(mut self) -> Self {
        self.document.enforcement = Enforcement::Advisory;
        self
    }

    fn list(mut self, kind: String, permissions: PermissionsDocument) -> Self {
        self.document.ceiling.list(kind, permissions);
        self
    }
}

/// Returns the bits of a type's flags, or `None` if they are numbered in order as those of a named kind are.
fn explicit_bits(flags: &[(u64, &str)]) -> Option<Vec<u64>> {
    let in_order = flags.iter().zip(0_u32..).all(|(&(bit, _), place)| bit.trailing_zeros() == place);
    (!in_order).then(|| flags.iter().map(|&(bit, _)| bit).collect())
}

pub(super) fn to_strings<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// Adds to the list of permissions that a permission implies.
fn add_implied(entries: &mut Entries<Vec<String>>, permission: String, implied: Vec<String>) {
    if let Some((_, listed)) = entries.0.iter_mut().find(|(other, _)| *other == permission) {
        listed.extend(implied);
    } else {
        entries.0.push((permission, implied));
    }
}

/// Returns the names of the flags in a set.
///
/// A bit without a flag becomes `bit N`, which cannot be a permission, so that validation rejects it.
pub(super) fn flag_names<K: ResourceKind>(permissions: &K::Permissions) -> Vec<String> {
    let bits = permissions.bits();
    let set = (0..64).map(|place| 1_u64 << place).filter(|bit| bits & bit != 0);
    let name = |bit: u64| {
        let named = single_bits::<K>().find(|&(flag, _)| flag == bit);
        named.map_or_else(|| format!("bit {}", bit.trailing_zeros()), |(_, name)| name.to_ascii_lowercase())
    };
    set.map(name).collect()
}
