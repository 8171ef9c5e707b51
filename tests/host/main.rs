//! A platform that links the library: a crate of its own, outside the repository, that knows the documentation only.

use entitle::bitflags::bitflags;
use entitle::catalog::{Catalog, Kind, Profile, ResourceKind};
use entitle::journal::MemoryJournal;
use entitle::seats::{Answer, RequestSource, SeatRequest, policy_fn};
use entitle::{Authority, Batch, Command, Decision, Denial, Directory, Grantee, License, Timestamp};

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Reports: u64 {
        const VIEW = 1;
        const EDIT = 2;
    }
}

enum Report {}

impl ResourceKind for Report {
    const NAME: &'static str = "report";
    type Permissions = Reports;
}

/// Places users of a full profile on a reader's seat if a sync brings them, and refuses all others.
fn readers_from_sync(request: &SeatRequest<'_>) -> Answer {
    match request.source() {
        RequestSource::Sync => Answer::Place("reader".to_owned()),
        _ => Answer::Refuse,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::builder()
        .kind(Kind::of::<Report>().implies(Reports::EDIT, Reports::VIEW).owner(Reports::EDIT))
        .profile(Profile::new("author"))
        .profile(Profile::new("reader").ceiling::<Report>(Reports::VIEW))
        .build()?;
    let authority = Authority::new(Directory::new(catalog), MemoryJournal::default())
        .policy(policy_fn(readers_from_sync));
    let at = Timestamp::from_millis(1_000);
    authority.execute(
        Batch::host(at)
            .by("setup")
            .add(License::new("acme").seats("author", 1).unlimited("reader"))
            .add(Command::add_group("finance"))
            .add(Command::add_user("ada").profile("author").group("finance"))
            .add(Command::add_user("bob").profile("reader").group("finance"))
            .add(Command::add_resource("report/q3").owner("ada"))
            .add(Command::grant(Grantee::group("finance"), "report/q3", ["edit"])),
    )?;

    let mut reader = authority.reader();
    let directory = reader.load();
    let (ada, bob) =
        (directory.user_by_name("ada").ok_or("no ada")?, directory.user_by_name("bob").ok_or("no bob")?);
    let q3 = directory.resource::<Report>("q3").ok_or("no q3")?;
    assert_eq!(directory.check(ada, q3, Reports::EDIT), Decision::Allowed);
    assert_eq!(directory.check(bob, q3, Reports::EDIT), Decision::Denied(Denial::BeyondProfile));
    assert_eq!(directory.permissions(bob, q3), Reports::VIEW);

    let full =
        authority.execute(Batch::host(at).by("admin").add(Command::add_user("cleo").profile("author")));
    println!("{}", full.err().ok_or("a second author was seated")?);
    let revision = authority.load().revision();

    authority.execute(Batch::host(at).by("admin").add(Command::suspend("ada")))?;
    let directory = reader.load();
    assert_eq!(directory.revision(), revision + 1);
    assert_eq!(directory.check(ada, q3, Reports::VIEW), Decision::Denied(Denial::Inactive));
    println!("{}", directory.explain(bob, q3, Reports::EDIT));
    println!("{}", directory.seat_report());
    Ok(())
}
