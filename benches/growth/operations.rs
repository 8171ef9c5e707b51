//! Operations whose work must follow what they change or answer, each at any size.
//!
//! The bench `growth` counts instructions or takes times; the test `growth` counts allocations.

use core::any::Any;
use core::hint::black_box;
use core::iter;

use entitle::catalog::{
    Administration, Catalog, ExternalProfile, ExternalProfiles, Kind, Profile, ProfileChoice, Role,
};
use entitle::change::ScopeDocument;
use entitle::directory::{GranteeId, UserSource};
use entitle::seats::{Overage, Waitlist};
use entitle::snapshot::{Builder, Record, records};
use entitle::{Batch, Command, Directory, Grantee, License, ResourceId, Timestamp, Untyped};

/// An operation and the growth that it is allowed.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) growth: Growth,
    /// The sizes at which work is counted.
    pub(crate) sizes: [usize; 2],
    /// Makes the state for one run of the operation at a size.
    pub(crate) prepare: fn(usize) -> Work,
}

/// The work of an operation by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// The size is what changes or what is answered.
    Linear,
    /// The size is what the operation neither changes nor answers.
    Flat,
    /// As `Flat`, in a tree of hashes, which are seeded by process: it is a level deeper or not.
    FlatInHashes,
}

/// One run of an operation. Everything that it made or used is returned, to be dropped outside of the measurement.
pub(crate) type Work = Box<dyn FnOnce() -> Box<dyn Any>>;

impl Growth {
    /// Returns the greatest exponent that is allowed if work is counted. A sort has 1.14 between 500 and 4,000.
    pub(crate) const fn limit(self) -> f64 {
        match self {
            Self::Linear => 1.15,
            Self::Flat => 0.15,
            Self::FlatInHashes => 0.2,
        }
    }
}

/// Returns the exponent of growth: `work` follows `size` to the power of it.
pub(crate) fn exponent(sizes: [usize; 2], work: [f64; 2]) -> f64 {
    let grows = |[from, to]: [f64; 2]| (to.max(1.0) / from.max(1.0)).ln();
    grows(work) / grows(sizes.map(|size| size as f64))
}

const SIZES: [usize; 2] = [500, 4_000];

/// Sizes of sets beyond 4,096 slots: up to these a set is one list, which changes copy or move, at most 16 KiB.
const SIZES_OF_SETS: [usize; 2] = [5_000, 40_000];

const fn linear(name: &'static str, prepare: fn(usize) -> Work) -> Operation {
    Operation { name, growth: Growth::Linear, sizes: SIZES, prepare }
}

const fn flat(name: &'static str, prepare: fn(usize) -> Work) -> Operation {
    Operation { name, growth: Growth::Flat, sizes: SIZES, prepare }
}

impl Operation {
    const fn in_hashes(self) -> Self {
        Self { growth: Growth::FlatInHashes, ..self }
    }

    const fn on_sets(self) -> Self {
        Self { sizes: SIZES_OF_SETS, ..self }
    }
}

/// An operation that is quadratic and allocates nothing: counting must find it.
pub(crate) const PLANTED_SCAN: Operation = linear("planted: a scan for each of a list", |size| {
    let list: Vec<usize> = (0..size).collect();
    Box::new(move || Box::new(list.iter().filter(|&place| black_box(&list).contains(place)).count()))
});

