//! The administration of a catalog: its document, its typed form and its faults.

use entitle::bitflags::bitflags;
use entitle::catalog::{Administration, Catalog, CatalogDocument, Kind, ResourceKind};
use serde_json::{Value, json};

fn read(administration: &Value) -> Result<Catalog, String> {
    let catalog = json!({
        "kinds": {
            "instance": { "singleton": true, "permissions": ["admin", "manage_users", "create_projects"] },
            "folder": { "permissions": ["admin", "write"] },
            "project": { "permissions": ["admin", "write", "read"], "inside": { "folder": {} } },
        },
        "profiles": {},
        "administration": administration,
    });
    let document: CatalogDocument = serde_json::from_value(catalog).map_err(|error| error.to_string())?;
    Catalog::try_from(document).map_err(|error| error.to_string())
}

/// Rules D3, D5 and D11: each fault names the area.
#[test]
fn faults_of_an_administration() {
    let cases = [
        (json!({ "people": { "platform": [] } }), "administration, `people`: unknown kind `platform`"),
        (json!({ "create": { "dataset": {} } }), "administration, `create`: unknown kind `dataset`"),
        (
            json!({ "create": { "project": { "shelf": [] } } }),
            "administration, `create`: unknown kind `shelf`",
        ),
        (json!({ "remove": { "dataset": [] } }), "administration, `remove`: unknown kind `dataset`"),
        (json!({ "ownership": { "dataset": [] } }), "administration, `ownership`: unknown kind `dataset`"),
        (json!({ "access": { "dataset": {} } }), "administration, `access`: unknown kind `dataset`"),
        (json!({ "protected": { "dataset": [] } }), "administration, `protected`: unknown kind `dataset`"),
        (
            json!({ "people": { "instance": ["manage_users", "read"] } }),
            "administration, `people`: kind `instance` has no permission `read`",
        ),
        (
            json!({ "create": { "project": { "folder": ["read"] } } }),
            "administration, `create`: kind `folder` has no permission `read`",
        ),
        (
            json!({ "remove": { "project": ["manage_users"] } }),
            "administration, `remove`: kind `project` has no permission `manage_users`",
        ),
        (
            json!({ "ownership": { "project": ["manage_users"] } }),
            "administration, `ownership`: kind `project` has no permission `manage_users`",
        ),
        (
            json!({ "access": { "project": { "own": "held" } } }),
            "administration, `access`: kind `project` has no permission `own`",
        ),
        (
            json!({ "access": { "project": { "admin": ["own"] } } }),
            "administration, `access`: kind `project` has no permission `own`",
        ),
        (
            json!({ "protected": { "instance": ["own"] } }),
            "administration, `protected`: kind `instance` has no permission `own`",
        ),
        (
            json!({ "access": { "project": { "admin": "all" } } }),
            "invalid value: string \"all\", expected `held` or a list of permissions",
        ),
        (
            json!({ "access": { "project": { "admin": {} } } }),
            "invalid type: map, expected `held` or a list of permissions",
        ),
        (
            json!({ "access": { "project": { "admin": 1 } } }),
            "invalid type: integer `1`, expected `held` or a list of permissions",
        ),
        (json!({ "persons": {} }), "unknown field `persons`"),
    ];
    for (administration, expected) in cases {
        let error = read(&administration).err().unwrap_or_else(|| panic!("{administration} is read"));
        assert!(error.contains(expected), "{administration}: {error}");
    }
}

/// Rules D3 and D11: areas that are not by kind are asked on singletons.
#[test]
fn areas_that_are_not_by_kind_are_of_singletons() {
    for area in ["people", "seats", "license", "groups", "roles", "protected"] {
        assert_eq!(read(&json!({ area: { "instance": ["admin"] } })).map(|_| ()), Ok(()));
        let error = read(&json!({ area: { "project": ["admin"] } })).unwrap_err();
        assert_eq!(error, format!("administration, `{area}`: kind `project` is not a singleton"));
    }
    for area in ["remove", "ownership"] {
        assert_eq!(read(&json!({ area: { "project": ["admin"] } })).map(|_| ()), Ok(()));
    }
}

/// A misspelled name, and rules that never apply.
#[test]
fn mistakes_in_an_administration() {
    let cases = [
        (
            json!({ "people": { "instnace": [] } }),
            "administration, `people`: unknown kind `instnace`; did you mean `instance`?",
        ),
        (
            json!({ "people": { "instance": ["manage_user"] } }),
            "administration, `people`: kind `instance` has no permission `manage_user`; did you mean `manage_users`?",
        ),
        (
            json!({ "create": { "folder": { "project": [] } } }),
            "administration, `create`: no resource of kind `folder` lies inside kind `project`; \
             declare that it may, or name a singleton",
        ),
        (
            json!({ "create": { "instance": {} } }),
            "administration, `create`: kind `instance` is a singleton, of which nothing is created",
        ),
    ];
    for (administration, expected) in cases {
        assert_eq!(read(&administration).unwrap_err(), expected, "{administration}");
    }
}

