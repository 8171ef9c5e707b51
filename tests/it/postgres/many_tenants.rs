//! Many tenants of one database, served twice, as by two processes that follow each other.

use std::thread;
use std::time::Duration;

use entitle::authority::{CatchUpError, TenantStore as _, Tenants};
use entitle::journal::Snapshots as _;
use entitle::journal::postgres::Postgres;
use entitle::{Batch, Command, Timestamp};

use super::{TENANT, provisioned};
use crate::history::world;

const INTERVAL: Duration = Duration::from_millis(20);

fn serve(database: &Postgres) -> Tenants<Postgres> {
    Tenants::new(world::catalog(), database.clone()).follow_every(INTERVAL).start().unwrap()
}

fn add_group(name: &str) -> Batch {
    Batch::host(Timestamp::EPOCH).add(Command::add_group(name))
}

#[test]
fn tenants_of_one_database_are_followed_together() {
    let Some((_database, postgres, journal)) = provisioned("many_tenants") else { return };
    postgres.provision_after("later", 0).unwrap();
    let (one, two) = (serve(&postgres), serve(&postgres.clone().connections(3)));
    let followed = [TENANT, "later"].map(|tenant| two.open(tenant).unwrap());
    for number in 0..10 {
        for tenant in [TENANT, "later"] {
            one.open(tenant).unwrap().execute(add_group(&format!("g{number}"))).unwrap();
        }
    }
    for authority in &followed {
        for _ in 0..1_000 {
            if authority.load().revision() == 10 {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(authority.load().revision(), 10);
    }
    // A tenant is opened from its snapshot once its first commits are gone.
    journal.store_snapshot(&followed[0].load()).unwrap();
    assert_eq!(journal.compact(u64::MAX).unwrap(), 10);
    assert_eq!(serve(&postgres).open(TENANT).unwrap().load(), followed[0].load());
}

#[test]
fn the_store_knows_who_is_not_there() {
    let Some((_database, postgres, _)) = provisioned("not_a_tenant") else { return };
    let asked = ["nobody", TENANT, " no name"].map(std::sync::Arc::from);
    assert_eq!(postgres.last_revisions(&asked).unwrap(), [None, Some(0), None]);
    let Err(CatchUpError::Journal(error)) = serve(&postgres).open("nobody") else { panic!("it was opened") };
    assert_eq!(error.code(), "unknown_tenant");
}
