//! The catalog of Dataiku DSS with typed kinds: 20 kinds of resources and 13 license profiles.
//!
//! `tests/scenarios/dss_profiles.json` has the same catalog as data, and a test compares the two.

use entitle::bitflags::{Flags, bitflags};
use entitle::catalog::{
    Administration, Cap, Catalog, CatalogBuilder, CatalogError, Kind, Profile, ResourceKind,
};

bitflags! {
    /// The global permissions of a group.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Global: u64 {
        const ADMIN = 1;
        const MAY_CREATE_PROJECTS = 1 << 1;
        const MAY_CREATE_PROJECTS_FROM_MACROS = 1 << 2;
        const MAY_CREATE_PROJECTS_FROM_TEMPLATES = 1 << 3;
        const MAY_CREATE_PROJECTS_FROM_DATAIKU_APPS = 1 << 4;
        const MAY_WRITE_IN_ROOT_PROJECT_FOLDER = 1 << 5;
        const MAY_CREATE_WORKSPACES = 1 << 6;
        const MAY_SHARE_TO_WORKSPACES = 1 << 7;
        const MAY_CREATE_DATA_COLLECTIONS = 1 << 8;
        const MAY_PUBLISH_TO_DATA_COLLECTIONS = 1 << 9;
        const MAY_WRITE_SAFE_CODE = 1 << 10;
        const MAY_WRITE_UNSAFE_CODE = 1 << 11;
        const MAY_CREATE_ACTIVE_WEB_CONTENT = 1 << 12;
        const MAY_MANAGE_CODE_ENVS = 1 << 13;
        const MAY_CREATE_CODE_ENVS = 1 << 14;
        const MAY_MANAGE_CLUSTERS = 1 << 15;
        const MAY_CREATE_CLUSTERS = 1 << 16;
        const MAY_MANAGE_CODE_STUDIO_TEMPLATES = 1 << 17;
        const MAY_CREATE_CODE_STUDIO_TEMPLATES = 1 << 18;
        const MAY_DEVELOP_PLUGINS = 1 << 19;
        const MAY_EDIT_LIB_FOLDERS = 1 << 20;
        const MAY_CREATE_AUTHENTICATED_CONNECTIONS = 1 << 21;
        const MAY_VIEW_INDEXED_HIVE_CONNECTIONS = 1 << 22;
        const MAY_MANAGE_UDM = 1 << 23;
        const MAY_CREATE_PUBLISHED_API_SERVICES = 1 << 24;
        const MAY_CREATE_PUBLISHED_PROJECTS = 1 << 25;
        const MAY_MANAGE_FEATURE_STORE = 1 << 26;
        const MAY_MANAGE_ENTERPRISE_ASSET_LIBRARY = 1 << 27;
        const MAY_CREATE_ENTERPRISE_ASSET_COLLECTIONS = 1 << 28;
        const MAY_CREATE_MIRA_INFRASTRUCTURES = 1 << 29;
        // A flag of several bits is a shorthand, not a permission: what designers without code use.
        const VISUAL_DESIGN = Self::MAY_CREATE_PROJECTS.bits() | Self::MAY_CREATE_PROJECTS_FROM_MACROS.bits()
            | Self::MAY_CREATE_PROJECTS_FROM_TEMPLATES.bits() | Self::MAY_CREATE_PROJECTS_FROM_DATAIKU_APPS.bits()
            | Self::MAY_WRITE_IN_ROOT_PROJECT_FOLDER.bits() | Self::MAY_CREATE_WORKSPACES.bits()
            | Self::MAY_SHARE_TO_WORKSPACES.bits() | Self::MAY_CREATE_DATA_COLLECTIONS.bits()
            | Self::MAY_PUBLISH_TO_DATA_COLLECTIONS.bits() | Self::MAY_CREATE_PUBLISHED_PROJECTS.bits();
    }

    /// The 15 flags of a project.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfProject: u64 {
        const ADMIN = 1;
        const EDIT_PERMISSIONS = 1 << 1;
        const WRITE_PROJECT_CONTENT = 1 << 2;
        const READ_PROJECT_CONTENT = 1 << 3;
        const WRITE_DASHBOARDS = 1 << 4;
        const READ_DASHBOARDS = 1 << 5;
        const SHARE_TO_WORKSPACES = 1 << 6;
        const PUBLISH_TO_DATA_COLLECTIONS = 1 << 7;
        const MANAGE_DASHBOARD_AUTHORIZATIONS = 1 << 8;
        const MODERATE_DASHBOARDS = 1 << 9;
        const MANAGE_ADDITIONAL_DASHBOARD_USERS = 1 << 10;
        const MANAGE_EXPOSED_ELEMENTS = 1 << 11;
        const EXPORT_DATASETS_DATA = 1 << 12;
        const RUN_SCENARIOS = 1 << 13;
        const EXECUTE_APP = 1 << 14;
        // What a platform administrator needs to assist the users of a project.
        const ASSISTANCE = Self::EDIT_PERMISSIONS.bits() | Self::READ_PROJECT_CONTENT.bits()
            | Self::MODERATE_DASHBOARDS.bits() | Self::MANAGE_DASHBOARD_AUTHORIZATIONS.bits()
            | Self::MANAGE_ADDITIONAL_DASHBOARD_USERS.bits() | Self::MANAGE_EXPOSED_ELEMENTS.bits();
    }

    /// A project folder.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfFolder: u64 {
        const ADMIN = 1;
        const WRITE_CONTENTS = 1 << 1;
        const READ = 1 << 2;
    }

    /// A data connection: neither permission implies the other.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfConnection: u64 {
        const USE = 1;
        const READ_DETAILS = 1 << 1;
    }

    /// A code environment or a cluster.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfCompute: u64 {
        const MANAGE_USERS = 1;
        const UPDATE = 1 << 1;
        const USE = 1 << 2;
    }

    /// Resources with `use` as their only permission.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OnlyUse: u64 {
        const USE = 1;
    }

    /// Deployment infrastructure.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfInfrastructure: u64 {
        const ADMIN = 1;
        const DEPLOY = 1 << 1;
        const READ = 1 << 2;
    }

    /// Deployed services and projects.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfPublished: u64 {
        const ADMIN = 1;
        const WRITE = 1 << 1;
        const DEPLOY = 1 << 2;
        const READ = 1 << 3;
    }

    /// A workspace or a data collection: administrators, contributors, members.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfShelf: u64 {
        const ADMIN = 1;
        const WRITE = 1 << 1;
        const READ = 1 << 2;
    }

    /// A webapp.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfWebapp: u64 {
        const VIEW = 1;
    }

    /// Features that only profiles limit: everyone is granted all of them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Feature: u64 {
        const VISUAL_RECIPES = 1;
        const MACHINE_LEARNING = 1 << 1;
        const CODE = 1 << 2;
        const ADVANCED_CODE = 1 << 3;
    }

    /// The global permissions of a Govern node.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfGovern: u64 {
        const ADMIN = 1;
        const IS_GOVERN_ARCHITECT = 1 << 1;
    }

    /// A governed artifact.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct OfArtifact: u64 {
        const SIGN_OFF = 1;
        const WRITE = 1 << 1;
        const READ = 1 << 2;
    }
}

