//! All queries about the same thing give the same answer: small random worlds, queried exhaustively.
//!
//! For each principal, resource and set of permissions these agree: the check, the bound check, the permissions, the
//! resources that a lookup finds, the users that it finds, the explanation, the review, and the oracle.

use super::worlds::{Both, GROUPS, KEYS, KINDS, RESOURCES, USERS, story};
use entitle::authorize::{ContributingGrant, CutBy, Explanation, GrantRow};
use entitle::catalog::PermissionSet;
use entitle::directory::{GranteeId, Target};
use entitle::{Directory, Grantee, GroupId, Principal, ResourceId, Timestamp, Untyped, UserId};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_queries_agree(story in story()) {
        let both = Both::of(&story)?;
        for who in principals() {
            for on in RESOURCES {
                cell(&both, &who, on)?;
            }
        }
        for on in RESOURCES {
            users(&both, on)?;
        }
        grants(&both.directory)?;
        memberships(&both)?;
        review(&both)?;
        review_of_grants(&both)?;
    }

    #[test]
    fn meeting_the_needs_of_a_denial_allows_the_request(story in story()) {
        let mut both = Both::of(&story)?;
        for who in principals() {
            for on in RESOURCES {
                for asked in subsets(on) {
                    sufficient(&mut both, &who, on, &asked)?;
                }
            }
        }
    }
}

fn principals() -> Vec<String> {
    let users = USERS.iter().chain(&["nobody"]).map(|name| format!("user:{name}"));
    users.chain(KEYS.iter().chain(&["none"]).map(|name| format!("key:{name}"))).collect()
}

/// All sets of the permissions of a resource's kind, the empty one included.
fn subsets(on: &str) -> Vec<Vec<&'static str>> {
    let kind = on.split('/').next().unwrap();
    let (_, known) = KINDS.iter().find(|(name, _)| *name == kind).unwrap();
    let masks = 0..1u32 << known.len();
    let set = |mask: u32| (0..known.len()).filter(move |bit| mask & 1 << bit != 0).map(|bit| known[bit]);
    masks.map(|mask| set(mask).collect()).collect()
}

fn names(directory: &Directory, set: PermissionSet) -> BTreeSet<String> {
    directory.catalog().names(set).map(str::to_string).collect()
}

fn listed(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
}

/// Compares everything that can be queried about one principal on one resource.
fn cell(both: &Both, who: &str, on: &str) -> Result<(), TestCaseError> {
    let directory = &both.directory;
    let kind = on.split('/').next().unwrap();
    let principal = directory.principal_by_name(who);
    let resource = directory.resource_by_name(on);
    for asked in subsets(on) {
        let expected = both.oracle.check(who, on, &asked);
        let what = format!("{who} on {on} for {asked:?}");
        prop_assert_eq!(&expected[..], directory.check_by_name(who, on, &asked).code(), "by name: {}", &what);
        let named = directory.explain_by_name(who, on, &asked);
        prop_assert_eq!(&expected[..], named.code(), "explained by name: {}", &what);
        let set = directory.catalog().permission_set(kind, asked.iter().copied()).unwrap();
        let (Some(principal), Some(resource)) = (principal, resource) else { continue };
        let decision = directory.check(principal, resource, set);
        prop_assert_eq!(&expected[..], decision.code(), "by id: {}", &what);
        prop_assert_eq!(
            decision,
            directory.for_principal(principal).check(resource, set),
            "bound: {}",
            &what
        );
        let found = directory.resources_for::<Untyped>(principal, set).any(|found| found == resource);
        prop_assert_eq!(decision.is_allowed(), found, "in the resources: {}", &what);
        if let Principal::User(user) = principal {
            let found = directory.users_for(resource, set).any(|found| found == user);
            prop_assert_eq!(decision.is_allowed(), found, "in the users: {}", &what);
        }
        let explanation = directory.explain(principal, resource, set);
        prop_assert_eq!(decision, explanation.decision, "explained: {}", &what);
        prop_assert_eq!(&named, &explanation, "explained by name and by id: {}", &what);
        consistent(both, who, on, &explanation)?;
    }
    if let (Some(principal), Some(resource)) = (principal, resource) {
        let allowed = both.oracle.permissions(who, on);
        prop_assert_eq!(&allowed, &names(directory, directory.permissions(principal, resource)));
        prop_assert_eq!(
            &allowed,
            &names(directory, directory.for_principal(principal).permissions(resource))
        );
    }
    Ok(())
}