/// All operations.
pub(crate) const OPERATIONS: &[Operation] = &[
    // Users and invitations.
    linear("invite_many: addresses", |size| {
        planned(&directory(), [Command::invite_many(addresses(size, "@example.com")).into()])
    }),
    linear("invite_many: addresses, all refused", |size| {
        refused(&directory(), [Command::invite_many(addresses(size, "")).into()])
    }),
    linear("expiry of invitations", |size| {
        let invite = Command::invite_many(addresses(size, "@example.com")).expires_at(LATER);
        let directory = commit(directory(), [invite.into()]);
        plan(directory, Batch::host(LATER).add(Command::tick()))
    }),
    linear("remove_user: users", |size| {
        let directory = with_users(directory(), size);
        planned(&directory, users(size).map(|user| Command::remove_user(user).into()))
    }),
    linear("remove_user: resources to the heir", |size| {
        let directory = with_owned(size);
        planned(&directory, [Command::remove_user("owner").heir("heir").into()])
    })
    .on_sets(),
    flat("remove_user: refused, owned resources", |size| {
        refused(&with_owned(size), [Command::remove_user("owner").into()])
    }),
    flat("suspend: owned resources", |size| planned(&with_owned(size), [Command::suspend("owner")])),
    flat("assign_profile: owned resources", |size| {
        planned(&with_owned(size), [Command::assign_profile("owner", "writer")])
    }),
    // What ends, and until when.
    linear("ending: ends of grants", |size| {
        let directory = with_ends(size);
        Box::new(move || Box::new((directory.ending(LATER).count(), directory)))
    }),
    flat("ending: a page of many ends", |size| {
        let directory = with_ends(size);
        let first = directory.ending(LATER).nth(size / 2).unwrap();
        Box::new(move || Box::new((directory.ending(LATER).after(&first).take(20).count(), directory)))
    }),
    linear("ending: roles of one grantee on one target", |size| {
        let directory = with_roles(size);
        Box::new(move || Box::new((directory.ending(LATER).count(), directory)))
    }),
    linear("until: groups of the user, all nested in one with the grant", |size| {
        let directory = with_nested_groups(size);
        let (user, one) = (directory.user_by_name("user 0"), directory.resource_by_name("project/one"));
        let (user, one) = (user.unwrap(), one.unwrap());
        Box::new(move || Box::new((directory.until(user, one), directory)))
    }),
    flat("until: members and inner groups of the group with the grant", |size| {
        let directory = with_users(with_nested_groups(size), size);
        let all = users(size).filter(|user| user != "user 0").map(|user| join(user, "outer"));
        let directory = commit(directory, all.chain([Command::add_user("new").into(), join("new", "outer")]));
        let (user, one) = (directory.user_by_name("new"), directory.resource_by_name("project/one"));
        let (user, one) = (user.unwrap(), one.unwrap());
        Box::new(move || Box::new((directory.until(user, one), directory)))
    }),
    linear("tick: grants that end", |size| plan(with_ends(size), Batch::host(LATER).add(Command::tick()))),
    linear("tick: memberships of one group that end", |size| {
        let directory = commit(with_users(directory(), size), group_with_grants("data"));
        let joined = users(size).map(|user| Command::join(user, "data").expires_at(LATER).into());
        plan(commit(directory, joined), Batch::host(LATER).add(Command::tick()))
    })
    .on_sets(),
    flat("join: memberships of the group that end", |size| {
        let directory = commit(with_users(directory(), size), [Command::add_group("data").into()]);
        let joined = users(size).skip(1).map(|user| Command::join(user, "data").expires_at(LATER).into());
        planned(&commit(directory, joined), [join("user 0", "data")])
    })
    .on_sets(),
    // Roles and groups in groups.
    linear("set_role: users who have it on a kind", |size| {
        let directory = Directory::new(catalog().custom_roles().build().unwrap());
        let role = Command::add_role("auditor").allow_on("project", ["read"]).into();
        let given = |user| Command::grant_role(Grantee::user(user), "project/*", "auditor").into();
        let directory = commit(with_users(directory, size), iter::once(role).chain(users(size).map(given)));
        planned(&directory, [Command::set_role("auditor").allow_on("project", ["write"]).into()])
    }),
    linear("nest: members of the inner group, grants on kinds", |size| {
        planned(&with_inner(size), [Command::nest("inner", "outer")])
    }),
    linear("unnest: members of the inner group, grants on kinds", |size| {
        let directory = commit(with_inner(size), [Command::nest("inner", "outer")]);
        planned(&directory, [Command::unnest("inner", "outer")])
    }),
    flat("join: inner groups of the group outside", |size| {
        let outer = iter::once(Command::add_group("outer").into());
        let nested = groups(size).map(|group| Command::nest(group, "outer"));
        let directory = commit(with_users(with_groups(size), 2), outer.chain(nested));
        planned(&directory, [join("user 1", "group 0")])
    }),
    flat("unnest: other members of the outer group", |size| {
        let small = [Command::add_group("small").into(), join("user 0", "small")];
        let directory = commit(with_inner(size), small);
        let nested = ["inner", "small"].map(|group| Command::nest(group, "outer"));
        let directory = commit(directory, nested.into_iter().chain([Command::leave("user 0", "inner")]));
        planned(&directory, [Command::unnest("small", "outer")])
    })
    .on_sets(),
    flat("grant: members of the group whose grant ends later", |size| {
        let grant = |at| Command::grant(Grantee::group("outer"), "project/*", ["read"]).expires_at(at).into();
        let directory = commit(with_inner(size), [Command::nest("inner", "outer")]);
        let directory = commit(directory, [Command::revoke(Grantee::group("outer"), "project/*", ["read"])]);
        planned(&commit(directory, [grant(LATER)]), [grant(Timestamp::from_millis(2_000))])
    }),
    // Managers of groups.
    linear("add_group: groups with one manager", |size| {
        let managed =
            groups(size).map(|group| Command::add_group(group).managers([Grantee::user("user 0")]).into());
        planned(&with_users(directory(), 1), managed)
    })
    .on_sets(),
    linear("remove_user: groups that the user manages", |size| {
        planned(&with_managed(size), [Command::remove_user("user 0").into()])
    })
    .on_sets(),
    linear("groups_managed_by: groups", |size| {
        let directory = with_managed(size);
        let user = GranteeId::User(directory.user_by_name("user 0").unwrap());
        Box::new(move || Box::new((directory.groups_managed_by(user).collect::<Vec<_>>(), directory)))
    }),
    flat("set_managers: other groups of the manager", |size| {
        planned(&with_managed(size), [Command::set_managers("group 0", [])])
    })
    .on_sets(),
    // Seats.
    linear("assign_profile: users, twice in a batch", |size| {
        let directory = with_users(directory(), size);
        let assign = |profile| users(size).map(move |user| Command::assign_profile(user, profile));
        planned(&directory, assign("writer").chain(assign("owner")))
    }),
    linear("suspend: users who asked for a seat", |size| {
        let directory = with_users(directory(), size);
        let assign = users(size).map(|user| Command::assign_profile(user, "writer"));
        planned(&directory, assign.chain(users(size).map(Command::suspend)))
    }),
    linear("queue: users served", |size| {
        let license = License::new("small").unlimited("reader").seats("writer", 0);
        let directory = commit(with_users(directory(), size), [license.into()]);
        let wait = Batch::host(Timestamp::EPOCH).policy(Waitlist);
        let wait = wait.extend(users(size).map(|user| Command::assign_profile(user, "writer")));
        let directory = directory.plan(wait).unwrap().into_directory();
        planned(&directory, [license_of_all().into()])
    }),
    linear("extra seats: users promoted", |size| {
        let license = License::new("small").unlimited("reader").seats_with_extra("writer", 0, size as u64);
        let directory = commit(with_users(directory(), size), [license.into()]);
        let overage = Batch::host(Timestamp::EPOCH).policy(Overage);
        let overage = overage.extend(users(size).map(|user| Command::assign_profile(user, "writer")));
        let directory = directory.plan(overage).unwrap().into_directory();
        planned(&directory, [license_of_all().into()])
    }),
    flat("assign_profile: groups by another profile", |size| {
        let groups = groups(size).map(|group| Command::add_group(group).by_profile(["owner"]).into());
        let directory = commit(with_users(directory(), 1), groups);
        planned(&directory, [Command::assign_profile("user 0", "writer")])
    }),
    linear("install_license: add-ons", |size| {
        let add_ons = |catalog: entitle::catalog::CatalogBuilder, add_on| {
            catalog.add_on(&format!("add-on {add_on}"), "project", ["write"])
        };
        let catalog = (0..size).fold(catalog(), add_ons).build().unwrap();
        let license =
            (0..size).fold(License::new("all"), |license, add_on| license.add_on(format!("add-on {add_on}")));
        planned(&Directory::new(catalog), [license.into()])
    }),
    // External names.
    linear("sync_user: names, new groups with grants on kinds", |size| {
        planned(&with_external_groups(size), [sync("user 0", names(size))])
    }),
    linear("sync_user: names, groups left with grants on kinds", |size| {
        let directory = commit(with_external_groups(size), [sync("user 0", names(size))]);
        planned(&directory, [sync("user 0", Vec::new())])
    }),
    linear("sync_user: names, every second one", |size| {
        let directory = commit(with_external_groups(size), [sync("user 0", names(size))]);
        planned(&directory, [sync("user 0", names(size).into_iter().step_by(2).collect())])
    }),
    linear("sync_user: users with one name", |size| {
        let staff = Command::add_group("staff").external(["name 0"]);
        let directory = commit(with_users(directory(), size), [staff.into()]);
        planned(&directory, users(size).map(|user| sync(&user, names(1))))
    }),
    linear("sync_user: users of two full profiles change places", |size| {
        let named = |profile: &str| ExternalProfile { external: profile.into(), profile: profile.into() };
        let catalog = mapped_to(["owner", "writer", "reader"].map(named).into());
        let seats = size as u64 / 2;
        let license = License::new("full").seats("owner", 0).seats("writer", seats).seats("reader", seats);
        let directory = commit(Directory::new(catalog), [license.into()]);
        let profile = |number: usize| if number.is_multiple_of(2) { "writer" } else { "reader" };
        let added = |(number, user)| Command::add_user(user).profile(profile(number)).into();
        let new = Command::add_user("new").no_profile().into();
        let directory = commit(directory, iter::once(new).chain(users(size).enumerate().map(added)));
        let synced = |(number, user): (usize, String)| {
            let profile = if number == 0 { "owner" } else { profile(number + 1) };
            sync_profile(&user, [profile.to_owned()].into())
        };
        let new = sync_profile("new", ["writer".to_owned()].into());
        planned(&directory, iter::once(new).chain(users(size).enumerate().map(synced)))
    }),
    linear("sync_user: names, as many mapped to profiles", |size| {
        let directory = commit(with_users(Directory::new(mapped(size)), 1), []);
        planned(&directory, [sync_profile("user 0", names(size))])
    }),
    flat("sync_user: one name, names mapped to profiles", |size| {
        let directory = commit(with_users(Directory::new(mapped(size)), 1), []);
        let last = names(size).split_off(size - 1);
        planned(&directory, [sync_profile("user 0", last)])
    }),
    flat("sync_user: one name, names of its group", |size| {
        let group = Command::add_group("staff").external(names(size));
        let directory = commit(with_users(directory(), 1), [group.into()]);
        planned(&directory, [sync("user 0", names(1))])
    }),
    flat("join: names of the group beside", |size| {
        let group = Command::add_group("staff").external(names(size)).into();
        let directory = commit(with_users(directory(), 1), [group, Command::add_group("data").into()]);
        planned(&directory, [join("user 0", "data")])
    }),
    flat("record_credential: names of the user", |size| {
        let directory = commit(with_users(directory(), 1), [Command::add_resource("project/one").into()]);
        let directory = commit(directory, [sync("user 0", names(size))]);
        planned(&directory, [Command::record_credential("user 0", "project/one")])
    }),
    // Groups.
    linear("remove_group: members, grants on kinds", |size| {
        let directory = commit(with_users(directory(), size), [Command::add_group("all").into()]);
        let directory = commit(directory, users(size).map(|user| join(user, "all")));
        let directory = commit(directory, on_kinds("all"));
        planned(&directory, [Command::remove_group("all")])
    }),
    linear("remove_user: groups with grants on kinds", |size| {
        planned(&with_member(size), [Command::remove_user("user 0").into()])
    }),
    linear("join: groups with grants on kinds", |size| {
        let directory = with_groups(size);
        planned(&directory, groups(size).map(|group| join("user 0", group)))
    }),
    linear("leave: groups with grants on kinds", |size| {
        planned(&with_member(size), groups(size).map(|group| Command::leave("user 0", group)))
    }),
    linear("revoke: groups of one user, on a kind", |size| {
        let revoke = |group| Command::revoke(Grantee::group(group), "project/*", ["read"]);
        planned(&with_member(size), groups(size).map(revoke))
    }),
    linear("add_group: groups of one profile", |size| {
        let directory = with_users(directory(), 1);
        planned(&directory, groups(size).map(|group| Command::add_group(group).by_profile(["owner"]).into()))
    }),
    // Grants.
    linear("grant: groups on one resource, last first", |size| {
        let directory = with_groups(size);
        let last_first = groups(size).collect::<Vec<_>>().into_iter().rev();
        planned(&directory, last_first.map(|group| grant(group, "project/one")))
    }),
    linear("revoke: groups on one resource, first first", |size| {
        let directory = commit(with_groups(size), groups(size).map(|group| grant(group, "project/one")));
        let revoke = |group| Command::revoke(Grantee::group(group), "project/one", ["read"]);
        planned(&directory, groups(size).map(revoke))
    }),
    flat("grant: other grants on the resource", |size| {
        let directory = commit(with_groups(size), groups(size).map(|group| grant(group, "project/one")));
        let directory = commit(directory, [Command::add_group("data").into()]);
        planned(&directory, [grant("data".to_owned(), "project/one")])
    }),
    flat("diff: grants on a kind that both share", |size| {
        let before = with_groups(size);
        let after = commit(before.clone(), [Command::add_user("new").no_profile().into()]);
        Box::new(move || Box::new((before.diff(&after), before, after)))
    }),
    // Keys.
    linear("add_key: resources of the scope", |size| planned(&with_resources(size), [key(size)])),
    linear("remove_resource: resources of one scope", |size| {
        let directory = commit(with_resources(size), [key(size)]);
        planned(&directory, resources(size).map(Command::remove_resource))
    })
    .on_sets(),
    flat("remove_resource: other resources of the scope", |size| {
        let directory = commit(with_resources(size), [key(size)]);
        planned(&directory, [Command::remove_resource("project/0")])
    })
    .in_hashes()
    .on_sets(),
    // Resources inside resources.
    linear("move_resource: resources", |size| {
        planned(&with_inside(size), resources(size).map(|on| Command::move_resource(on, "space/other")))
    })
    .on_sets(),
    flat("move_resource: what lies inside", |size| {
        planned(&with_inside(size), [Command::move_resource("space/all", "space/other")])
    })
    .on_sets(),
    flat("close: what lies inside", |size| planned(&with_inside(size), [Command::close("space/all")]))
        .on_sets(),
    flat("add_resource: others in the parent", |size| {
        planned(&with_inside(size), [Command::add_resource("project/new").parent("space/all").into()])
    })
    .on_sets(),
    flat("remove_resource: refused, what lies inside", |size| {
        refused(&with_inside(size), [Command::remove_resource("space/all")])
    })
    .on_sets(),
    flat("grant: what lies inside", |size| {
        planned(&with_inside(size), [Command::grant(Grantee::Everyone, "space/all", ["read"]).into()])
    })
    .on_sets(),
    linear("resources_for: what lies inside a place", |size| {
        let directory = commit(
            with_inside(size),
            [Command::grant(Grantee::user("user 0"), "space/all", ["read"]).into()],
        );
        asked(directory, move |found| assert_eq!(found, size))
    }),
    flat("resources_for: places where another permission is granted", |size| {
        let directory = commit(
            with_inside(size),
            [Command::grant(Grantee::user("user 0"), "space/other", ["read"]).into()],
        );
        asked(directory, |found| assert_eq!(found, 0))
    })
    .on_sets(),
    linear("impact: what lies inside a place that moves", |size| {
        let directory = commit(
            with_inside(size),
            [Command::grant(Grantee::user("user 0"), "space/other", ["read"]).into()],
        );
        let plan = directory
            .plan(Batch::host(Timestamp::EPOCH).add(Command::move_resource("space/all", "space/other")))
            .unwrap();
        Box::new(move || {
            let impact = plan.impact();
            assert_eq!(impact.access().len(), size + 1);
            Box::new((impact, plan))
        })
    }),
    flat("impact: what lies inside where everyone gets what does not pass", |size| {
        previewed(&with_apps(size), Command::grant(Grantee::Everyone, "flow/all", ["read"]))
    })
    .on_sets(),
    flat("impact: what lies inside where a credential is required", |size| {
        let grant = Command::grant(Grantee::user("user 0"), "flow/all", ["write"]);
        let directory = commit(with_apps(size), [grant.into()]);
        previewed(&directory, Command::require_credential("flow/all", ["write"]))
    })
    .on_sets(),
    flat("resources_for: what lies beside a place", |size| {
        let commands = [
            Command::add_resource("space/inner").parent("space/all").into(),
            Command::add_resource("project/inner").parent("space/inner").into(),
            Command::grant(Grantee::user("user 0"), "space/all", ["read"]).into(),
        ];
        let directory = commit(with_inside(size), commands);
        let user = directory.user_by_name("user 0").unwrap();
        let read = directory.catalog().permission_set("project", ["read"]).unwrap();
        Box::new(move || {
            let found: Vec<_> = directory.resources_for::<Untyped>(user, read).take(20).collect();
            Box::new((found, directory))
        })
    })
    .on_sets(),
    flat("resources_for: granted resources that are no places, beside a place", |size| {
        let read = |on: String| Command::grant(Grantee::user("user 0"), on, ["read"]).into();
        let granted = resources(size).map(read).chain([read("space/other".to_owned())]);
        let inner = Command::add_resource("project/inner").parent("space/other").into();
        let directory = commit(commit(with_inside(size), [inner]), granted);
        let user = directory.user_by_name("user 0").unwrap();
        let read = directory.catalog().permission_set("project", ["read"]).unwrap();
        Box::new(move || {
            let found: Vec<_> = directory.resources_for::<Untyped>(user, read).take(20).collect();
            assert_eq!(found.len(), 20);
            Box::new((found, directory))
        })
    })
    .on_sets(),
    linear("users_for: users with a grant on one of eight places above", |size| {
        let directory = with_grants_above(size);
        let project = directory.resource_by_name("project/one").unwrap();
        let read = directory.catalog().permission_set("project", ["read"]).unwrap();
        Box::new(move || {
            assert_eq!(directory.users_for::<Untyped>(project, read).count(), size);
            Box::new(directory)
        })
    }),
    linear("snapshot: a way down of so many places that pass nothing", |size| {
        let directory = with_shelves(size);
        let stored: Vec<Record> = records(&directory).collect();
        Box::new(move || {
            let mut builder = Builder::new();
            for record in stored {
                builder.push(record).unwrap();
            }
            Box::new((builder.finish().unwrap(), directory))
        })
    }),
    // Administration by people.
    linear("join as an actor: grants of the group", |size| {
        let grants = resources(size).map(|on| grant("data".to_owned(), &on));
        as_helper(&commit(with_helper(with_resources_in(administered(), size)), grants))
    }),
    flat("join as an actor: members of the group, groups and resources beside it", |size| {
        let directory = with_helper(with_resources_in(administered(), size));
        let directory = commit(directory, users(size).skip(1).map(|user| Command::add_user(user).into()));
        let directory = commit(directory, groups(size).map(|group| Command::add_group(group).into()));
        as_helper(&commit(directory, users(size).skip(1).map(|user| join(user, "data"))))
    })
    .on_sets(),
    flat("grant as an actor: other grants on the resource", |size| {
        let directory = with_helper(with_resources_in(administered(), 1));
        let directory = commit(directory, groups(size).map(|group| Command::add_group(group).into()));
        let directory = commit(directory, groups(size).map(|group| grant(group, "project/0")));
        planned_as(&directory, "helper", grant("data".to_owned(), "project/0"))
    }),
    linear("who_may: users who may", |size| {
        who_may(commit(with_helper(administered()), users(size).skip(1).flat_map(helps)), size)
    }),
    flat("who_may: ten of the users may", |size| {
        let directory = commit(with_helper(administered()), users(11).skip(1).take(9).flat_map(helps));
        let rest = users(size).skip(11).map(|user| Command::add_user(user).into());
        who_may(commit(directory, rest), 10)
    })
    .on_sets(),
    // What does not change at all.
    flat("add_user: users", |size| {
        planned(&with_users(directory(), size), [Command::add_user("new").profile("writer").into()])
    }),
    flat("add_resource: resources", |size| {
        planned(&with_resources(size), [Command::add_resource("project/new").owner("user 0").into()])
    })
    .on_sets(),
    flat("grant: groups, each with grants", |size| {
        planned(&with_groups(size), [grant("group 0".to_owned(), "project/one")])
    }),
    // Replay.
    linear("replay: a sync of names, groups left", |size| {
        let directory = commit(with_external_groups(size), [sync("user 0", names(size))]);
        let batch = Batch::host(Timestamp::EPOCH).add(sync("user 0", Vec::new()));
        let commit = directory.plan(batch).unwrap().commit().unwrap();
        Box::new(move || {
            let next = directory.replay([&commit]).unwrap();
            Box::new((directory, commit, next))
        })
    }),
    linear("check: groups on both sides", |size| {
        let directory = commit(with_member(size), groups(size).map(|group| grant(group, "project/one")));
        Box::new(move || {
            let decision = directory.check_by_name("user:user 0", "project/one", &["write"]);
            Box::new((decision, directory))
        })
    }),
];

