use std::error::Error;
use std::sync::Arc;

use entitle::change::Plan;
use entitle::journal::postgres::PostgresJournal;
use entitle::journal::sql::{self, Append, Head, Outcome, SqlState};
use entitle::{Authority, Batch, Command, Timestamp};
use sqlx::{PgPool, Row as _};

type Failure = Box<dyn Error + Send + Sync>;

/// Adds a project with its owner, a row of the host and a commit, both or neither, and returns the commit's revision.
pub async fn add_project(
    pool: &PgPool,
    authority: &Arc<Authority<PostgresJournal>>,
    (owner, project, title): (&str, &str, &str),
    now: Timestamp,
) -> Result<u64, Failure> {
    loop {
        // 1. Plan on the current directory. A refusal ends here; nothing was sent.
        let command = Command::add_resource(format!("project/{project}")).owner(owner);
        let plan = authority.plan(Batch::host(now).by(owner).add(command))?;
        let Some(commit) = plan.commit() else { return Ok(authority.load().revision()) };
        let revision = commit.revision;
        let append = authority.journal().prepare_append(plan.base_revision(), &[commit])?;

        // 2. The host's own rows first, the append last: it locks the tenant until the transaction ends.
        let mut transaction = pool.begin().await?;
        sqlx::query("INSERT INTO project (name, title) VALUES ($1, $2)")
            .bind(project)
            .bind(title)
            .execute(&mut *transaction)
            .await?;
        let stored = sqlx::query(sql::APPEND)
            .bind(&append.tenant)
            .bind(append.expected)
            .bind(&append.append_id)
            .bind(&append.revisions)
            .bind(&append.at)
            .bind(&append.by)
            .bind(&append.bodies)
            .bind(&append.checksums)
            .bind(append.known_revision)
            .bind(&append.known_append_id)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        let outcome = if stored == 0 {
            // Another writer was first, or the tenant is unknown. The rows of the host go with the transaction.
            transaction.rollback().await?;
            outcome(pool, &append).await?
        } else {
            match transaction.commit().await {
                Ok(()) => Outcome::Stored,
                Err(error) if is_certain(&error) => return Err(error.into()),
                // The answer is lost. The append id tells, on another connection, if the transaction was committed.
                Err(_) => outcome(pool, &append).await?,
            }
        };

        // 3. Publish, or read what others committed and plan again.
        match outcome {
            Outcome::Stored => {
                publish(authority, plan).await;
                return Ok(revision);
            }
            // If the journal was restored, reading it is an error.
            Outcome::NotStored | Outcome::Conflict { .. } => catch_up(authority).await?,
            unexpected => return Err(format!("the append ended as {unexpected:?}").into()),
        }
    }
}

/// Returns `true` if the server said that the transaction is not committed.
fn is_certain(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| SqlState::of(&code) != SqlState::OutcomeUnknown)
}

/// Asks what came of an append.
async fn outcome(pool: &PgPool, append: &Append) -> Result<Outcome, Failure> {
    // The transaction can still be committing: wait for it, and only then read.
    sqlx::query(sql::LOCK_HEAD).bind(&append.tenant).execute(pool).await?;
    let query = sqlx::query(sql::OUTCOME).bind(&append.tenant).bind(append.expected);
    let Some(row) = query.fetch_optional(pool).await? else { return Ok(append.outcome(None, None)) };
    let head = Head::new(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let append_id: Option<String> = row.try_get(3)?;
    Ok(append.outcome(Some(head), append_id.as_deref()))
}

/// Publishes a stored plan; if others committed after it, they are read first.
///
/// It has no error: the commit is stored, and the caller must not repeat the batch. While the journal cannot be read,
/// `current` denies.
async fn publish(authority: &Arc<Authority<PostgresJournal>>, plan: Plan) {
    if authority.publish(plan).is_err() {
        let _ = catch_up(authority).await;
    }
}

/// Reads the commits of other processes, on a thread that may block.
async fn catch_up(authority: &Arc<Authority<PostgresJournal>>) -> Result<(), Failure> {
    let authority = Arc::clone(authority);
    tokio::task::spawn_blocking(move || authority.catch_up()).await??;
    Ok(())
}
