//! The page's code on a real server: both or neither, conflicts, refusals, and answers that are lost.

use std::sync::Arc;
use std::time::Duration;

use entitle::catalog::{Catalog, Kind, Profile};
use entitle::journal::postgres::{Postgres, PostgresJournal};
use entitle::journal::sql::Outcome;
use entitle::{Authority, Batch, Command, Directory, Timestamp};
use sqlx::PgPool;
use tokio::runtime::Runtime;

use crate::server::TestDatabase;
use crate::{with_sqlx, with_tokio_postgres};

const NOW: Timestamp = Timestamp::from_millis(100);

/// A platform with two processes, each with an authority, on one database.
struct Platform {
    database: TestDatabase,
    processes: [Arc<Authority<PostgresJournal>>; 2],
    runtime: Runtime,
}

/// Makes a database with the tables of the host and of the journal; `None` where there is no PostgreSQL.
fn platform(name: &str) -> Option<Platform> {
    let database = TestDatabase::new(name)?;
    database
        .client()
        .batch_execute("CREATE TABLE project (name text PRIMARY KEY, title text NOT NULL)")
        .unwrap();
    let postgres = Postgres::connect(&database.url()).unwrap();
    postgres.migrate().unwrap();
    postgres.provision("acme").unwrap();
    let project = Kind::named("project").permissions(["write", "read"]).owner(["write", "read"]);
    let catalog = Catalog::builder().kind(project).profile(Profile::new("guest").exempt()).build().unwrap();
    let open = || {
        let empty = Directory::new(catalog.clone());
        Arc::new(Authority::open(empty, postgres.journal("acme").unwrap()).unwrap())
    };
    let processes = [open(), open()];
    let ada = Command::add_user("ada").profile("guest");
    processes[0].execute(Batch::host(NOW).add(ada)).unwrap();
    processes[1].catch_up().unwrap();
    Some(Platform { database, processes, runtime: Runtime::new().unwrap() })
}