const LATER: Timestamp = Timestamp::from_millis(1_000);

const KINDS: [&str; 8] = ["project", "dataset", "model", "report", "board", "flow", "space", "app"];

fn catalog() -> entitle::catalog::CatalogBuilder {
    let kind = |name| {
        let kind = Kind::named(name).permissions(["write", "read"]);
        match name {
            "project" | "space" => kind.inside_same("space"),
            "board" => kind.inside_passing_nothing("board"),
            "app" => kind.inside("flow", [("write", ["write"])]),
            _ => kind,
        }
    };
    let builder = KINDS.into_iter().fold(Catalog::builder(), |builder, name| builder.kind(kind(name)));
    builder.profile(Profile::new("owner")).profile(Profile::new("writer")).profile(Profile::new("reader"))
}

/// An empty directory in which who has `people` on the instance makes others join what that user has.
fn administered() -> Directory {
    let instance = Kind::named("instance").permissions(["people"]).singleton();
    let opened = Administration::new().groups_on("instance", ["people"]).access_held_on("project", ["write"]);
    let free = Profile::new("free").exempt();
    let catalog = catalog().kind(instance).profile(free).default_profile("free").administration(opened);
    Directory::new(catalog.build().unwrap())
}

/// A user, one who may make others join, and a group.
fn with_helper(directory: Directory) -> Directory {
    let add = ["user 0", "helper"].map(|user| Command::add_user(user).into());
    let may = [
        Command::grant(Grantee::user("helper"), "instance", ["people"]).into(),
        Command::grant(Grantee::user("helper"), "project/*", ["write", "read"]).into(),
        Command::add_group("data").into(),
    ];
    commit(directory, add.into_iter().chain(may))
}

