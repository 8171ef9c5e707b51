//! `entitle explain`: explains a check.

use std::fmt::{self, Display};

use entitle::authorize::{Explanation, Need, PrincipalName};
use entitle::catalog::{PermissionSet, SeatKind};
use entitle::report::escape_hidden;
use entitle::seats::Quantity;
use entitle::{Directory, Principal, ResourceId};

use super::output::{CliError, note, print, print_json, word};
use super::source::SourceArgs;
use super::{Exit, names};

/// Explain why a principal may do something on a resource, or what it lacks
///
/// If the changes of a scenario failed, the state before the failed one is explained: a failed step is the usual reason to
/// ask.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle explain redb:platform.redb --who ada --on project/churn --permission write\n  entitle explain redb:platform.redb --who key:ci --on project/churn --permission read --all"
)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    question: Question,
    /// Also list what was not asked for: every grant, limit and total
    #[arg(long)]
    all: bool,
    /// Write the explanation as JSON
    #[arg(long)]
    json: bool,
}

/// A check.
#[derive(Debug, clap::Args)]
pub(super) struct Question {
    /// The user, such as ada or user:ada, or the key, such as key:ci
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    pub(super) who: PrincipalName,
    /// The resource, such as project/churn
    #[arg(long, value_name = "RESOURCE")]
    pub(super) on: String,
    /// The permission; may be repeated, then all are needed
    #[arg(long = "permission", value_name = "NAME", required = true)]
    pub(super) permissions: Vec<String>,
}

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory_as_it_is()?;
    let Question { who, on, permissions } = &args.question;
    let unknown = check_names(&directory, &args.question).err();
    let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
    let explanation = directory.explain_by_name(&who.to_string(), on, &permissions);
    let free_seats = free_seats(&directory, &explanation);
    if args.json {
        print_json(&Answer { explanation: &explanation, free_seats })?;
        return unknown.map_or(Ok(source.exit()), Err);
    }
    let answer = if args.all { explanation.in_full().to_string() } else { explanation.to_string() };
    print(|out| {
        writeln!(out, "{answer}")?;
        free_seats.iter().try_for_each(|seats| writeln!(out, "  {seats}"))
    })?;
    if explanation.decision.is_allowed() && source.has_history() {
        args.note_history();
    }
    // The explanation comes first: it says what a check would answer.
    unknown.map_or(Ok(source.exit()), Err)
}

impl ExplainArgs {
    /// Says how to find out who gave what is there.
    fn note_history(&self) {
        let Some(source) = self.source.words() else { return };
        let Question { who, on, permissions } = &self.question;
        let (who, on) = (who.to_string(), on.clone());
        let asked = ["--why".to_owned(), "--who".to_owned(), who, "--on".to_owned(), on].into_iter();
        let permissions = permissions.iter().flat_map(|name| ["--permission".to_owned(), name.clone()]);
        let words: Vec<String> =
            source.into_iter().chain(asked).chain(permissions).map(|text| word(&text)).collect();
        note(format_args!("who gave it: entitle history {}", words.join(" ")));
    }
}

/// An explanation as JSON.
#[derive(serde::Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    explanation: &'a Explanation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    free_seats: Vec<FreeSeats>,
}

/// The seats that are left of a profile that would help.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
struct FreeSeats {
    profile: String,
    /// Unlimited for a profile that needs no seat.
    available: Quantity,
    #[serde(skip)]
    is_exempt: bool,
}

impl Display for FreeSeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ", escape_hidden(&self.profile))?;
        match self.available {
            _ if self.is_exempt => f.write_str("needs no seat"),
            Quantity::Count(0) => f.write_str("has no free seat"),
            Quantity::Count(1) => f.write_str("has 1 free seat"),
            Quantity::Count(count) => write!(f, "has {count} free seats"),
            Quantity::Unlimited => f.write_str("has seats without a limit"),
        }
    }
}

/// Returns the seats that are left of each profile that the request needs.
///
/// Nothing is said of a counted profile while the license lets nobody take a seat.
fn free_seats(directory: &Directory, explanation: &Explanation) -> Vec<FreeSeats> {
    let profiles = explanation.needs.iter().flat_map(|need| match need {
        Need::Seat { wants, .. } => wants.iter().collect(),
        Need::Profile { profiles_with, .. } => profiles_with.iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let document = directory.catalog().document();
    let seat_kind = |profile: &str| document.profiles.get(profile).map(|profile| profile.seat);
    let held = explanation.acting_user.as_ref().and_then(|user| user.profile.as_deref());
    let is_swap = held.and_then(seat_kind).is_some_and(|kind| kind != SeatKind::Exempt);
    // Who gives up a counted seat for another one needs no room in the total (rule S6).
    let total = if is_swap { Quantity::Unlimited } else { directory.total_figures().available };
    let admits = directory.license_phase().admits();
    let free = |profile: &String| {
        let is_exempt = seat_kind(profile)? == SeatKind::Exempt;
        let left = directory.figures(profile)?.available;
        let available = if is_exempt { left } else { left.min(total) };
        (is_exempt || admits).then(|| FreeSeats { profile: profile.clone(), available, is_exempt })
    };
    profiles.filter_map(free).collect()
}

/// Finds the names of a question. The error offers the nearest name.
pub(super) fn check_names(
    directory: &Directory,
    question: &Question,
) -> Result<(Principal, ResourceId, PermissionSet), CliError> {
    let principal = names::principal(directory, &question.who)?;
    let (resource, permissions) = names::resource_and(directory, &question.on, &question.permissions)?;
    Ok((principal, resource, permissions))
}