/// An explanation adds up: its grants give the granted permissions, and its cuts leave the allowed ones.
fn consistent(both: &Both, who: &str, on: &str, why: &Explanation) -> Result<(), TestCaseError> {
    let what = format!("{who} on {on}: {why}");
    prop_assert_eq!(both.oracle.granted(who, on), listed(&why.granted), "granted: {}", &what);
    prop_assert_eq!(both.oracle.permissions(who, on), listed(&why.allowed), "allowed: {}", &what);
    let mut given: BTreeSet<String> = why.grants.iter().flat_map(|grant| arrives(grant).to_vec()).collect();
    given.extend(why.ownership.iter().flatten().cloned());
    given.extend(why.passed_ownership.iter().flat_map(|owned| owned.passes.clone()));
    let mut left = given.clone();
    let mut granted = given;
    for cut in &why.cuts {
        let (advisory, scope) = match &cut.by {
            CutBy::Profile { advisory, .. } => (*advisory, false),
            CutBy::Scope { .. } => (false, true),
            _ => (false, false),
        };
        for name in cut.takes.iter().filter(|_| !advisory) {
            left.remove(name);
            if scope {
                granted.remove(name);
            }
        }
    }
    prop_assert_eq!(granted, listed(&why.granted), "what the grants give: {}", &what);
    prop_assert_eq!(left, listed(&why.allowed), "what the cuts leave: {}", &what);
    prop_assert_eq!(why.decision.is_allowed(), why.needs.is_empty(), "the needs: {}", &what);
    let until = both.oracle.until(who, on).into_iter();
    let until: BTreeMap<_, _> =
        until.filter_map(|(name, end)| Some((name, end.written().as_u64()?))).collect();
    let ends = why.ends.iter().map(|(name, until)| (name.to_string(), until.as_millis())).collect();
    prop_assert_eq!(until, ends, "until when: {}", &what);
    for grant in &why.grants {
        way_of(both, why, grant)?;
        let asked: Vec<String> =
            arrives(grant).iter().filter(|name| why.asked.contains(name)).cloned().collect();
        prop_assert_eq!(&asked, &grant.gives);
        prop_assert!(grant.implied.iter().all(|name| grant.permissions.contains(name)));
    }
    Ok(())
}

/// What a grant gives on the resource: what passes of it, if it stands on a place above.
fn arrives(grant: &ContributingGrant) -> &[String] {
    if grant.way.is_empty() { &grant.permissions } else { &grant.passes }
}

/// The way into a group leads from a group that the user is in by itself through groups that are nested in the next.
fn way_of(both: &Both, why: &Explanation, grant: &ContributingGrant) -> Result<(), TestCaseError> {
    let Grantee::Group(group) = &grant.to else {
        prop_assert_eq!(&grant.membership, &None);
        return Ok(());
    };
    let path = grant.membership.as_ref().unwrap();
    let user = &why.acting_user.as_ref().unwrap().user;
    prop_assert_eq!(path.groups.last(), Some(group));
    prop_assert!(both.oracle.direct_groups_of(user).contains(&path.groups[0]), "{:?}", path);
    for pair in path.groups.windows(2) {
        prop_assert!(both.oracle.nestings().contains(&(pair[0].clone(), pair[1].clone())), "{:?}", path);
    }
    let ending = both.oracle.ending(u64::MAX);
    let of_first = |line: &&Value| line["user"] == **user && line["group"] == *path.groups[0];
    let until = ending.iter().find(of_first).map(|line| line["until"].as_u64().unwrap());
    prop_assert_eq!(path.until.map(Timestamp::as_millis), until);
    Ok(())
}