fn with_resources_in(directory: Directory, size: usize) -> Directory {
    commit(directory, resources(size).map(|resource| Command::add_resource(resource).into()))
}

fn planned_as(directory: &Directory, user: &str, command: impl Into<Command>) -> Work {
    let user = directory.user_by_name(user).unwrap();
    plan(directory.clone(), Batch::actor(Timestamp::EPOCH, user).add(command))
}

/// Plans as the helper that the user joins the group.
fn as_helper(directory: &Directory) -> Work {
    planned_as(directory, "helper", join("user 0", "data"))
}

/// A user who may make others join.
fn helps(user: String) -> [Command; 2] {
    let may = Command::grant(Grantee::user(&*user), "instance", ["people"]);
    [Command::add_user(user).into(), may.into()]
}

/// Lists who may make the user join the group.
fn who_may(directory: Directory, expected: usize) -> Work {
    Box::new(move || {
        let found = directory.who_may(Timestamp::EPOCH, [join("user 0", "data")]).unwrap().count();
        assert_eq!(found, expected);
        Box::new(directory)
    })
}

/// A catalog that maps external names to profiles.
fn mapped(size: usize) -> Catalog {
    let map =
        names(size).into_iter().map(|external| ExternalProfile { external, profile: "writer".to_owned() });
    mapped_to(map.collect())
}

