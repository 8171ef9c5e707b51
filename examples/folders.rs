//! Folders with projects inside: a grant on a folder, a closed project, a move that is previewed, and the tree that a user
//! sees.
//!
//! Run it with `cargo run --example folders`.

#![expect(clippy::panic_in_result_fn, reason = "an example asserts its output")]

use std::collections::BTreeSet;

use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::{Batch, Command, Directory, Grantee, ResourceId, Timestamp, UserId};

type Error = Box<dyn std::error::Error>;

bitflags! {
    /// The permissions on the instance.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Administration: u64 {
        /// Administer everything.
        const ADMIN = 1;
    }

    /// The permissions on a folder and on a project.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Access: u64 {
        /// Read the contents.
        const READ = 1;
        /// Change the contents.
        const WRITE = 2;
        /// Administer it.
        const ADMIN = 4;
    }
}

/// The instance, of which there is one.
enum Instance {}

impl ResourceKind for Instance {
    const NAME: &'static str = "instance";
    type Permissions = Administration;
}

/// The kind of folders.
enum Folder {}

impl ResourceKind for Folder {
    const NAME: &'static str = "folder";
    type Permissions = Access;
}

/// The kind of projects.
enum Project {}

impl ResourceKind for Project {
    const NAME: &'static str = "project";
    type Permissions = Access;
}

/// Declares what passes: all of a folder to the folders inside it, less to the projects, and from the instance to every
/// project.
fn catalog() -> Result<Catalog, Error> {
    let folder = Kind::of::<Folder>()
        .implies(Access::ADMIN, Access::WRITE)
        .implies(Access::WRITE, Access::READ)
        .inside_same::<Folder>();
    let project = Kind::of::<Project>()
        .implies(Access::ADMIN, Access::WRITE)
        .implies(Access::WRITE, Access::READ)
        .owner(Access::ADMIN)
        .inside::<Folder>([(Access::WRITE, Access::WRITE), (Access::READ, Access::READ)])
        .inside::<Instance>([(Administration::ADMIN, Access::ADMIN)]);
    let catalog = Catalog::builder()
        .kind(Kind::of::<Instance>().singleton())
        .kind(folder)
        .kind(project)
        .profile(Profile::new("member").exempt())
        .default_profile("member");
    Ok(catalog.build()?)
}

fn setup() -> Result<Directory, Error> {
    let batch = Batch::host(Timestamp::EPOCH)
        .extend(["ada", "bob", "eve", "root"].map(Command::add_user))
        .extend(["analysts", "auditors"].map(Command::add_group))
        .add(Command::join("bob", "analysts"))
        .add(Command::join("eve", "auditors"))
        .add(Command::add_resource("folder/company"))
        .add(Command::add_resource("folder/analytics").parent("folder/company"))
        .add(Command::add_resource("folder/archive").parent("folder/company"))
        .add(Command::add_resource("project/churn").parent("folder/analytics"))
        .add(Command::add_resource("project/salaries").parent("folder/analytics").owner("ada").closed())
        .add(Command::grant(Grantee::group("analysts"), Folder::at("analytics"), Access::WRITE))
        .add(Command::grant(Grantee::group("auditors"), Folder::at("archive"), Access::READ))
        .add(Command::grant(Grantee::user("root"), "instance", ["admin"]));
    Ok(Directory::new(catalog()?).plan(batch)?.into_directory())
}

/// The tree that a user sees: the folders and projects that the user may read, and the folders on the way to them.
struct Tree<'a> {
    directory: &'a Directory,
    readable: BTreeSet<ResourceId>,
    shown: BTreeSet<ResourceId>,
}

impl<'a> Tree<'a> {
    fn of(directory: &'a Directory, user: UserId) -> Self {
        let folders = directory.resources_for::<Folder>(user, Access::READ).map(ResourceId::untyped);
        let projects = directory.resources_for::<Project>(user, Access::READ).map(ResourceId::untyped);
        let readable: BTreeSet<ResourceId> = folders.chain(projects).collect();
        let to_folders = directory.ways::<Folder>(user, Access::READ);
        let shown = to_folders.chain(directory.ways::<Project>(user, Access::READ)).collect();
        Self { directory, readable, shown }
    }

