//! `entitle import`: plans what a file asks for, shows it, and commits it to a journal.

mod input;
mod target;

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use entitle::change::{Commit, Impact};
use entitle::seats::{BuiltinPolicy, Phase, RequestSource};
use entitle::{Directory, Timestamp};

use self::input::Input;
use self::target::Target;
use super::commands::{Step, check_now, parse_policy};
use super::output::{CliError, counted, note, print};
use super::progress::Progress;
use super::source::{Place, PostgresArgs, read_catalog};
use super::time::{now, parse_time};
use super::{Exit, names};

/// Import users and groups, commands or a stored directory into a journal
///
/// The import is planned and shown first, and committed with --yes or after a question on the terminal. What is there already
/// as the file has it is left as it is, so an import that was interrupted is started again. What is there and differs, such as
/// a user with another profile, refuses the whole import.
///
/// The file is CSV with a column `user` (and `email`, `profile`, `source`, `groups` separated by `;`) or `group`, as
/// `entitle export --csv` writes it, without the apostrophe that protects a part which begins with `=`, `+`, `-`, `@`, a quote
/// or an apostrophe; or commands as JSON, as `entitle preview --help` describes them; or a stored directory, into a journal
/// that does not exist yet.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle import users.csv redb:platform.redb --dry-run\n  entitle import users.csv redb:platform.redb --audit-note 'ticket 4711' --yes"
)]
pub(super) struct ImportArgs {
    /// The file to import; standard input if it is `-`
    file: PathBuf,
    #[arg(
        value_name = "JOURNAL",
        help = "The journal, redb:FILE or postgres://USER@HOST/DATABASE; made if it does not exist. The password of PostgreSQL may be \
                in PGPASSWORD"
    )]
    into: String,
    #[command(flatten)]
    postgres: PostgresArgs,
    /// The catalog of the journal, as a catalog or scenario file; without it, that of the latest snapshot is used
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,
    /// Commit without asking
    #[arg(long)]
    yes: bool,
    /// Only show the plan
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// The audit note of the commits, unless a step of the file has its own
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, default_value = "entitle import")]
    audit_note: String,
    /// Put at most this many commands into a commit
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    batch: usize,
    /// Plan at this time; now by default
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<Timestamp>,
    /// The seat policy: strict, overage, waitlist, or as a scenario file writes it
    #[arg(long, value_name = "POLICY", default_value = "strict", value_parser = parse_policy)]
    policy: BuiltinPolicy,
    /// List at most this many changes of access and of seats
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    limit: usize,
}

pub(super) fn import(args: &ImportArgs) -> Result<Exit, CliError> {
    let place = Place::of(&args.into)?;
    let catalog = args.catalog.as_deref().map(read_catalog).transpose()?;
    let input = input::read(&args.file)?;
    let catalog = catalog.or_else(|| input.catalog());
    let mut target = Target::open(&place, &args.postgres, catalog, !args.dry_run)?;
    let name = place.shown();
    match input {
        Input::Directory(directory) => {
            print(|out| write_contents(out, &directory, &name))?;
            if is_confirmed(args)? {
                target.begin_with(&directory)?;
                print(|out| writeln!(out, "imported at revision {}", directory.revision()))?;
            }
        }
        Input::Steps(steps) => {
            let planned = Planned::of(steps, &target.directory, args)?;
            let before = target.directory.clone();
            print(|out| planned.write(out, &before, args.limit, &name))?;
            if !planned.commits.is_empty() && is_confirmed(args)? {
                commit(&mut target, &planned)?;
                print(|out| writeln!(out, "imported at revision {}", planned.directory.revision()))?;
            }
        }
    }
    Ok(Exit::Success)
}

/// The commits that an import makes, and the directory after them.
struct Planned {
    commits: Vec<Commit>,
    directory: Directory,
    commands: usize,
}

impl Planned {
    fn of(steps: Vec<Step>, before: &Directory, args: &ImportArgs) -> Result<Self, CliError> {
        let at = args.now.unwrap_or_else(now);
        let commands = steps.iter().map(|step| step.commands.len()).sum();
        let progress = Progress::of("planning", u64::try_from(commands).unwrap_or(u64::MAX), "commands");
        let mut planned = Self { commits: Vec::new(), directory: before.clone(), commands };
        for step in steps {
            for part in input::parts(step, args.batch.max(1)) {
                planned.plan(&part, at, args)?;
                progress.add(part.commands.len());
            }
        }
        if !planned.commits.is_empty() {
            check_now(args.now, before.committed_at())?;
        }
        Ok(planned)
    }