fn mapped_to(map: Vec<ExternalProfile>) -> Catalog {
    let mut document = catalog().build().unwrap().document().clone();
    document.external_profiles = Some(ExternalProfiles { choose: ProfileChoice::FirstMatch, map });
    document.try_into().unwrap()
}

fn license_of_all() -> License {
    License::new("all").unlimited("owner").unlimited("writer").unlimited("reader")
}

/// An empty directory with unlimited seats.
fn directory() -> Directory {
    Directory::new(catalog().build().unwrap())
}

fn commit(directory: Directory, commands: impl IntoIterator<Item = Command>) -> Directory {
    let batch = Batch::host(Timestamp::EPOCH).extend(commands);
    directory.plan(batch).unwrap().into_directory()
}

/// Plans a batch, which is not refused.
fn plan(directory: Directory, batch: Batch) -> Work {
    Box::new(move || {
        let plan = directory.plan(batch).unwrap();
        assert!(!plan.is_empty());
        Box::new((plan, directory))
    })
}

/// Plans commands, which are not refused.
fn planned(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> Work {
    plan(directory.clone(), Batch::host(Timestamp::EPOCH).extend(commands))
}

/// Plans commands, which are refused.
fn refused(directory: &Directory, commands: impl IntoIterator<Item = Command>) -> Work {
    let (directory, batch) = (directory.clone(), Batch::host(Timestamp::EPOCH).extend(commands));
    Box::new(move || {
        let refusal = directory.plan(batch).unwrap_err();
        Box::new((refusal, directory))
    })
}

fn numbered(size: usize, what: &'static str) -> impl Iterator<Item = String> {
    (0..size).map(move |number| format!("{what}{number}"))
}

fn users(size: usize) -> impl Iterator<Item = String> {
    numbered(size, "user ")
}

fn groups(size: usize) -> impl Iterator<Item = String> {
    numbered(size, "group ")
}

fn resources(size: usize) -> impl Iterator<Item = String> {
    numbered(size, "project/")
}

fn names(size: usize) -> Vec<String> {
    numbered(size, "name ").collect()
}

fn addresses(size: usize, place: &str) -> String {
    numbered(size, "user").map(|user| user + place + "\n").collect()
}

fn grant(group: String, on: &str) -> Command {
    Command::grant(Grantee::group(group), on, ["read"]).into()
}

fn join(user: impl Into<String>, group: impl Into<String>) -> Command {
    Command::join(user, group).into()
}

/// Grants on every kind.
fn on_kinds(group: &str) -> impl Iterator<Item = Command> {
    KINDS.into_iter().map(move |kind| grant(group.to_owned(), &format!("{kind}/*")))
}

fn sync(user: &str, names: Vec<String>) -> Command {
    Command::sync_user(user, UserSource::Local, names).into()
}

fn sync_profile(user: &str, names: Vec<String>) -> Command {
    Command::sync_user(user, UserSource::Local, names).update_profile().into()
}

fn key(size: usize) -> Command {
    let scope = resources(size).fold(ScopeDocument::nothing(), |scope, on| scope.with(on, ["read"]));
    Command::add_key("key", "user 0").scope(scope).into()
}

fn with_users(directory: Directory, size: usize) -> Directory {
    let add = |user| Command::add_user(user).profile("reader").into();
    commit(directory, [license_of_all().into()].into_iter().chain(users(size).map(add)))
}

/// One user and groups with grants on two kinds.
fn with_groups(size: usize) -> Directory {
    let one = [Command::add_resource("project/one").into()];
    let groups = groups(size).flat_map(|group| {
        let grants = ["project/*", "dataset/*"].map(|on| grant(group.clone(), on));
        [Command::add_group(group).into()].into_iter().chain(grants)
    });
    commit(with_users(directory(), 1), one.into_iter().chain(groups))
}

/// One user in all groups, which have grants on two kinds.
fn with_member(size: usize) -> Directory {
    commit(with_groups(size), groups(size).map(|group| join("user 0", group)))
}

/// A group with grants on two kinds for each external name.
fn with_external_groups(size: usize) -> Directory {
    let groups = (0..size).flat_map(|number| {
        let group = format!("group {number}");
        let grants = ["project/*", "dataset/*"].map(|on| grant(group.clone(), on));
        let add = Command::add_group(group).external([format!("name {number}")]);
        [add.into()].into_iter().chain(grants)
    });
    commit(with_users(directory(), 1), groups)
}

fn with_resources(size: usize) -> Directory {
    let add = resources(size).map(|resource| Command::add_resource(resource).into());
    commit(with_users(directory(), 1), add)
}

/// Projects in a space, and another space.
fn with_inside(size: usize) -> Directory {
    let spaces = ["space/all", "space/other"].map(|space| Command::add_resource(space).into());
    let add = resources(size).map(|resource| Command::add_resource(resource).parent("space/all").into());
    commit(with_users(directory(), 1), spaces.into_iter().chain(add))
}

/// Apps in a flow.
fn with_apps(size: usize) -> Directory {
    let apps = numbered(size, "app/").map(|app| Command::add_resource(app).parent("flow/all").into());
    commit(with_users(directory(), 1), iter::once(Command::add_resource("flow/all").into()).chain(apps))
}

/// A project in eight spaces, each in the one before, and users with a grant on one of these.
fn with_grants_above(size: usize) -> Directory {
    let spaces = (0..8).map(|number: usize| {
        let add = Command::add_resource(format!("space/{number}"));
        number.checked_sub(1).map_or(add.clone(), |above| add.parent(format!("space/{above}"))).into()
    });
    let project = Command::add_resource("project/one").parent("space/7").into();
    let grants = users(size)
        .zip((0..8).cycle())
        .map(|(user, space)| Command::grant(Grantee::user(user), format!("space/{space}"), ["read"]).into());
    commit(with_users(directory(), size), spaces.chain([project]).chain(grants))
}

/// Previews a command that changes what one user may do on one resource.
fn previewed(directory: &Directory, command: impl Into<Command>) -> Work {
    let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(command.into())).unwrap();
    Box::new(move || {
        let impact = plan.impact();
        assert_eq!(impact.access().len(), 1);
        Box::new((impact, plan))
    })
}

