use std::error::Error;
use std::sync::Arc;

use entitle::change::Plan;
use entitle::journal::postgres::PostgresJournal;
use entitle::journal::sql::{self, Append, Head, Outcome, SqlState};
use entitle::{Authority, Batch, Command, Timestamp};
use tokio_postgres::Client;

type Failure = Box<dyn Error + Send + Sync>;

/// Adds a project with its owner, a row of the host and a commit, both or neither, and returns the commit's revision.
pub async fn add_project(
    client: &mut Client,
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
        let transaction = client.transaction().await?;
        transaction.execute("INSERT INTO project (name, title) VALUES ($1, $2)", &[&project, &title]).await?;
        let stored = transaction
            .execute(
                sql::APPEND,
                &[
                    &append.tenant,
                    &append.expected,
                    &append.append_id,
                    &append.revisions,
                    &append.at,
                    &append.by,
                    &append.bodies,
                    &append.checksums,
                    &append.known_revision,
                    &append.known_append_id,
                ],
            )
            .await?;
        let outcome = if stored == 0 {
            // Another writer was first, or the tenant is unknown. The rows of the host go with the transaction.
            transaction.rollback().await?;
            outcome(client, &append).await?
        } else {
            match transaction.commit().await {
                Ok(()) => Outcome::Stored,
                Err(error) if is_certain(&error) => return Err(error.into()),
                // The answer is lost, and this client with it. Whoever connects again asks with `outcome`.
                Err(error) => return Err(Box::new(LostAnswer { append, error })),
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
fn is_certain(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| SqlState::of(code.code()) != SqlState::OutcomeUnknown)
}

/// Asks what came of an append.
pub async fn outcome(client: &Client, append: &Append) -> Result<Outcome, Failure> {
    // The transaction can still be committing: wait for it, and only then read.
    client.execute(sql::LOCK_HEAD, &[&append.tenant]).await?;
    let row = client.query_opt(sql::OUTCOME, &[&append.tenant, &append.expected]).await?;
    let Some(row) = row else { return Ok(append.outcome(None, None)) };
    let head = Head::new(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let append_id: Option<String> = row.try_get(3)?;
    Ok(append.outcome(Some(head), append_id.as_deref()))
}

/// The error of a transaction that may or may not be committed.
#[derive(Debug)]
pub struct LostAnswer {
    /// To ask with [`outcome`] on a new connection, before anything is repeated.
    pub append: Append,
    error: tokio_postgres::Error,
}

impl std::fmt::Display for LostAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the connection was lost while committing: {}", self.error)
    }
}

impl Error for LostAnswer {}

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
