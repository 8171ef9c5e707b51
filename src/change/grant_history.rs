//! Who gave what, from the commits (rule D15).

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::{Commit, EndingPermissions, Event};
use crate::authorize::{GrantRow, PrincipalName};
use crate::directory::Grantee;
use crate::name::Name;
use crate::time::Timestamp;

/// Who gave the grants, roles and memberships of a directory, read from its commits (rule D15).
///
/// A directory says what is given, and its history by whom. What was given before the first commit that was added, such as
/// before a snapshot, is not known here. An end that was moved counts as given again. Time and
/// memory of [`add`](Self::add) follow the events; what was given on a resource that was removed stays in memory.
///
/// ```
/// # use entitle::catalog::{Administration, Catalog, Kind, Profile};
/// # use entitle::{Batch, Command, Directory, Grantee, Timestamp};
/// use entitle::change::GrantHistory;
///
/// # let catalog = Catalog::builder()
/// #     .kind(Kind::named("project").permissions(["admin", "read"]).implies("admin", ["read"]).owner(["admin"]))
/// #     .profile(Profile::new("designer").exempt())
/// #     .administration(Administration::new().access_held_on("project", ["admin"]))
/// #     .build()?;
/// # let now = Timestamp::EPOCH;
/// # let empty = Directory::new(catalog);
/// # let batch = Batch::host(now)
/// #     .add(Command::add_user("ada").profile("designer"))
/// #     .add(Command::add_user("bob").profile("designer"))
/// #     .add(Command::add_resource("project/churn").owner("ada"));
/// # let first = empty.plan(batch)?;
/// # let ada = first.directory().user_by_name("ada").unwrap();
/// let share = Command::grant(Grantee::user("bob"), "project/churn", ["read"]);
/// let plan = first.directory().plan(Batch::actor(now, ada).add(share))?;
/// let mut history = GrantHistory::new();
/// history.add(&first.commit().unwrap());
/// history.add(&plan.commit().unwrap());
///
/// let row = plan.directory().review_grants().next().unwrap();
/// let given = history.granted_by(&row);
/// assert_eq!(given[0].actor.as_ref().unwrap().to_string(), "user:ada");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GrantHistory {
    /// The number of events so far.
    events: u64,
    /// By grantee and target, what is given there.
    grants: BTreeMap<(String, String), GivenThere>,
    /// By user and group.
    memberships: BTreeMap<(String, String), (u64, Arc<GrantedBy>)>,
    /// By group or resource, the last event that removed one of that name: who joined or was given something on it
    /// before that did so in another one.
    removed: BTreeMap<String, u64>,
}

/// The commit in which something was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantedBy {
    /// The revision of the commit.
    pub revision: u64,
    /// The time of the commit.
    pub at: Timestamp,
    /// The user or key that the batch was made as; `None` for the host.
    pub actor: Option<PrincipalName>,
    /// The host's text for the audit log.
    pub by: String,
    /// True if the actor gave more than it was granted, as the catalog lets it (rule D14).
    pub beyond: bool,
}

/// A permission or a role that is given, with its end, and the event that gave it.
#[derive(Clone, Debug)]
struct Given {
    until: Option<Timestamp>,
    event: u64,
    by: Arc<GrantedBy>,
}

#[derive(Clone, Debug, Default)]
struct GivenThere {
    permissions: BTreeMap<Name, Given>,
    roles: BTreeMap<Name, Given>,
}

impl GivenThere {
    /// Keeps what was given after an event.
    fn forget_before(&mut self, event: u64) {
        self.permissions.retain(|_, given| given.event > event);
        self.roles.retain(|_, given| given.event > event);
    }
}

impl GrantHistory {
    /// Creates an empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next commit.
    pub fn add(&mut self, commit: &Commit) {
        let by = Arc::new(GrantedBy {
            revision: commit.revision,
            at: commit.at,
            actor: commit.actor.clone(),
            by: commit.by.clone(),
            beyond: false,
        });
        for event in &commit.events {
            self.events = self.events.saturating_add(1);
            self.event(event, &by);
        }
    }

    fn event(&mut self, event: &Event, by: &Arc<GrantedBy>) {
        match event {
            Event::GrantChanged { to, on, permissions, ending, beyond } => {
                self.set_permissions(to, on, permissions, ending, &with_beyond(by, *beyond));
            }
            Event::RoleGranted { to, on, role, expires_at, beyond } => {
                let by = with_beyond(by, *beyond);
                let part = Given { until: *expires_at, event: self.events, by };
                self.there(to, on).roles.insert(role.clone(), part);
            }
            Event::RoleRevoked { to, on, role } => {
                self.there(to, on).roles.remove(role);
            }
            Event::GrantEnded { to, on, permissions, roles, .. } => {
                let there = self.there(to, on);
                there.permissions.retain(|name, _| !permissions.contains(name));
                there.roles.retain(|name, _| !roles.contains(name));
            }
            Event::Joined { user, group, .. } => {
                let membership = (user.to_string(), group.to_string());
                self.memberships.insert(membership, (self.events, Arc::clone(by)));
            }
            Event::Left { user, group } | Event::MembershipEnded { user, group, .. } => {
                self.memberships.remove(&(user.to_string(), group.to_string()));
            }
            Event::UserRenamed { user, to } => self.rename(user, to),
            Event::UserRemoved { user, .. } => {
                take(&mut self.grants, &Grantee::user(user.as_str()).to_string());
                take(&mut self.memberships, user);
            }
            Event::GroupRemoved { group } => {
                let group = Grantee::group(group.as_str()).to_string();
                take(&mut self.grants, &group);
                self.removed.insert(group, self.events);
            }
            Event::ResourceRemoved { resource } => {
                self.removed.insert(resource.clone(), self.events);
            }
            _ => {}
        }
    }