/// Boards, each in the one before.
fn with_shelves(size: usize) -> Directory {
    let add = (0..size).map(|number| {
        let add = Command::add_resource(format!("board/{number}"));
        number.checked_sub(1).map_or(add.clone(), |above| add.parent(format!("board/{above}"))).into()
    });
    commit(directory(), add)
}

/// Lists the projects that the user may read.
fn asked(directory: Directory, answer: impl Fn(usize) + 'static) -> Work {
    let user = directory.user_by_name("user 0").unwrap();
    let read = directory.catalog().permission_set("project", ["read"]).unwrap();
    Box::new(move || {
        let found: Vec<ResourceId> = directory.resources_for::<Untyped>(user, read).collect();
        answer(found.len());
        Box::new((found, directory))
    })
}

/// A user who owns resources, and another one.
fn with_owned(size: usize) -> Directory {
    let users = ["owner", "heir"].map(|user| Command::add_user(user).profile("reader").into());
    let directory = commit(with_users(directory(), 1), users);
    let add = |resource| Command::add_resource(resource).owner("owner").into();
    commit(directory, resources(size).map(add))
}

/// A group that all users are in, and one with grants on kinds.
fn with_inner(size: usize) -> Directory {
    let directory = commit(with_users(directory(), size), [Command::add_group("inner").into()]);
    let directory = commit(directory, group_with_grants("outer"));
    commit(directory, users(size).map(|user| join(user, "inner")))
}

