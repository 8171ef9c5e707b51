//! The catalog of Alteryx One with typed kinds: object types, roles, add-ons and editions.
//!
//! `tests/scenarios/alteryx.json` has the same catalog as data, and a test compares the two.

use entitle::bitflags::{Flags, bitflags};
use entitle::catalog::{Cap, Catalog, CatalogBuilder, CatalogError, Kind, Profile, ResourceKind};

bitflags! {
    /// The operations on most objects.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Operations: u64 {
        const CREATE = 1;
        const READ = 1 << 1;
        const UPDATE = 1 << 2;
        const DELETE = 1 << 3;
        const SHARE = 1 << 4;
        const EXECUTE = 1 << 5;
    }

    /// The operations on data, which cannot be executed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct DataOperations: u64 {
        const CREATE = 1;
        const READ = 1 << 1;
        const UPDATE = 1 << 2;
        const DELETE = 1 << 3;
        const SHARE = 1 << 4;
    }

    /// The operations on a desktop connection.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct DesktopOperations: u64 {
        const CREATE = 1;
        const READ = 1 << 1;
        const UPDATE = 1 << 2;
        const DELETE = 1 << 3;
        const SHARE = 1 << 4;
        const EXECUTE = 1 << 5;
        const EXPORT = 1 << 6;
    }

    /// The operations on desktop credentials and datasources, which cannot be shared.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct SecretOperations: u64 {
        const CREATE = 1;
        const READ = 1 << 1;
        const UPDATE = 1 << 2;
        const DELETE = 1 << 3;
        const EXPORT = 1 << 4;
    }

    /// The two levels of administration.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Administration: u64 {
        const WORKSPACE_ADMIN = 1;
        const ACCOUNT_ADMIN = 1 << 1;
    }
}

/// Declares a type for each kind, so that an id of one kind cannot be checked for the operations of another.
macro_rules! kinds {
    ($($kind:ident: $name:literal, $permissions:ty;)+) => {$(
        pub(crate) enum $kind {}
        impl ResourceKind for $kind {
            const NAME: &'static str = $name;
            type Permissions = $permissions;
        }
    )+};
}

kinds! {
    Account: "account", Administration;
    AppBuilderApplication: "app_builder_application", Operations;
    AutoInsightsDataset: "auto_insights_dataset", Operations;
    AutoInsightsMission: "auto_insights_mission", Operations;
    AutoInsightsReport: "auto_insights_report", Operations;
    Connection: "connection", DataOperations;
    Dataset: "dataset", DataOperations;
    DesktopConnection: "desktop_connection", DesktopOperations;
    DesktopCredential: "desktop_credential", SecretOperations;
    DesktopDatasource: "desktop_datasource", SecretOperations;
    DesktopMacro: "desktop_macro", Operations;
    Plan: "plan", Operations;
    DesktopWorkflow: "desktop_workflow", Operations;
    Workflow: "workflow", Operations;
    Schedule: "schedule", Operations;
    Package: "package", Operations;
    PackageSpec: "package_spec", Operations;
    Flow: "flow", Operations;
    MlProject: "ml_project", Operations;
    Folder: "folder", Operations;
    Report: "report", Operations;
    GlobalJobHistory: "global_job_history", Operations;
    Workload: "workload", Operations;
    AiProject: "ai_project", Operations;
}

/// Returns a kind whose owner has every operation.
fn owned<K: ResourceKind>() -> Kind<K> {
    Kind::of::<K>().owner(K::Permissions::all())
}

/// Builds the catalog.
pub(crate) fn catalog() -> Result<Catalog, CatalogError> {
    objects(Catalog::builder().kind(Kind::of::<Account>().singleton()))
        .profile(full())
        .profile(basic())
        .profile(viewer())
        // Administrators need no seat, and have no role on objects.
        .profile(Profile::new("administrator").ceiling::<Account>(Administration::all()).exempt())
        .add_on("account_administration", "account", ["account_admin"])
        .add_on("machine_learning", "ml_project", ["create", "update", "execute"])
        .edition("starter", [("full", Cap::AtMost(10))])
        .edition("professional", [("full", Cap::License), ("basic", Cap::License)])
        .edition("enterprise", [("full", Cap::License), ("basic", Cap::License), ("viewer", Cap::Unlimited)])
        .administration(areas())
        .build()
}

