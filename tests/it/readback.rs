//! Everything that a command can write can be read back.

use entitle::authorize::PrincipalName;
use entitle::catalog::{Catalog, Kind, Profile};
use entitle::change::ScopeDocument;
use entitle::directory::{KeyScope, MembershipRule, Target, UserSource};
use entitle::{Batch, Command, Directory, Timestamp};

#[test]
fn fields_of_users_groups_resources_and_keys() {
    let catalog = Catalog::builder()
        .kind(Kind::named("project").permissions(["write", "read"]).implies("write", ["read"]))
        .profile(Profile::new("reader").exempt())
        .default_profile("reader")
        .build()
        .unwrap();
    let end = Timestamp::from_millis(500);
    let scope = ScopeDocument::nothing().with("project/*", ["read"]).with("project/a", ["write"]);
    let batch = Batch::host(Timestamp::EPOCH)
        .add(Command::add_user("ada").email("ada@acme.example"))
        .add(Command::invite("bob").expires_at(end))
        .add(Command::sync_user("eve", UserSource::Ldap, ["CN=b", "CN=a", "CN=b"]))
        .add(Command::add_resource("project/a").owner("ada"))
        .add(Command::add_resource("project/b"))
        .add(Command::add_group("owners").includes_owner_of("project/a"))
        .add(Command::add_group("staff").external(["CN=a"]))
        .add(Command::add_group("readers").by_profile(["reader"]))
        .add(Command::add_key("ci", "ada").scope(scope).expires_at(end))
        .add(Command::add_key("all", "ada").scope(ScopeDocument::All))
        .add(Command::require_credential("project/a", ["write"]))
        .add(Command::record_credential("ada", "project/a"));
    let directory = Directory::new(catalog).plan(batch).unwrap().into_directory();
    let user = |name| directory.user_by_name(name).unwrap();
    let group = |name| directory.group_by_name(name).unwrap();
    let (ada, bob, eve) = (user("ada"), user("bob"), user("eve"));
    let (a, b) = ["project/a", "project/b"].map(|name| directory.resource_by_name(name).unwrap()).into();
    let (ci, all) = ["ci", "all"].map(|name| directory.key_by_name(name).unwrap()).into();

    assert_eq!(directory.users().collect::<Vec<_>>(), [ada, bob, eve]);
    assert_eq!(directory.groups().filter_map(|id| directory.group_name(id)).count(), 3);
    assert_eq!(directory.resources().collect::<Vec<_>>(), [a, b]);
    assert_eq!(directory.keys().collect::<Vec<_>>(), [ci, all]);
    assert_eq!([ada, bob, eve].map(|user| directory.email_of(user)), [Some("ada@acme.example"), None, None]);
    assert_eq!([ada, bob].map(|user| directory.invitation_expires_at(user)), [None, Some(end)]);
    assert_eq!(directory.external_names_of(eve).collect::<Vec<_>>(), ["CN=a", "CN=b"]);
    assert_eq!(directory.owner_included_in(group("owners")), Some(a));
    assert_eq!(directory.membership_rule_of(group("owners")), Some(MembershipRule::Explicit));
    assert_eq!(
        directory.membership_rule_of(group("staff")),
        Some(MembershipRule::External(vec!["CN=a".into()]))
    );
    assert_eq!(
        directory.membership_rule_of(group("readers")),
        Some(MembershipRule::ByProfile(vec!["reader".into()]))
    );
    assert_eq!((directory.user_of(ci), directory.key_expires_at(ci)), (Some(ada), Some(end)));
    assert_eq!(directory.scope_of(all), Some(KeyScope::All));
    let set = |names: &[&str]| directory.catalog().permission_set("project", names.iter().copied()).unwrap();
    let project = directory.catalog().kind_by_name("project").unwrap();
    let entries =
        vec![(Target::Kind(project), set(&["read"])), (Target::Resource(a), set(&["write", "read"]))];
    assert_eq!(directory.scope_of(ci), Some(KeyScope::Entries(entries)));
    assert_eq!(directory.keys_of(ada).collect::<Vec<_>>(), [ci, all]);
    assert_eq!(directory.keys_scoped_to(a).collect::<Vec<_>>(), [ci]);
    assert_eq!(directory.keys_scoped_to(b).count(), 0);
    assert_eq!(directory.required_credentials(a), Some(set(&["write"])));
    assert!(directory.has_credential(ada, a) && !directory.has_credential(ada, b));
    assert!(!directory.has_credential(bob, a));
    assert_eq!(directory.principal_name(ci), Some(PrincipalName::Key("ci".into())));

    let gone = Batch::host(Timestamp::EPOCH).add(Command::remove_user("ada").heir("eve"));
    let later = directory.plan(gone).unwrap().into_directory();
    assert_eq!((later.email_of(ada), later.user_of(ci), later.scope_of(ci)), (None, None, None));
    assert_eq!((later.keys_of(ada).count(), later.keys().count(), later.users().count()), (0, 0, 2));
    assert_eq!(later.principal_name(ada), None);
}