/// The users found for each set of permissions are those of the oracle.
fn users(both: &Both, on: &str) -> Result<(), TestCaseError> {
    let directory = &both.directory;
    let kind = on.split('/').next().unwrap();
    let Some(resource) = directory.resource_by_name(on) else { return Ok(()) };
    for asked in subsets(on) {
        let set = directory.catalog().permission_set(kind, asked.iter().copied()).unwrap();
        let found: Vec<UserId> = directory.users_for(resource, set).collect();
        let found: BTreeSet<&str> = found.iter().filter_map(|user| directory.user_name(*user)).collect();
        let may =
            |user: &&&str| both.oracle.check(&format!("user:{user}"), on, &asked).starts_with("allowed");
        let expected: BTreeSet<&str> = USERS.iter().filter(may).copied().collect();
        prop_assert_eq!(expected, found, "users who may {:?} on {}", &asked, on);
        if let [permission] = asked[..] {
            for who in principals() {
                let expected = listed(&both.oracle.resources(&who, kind, permission));
                let principal = directory.principal_by_name(&who);
                let found =
                    principal.map(|who| directory.resources_for::<Untyped>(who, set).collect::<Vec<_>>());
                let found = found.unwrap_or_default();
                let found =
                    found.iter().map(|on| directory.resource_name(*on).unwrap().to_string()).collect();
                prop_assert_eq!(expected, found, "where {} may {}", &who, permission);
            }
        }
    }
    Ok(())
}

/// The grants on all targets are the grants of all subjects.
fn grants(directory: &Directory) -> Result<(), TestCaseError> {
    let kinds = KINDS.iter().filter_map(|(kind, _)| directory.catalog().kind_by_name(kind)).map(Target::Kind);
    let resources =
        RESOURCES.iter().filter_map(|name| directory.resource_by_name(name)).map(Target::Resource);
    let groups = GROUPS.iter().filter_map(|name| directory.group_by_name(name)).map(GranteeId::Group);
    let users = USERS.iter().filter_map(|name| directory.user_by_name(name)).map(GranteeId::User);
    let on: Vec<_> = kinds.chain(resources).flat_map(|target| directory.grants_on(target)).collect();
    let grantees: Vec<_> = groups.chain(users).chain([GranteeId::Everyone]).collect();
    for &to in &grantees {
        let grants = directory.grants_of(to);
        let ((least, most), count) = (grants.size_hint(), grants.count());
        prop_assert!(least <= count && Some(count) <= most, "{:?}", to);
    }
    let of = grantees.into_iter().flat_map(|to| directory.grants_of(to));
    let of: BTreeMap<_, _> = of.map(|grant| ((grant.on, grant.to), grant.permissions)).collect();
    prop_assert_eq!(on.len(), of.len());
    for grant in on {
        prop_assert_eq!(Some(&grant.permissions), of.get(&(grant.on, grant.to)));
        prop_assert!(!grant.permissions.is_empty());
        prop_assert!(directory.grantee_name(grant.to).is_some() && directory.target_name(grant.on).is_some());
    }
    Ok(())
}

fn memberships(both: &Both) -> Result<(), TestCaseError> {
    let directory = &both.directory;
    for group in GROUPS.iter().filter_map(|name| directory.group_by_name(name)) {
        let name = directory.group_name(group).unwrap();
        let members = directory.members_of(group).filter_map(|user| directory.user_name(user));
        prop_assert_eq!(listed(&both.oracle.members_of(name)), members.map(str::to_string).collect());
        let direct = directory.direct_members_of(group).filter_map(|user| directory.user_name(user));
        prop_assert_eq!(both.oracle.direct_members_of(name), direct.map(str::to_string).collect());
    }
    for user in USERS.iter().filter_map(|name| directory.user_by_name(name)) {
        let name = directory.user_name(user).unwrap();
        let groups = directory.groups_of(user).filter_map(|group: GroupId| directory.group_name(group));
        prop_assert_eq!(listed(&both.oracle.groups_of(name)), groups.map(str::to_string).collect());
        let direct = directory.direct_groups_of(user).filter_map(|group| directory.group_name(group));
        prop_assert_eq!(both.oracle.direct_groups_of(name), direct.map(str::to_string).collect());
    }
    Ok(())
}