/// Rule H2: permissions of the same name are to pass, and there are none.
#[test]
fn same_without_anything_in_common_is_an_error() {
    let catalog = |permission: &'static str| {
        let project = Kind::named("project").permissions([permission, "run"]).inside_same("folder");
        Catalog::builder().kind(Kind::named("folder").permissions(["see", "read"])).kind(project).build()
    };
    assert!(catalog("read").is_ok());
    assert_eq!(
        catalog("reed").unwrap_err().to_string(),
        "kind `project`, inside `folder`: the two have no permission of the same name, so nothing passes; \
         name what passes, or declare that nothing does"
    );
}

#[test]
fn nothing_is_named_twice() {
    let twice = |administration: Administration| {
        let catalog = Catalog::builder()
            .kind(Kind::named("instance").permissions(["admin"]).singleton())
            .kind(Kind::named("project").permissions(["admin"]));
        catalog.administration(administration).build().unwrap_err().to_string()
    };
    let people = Administration::new().people_on("instance", ["admin"]).people_on("instance", []);
    assert_eq!(twice(people), "administration, `people`: kind `instance` is declared twice");
    let create = Administration::new().create_in("project", "instance", ["admin"]).create_in(
        "project",
        "instance",
        ["admin"],
    );
    assert_eq!(twice(create), "administration, `create`: kind `instance` is declared twice");
    let access = Administration::new().access_held_on("project", ["admin"]).access_these_on(
        "project",
        "admin",
        ["admin"],
    );
    assert_eq!(twice(access), "administration, `access`: permission `admin` is declared twice");
}

bitflags! {
    #[derive(Clone, Copy)]
    struct InstancePermissions: u64 { const ADMIN = 1; const MANAGE_USERS = 2; const CREATE_PROJECTS = 4; }
}

bitflags! {
    #[derive(Clone, Copy)]
    struct ProjectPermissions: u64 { const ADMIN = 1; const WRITE = 2; const READ = 4; }
}

enum Instance {}

impl ResourceKind for Instance {
    const NAME: &'static str = "instance";
    type Permissions = InstancePermissions;
}

enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = ProjectPermissions;
}

#[test]
fn typed_and_named_administrations_are_equal_and_are_written_back() {
    use {InstancePermissions as I, ProjectPermissions as P};
    let typed = Administration::new()
        .people::<Instance>(I::MANAGE_USERS)
        .seats::<Instance>(I::MANAGE_USERS)
        .license::<Instance>(I::ADMIN)
        .groups::<Instance>(I::ADMIN | I::MANAGE_USERS)
        .roles::<Instance>(I::ADMIN)
        .create::<Project, Instance>(I::CREATE_PROJECTS)
        .remove::<Project>(P::ADMIN)
        .ownership::<Project>(P::ADMIN)
        .access_held::<Project>(P::ADMIN | P::WRITE)
        .access_these::<Project>(P::READ, P::READ)
        .protected::<Instance>(I::ADMIN);
    let named = Administration::new()
        .people_on("instance", ["manage_users"])
        .seats_on("instance", ["manage_users"])
        .license_on("instance", ["admin"])
        .groups_on("instance", ["admin", "manage_users"])
        .roles_on("instance", ["admin"])
        .create_in("project", "instance", ["create_projects"])
        .remove_on("project", ["admin"])
        .ownership_on("project", ["admin"])
        .access_held_on("project", ["admin", "write"])
        .access_these_on("project", "read", ["read"])
        .protected_on("instance", ["admin"]);
    assert_eq!(typed, named);
    let catalog = Catalog::builder().kind(Kind::of::<Instance>().singleton()).kind(Kind::of::<Project>());
    let catalog = catalog.administration(typed).build().unwrap();
    let written = serde_json::to_value(&catalog).unwrap();
    let expected = json!({
        "people": { "instance": ["manage_users"] },
        "seats": { "instance": ["manage_users"] },
        "license": { "instance": ["admin"] },
        "groups": { "instance": ["admin", "manage_users"] },
        "roles": { "instance": ["admin"] },
        "create": { "project": { "instance": ["create_projects"] } },
        "remove": { "project": ["admin"] },
        "ownership": { "project": ["admin"] },
        "access": { "project": { "admin": "held", "write": "held", "read": ["read"] } },
        "protected": { "instance": ["admin"] },
    });
    assert_eq!(written["administration"], expected);
    assert_eq!(serde_json::from_value::<Catalog>(written).unwrap(), catalog);
    assert_eq!(serde_json::to_value(read(&json!(null)).unwrap()).unwrap().get("administration"), None);
}