fn group_with_grants(group: &str) -> impl Iterator<Item = Command> {
    iter::once(Command::add_group(group).into()).chain(on_kinds(group))
}

/// One user who is the manager of all groups.
fn with_managed(size: usize) -> Directory {
    let managed =
        groups(size).map(|group| Command::add_group(group).managers([Grantee::user("user 0")]).into());
    commit(with_users(directory(), 1), managed)
}

/// Users who each have a grant of their own that ends.
fn with_ends(size: usize) -> Directory {
    let until = |user| Command::grant(Grantee::user(user), "project/*", ["read"]).expires_at(LATER).into();
    commit(with_users(directory(), size), users(size).map(until))
}

/// Roles that are all given to everyone on one kind, until the same time.
fn with_roles(size: usize) -> Directory {
    let roles = || numbered(size, "role ");
    let catalog =
        roles().fold(catalog(), |catalog, role| catalog.role(Role::new(role).allow_on("project", ["read"])));
    let give = |role| Command::grant_role(Grantee::Everyone, "project/*", role).expires_at(LATER).into();
    commit(Directory::new(catalog.build().unwrap()), roles().map(give))
}

/// One user in all groups, which are nested in one that has a grant.
fn with_nested_groups(size: usize) -> Directory {
    let outer = [Command::add_group("outer").into(), grant("outer".to_owned(), "project/one")];
    let nest = groups(size).map(|group| Command::nest(group, "outer"));
    commit(with_member(size), outer.into_iter().chain(nest))
}