/// Declares a type for each kind, so that an id of one kind cannot be checked for the permissions of another.
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
    Instance: "instance", Global;
    Project: "project", OfProject;
    ProjectFolder: "project_folder", OfFolder;
    Connection: "connection", OfConnection;
    CodeEnv: "code_env", OfCompute;
    Cluster: "cluster", OfCompute;
    ContainerConfig: "container_config", OnlyUse;
    ApiInfrastructure: "api_infrastructure", OfInfrastructure;
    ProjectInfrastructure: "project_infrastructure", OfInfrastructure;
    PublishedService: "published_service", OfPublished;
    PublishedProject: "published_project", OfPublished;
    PluginPreset: "plugin_preset", OnlyUse;
    Workspace: "workspace", OfShelf;
    DataCollection: "data_collection", OfShelf;
    MessagingChannel: "messaging_channel", OnlyUse;
    CodeStudio: "code_studio", OnlyUse;
    Webapp: "webapp", OfWebapp;
    Workbench: "workbench", Feature;
    GovernNode: "govern_node", OfGovern;
    GovernArtifact: "govern_artifact", OfArtifact;
}

/// Returns all permissions of a kind.
fn all<K: ResourceKind>() -> K::Permissions {
    K::Permissions::all()
}

/// Builds the catalog.
pub(crate) fn catalog() -> Result<Catalog, CatalogError> {
    let kinds = Catalog::builder()
        .kind(
            Kind::of::<Instance>()
                .singleton()
                .implies(Global::ADMIN, Global::all().difference(Global::ADMIN))
                .implies(Global::MAY_MANAGE_CODE_ENVS, Global::MAY_CREATE_CODE_ENVS)
                .implies(Global::MAY_MANAGE_CLUSTERS, Global::MAY_CREATE_CLUSTERS),
        )
        .kind(project())
        .kind(
            Kind::of::<ProjectFolder>()
                .implies(OfFolder::ADMIN, OfFolder::WRITE_CONTENTS)
                .implies(OfFolder::WRITE_CONTENTS, OfFolder::READ)
                .owner(OfFolder::ADMIN),
        )
        .kind(Kind::of::<Connection>())
        .kind(compute::<CodeEnv>())
        .kind(compute::<Cluster>())
        .kind(Kind::of::<ContainerConfig>())
        .kind(infrastructure::<ApiInfrastructure>())
        .kind(infrastructure::<ProjectInfrastructure>())
        .kind(published::<PublishedService>())
        .kind(published::<PublishedProject>())
        .kind(Kind::of::<PluginPreset>())
        .kind(shelf::<Workspace>())
        .kind(shelf::<DataCollection>())
        .kind(Kind::of::<MessagingChannel>())
        .kind(Kind::of::<CodeStudio>().owner(OnlyUse::USE))
        .kind(Kind::of::<Webapp>())
        .kind(Kind::of::<Workbench>().singleton().implies(Feature::ADVANCED_CODE, Feature::CODE))
        .kind(Kind::of::<GovernNode>().singleton().implies(OfGovern::ADMIN, OfGovern::IS_GOVERN_ARCHITECT))
        .kind(
            Kind::of::<GovernArtifact>()
                .implies(OfArtifact::SIGN_OFF, OfArtifact::READ)
                .implies(OfArtifact::WRITE, OfArtifact::READ),
        );
    profiles()
        .into_iter()
        .fold(kinds, CatalogBuilder::profile)
        .default_profile("reader")
        // A sublicense limits one instance within the license of the company.
        .edition("sublicense", [("full_designer", Cap::AtMost(25)), ("reader", Cap::AtMost(100))])
        .administration(areas())
        .build()
}

