//! Checks that are answered here, one link up, eight links up, or not at all.

use core::hint::black_box;

use entitle::catalog::{Catalog, Kind, Profile};
use entitle::{Command, Directory, Grantee};

use crate::clock::{Contender, interleaved};
use crate::report::Target::AtMost;
use crate::report::{note, row};
use crate::worlds::{NAMES, Permissions, Random, Resolved, commit, group_name, is_test, user_name};

const CHAINS: u32 = 64;
const LINKS: u32 = 8;
const USERS: u32 = 256;
const GROUPS: u32 = 64;
const QUESTIONS: usize = 1 << 14;
const WINDOW: usize = 1 << 12;

/// By user, the groups.
type Groups = Vec<Vec<u32>>;

/// The projects at the end of chains of folders. At each resource of a chain some groups have everything but the last
/// permission; one group has that too, so many links up.
struct Chains {
    directory: Directory,
    groups: Groups,
    /// By chain, the group that is granted the last permission, and how many links above the project.
    granted: Vec<(u32, u32)>,
}

fn catalog() -> Catalog {
    let kind = |name| {
        let kind = Kind::named(name).permissions(NAMES).inside_same("folder");
        NAMES.windows(2).fold(kind, |kind, pair| kind.implies(pair[1], [pair[0]]))
    };
    let builder = Catalog::builder().kind(kind("folder")).kind(kind("project"));
    builder.profile(Profile::new("designer").exempt()).default_profile("designer").build().unwrap()
}

/// The resource of a chain that lies so many links above its project.
fn name(chain: u32, above: u32) -> String {
    if above == 0 { format!("project/p-{chain}") } else { format!("folder/f-{chain}-{above}") }
}

impl Chains {
    fn new(above: u32) -> Self {
        let mut random = Random::new(5);
        let mut commands: Vec<Command> =
            (0..GROUPS).map(|group| Command::add_group(group_name(group)).into()).collect();
        let mut groups = Groups::new();
        for user in 0..USERS {
            let mut of_user: Vec<u32> = (0..8).map(|_| random.below(GROUPS)).collect();
            of_user.sort_unstable();
            of_user.dedup();
            let add = Command::add_user(user_name(user));
            commands.push(of_user.iter().fold(add, |add, group| add.group(group_name(*group))).into());
            groups.push(of_user);
        }
        let mut granted = Vec::new();
        for chain in 0..CHAINS {
            for link in (0..=LINKS).rev() {
                let add = Command::add_resource(name(chain, link));
                let add = if link == LINKS { add } else { add.parent(name(chain, link + 1)) };
                commands.push(add.into());
                for _ in 0..3 {
                    let group = Grantee::group(group_name(random.below(GROUPS)));
                    let highest = NAMES[random.below(11) as usize];
                    commands.push(Command::grant(group, name(chain, link), [highest]).into());
                }
            }
            let group = random.below(GROUPS);
            let to = Grantee::group(group_name(group));
            commands.push(Command::grant(to, name(chain, above), ["admin"]).into());
            granted.push((group, above));
        }
        Self { directory: commit(&Directory::new(catalog()), commands), groups, granted }
    }

    /// Questions for the last permission that are all allowed or all denied, each compared with what was granted.
    fn asked(&self, allowed: bool) -> Vec<Resolved> {
        let mut random = Random::new(8);
        let mut asked = Vec::new();
        while asked.len() < QUESTIONS {
            let (user, chain) = (random.below(USERS), random.below(CHAINS));
            let (group, _) = self.granted[chain as usize];
            if self.groups[user as usize].contains(&group) != allowed {
                continue;
            }
            let resource = self.directory.resource(&format!("p-{chain}")).unwrap();
            let user = self.directory.user_by_name(&user_name(user)).unwrap();
            let decision = self.directory.check(user, resource, Permissions::ADMIN);
            assert_eq!(decision.is_allowed(), allowed);
            asked.push(Resolved { user, resource, permission: Permissions::ADMIN });
        }
        asked
    }
}

/// The last answer decides whether the next question is one or two places further on.
fn chained<'a>(chains: &'a Chains, asked: &'a [Resolved]) -> Contender<'a> {
    let last = asked.len() - 1;
    Box::new(move |start| {
        let mut place = start;
        for _ in 0..WINDOW {
            let asked = &asked[place & last];
            let decision = chains.directory.check(asked.user, asked.resource, asked.permission);
            place += 1 + usize::from(black_box(decision).is_allowed());
        }
        place as u64
    })
}

/// Compares checks by how far up their answer is. All rows are in the cache.
pub(crate) fn links() {
    let [here, one, eight] = [0, 1, LINKS].map(Chains::new);
    let [at_here, at_one, at_eight] = [&here, &one, &eight].map(|chains| chains.asked(true));
    let denied = eight.asked(false);
    let mut contenders = [
        chained(&here, &at_here),
        chained(&one, &at_one),
        chained(&eight, &at_eight),
        chained(&eight, &denied),
    ];
    let rounds = if is_test() { 2 } else { 400 };
    let times = interleaved(&mut contenders, QUESTIONS, WINDOW, rounds);
    note(&format!(
        "granted here {:.1} ns, one link up {:.1} ns, eight {:.1} ns; denied through eight {:.1} ns",
        times[0], times[1], times[2], times[3]
    ));
    row("places/one-link", times[1] / times[0], "x", AtMost(1.6));
    row("places/eight-links", times[2] / times[0], "x", AtMost(5.0));
    row("places/eight-links/denied", times[3] / times[0], "x", AtMost(6.0));
}
