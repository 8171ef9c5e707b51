//! `entitle who` and `entitle what`: which users may do something, and what a principal may do it on.

use std::io;

use entitle::authorize::PrincipalName;
use entitle::directory::UserStatus;
use entitle::{Directory, ResourceId, UserId};

use super::output::{CliError, note, quoted};
use super::rows::{Form, FormArgs, Row, print_rows};
use super::source::SourceArgs;
use super::{Exit, names};

/// The options of a page.
#[derive(Debug, clap::Args)]
struct PageArgs {
    /// List at most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Continue after the last one of the page before
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    after: Option<String>,
}

impl PageArgs {
    /// Writes the items of a page, and says how to go on if there are more.
    fn print<T>(
        &self,
        form: Form,
        columns: &[&str],
        mut items: impl Iterator<Item = T>,
        name: impl Fn(&T) -> String,
        row: impl Fn(&T) -> Row,
    ) -> io::Result<()> {
        let page: Vec<T> = items.by_ref().take(self.limit.unwrap_or(usize::MAX)).collect();
        print_rows(form, columns, page.iter().map(row))?;
        if let Some(last) = page.last().filter(|_| items.next().is_some()) {
            note(format_args!("there are more: continue with --after {}", quoted(&name(last))));
        }
        Ok(())
    }
}

/// List the users who may do something on a resource
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  entitle who redb:platform.redb --on project/churn --permission write\n  entitle who redb:platform.redb --on project/churn --permission read --permission write --csv"
)]
pub(super) struct WhoArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The resource, such as project/churn
    #[arg(long, value_name = "RESOURCE", allow_hyphen_values = true)]
    on: String,
    /// The permission; may be repeated, then all are needed
    #[arg(long = "permission", value_name = "NAME", required = true)]
    permissions: Vec<String>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn who(args: &WhoArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let (resource, asked) = names::resource_and(&directory, &args.on, &args.permissions)?;
    let mut users = directory.users_for(resource, asked);
    if let Some(after) = &args.page.after {
        users = users.after(names::user(&directory, after)?);
    }
    let name = |user: &UserId| directory.user_name(*user).unwrap_or_default().to_owned();
    let row = |user: &UserId| -> Row {
        let seat = directory.seat_of(*user);
        let status = directory.status_of(*user).map(UserStatus::as_str);
        vec![name(user).into(), seat.and_then(|seat| seat.holds).into(), status.into()]
    };
    args.page.print(args.form.form(), &["user", "profile", "status"], users, name, row)?;
    Ok(source.exit())
}

/// List the resources of a kind that a principal may do something on
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  entitle what redb:platform.redb --who ada --kind project --permission write"
)]
pub(super) struct WhatArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The user, such as ada or user:ada, or the key, such as key:ci
    #[arg(long, value_name = "PRINCIPAL", value_parser = names::parse_principal, allow_hyphen_values = true)]
    who: PrincipalName,
    /// The kind of the resources, such as project
    #[arg(long, value_name = "KIND")]
    kind: String,
    /// The permission; may be repeated, then all are needed
    #[arg(long = "permission", value_name = "NAME", required = true)]
    permissions: Vec<String>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    form: FormArgs,
}

pub(super) fn what(args: &WhatArgs) -> Result<Exit, CliError> {
    let source = args.source.open()?;
    let directory = source.directory()?;
    let principal = names::principal(&directory, &args.who)?;
    names::kind(directory.catalog(), &args.kind)?;
    let asked = names::permissions(directory.catalog(), &args.kind, &args.permissions)?;
    let mut resources = directory.resources_for(principal, asked);
    if let Some(after) = &args.page.after {
        resources = resources.after(names::resource(&directory, after)?);
    }
    let name = |resource: &ResourceId| name_of(&directory, *resource);
    let row = |resource: &ResourceId| -> Row {
        let owner = directory.owner_of(*resource).and_then(|owner| directory.user_name(owner));
        vec![name(resource).into(), owner.into()]
    };
    args.page.print(args.form.form(), &["resource", "owner"], resources, name, row)?;
    Ok(source.exit())
}

fn name_of(directory: &Directory, resource: ResourceId) -> String {
    directory.resource_name(resource).map(|name| name.to_string()).unwrap_or_default()
}