/// Returns who may change what: administrators change people and licenses, and who may share an object shares it.
fn areas() -> entitle::catalog::Administration {
    entitle::catalog::Administration::new()
        .people::<Account>(Administration::all())
        .seats::<Account>(Administration::all())
        .license::<Account>(Administration::ACCOUNT_ADMIN)
        .groups::<Account>(Administration::all())
        .access_held::<AppBuilderApplication>(Operations::SHARE)
        .access_held::<AutoInsightsDataset>(Operations::SHARE)
        .access_held::<AutoInsightsMission>(Operations::SHARE)
        .access_held::<AutoInsightsReport>(Operations::SHARE)
        .access_held::<Connection>(DataOperations::SHARE)
        .access_held::<Dataset>(DataOperations::SHARE)
        .access_held::<DesktopConnection>(DesktopOperations::SHARE)
        .access_held::<DesktopMacro>(Operations::SHARE)
        .access_held::<Plan>(Operations::SHARE)
        .access_held::<DesktopWorkflow>(Operations::SHARE)
        .access_held::<Workflow>(Operations::SHARE)
        .access_held::<Schedule>(Operations::SHARE)
        .access_held::<Package>(Operations::SHARE)
        .access_held::<PackageSpec>(Operations::SHARE)
        .access_held::<Flow>(Operations::SHARE)
        .access_held::<MlProject>(Operations::SHARE)
        .protected::<Account>(Administration::all())
}

fn objects(catalog: CatalogBuilder) -> CatalogBuilder {
    catalog
        .kind(owned::<AppBuilderApplication>())
        .kind(owned::<AutoInsightsDataset>())
        .kind(owned::<AutoInsightsMission>())
        .kind(owned::<AutoInsightsReport>())
        .kind(owned::<Connection>())
        .kind(owned::<Dataset>())
        .kind(owned::<DesktopConnection>())
        .kind(owned::<DesktopCredential>())
        .kind(owned::<DesktopDatasource>())
        .kind(owned::<DesktopMacro>())
        .kind(owned::<Plan>())
        .kind(owned::<DesktopWorkflow>())
        .kind(owned::<Workflow>())
        .kind(owned::<Schedule>())
        .kind(owned::<Package>())
        .kind(owned::<PackageSpec>())
        .kind(owned::<Flow>())
        .kind(owned::<MlProject>())
        .kind(owned::<Folder>())
        .kind(owned::<Report>())
        .kind(owned::<GlobalJobHistory>())
        .kind(owned::<Workload>())
        .kind(owned::<AiProject>())
}

/// Returns a profile with the ceiling that all roles share.
fn role(name: &str) -> Profile {
    Profile::new(name).ceiling::<Account>(Administration::all()).ceiling::<Schedule>(Operations::all())
}

/// Returns a profile with the ceiling that the creating roles share.
fn maker(name: &str) -> Profile {
    role(name)
        .ceiling::<Connection>(DataOperations::all())
        .ceiling::<Dataset>(DataOperations::all())
        .ceiling::<DesktopConnection>(DesktopOperations::all())
        .ceiling::<DesktopCredential>(SecretOperations::all())
        .ceiling::<DesktopDatasource>(SecretOperations::all())
        .ceiling::<DesktopWorkflow>(Operations::all())
        .ceiling::<Workflow>(Operations::all())
        .ceiling::<Package>(Operations::all())
        .ceiling::<PackageSpec>(Operations::all())
}

fn full() -> Profile {
    maker("full")
        .ceiling::<AppBuilderApplication>(Operations::all())
        .ceiling::<AutoInsightsDataset>(Operations::all())
        .ceiling::<AutoInsightsMission>(Operations::all())
        .ceiling::<AutoInsightsReport>(Operations::all())
        .ceiling::<DesktopMacro>(Operations::all())
        .ceiling::<Plan>(Operations::all())
        .ceiling::<Flow>(Operations::all())
        .ceiling::<MlProject>(Operations::all())
}

fn basic() -> Profile {
    let run = Operations::READ | Operations::EXECUTE;
    let revise = run | Operations::UPDATE | Operations::SHARE;
    maker("basic")
        .ceiling::<AppBuilderApplication>(run)
        .ceiling::<AutoInsightsDataset>(run)
        .ceiling::<AutoInsightsMission>(revise)
        .ceiling::<AutoInsightsReport>(revise)
        .ceiling::<DesktopMacro>(run)
        .ceiling::<Plan>(run)
}

fn viewer() -> Profile {
    let run = Operations::READ | Operations::EXECUTE;
    role("viewer")
        .ceiling::<AppBuilderApplication>(run)
        .ceiling::<AutoInsightsDataset>(run)
        .ceiling::<AutoInsightsMission>(run | Operations::SHARE)
        .ceiling::<AutoInsightsReport>(run | Operations::SHARE)
        .ceiling::<Connection>(DataOperations::READ)
        .ceiling::<Dataset>(DataOperations::READ)
        .ceiling::<DesktopConnection>(
            DesktopOperations::READ
                | DesktopOperations::UPDATE
                | DesktopOperations::DELETE
                | DesktopOperations::EXECUTE,
        )
        .ceiling::<DesktopMacro>(run)
        .ceiling::<Plan>(run)
        .ceiling::<DesktopWorkflow>(run)
        .ceiling::<Workflow>(run)
}