    fn plan(&mut self, step: &Step, at: Timestamp, args: &ImportArgs) -> Result<(), CliError> {
        let mut batch =
            step.batch(&self.directory, at)?.policy(args.policy.clone()).source(RequestSource::Import);
        if step.by.is_empty() {
            batch = batch.by(args.audit_note.clone());
        }
        let plan = self.directory.plan(batch).map_err(|refusal| {
            let place = step.place_of(refusal.command_index());
            let message = names::refused(&self.directory, &refusal);
            CliError::in_source(args.file.display(), format_args!("{place}: {message} ({})", refusal.code()))
        })?;
        // What was imported before is there at its time: only a new commit would be moved.
        if plan.commit().is_some() {
            let failed = |error| CliError::in_source(args.file.display(), error);
            step.check_time(&self.directory).map_err(failed)?;
        }
        self.commits.extend(plan.commit());
        self.directory = plan.into_directory();
        Ok(())
    }

    fn write(&self, out: &mut dyn Write, before: &Directory, limit: usize, name: &str) -> io::Result<()> {
        let after = &self.directory;
        let (commands, commits) = (counted(self.commands, "command"), counted(self.commits.len(), "commit"));
        writeln!(out, "{commands} in {commits}, into {name} at revision {}", before.revision())?;
        if self.commits.is_empty() {
            return writeln!(out, "nothing to import: everything is there already");
        }
        for (what, was, is) in [
            ("users", before.user_count(), after.user_count()),
            ("groups", before.group_count(), after.group_count()),
            ("resources", before.resource_count(), after.resource_count()),
            ("keys", before.key_count(), after.key_count()),
        ] {
            if was != is {
                writeln!(out, "  {what}: {was} before, {is} after")?;
            }
        }
        write_seats(out, before, after)?;
        let impact = Impact::between(before, after, limit);
        impact.access().iter().try_for_each(|change| writeln!(out, "  {change}"))?;
        impact.seats().iter().try_for_each(|change| writeln!(out, "  {change}"))?;
        if impact.is_complete() { Ok(()) } else { writeln!(out, "  and more; --limit lists more") }
    }
}

/// Writes the seats of the profiles whose figures change.
fn write_seats(out: &mut dyn Write, before: &Directory, after: &Directory) -> io::Result<()> {
    for profile in after.catalog().profiles() {
        let (Some(was), Some(is)) = (before.figures(profile), after.figures(profile)) else { continue };
        if was.consumed != is.consumed || was.waiting != is.waiting {
            let (seats, used, waiting) = (is.seats, is.consumed, is.waiting);
            let free = is.available;
            writeln!(
                out,
                "  seats of {profile}: {} used before, {used} after of {seats}, {free} free, {waiting} waiting",
                was.consumed
            )?;
        }
    }
    if before.license_phase() != after.license_phase() && after.license_phase() != Phase::None {
        writeln!(out, "  license: {}", after.license_phase().as_str())?;
    }
    Ok(())
}

fn write_contents(out: &mut dyn Write, directory: &Directory, name: &str) -> io::Result<()> {
    let (users, groups) = (directory.user_count(), directory.group_count());
    let (resources, keys) = (directory.resource_count(), directory.key_count());
    let revision = directory.revision();
    writeln!(
        out,
        "a stored directory at revision {revision} with {users} users, {groups} groups, {resources} resources and {keys} \
         keys, into the new journal {name}"
    )
}

/// Asks on the terminal, unless the options confirm.
fn is_confirmed(args: &ImportArgs) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    if args.dry_run {
        print(|out| writeln!(out, "nothing is imported: this is the plan"))?;
        return Ok(false);
    }
    if !io::stdin().is_terminal() {
        let message = "nothing is imported: confirm with `--yes`, or see the plan alone with `--dry-run`";
        return Err(CliError::InvalidInput(message.to_owned()));
    }
    print(|out| write!(out, "import this? [y/N] "))?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(|error| CliError::InvalidInput(format!("cannot read the answer: {error}")))?;
    let confirmed = matches!(answer.trim(), "y" | "Y" | "yes");
    if !confirmed {
        print(|out| writeln!(out, "nothing is imported"))?;
    }
    Ok(confirmed)
}

/// Appends the commits one by one, and stores a snapshot after the last.
fn commit(target: &mut Target, planned: &Planned) -> Result<(), CliError> {
    let total = u64::try_from(planned.commits.len()).unwrap_or(u64::MAX);
    let progress = Progress::of("committing", total, "commits");
    target.begin()?;
    for commit in &planned.commits {
        target.append(commit).inspect_err(|_| {
            let last = commit.revision.saturating_sub(1);
            note(format_args!("the import stopped after revision {last}; run it again to import the rest"));
        })?;
        progress.add(1);
    }
    drop(progress);
    target.store_snapshot(&planned.directory)
}