/// Returns who may change what: administrators of the instance change people, and who may edit a project's permissions
/// shares what they have there.
fn areas() -> Administration {
    Administration::new()
        .people::<Instance>(Global::ADMIN)
        .seats::<Instance>(Global::ADMIN)
        .license::<Instance>(Global::ADMIN)
        .groups::<Instance>(Global::ADMIN)
        .create::<Project, Instance>(Global::MAY_CREATE_PROJECTS)
        .access_held::<Instance>(Global::ADMIN)
        .access_held::<Project>(OfProject::ADMIN | OfProject::EDIT_PERMISSIONS)
        .protected::<Instance>(Global::ADMIN)
}

fn project() -> Kind<Project> {
    Kind::of::<Project>()
        .implies(OfProject::ADMIN, OfProject::all().difference(OfProject::ADMIN))
        .implies(OfProject::EDIT_PERMISSIONS, OfProject::READ_DASHBOARDS)
        .implies(
            OfProject::WRITE_PROJECT_CONTENT,
            OfProject::READ_PROJECT_CONTENT | OfProject::WRITE_DASHBOARDS | OfProject::RUN_SCENARIOS,
        )
        .implies(OfProject::READ_PROJECT_CONTENT, OfProject::READ_DASHBOARDS)
        .implies(OfProject::WRITE_DASHBOARDS, OfProject::READ_DASHBOARDS)
        .implies(
            OfProject::SHARE_TO_WORKSPACES | OfProject::PUBLISH_TO_DATA_COLLECTIONS,
            OfProject::MANAGE_DASHBOARD_AUTHORIZATIONS,
        )
        .owner(OfProject::ADMIN)
}