impl Platform {
    fn projects(&self) -> Vec<String> {
        let rows = self.database.client().query("SELECT name FROM project ORDER BY name", &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The resources of the directory are the rows of the host.
    fn assert_in_step(&self) {
        for process in &self.processes {
            process.catch_up().unwrap();
            let directory = process.load();
            let names = directory.resources().filter_map(|id| Some(directory.resource_name(id)?.to_string()));
            let mut resources: Vec<String> =
                names.filter_map(|name| Some(name.strip_prefix("project/")?.to_string())).collect();
            resources.sort();
            assert_eq!(resources, self.projects());
        }
    }
}

#[test]
fn both_are_stored_with_sqlx() {
    let Some(platform) = platform("both_sqlx") else { return };
    platform.runtime.block_on(async {
        let pool = PgPool::connect(&platform.database.url()).await.unwrap();
        let [one, two] = &platform.processes;
        let add = |process, name| with_sqlx::add_project(&pool, process, ("ada", name, "A project"), NOW);
        assert_eq!(add(one, "churn").await.unwrap(), 2);
        // This process has not heard of the commit: it conflicts, catches up and plans again.
        assert_eq!(add(two, "sales").await.unwrap(), 3);
        // What is there already changes nothing.
        assert_eq!(add(one, "churn").await.unwrap(), 2);
        // A refusal of the library: the host has no row either.
        let nobody = with_sqlx::add_project(&pool, one, ("nobody", "x", "A project"), NOW).await;
        assert!(nobody.unwrap_err().to_string().contains("nobody"));
    });
    assert_eq!(platform.projects(), ["churn", "sales"]);
    platform.assert_in_step();
}

/// An error of the host's own row takes the commit with it.
#[test]
fn neither_is_stored_if_the_host_fails_with_sqlx() {
    let Some(platform) = platform("neither_sqlx") else { return };
    platform.database.client().execute("INSERT INTO project VALUES ('churn', 'An old row')", &[]).unwrap();
    platform.runtime.block_on(async {
        let pool = PgPool::connect(&platform.database.url()).await.unwrap();
        let failed =
            with_sqlx::add_project(&pool, &platform.processes[0], ("ada", "churn", "New"), NOW).await;
        assert!(failed.unwrap_err().to_string().contains("duplicate key"));
    });
    platform.processes[0].catch_up().unwrap();
    assert_eq!(platform.processes[0].load().revision(), 1);
}

#[test]
fn callers_race_with_sqlx() {
    let Some(platform) = platform("race_sqlx") else { return };
    platform.runtime.block_on(async {
        let pool = PgPool::connect(&platform.database.url()).await.unwrap();
        let callers: Vec<_> = (0..24)
            .map(|caller| {
                let (pool, process) = (pool.clone(), Arc::clone(&platform.processes[caller % 2]));
                tokio::spawn(async move {
                    let name = format!("p{caller}");
                    with_sqlx::add_project(&pool, &process, ("ada", &name, "A project"), NOW)
                        .await
                        .map(|_| ())
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap().unwrap();
        }
    });
    assert_eq!(platform.projects().len(), 24);
    platform.assert_in_step();
}

#[test]
fn both_are_stored_with_tokio_postgres() {
    let Some(platform) = platform("both_tokio") else { return };
    platform.runtime.block_on(async {
        let mut client = connect(&platform.database).await;
        let [one, two] = &platform.processes;
        let added =
            with_tokio_postgres::add_project(&mut client, one, ("ada", "churn", "A project"), NOW).await;
        assert_eq!(added.unwrap(), 2);
        let added =
            with_tokio_postgres::add_project(&mut client, two, ("ada", "sales", "A project"), NOW).await;
        assert_eq!(added.unwrap(), 3);
        let nobody =
            with_tokio_postgres::add_project(&mut client, one, ("nobody", "x", "A project"), NOW).await;
        assert!(nobody.unwrap_err().to_string().contains("nobody"));
    });
    assert_eq!(platform.projects(), ["churn", "sales"]);
    platform.assert_in_step();
}

async fn connect(database: &TestDatabase) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A check at the end of each transaction: the first one waits, and a title that is refused fails.
const CHECK: &str = "CREATE SEQUENCE attempts; \
    CREATE FUNCTION check_title() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NEW.title = 'refused' THEN RAISE EXCEPTION 'this title is refused'; END IF; \
        IF nextval('attempts') = 1 THEN PERFORM pg_sleep(30); END IF; \
        RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER check_title AFTER INSERT ON project DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION check_title()";

/// Ends the session that is committing, as a server does that is shut down.
fn end_the_commit(database: &TestDatabase) {
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' \
        AND datname = current_database()";
    for _ in 0..200 {
        if !database.client().query(end, &[]).unwrap().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody commits");
}

/// The answer is lost: the append id tells that nothing was stored, and the loop stores it once.
#[test]
fn a_lost_answer_is_resolved_with_sqlx() {
    let Some(platform) = platform("lost_sqlx") else { return };
    platform.database.client().batch_execute(CHECK).unwrap();
    let one = Arc::clone(&platform.processes[0]);
    let url = platform.database.url();
    let committing = platform.runtime.spawn(async move {
        let pool = PgPool::connect(&url).await.unwrap();
        let refused = with_sqlx::add_project(&pool, &one, ("ada", "other", "refused"), NOW).await;
        assert!(refused.unwrap_err().to_string().contains("this title is refused"));
        with_sqlx::add_project(&pool, &one, ("ada", "churn", "A project"), NOW).await.unwrap()
    });
    end_the_commit(&platform.database);
    assert_eq!(platform.runtime.block_on(committing).unwrap(), 2);
    assert_eq!(platform.projects(), ["churn"]);
    platform.assert_in_step();
}

#[test]
fn a_lost_answer_is_resolved_with_tokio_postgres() {
    let Some(platform) = platform("lost_tokio") else { return };
    platform.database.client().batch_execute(CHECK).unwrap();
    let one = Arc::clone(&platform.processes[0]);
    let mut client = platform.runtime.block_on(connect(&platform.database));
    let committing = platform.runtime.spawn(async move {
        let refused =
            with_tokio_postgres::add_project(&mut client, &one, ("ada", "other", "refused"), NOW).await;
        let refused = refused.unwrap_err();
        assert!(refused.downcast_ref::<with_tokio_postgres::LostAnswer>().is_none(), "{refused}");
        with_tokio_postgres::add_project(&mut client, &one, ("ada", "churn", "A project"), NOW).await
    });
    end_the_commit(&platform.database);
    platform.runtime.block_on(async {
        let error = committing.await.unwrap().unwrap_err();
        let lost = error.downcast_ref::<with_tokio_postgres::LostAnswer>().unwrap();
        let client = connect(&platform.database).await;
        let outcome = with_tokio_postgres::outcome(&client, &lost.append).await.unwrap();
        assert_eq!(outcome, Outcome::NotStored);
    });
    assert_eq!(platform.projects(), Vec::<String>::new());
    platform.assert_in_step();
}

/// The page shows this code, and no other.
#[test]
fn the_page_shows_what_is_tested() {
    let page = include_str!("../../../src/docs/your_own_transaction.md");
    for source in [include_str!("with_sqlx.rs"), include_str!("with_tokio_postgres.rs")] {
        assert!(page.contains(&format!("```rust,ignore\n{source}```")), "the page differs from\n{source}");
    }
}
