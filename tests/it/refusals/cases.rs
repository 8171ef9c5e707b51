//! The refusals, one a line: the code, the time, and the commands.
//!
//! Each line fixes one fault of the line before, so that the next fault in the order of rule C8 is reported.

use serde_json::{Value, json};

/// Commands at a time, and the code with which they are refused.
pub(super) type Case = (u64, Vec<Value>, &'static str);

/// Reads a table.
fn read(table: &'static str) -> impl Iterator<Item = Case> {
    table.lines().filter(|line| !line.is_empty()).map(|line| {
        let (code, rest) = line.split_once(' ').unwrap();
        let (at, rest) = rest.trim_start().split_once(' ').unwrap();
        let commands: Value = serde_json::from_str(rest).unwrap_or_else(|error| panic!("{line}: {error}"));
        let commands = if commands.is_array() { commands } else { json!([commands]) };
        (at.parse().unwrap(), commands.as_array().unwrap().clone(), code)
    })
}

pub(super) fn every_case() -> Vec<Case> {
    let tables = [COMING, CHANGING, GROUPS, RESOURCES, RIGHTS, ROLES, LICENSES, BATCHES];
    tables.into_iter().flat_map(read).collect()
}

/// New users: added, invited, synchronized.
const COMING: &str = r#"
invalid_name       100 {"add_user": {"user": " x", "profile": "ghost", "groups": ["none"], "email": ""}}
exists             100 {"add_user": {"user": "ada", "profile": "ghost", "groups": ["none"], "email": ""}}
unknown_profile    100 {"add_user": {"user": "x", "profile": "ghost", "groups": ["none"], "email": ""}}
unknown_group      100 {"add_user": {"user": "x", "profile": "designer", "groups": ["readers", "none"], "email": ""}}
invalid_name       100 {"add_user": {"user": "x", "profile": "designer", "groups": ["readers"], "email": ""}}
managed_group      100 {"add_user": {"user": "x", "profile": "designer", "groups": ["readers"]}}
seat_limit         100 {"add_user": {"user": "x", "profile": "designer", "groups": ["staff"]}}
not_offered        100 {"add_user": {"user": "x", "profile": "guest"}}
total_limit        100 {"add_user": {"user": "x", "profile": "reader"}}
exists             100 {"add_user": {"user": "bob@x"}}
exists             100 {"add_user": {"user": "ada", "profile": "ghost", "new": true}}
exists             100 {"add_user": {"user": "dan", "source": "sso"}}

invalid_name       100 {"invite": {"user": "", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": ""}}
exists             100 {"invite": {"user": "ada", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": ""}}
unknown_profile    100 {"invite": {"user": "x", "profile": "ghost", "groups": ["none"], "expires_at": 100, "email": ""}}
unknown_group      100 {"invite": {"user": "x", "profile": "guest", "groups": ["none"], "expires_at": 100, "email": ""}}
invite_expired     100 {"invite": {"user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 100, "email": ""}}
invalid_name       100 {"invite": {"user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 101, "email": ""}}
managed_group      100 {"invite": {"user": "x", "profile": "guest", "groups": ["mapped"], "expires_at": 101}}
not_offered        100 {"invite": {"user": "x", "profile": "guest", "expires_at": 101}}
exists             100 {"invite": {"user": "bob@x", "profile": "designer"}}
seat_limit         100 {"invite": {"user": "old@x", "profile": "designer"}}

invalid_name       100 {"invite_many": {"text": "x@x, ada, bob@x", "profile": "ghost", "groups": ["none"], "expires_at": 99}}
exists             100 {"invite_many": {"text": "x@x bob@x", "profile": "ghost", "groups": ["none"], "expires_at": 99}}
unknown_profile    100 {"invite_many": {"text": "x@x;y@x", "profile": "ghost", "groups": ["none"], "expires_at": 99}}
unknown_group      100 {"invite_many": {"text": "x@x\ny@x", "profile": "reader", "groups": ["none"], "expires_at": 99}}
invite_expired     100 {"invite_many": {"text": "x@x,y@x", "profile": "reader", "groups": ["readers"], "expires_at": 99}}
managed_group      100 {"invite_many": {"text": "x@x,y@x", "profile": "reader", "groups": ["readers"]}}
total_limit        100 {"invite_many": {"text": "x@x,y@x", "profile": "reader"}}

unknown_user       100 {"sync_user": {"user": "\u0007", "source": "sso", "external_groups": [""], "provision": false}}
invalid_name       100 {"sync_user": {"user": "\u0007", "source": "sso", "external_groups": [""]}}
invalid_name       100 {"sync_user": {"user": "dan", "source": "sso", "external_groups": [" "]}}
wrong_source       100 {"sync_user": {"user": "dan", "source": "sso", "external_groups": ["CN=designers"], "update_profile": true}}
wrong_source       100 {"sync_user": {"user": "dan", "source": "sso", "external_groups": ["CN=designers"], "link": false}}

unknown_license    100 {"remove_license": {"name": "none"}}
seat_limit         100 {"sync_user": {"user": "x", "source": "sso", "external_groups": ["CN=designers"]}}
"#;

/// Changes and removals of users.
const CHANGING: &str = r#"
unknown_user       100 {"accept_invite": {"user": "none"}}
not_invited        100 {"accept_invite": {"user": "ada"}}
invite_expired     100 {"accept_invite": {"user": "old@x"}}

unknown_user       100 {"revoke_invite": {"user": ""}}
not_invited        100 {"revoke_invite": {"user": "sue"}}
owns_resources     100 {"revoke_invite": {"user": "bob@x"}}

unknown_user       100 {"assign_profile": {"user": "none", "profile": "ghost"}}
unknown_profile    100 {"assign_profile": {"user": "dan", "profile": "ghost"}}
not_offered        100 {"assign_profile": {"user": "dan", "profile": "guest"}}
seat_limit         100 {"assign_profile": {"user": "dan", "profile": "designer"}}
total_limit        100 {"assign_profile": {"user": "dan", "profile": "reader"}}

unknown_user       100 {"suspend": {"user": "none"}}
wrong_state        100 {"suspend": {"user": "bob@x"}}
wrong_state        100 {"suspend": {"user": "old@x"}}
owner_protected    100 {"suspend": {"user": "ada"}}

unknown_user       100 {"reinstate": {"user": "none"}}
wrong_state        100 {"reinstate": {"user": "bob@x"}}
seat_limit         100 {"reinstate": {"user": "sue"}}

unknown_user       100 {"remove_user": {"user": "none", "heir": "none"}}
unknown_user       100 {"remove_user": {"user": "ada", "heir": "none"}}
owner_protected    100 {"remove_user": {"user": "ada", "heir": "dan"}}
owns_resources     100 {"remove_user": {"user": "dan", "heir": "dan"}}
owns_resources     100 {"remove_user": {"user": "dan"}}

invalid_name       100 {"rename_user": {"user": "none", "to": ""}}
exists             100 {"rename_user": {"user": "none", "to": "ada"}}
unknown_user       100 {"rename_user": {"user": "none", "to": "x"}}
"#;

/// Groups and their members.
const GROUPS: &str = r#"
invalid_name       100 {"add_group": {"group": "a\n", "members": {"by_profile": ["reader", "ghost"]}, "includes_owner_of": "widget/a"}}
exists             100 {"add_group": {"group": "staff", "members": {"by_profile": ["reader", "ghost"]}, "includes_owner_of": "widget/a"}}
unknown_profile    100 {"add_group": {"group": "x", "members": {"by_profile": ["reader", "ghost"]}, "includes_owner_of": "widget/a"}}
invalid_name       100 {"add_group": {"group": "x", "members": {"external": [""]}, "includes_owner_of": "widget/a"}}
singleton          100 {"add_group": {"group": "x", "members": {"external": []}, "includes_owner_of": "instance/a"}}
unknown_kind       100 {"add_group": {"group": "x", "members": {"external": []}, "includes_owner_of": "widget/a"}}
unknown_resource   100 {"add_group": {"group": "x", "members": {"external": []}, "includes_owner_of": "project/*"}}
managed_group      100 {"add_group": {"group": "x", "members": {"external": []}, "includes_owner_of": "project/a"}}
exists             100 {"add_group": {"group": "staff", "includes_owner_of": "project/a"}}
exists             100 {"add_group": {"group": "owners", "members": "explicit", "includes_owner_of": "project/b"}}

unknown_group      100 {"remove_group": {"group": "none"}}
unknown_group      100 {"remove_group": {"group": "Staff"}}

unknown_user       100 {"join": {"user": "none", "group": "none"}}
unknown_group      100 {"join": {"user": "dan", "group": "none"}}
already_over       100 {"join": {"user": "dan", "group": "readers", "expires_at": 100}}
managed_group      100 {"join": {"user": "dan", "group": "readers", "expires_at": 101}}
managed_group      100 {"join": {"user": "dan", "group": "mapped"}}
managed_group      100 {"join": {"user": "dan", "group": "owners"}}

unknown_user       100 {"leave": {"user": "none", "group": "none"}}
unknown_group      100 {"leave": {"user": "dan", "group": "none"}}
managed_group      100 {"leave": {"user": "dan", "group": "readers"}}
managed_group      100 {"leave": {"user": "dan", "group": "mapped"}}
managed_group      100 {"leave": {"user": "dan", "group": "owners"}}
nested_member      100 {"leave": {"user": "dan", "group": "staff"}}

unknown_group      100 {"nest": {"group": "none", "in": "ghost"}}
unknown_group      100 {"nest": {"group": "readers", "in": "ghost"}}
managed_group      100 {"nest": {"group": "readers", "in": "mapped"}}
managed_group      100 {"nest": {"group": "readers", "in": "readers"}}
cycle              100 {"nest": {"group": "staff", "in": "staff"}}
cycle              100 {"nest": {"group": "staff", "in": "owners"}}

unknown_group      100 {"unnest": {"group": "none", "in": "ghost"}}
unknown_group      100 {"unnest": {"group": "readers", "in": "ghost"}}
"#;

/// Resources, their owners and credentials.
const RESOURCES: &str = r#"
singleton          100 {"add_resource": {"resource": "instance", "owner": "none"}}
singleton          100 {"add_resource": {"resource": "instance/*", "owner": "none"}}
invalid_name       100 {"add_resource": {"resource": "project", "owner": "none"}}
invalid_name       100 {"add_resource": {"resource": "widget/", "owner": "none"}}
invalid_name       100 {"add_resource": {"resource": "widget/*", "owner": "none"}}
unknown_kind       100 {"add_resource": {"resource": "widget/a", "owner": "none"}}
exists             100 {"add_resource": {"resource": "project/a", "owner": "none"}}
exists             100 {"add_resource": {"resource": "project/a", "owner": "ada"}}
unknown_user       100 {"add_resource": {"resource": "project/x", "owner": "none"}}
unknown_resource   100 {"add_resource": {"resource": "project/x", "owner": "ada", "parent": "folder/none"}}
unknown_kind       100 {"add_resource": {"resource": "project/x", "owner": "ada", "parent": "widget/a"}}
wrong_parent       100 {"add_resource": {"resource": "project/x", "owner": "ada", "parent": "instance"}}
wrong_parent       100 {"add_resource": {"resource": "project/x", "owner": "ada", "parent": "project/a"}}
exists             100 {"add_resource": {"resource": "project/c", "parent": "folder/top"}}
exists             100 {"add_resource": {"resource": "project/c", "closed": true}}

singleton          100 {"move_resource": {"resource": "instance", "parent": "folder/none"}}
unknown_resource   100 {"move_resource": {"resource": "project/x", "parent": "folder/none"}}
unknown_resource   100 {"move_resource": {"resource": "project/a", "parent": "folder/none"}}
wrong_parent       100 {"move_resource": {"resource": "folder/top", "parent": "project/c"}}
cycle              100 {"move_resource": {"resource": "folder/top", "parent": "folder/top"}}
cycle              100 {"move_resource": {"resource": "folder/top", "parent": "folder/sub"}}

singleton          100 {"close": {"resource": "instance"}}
unknown_resource   100 {"close": {"resource": "project/x"}}
singleton          100 {"open": {"resource": "instance"}}
unknown_resource   100 {"open": {"resource": "project/x"}}

not_empty          100 {"remove_resource": {"resource": "folder/top"}}
not_empty          100 [{"remove_resource": {"resource": "project/a"}}, {"remove_resource": {"resource": "folder/sub"}}]
singleton          100 {"remove_resource": {"resource": "instance"}}
singleton          100 {"remove_resource": {"resource": "instance/a"}}
unknown_kind       100 {"remove_resource": {"resource": "widget/a"}}
unknown_resource   100 {"remove_resource": {"resource": "project"}}
unknown_resource   100 {"remove_resource": {"resource": "project/*"}}
unknown_resource   100 {"remove_resource": {"resource": "project/A"}}

unknown_resource   100 {"transfer_ownership": {"resource": "project/x", "to": "none"}}
unknown_user       100 {"transfer_ownership": {"resource": "instance", "to": "none"}}
wrong_state        100 {"transfer_ownership": {"resource": "instance", "to": "sue"}}
wrong_state        100 {"transfer_ownership": {"resource": "instance", "to": "bob@x"}}

unknown_resource   100 {"require_credential": {"resource": "project/x", "for": ["use"]}}
unknown_resource   100 {"require_credential": {"resource": "project/*", "for": ["use"]}}
unknown_permission 100 {"require_credential": {"resource": "project/a", "for": ["read", "use"]}}

unknown_user       100 {"record_credential": {"user": "none", "resource": "project/x"}}
unknown_resource   100 {"record_credential": {"user": "ada", "resource": "project/x"}}

unknown_user       100 {"forget_credential": {"user": "none", "resource": "project/x"}}
unknown_kind       100 {"forget_credential": {"user": "ada", "resource": "widget/x"}}
"#;

/// Grants and keys.
const RIGHTS: &str = r#"
unknown_user       100 {"grant": {"to": "user:none", "on": "widget/a", "permissions": ["use"]}}
unknown_user       100 {"grant": {"to": "user:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_group      100 {"grant": {"to": "group:ada", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"grant": {"to": "group:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"grant": {"to": "group:staff", "on": "widget/*", "permissions": ["use"]}}
singleton          100 {"grant": {"to": "group:staff", "on": "instance/*", "permissions": ["use"]}}
unknown_resource   100 {"grant": {"to": "everyone", "on": "project", "permissions": ["use"]}}
unknown_resource   100 {"grant": {"to": "everyone", "on": "project/x", "permissions": ["use"]}}
unknown_permission 100 {"grant": {"to": "everyone", "on": "project/*", "permissions": ["read", "admin"]}}
unknown_permission 100 {"grant": {"to": "everyone", "on": "instance", "permissions": ["read"]}}

unknown_user       100 {"revoke": {"to": "user:none", "on": "widget/a", "permissions": ["use"]}}
unknown_user       100 {"revoke": {"to": "user:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_group      100 {"revoke": {"to": "group:ada", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"revoke": {"to": "group:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"revoke": {"to": "group:staff", "on": "widget/*", "permissions": ["use"]}}
singleton          100 {"revoke": {"to": "group:staff", "on": "instance/*", "permissions": ["use"]}}
unknown_resource   100 {"revoke": {"to": "everyone", "on": "project", "permissions": ["use"]}}
unknown_resource   100 {"revoke": {"to": "everyone", "on": "project/x", "permissions": ["use"]}}
unknown_permission 100 {"revoke": {"to": "everyone", "on": "project/*", "permissions": ["read", "admin"]}}
unknown_permission 100 {"revoke": {"to": "everyone", "on": "instance", "permissions": ["read"]}}

unknown_user       100 {"set_grant": {"to": "user:none", "on": "widget/a", "permissions": ["use"]}}
unknown_user       100 {"set_grant": {"to": "user:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_group      100 {"set_grant": {"to": "group:ada", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"set_grant": {"to": "group:staff", "on": "widget/a", "permissions": ["use"]}}
unknown_kind       100 {"set_grant": {"to": "group:staff", "on": "widget/*", "permissions": ["use"]}}
singleton          100 {"set_grant": {"to": "group:staff", "on": "instance/*", "permissions": ["use"]}}
unknown_resource   100 {"set_grant": {"to": "everyone", "on": "project", "permissions": ["use"]}}
unknown_resource   100 {"set_grant": {"to": "everyone", "on": "project/x", "permissions": ["use"]}}
unknown_permission 100 {"set_grant": {"to": "everyone", "on": "project/*", "permissions": ["read", "admin"]}}
unknown_permission 100 {"set_grant": {"to": "everyone", "on": "instance", "permissions": ["read"]}}

invalid_name       100 {"add_key": {"key": "", "acts_as": "none", "scope": {"widget/a": ["use"]}}}
exists             100 {"add_key": {"key": "ci", "acts_as": "none", "scope": {"widget/a": ["use"]}}}
unknown_user       100 {"add_key": {"key": "x", "acts_as": "none", "scope": {"widget/a": ["use"]}}}
unknown_kind       100 {"add_key": {"key": "x", "acts_as": "ada", "scope": {"widget/a": ["use"]}}}
singleton          100 {"add_key": {"key": "x", "acts_as": "ada", "scope": {"instance/a": ["use"]}}}
unknown_resource   100 {"add_key": {"key": "x", "acts_as": "ada", "scope": {"project/x": ["use"]}}}
unknown_permission 100 {"add_key": {"key": "x", "acts_as": "ada", "scope": {"project/a": ["use"]}}}
exists             100 {"add_key": {"key": "ci", "acts_as": "dan", "scope": "all"}}
exists             100 {"add_key": {"key": "ci", "acts_as": "dan", "expires_at": 900}}

unknown_key        100 {"remove_key": {"key": "none"}}
unknown_key        100 {"remove_key": {"key": "Ci"}}
"#;

/// Roles, and ends of grants.
const ROLES: &str = r#"
invalid_name       100 {"add_role": {"role": " x", "permissions": {"widget": "all", "project": ["fly"]}}}
exists             100 {"add_role": {"role": "writer", "permissions": {"widget": "all", "project": ["fly"]}}}
exists             100 {"add_role": {"role": "writer", "permissions": {"project": ["write"]}, "new": true}}
exists             100 {"add_role": {"role": "auditor", "permissions": {}}}
unknown_permission 100 {"add_role": {"role": "x", "permissions": {"widget": "all", "project": ["fly"]}}}
unknown_kind       100 {"add_role": {"role": "x", "permissions": {"widget": "all", "project": ["read"]}}}

unknown_role       100 {"set_role": {"role": "x", "permissions": {"widget": "all"}}}
unknown_kind       100 {"set_role": {"role": "auditor", "permissions": {"widget": "all"}}}
role_fixed         100 {"set_role": {"role": "auditor", "permissions": {"project": ["read"]}}}

unknown_role       100 {"remove_role": {"role": "x"}}
role_fixed         100 {"remove_role": {"role": "auditor"}}
in_use             100 {"remove_role": {"role": "writer"}}

unknown_user       100 {"grant": {"to": "user:none", "on": "project/x", "role": "x", "expires_at": 100}}
unknown_resource   100 {"grant": {"to": "everyone", "on": "project/x", "role": "x", "expires_at": 100}}
unknown_role       100 {"grant": {"to": "everyone", "on": "instance", "role": "x", "expires_at": 100}}
wrong_kind         100 {"grant": {"to": "everyone", "on": "instance", "role": "auditor", "expires_at": 100}}
already_over       100 {"grant": {"to": "everyone", "on": "project/*", "role": "auditor", "expires_at": 100}}
unknown_kind       100 {"grant": {"to": "everyone", "on": "*", "permissions": ["fly"], "expires_at": 100}}
unknown_kind       100 {"grant": {"to": "everyone", "on": "*", "permissions": []}}
already_over       100 {"grant": {"to": "everyone", "on": "*", "role": "auditor", "expires_at": 99}}
unknown_permission 100 {"grant": {"to": "everyone", "on": "project/*", "permissions": ["fly"], "expires_at": 100}}
already_over       100 {"grant": {"to": "everyone", "on": "project/*", "permissions": [], "expires_at": 100}}

unknown_kind       100 {"set_grant": {"to": "everyone", "on": "*", "permissions": ["read"], "roles": ["x"]}}
unknown_permission 100 {"set_grant": {"to": "everyone", "on": "project/a", "permissions": ["fly"], "roles": ["x"], "expires_at": 100}}
unknown_role       100 {"set_grant": {"to": "everyone", "on": "project/a", "permissions": ["read"], "roles": ["writer", "x"], "expires_at": 100}}
wrong_kind         100 {"set_grant": {"to": "everyone", "on": "instance", "roles": ["writer", "x"], "expires_at": 100}}
already_over       100 {"set_grant": {"to": "everyone", "on": "project/a", "roles": ["writer"], "expires_at": 100}}

unknown_kind       100 {"revoke": {"to": "everyone", "on": "*", "permissions": []}}
unknown_role       100 {"revoke": {"to": "user:ada", "on": "instance", "role": "x"}}
given_by_role      100 {"revoke": {"to": "user:ada", "on": "project/a", "permissions": ["read"]}}

unknown_resource   100 {"require_credential": {"resource": "*", "for": ["read"]}}
unknown_resource   100 {"add_key": {"key": "x", "acts_as": "ada", "scope": {"*": "all"}}}
invalid_name       100 {"add_resource": {"resource": "*"}}
"#;

/// Licenses that contradict themselves, their edition or the catalog.
const LICENSES: &str = r#"
invalid_name       100 {"install_license": {"name": " ", "edition": "none", "seats": {"ghost": 1}}}
license_invalid    100 {"install_license": {"name": "x", "edition": "none", "seats": {"ghost": 1}}}
unknown_profile    100 {"install_license": {"name": "x", "seats": {"ghost": -1, "free": 1}, "total": -1}}
license_invalid    100 {"install_license": {"name": "x", "seats": {"designer": 1}, "total": -1}}
license_invalid    100 {"install_license": {"name": "new", "edition": "none"}}
license_invalid    100 {"install_license": {"name": "new", "seats": {"free": 1}}}
license_invalid    100 {"install_license": {"name": "new", "seats": {"designer": -1}}}
license_invalid    100 {"install_license": {"name": "new", "seats": {"designer": {"seats": 1, "extra": -1}}}}
license_invalid    100 {"install_license": {"name": "new", "total": -1}}
license_invalid    100 {"install_license": {"name": "new", "add_ons": ["none"]}}
license_invalid    100 {"install_license": {"name": "new", "starts_at": -1}}
license_invalid    100 {"install_license": {"name": "new", "expires_at": -1}}
license_invalid    100 {"install_license": {"name": "new", "grace_ms": -1}}
license_invalid    100 {"install_license": {"name": "new", "expires_at": 0}}
license_invalid    100 {"install_license": {"name": "new", "starts_at": 200, "expires_at": 200}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "seats": {"reader": 0}}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "seats": {"designer": 3}}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "seats": {"designer": {"seats": 2, "extra": 1}}}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "seats": {"designer": "unlimited"}}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "total": 3}}
license_invalid    100 {"install_license": {"name": "new", "edition": "starter", "add_ons": ["studios"]}}
"#;

/// Time comes first, faults in batch order next, and seats last.
const BATCHES: &str = r#"
time_reversed       99 [{"join": {"user": "none", "group": "none"}}, {"add_user": {"user": "x", "profile": "designer"}}]
time_reversed       99 []
time_jump 3155760000101 [{"join": {"user": "none", "group": "none"}}, {"add_user": {"user": "x", "profile": "designer"}}]
time_jump 1767268800000000000 []
time_jump 18446744073709551615 []
unknown_user 3155760000100 {"suspend": {"user": "x"}}
unknown_user       100 [{"add_user": {"user": "x", "profile": "designer"}}, {"join": {"user": "none", "group": "none"}}]
unknown_group      100 [{"add_user": {"user": "x", "profile": "designer"}}, {"remove_group": {"group": "none"}}, {"join": {"user": "none", "group": "none"}}]
owner_protected    100 [{"add_user": {"user": "x", "profile": "designer"}}, {"suspend": {"user": "ada"}}]
not_offered        100 [{"add_user": {"user": "x", "profile": "designer"}}, {"install_license": {"name": "none", "seats": {}}}]
seat_limit         100 [{"add_user": {"user": "x", "profile": "designer"}}, {"install_license": {"name": "later", "seats": {"designer": 9}, "starts_at": 200}}]
license_lapsed     100 [{"remove_license": {"name": "acme"}}, {"add_user": {"user": "x", "profile": "designer"}}, {"install_license": {"name": "later", "seats": {"designer": 9}, "starts_at": 200}}]
no_license         100 [{"remove_license": {"name": "acme"}}, {"add_user": {"user": "x", "profile": "designer"}}]
license_lapsed     100 [{"install_license": {"name": "over", "seats": {"designer": 9}, "expires_at": 100}}, {"add_user": {"user": "x", "profile": "designer"}}]
invite_expired     500 {"accept_invite": {"user": "bob@x"}}
total_limit        499 {"add_user": {"user": "x", "profile": "reader"}}
"#;