fn compute<K: ResourceKind<Permissions = OfCompute>>() -> Kind<K> {
    Kind::of::<K>()
        .implies(OfCompute::MANAGE_USERS, OfCompute::UPDATE)
        .implies(OfCompute::UPDATE, OfCompute::USE)
        .owner(OfCompute::MANAGE_USERS)
}

fn infrastructure<K: ResourceKind<Permissions = OfInfrastructure>>() -> Kind<K> {
    Kind::of::<K>()
        .implies(OfInfrastructure::ADMIN, OfInfrastructure::DEPLOY)
        .implies(OfInfrastructure::DEPLOY, OfInfrastructure::READ)
}

fn published<K: ResourceKind<Permissions = OfPublished>>() -> Kind<K> {
    Kind::of::<K>()
        .implies(OfPublished::ADMIN, OfPublished::WRITE | OfPublished::DEPLOY)
        .implies(OfPublished::WRITE | OfPublished::DEPLOY, OfPublished::READ)
        .owner(OfPublished::ADMIN)
}

fn shelf<K: ResourceKind<Permissions = OfShelf>>() -> Kind<K> {
    Kind::of::<K>().implies(OfShelf::ADMIN, OfShelf::WRITE).implies(OfShelf::WRITE, OfShelf::READ)
}

/// Returns the 13 profiles, highest rank first. A profile without a ceiling allows everything.
fn profiles() -> [Profile; 13] {
    let visual = |name| {
        Profile::new(name)
            .ceiling::<Instance>(Global::VISUAL_DESIGN)
            .ceiling::<Project>(all::<Project>())
            .ceiling::<ProjectFolder>(all::<ProjectFolder>())
            .ceiling::<Connection>(all::<Connection>())
            .ceiling::<Cluster>(OfCompute::USE)
            .ceiling::<ContainerConfig>(all::<ContainerConfig>())
            .ceiling::<ProjectInfrastructure>(all::<ProjectInfrastructure>())
            .ceiling::<PublishedProject>(all::<PublishedProject>())
            .ceiling::<PluginPreset>(all::<PluginPreset>())
            .ceiling::<Workspace>(all::<Workspace>())
            .ceiling::<DataCollection>(all::<DataCollection>())
            .ceiling::<MessagingChannel>(all::<MessagingChannel>())
            .ceiling::<Webapp>(all::<Webapp>())
            .ceiling::<Workbench>(Feature::VISUAL_RECIPES)
            .ceiling::<GovernArtifact>(OfArtifact::READ)
    };
    [
        Profile::new("full_designer"),
        Profile::new("designer"),
        Profile::new("data_scientist"),
        advanced_analytics(),
        visual("data_designer"),
        visual("data_analyst"),
        administration("platform_admin", OfProject::ASSISTANCE, OfConnection::READ_DETAILS),
        administration(
            "technical_account",
            OfProject::ASSISTANCE | OfProject::RUN_SCENARIOS,
            OfConnection::all(),
        )
        .exempt(),
        Profile::new("governance_manager")
            .ceiling::<Project>(OfProject::READ_PROJECT_CONTENT)
            .ceiling::<ProjectFolder>(OfFolder::READ)
            .ceiling::<PublishedService>(OfPublished::READ)
            .ceiling::<PublishedProject>(OfPublished::READ)
            .ceiling::<GovernNode>(OfGovern::IS_GOVERN_ARCHITECT)
            .ceiling::<GovernArtifact>(all::<GovernArtifact>()),
        reading(
            "explorer",
            OfProject::READ_PROJECT_CONTENT | OfProject::WRITE_DASHBOARDS | OfProject::EXECUTE_APP,
        ),
        reading("reader", OfProject::READ_PROJECT_CONTENT),
        Profile::new("ai_consumer")
            .ceiling::<Project>(OfProject::READ_DASHBOARDS | OfProject::EXECUTE_APP)
            .ceiling::<Workspace>(OfShelf::READ)
            .ceiling::<Webapp>(all::<Webapp>()),
        Profile::new("ai_access_user").ceiling::<Webapp>(all::<Webapp>()),
    ]
}