/// The review lists each principal and resource with a granted permission once, with the allowed permissions.
fn review(both: &Both) -> Result<(), TestCaseError> {
    let directory = &both.directory;
    let mut expected = BTreeMap::new();
    for who in principals() {
        for on in RESOURCES {
            let granted = both.oracle.granted(&who, on);
            if !granted.is_empty() {
                expected.insert((who.clone(), on.to_string()), (granted, both.oracle.permissions(&who, on)));
            }
        }
    }
    let mut found = BTreeMap::new();
    for access in directory.review() {
        let row = access.row();
        let allowed = listed(&row.permissions);
        prop_assert_eq!(&allowed, &names(directory, access.permissions));
        let granted = allowed.iter().cloned().chain(row.withheld.iter().cloned()).collect();
        prop_assert!(!row.why.is_empty());
        let explanation = access.explain();
        prop_assert_eq!(&row.why, &explanation.why().to_string());
        prop_assert_eq!((&row.permissions, &row.ends), (&explanation.allowed, &explanation.ends));
        let acting = explanation.acting_user.unwrap();
        prop_assert_eq!(
            (&row.user, row.status, &row.profile),
            (&acting.user, acting.status, &acting.profile)
        );
        let twice = found.insert((row.who, row.resource), (granted, allowed)).is_some();
        prop_assert!(!twice, "a row twice");
        let alone = directory.review_of(access.who).filter(|other| other.on == access.on).count();
        prop_assert_eq!(alone, 1, "the review of one principal has the row");
    }
    prop_assert_eq!(expected, found);
    for on in RESOURCES.iter().filter_map(|on| directory.resource_by_name(on)) {
        let all = directory.review().filter(|access| access.on == on).map(|access| access.who);
        let here = directory.review_on(on).map(|access| access.who);
        prop_assert_eq!(all.collect::<Vec<_>>(), here.collect::<Vec<_>>());
    }
    Ok(())
}

/// The review of grants lists every end of a grant and every role once, and a group without grants in a row of its own.
fn review_of_grants(both: &Both) -> Result<(), TestCaseError> {
    let mut permissions: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let (mut roles, mut alone, mut rows) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut by_target: BTreeMap<String, Vec<GrantRow>> = BTreeMap::new();
    let users = USERS.iter().filter(|user| both.directory.user_by_name(user).is_some()).count();
    for row in both.directory.review_grants() {
        let (reached, direct) = match row.to.strip_prefix("group:") {
            Some(group) => (both.oracle.members_of(group).len(), both.oracle.direct_members_of(group).len()),
            None if row.to == "everyone" => (users, users),
            None => (1, 1),
        };
        prop_assert_eq!((row.users, row.direct_users), (reached as u64, direct as u64));
        if let Some(on) = &row.on {
            by_target.entry(on.clone()).or_default().push(row.clone());
        }
        let new = rows.insert((row.to.clone(), row.on.clone(), row.role.clone(), row.until));
        prop_assert!(new, "a row twice: {:?}", row);
        match (row.on, row.role) {
            (None, _) => prop_assert!(alone.insert(row.to)),
            (Some(on), Some(role)) => prop_assert!(roles.insert((row.to, on, role))),
            (Some(on), None) => permissions.entry((row.to, on)).or_default().extend(row.permissions),
        }
    }
    let resources =
        RESOURCES.iter().filter_map(|on| both.directory.resource_by_name(on)).map(Target::Resource);
    let kinds =
        KINDS.iter().filter_map(|(kind, _)| both.directory.catalog().kind_by_name(kind)).map(Target::Kind);
    for target in resources.chain(kinds).chain([Target::Everything]) {
        let here: Vec<GrantRow> = both.directory.review_grants_on(target).collect();
        let name = both.directory.target_name(target).unwrap();
        prop_assert_eq!(here, by_target.remove(&name).unwrap_or_default());
    }
    prop_assert_eq!(by_target.len(), 0, "every target was asked about");
    let permissions: BTreeSet<_> = permissions.into_iter().map(|((to, on), names)| (to, on, names)).collect();
    prop_assert_eq!(&both.oracle.grants(), &permissions);
    prop_assert_eq!(&both.oracle.roles_given(), &roles);
    let mut grantees: BTreeSet<&String> = permissions.iter().map(|(to, _, _)| to).collect();
    grantees.extend(roles.iter().map(|(to, _, _)| to));
    let groups = GROUPS.iter().filter(|group| both.directory.group_by_name(group).is_some());
    let groups = groups.map(|group| format!("group:{group}"));
    prop_assert_eq!(groups.filter(|group| !grantees.contains(group)).collect::<BTreeSet<_>>(), alone);
    Ok(())
}