    fn lines(&self) -> Vec<String> {
        let seen = self.readable.iter().chain(&self.shown).copied().collect::<BTreeSet<_>>();
        let roots = seen.into_iter().filter(|&resource| self.directory.parent_of(resource).is_none());
        let mut lines = Vec::new();
        for root in roots {
            self.add(root, 0, &mut lines);
        }
        lines
    }

    fn add(&self, resource: ResourceId, depth: usize, lines: &mut Vec<String>) {
        let may_read = self.readable.contains(&resource);
        if !may_read && !self.shown.contains(&resource) {
            return;
        }
        let name = self.directory.resource_name(resource).map(|name| name.to_string()).unwrap_or_default();
        let note = if may_read { "" } else { " (only shown)" };
        lines.push(format!("{:1$}{name}{note}", "", depth.saturating_mul(2)));
        for inside in self.directory.inside(resource) {
            self.add(inside, depth.saturating_add(1), lines);
        }
    }
}

fn print_tree(directory: &Directory, name: &str, expected: &[&str]) -> Result<(), Error> {
    let user = directory.user_by_name(name).ok_or("the user exists")?;
    let lines = Tree::of(directory, user).lines();
    println!("{name} sees:");
    for line in &lines {
        println!("    {line}");
    }
    assert_eq!(lines, expected);
    Ok(())
}

fn main() -> Result<(), Error> {
    let directory = setup()?;

    // A grant on a folder reaches what is inside, except for the closed project. The folder above is only shown.
    let analysts = ["folder/company (only shown)", "  folder/analytics", "    project/churn"];
    print_tree(&directory, "bob", &analysts)?;
    // The owner of the closed project sees the way to it. The administrator of the instance is kept out of no project.
    let way = "folder/company (only shown)";
    let below = "  folder/analytics (only shown)";
    print_tree(&directory, "ada", &[way, below, "    project/salaries"])?;
    print_tree(&directory, "root", &[way, below, "    project/churn", "    project/salaries"])?;

    let denied = directory.explain_by_name("user:bob", "project/salaries", &["read"]);
    println!("\n{denied}");
    assert_eq!(denied.decision.code(), "not_granted");
    let allowed = directory.explain_by_name("user:bob", "project/churn", &["write"]);
    println!("{allowed}\n");
    let [grant] = allowed.grants.as_slice() else { return Err("one grant gives it".into()) };
    assert_eq!(
        (grant.on.as_str(), grant.passes.as_slice()),
        ("folder/analytics", &["read".into(), "write".into()][..])
    );
    assert_eq!(grant.way, ["folder/analytics", "project/churn"]);

    // What a move would change, before it is made.
    let move_folder = Command::move_resource("folder/analytics", "folder/archive");
    let plan = directory.plan(Batch::host(Timestamp::EPOCH).add(move_folder))?;
    println!("Moving folder/analytics to folder/archive is {} event and would change:", plan.events().len());
    let changes: Vec<String> = plan
        .access_changes()
        .map(|change| {
            format!(
                "{} on {}: gains {:?}, loses {:?}",
                change.user, change.resource, change.gains, change.loses
            )
        })
        .collect();
    for change in &changes {
        println!("    {change}");
    }
    assert_eq!(
        changes,
        [
            r#"eve on folder/analytics: gains ["read"], loses []"#,
            r#"eve on project/churn: gains ["read"], loses []"#,
        ]
    );
    let directory = plan.into_directory();
    println!();
    let auditors =
        ["folder/company (only shown)", "  folder/archive", "    folder/analytics", "      project/churn"];
    print_tree(&directory, "eve", &auditors)?;

    // What contains something is not removed, and nothing is put into itself.
    println!();
    for command in [
        Command::remove_resource("folder/analytics"),
        Command::move_resource("folder/company", "folder/analytics"),
    ] {
        let refusal =
            directory.plan(Batch::host(Timestamp::EPOCH).add(command)).err().ok_or("it is refused")?;
        println!("Refused ({}): {refusal}.", refusal.code());
        assert!(["not_empty", "cycle"].contains(&refusal.code()));
    }
    Ok(())
}