fn advanced_analytics() -> Profile {
    Profile::new("advanced_analytics_designer")
        .ceiling::<Instance>(all::<Instance>())
        .ceiling::<Project>(all::<Project>())
        .ceiling::<ProjectFolder>(all::<ProjectFolder>())
        .ceiling::<Connection>(all::<Connection>())
        .ceiling::<CodeEnv>(all::<CodeEnv>())
        .ceiling::<Cluster>(all::<Cluster>())
        .ceiling::<ContainerConfig>(all::<ContainerConfig>())
        .ceiling::<ApiInfrastructure>(all::<ApiInfrastructure>())
        .ceiling::<ProjectInfrastructure>(all::<ProjectInfrastructure>())
        .ceiling::<PublishedService>(all::<PublishedService>())
        .ceiling::<PublishedProject>(all::<PublishedProject>())
        .ceiling::<PluginPreset>(all::<PluginPreset>())
        .ceiling::<Workspace>(all::<Workspace>())
        .ceiling::<DataCollection>(all::<DataCollection>())
        .ceiling::<MessagingChannel>(all::<MessagingChannel>())
        .ceiling::<CodeStudio>(all::<CodeStudio>())
        .ceiling::<Webapp>(all::<Webapp>())
        .ceiling::<Workbench>(Feature::all().difference(Feature::ADVANCED_CODE))
        .ceiling::<GovernNode>(all::<GovernNode>())
        .ceiling::<GovernArtifact>(all::<GovernArtifact>())
}

/// Returns an advisory profile for administration and assistance. Anything else is `allowed_beyond_profile`.
fn administration(name: &str, project: OfProject, connection: OfConnection) -> Profile {
    Profile::new(name)
        .advisory()
        .ceiling::<Instance>(all::<Instance>())
        .ceiling::<GovernNode>(all::<GovernNode>())
        .ceiling::<GovernArtifact>(OfArtifact::READ)
        .ceiling::<Project>(project)
        .ceiling::<ProjectFolder>(all::<ProjectFolder>())
        .ceiling::<Connection>(connection)
        .ceiling::<CodeEnv>(all::<CodeEnv>())
        .ceiling::<Cluster>(all::<Cluster>())
        .ceiling::<ContainerConfig>(all::<ContainerConfig>())
        .ceiling::<ApiInfrastructure>(all::<ApiInfrastructure>())
        .ceiling::<ProjectInfrastructure>(all::<ProjectInfrastructure>())
        .ceiling::<PublishedService>(all::<PublishedService>())
        .ceiling::<PublishedProject>(all::<PublishedProject>())
        .ceiling::<PluginPreset>(all::<PluginPreset>())
        .ceiling::<Workspace>(OfShelf::READ)
        .ceiling::<DataCollection>(OfShelf::READ)
        .ceiling::<MessagingChannel>(all::<MessagingChannel>())
        .ceiling::<Webapp>(all::<Webapp>())
}

fn reading(name: &str, project: OfProject) -> Profile {
    Profile::new(name)
        .ceiling::<Project>(project)
        .ceiling::<ProjectFolder>(OfFolder::READ)
        .ceiling::<Workspace>(OfShelf::READ)
        .ceiling::<DataCollection>(OfShelf::READ)
        .ceiling::<Webapp>(all::<Webapp>())
}