    /// What is given to a grantee on a target, without what was given on another one of that name.
    fn there(&mut self, to: &Grantee, on: &str) -> &mut GivenThere {
        let there = self.grants.entry((to.to_string(), on.to_string())).or_default();
        if let Some(&removed) = self.removed.get(on) {
            there.forget_before(removed);
        }
        there
    }

    /// Replaces the permissions; those whose end stays as it was keep the commit that gave them.
    fn set_permissions(
        &mut self,
        to: &Grantee,
        on: &str,
        lasting: &[Name],
        ending: &[EndingPermissions],
        by: &Arc<GrantedBy>,
    ) {
        let event = self.events;
        let there = self.there(to, on);
        let mut before = core::mem::take(&mut there.permissions);
        let ending = ending
            .iter()
            .flat_map(|ending| ending.permissions.iter().map(move |name| (name, Some(ending.expires_at))));
        for (name, until) in lasting.iter().map(|name| (name, None)).chain(ending) {
            let same = before.remove(name).filter(|given| given.until == until);
            let part = same.unwrap_or_else(|| Given { until, event, by: Arc::clone(by) });
            there.permissions.insert(name.clone(), part);
        }
    }

    /// What is given to a user stays given through a new name, which is free.
    fn rename(&mut self, user: &Name, to: &Name) {
        let [old, new] = [user, to].map(|name| Grantee::user(name.as_str()).to_string());
        let grants = take(&mut self.grants, &old).into_iter();
        self.grants.extend(grants.map(|(on, there)| ((new.clone(), on), there)));
        let memberships = take(&mut self.memberships, user).into_iter();
        self.memberships.extend(memberships.map(|(group, by)| ((to.to_string(), group), by)));
    }

    /// Returns the commits in which what a row of [`review_grants`](crate::Directory::review_grants) lists was given, the
    /// earliest first; empty if that was before the first commit.
    ///
    /// A row has several if its permissions were given one after the other.
    #[must_use]
    pub fn granted_by(&self, row: &GrantRow) -> Vec<&GrantedBy> {
        let Some(on) = &row.on else { return Vec::new() };
        let removed = self.removed.get(on).copied().unwrap_or(0);
        let there = self.grants.get(&(row.to.clone(), on.clone()));
        let given = there.into_iter().flat_map(|there| match &row.role {
            Some(role) => there.roles.get(role.as_str()).into_iter().collect::<Vec<_>>(),
            None => row.permissions.iter().filter_map(|name| there.permissions.get(name.as_str())).collect(),
        });
        let given = given.filter(|given| given.until == row.until && given.event > removed);
        let mut commits: Vec<&GrantedBy> = given.map(|given| &*given.by).collect();
        // Of the grants of one commit, one that was beyond comes first and is kept.
        commits.sort_unstable_by_key(|by| (by.revision, !by.beyond));
        commits.dedup_by_key(|by| by.revision);
        commits
    }

    /// Returns the commit in which a user joined a group; `None` if that was before the first commit, or the membership
    /// follows from a profile, an external name, an ownership or another group.
    ///
    /// ```
    /// # use entitle::catalog::{Catalog, Profile};
    /// # use entitle::{Batch, Command, Directory, Timestamp};
    /// use entitle::change::GrantHistory;
    ///
    /// # let catalog = Catalog::builder().profile(Profile::new("designer").exempt()).build()?;
    /// let batch = Batch::host(Timestamp::EPOCH)
    ///     .by("ticket 4711")
    ///     .add(Command::add_user("ada").profile("designer"))
    ///     .add(Command::add_group("data"))
    ///     .add(Command::join("ada", "data"));
    /// let plan = Directory::new(catalog).plan(batch)?;
    /// let mut history = GrantHistory::new();
    /// history.add(&plan.commit().unwrap());
    /// assert_eq!(history.joined_by("ada", "data").unwrap().by, "ticket 4711");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn joined_by(&self, user: &str, group: &str) -> Option<&GrantedBy> {
        let removed = self.removed.get(&Grantee::group(group).to_string()).copied().unwrap_or(0);
        let (event, by) = self.memberships.get(&(user.to_string(), group.to_string()))?;
        (*event > removed).then_some(&**by)
    }
}

fn with_beyond(by: &Arc<GrantedBy>, beyond: bool) -> Arc<GrantedBy> {
    if beyond { Arc::new(GrantedBy { beyond, ..GrantedBy::clone(by) }) } else { Arc::clone(by) }
}

/// Removes the entries with the first half of a key.
fn take<T>(map: &mut BTreeMap<(String, String), T>, first: &str) -> Vec<(String, T)> {
    let keys = map.range((first.to_string(), String::new())..).map(|(key, _)| key);
    let keys: Vec<(String, String)> = keys.take_while(|(half, _)| half == first).cloned().collect();
    keys.into_iter().filter_map(|key| map.remove(&key).map(|value| (key.1, value))).collect()
}