/// If an explanation needs only grants or a credential, adding them makes the request allowed.
fn sufficient(both: &mut Both, who: &str, on: &str, asked: &[&str]) -> Result<(), TestCaseError> {
    use entitle::authorize::Need;
    use serde_json::json;

    let why = both.directory.explain_by_name(who, on, asked);
    let commands: Option<Vec<_>> = why
        .needs
        .iter()
        .map(|need| match need {
            Need::Grant { user, on, permissions, .. } => Some(
                json!({ "grant": { "to": format!("user:{user}"), "on": on, "permissions": permissions } }),
            ),
            Need::Credential { user, on, .. } => {
                Some(json!({ "record_credential": { "user": user, "resource": on } }))
            }
            _ => None,
        })
        .collect();
    let (Some(commands), false) = (commands, why.needs.is_empty()) else { return Ok(()) };
    // What ends meanwhile may have been one of the other permissions.
    if both.directory.ending(both.time_of(commands.len())).next().is_some() {
        return Ok(());
    }
    for command in commands {
        prop_assert!(both.make(&command)?);
    }
    let now = both.directory.explain_by_name(who, on, asked);
    // A license or a key may have expired meanwhile; then the request is still denied.
    let over = ["license_lapsed", "inactive", "no_seat"].contains(&now.code());
    prop_assert!(now.decision.is_allowed() || over, "was {}\nis {}", why, now);
    Ok(())
}

/// A stale id counts as unknown, and its explanation reports that.
#[test]
fn stale_ids_are_unknown() {
    let mut both = Both::new(&serde_json::json!({
        "kinds": { "project": { "permissions": ["read"] } },
        "profiles": { "robot": { "ceiling": "all", "seat": "exempt" } },
    }));
    for command in [
        serde_json::json!({ "add_user": { "user": "ada", "profile": "robot" } }),
        serde_json::json!({ "add_resource": { "resource": "project/churn" } }),
        serde_json::json!({ "grant": { "to": "everyone", "on": "project/*", "permissions": ["read"] } }),
    ] {
        assert!(both.make(&command).unwrap());
    }
    let ada = both.directory.user_by_name("ada").unwrap();
    let churn: ResourceId = both.directory.resource_by_name("project/churn").unwrap();
    let read = both.directory.catalog().permission_set("project", ["read"]).unwrap();
    assert!(both.directory.explain(ada, churn, read).decision.is_allowed());
    both.make(&serde_json::json!({ "remove_user": { "user": "ada" } })).unwrap();
    both.make(&serde_json::json!({ "remove_resource": { "resource": "project/churn" } })).unwrap();
    let why = both.directory.explain(ada, churn, read);
    assert_eq!((why.code(), why.who, why.on), ("unknown_principal", None, None));
    assert_eq!(why.needs.len(), 2);
    assert_eq!(both.directory.review().count(), 0);
    assert_eq!(both.directory.review_of(ada).count(), 0);
    assert_eq!(both.directory.review_on(churn).count(), 0);
    assert_eq!(both.directory.users_for(churn, read).count(), 0);
    assert_eq!(both.directory.grants_on(Target::Resource(churn)).count(), 0);
    assert_eq!(both.directory.grants_of(GranteeId::User(ada)).count(), 0);
    assert_eq!(both.directory.groups_of(ada).count(), 0);
}
