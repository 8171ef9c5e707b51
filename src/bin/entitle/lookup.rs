//! `entitle who` and `entitle what`: which users may do something, and what a principal may do it on.

use entitle::Directory;
use entitle::authorize::PrincipalName;

use super::output::{CliError, note};
use super::rows::{Cell, FormArgs, Row, print_rows};
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
    /// Takes the items of a page, and says how to go on if there are more.
    fn take<T>(&self, items: impl Iterator<Item = T>, name: impl Fn(&T) -> String) -> Vec<T> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut items = items;
        let page: Vec<T> = items.by_ref().take(limit).collect();
        if let Some(last) = page.last().filter(|_| page.len() == limit && items.next().is_some()) {
            note(format_args!("there are more: continue with --after '{}'", name(last)));
        }
        page
    }
}

/// List the users who may do something on a resource
#[derive(Debug, clap::Args)]
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
    let name = |user: &_| directory.user_name(*user).unwrap_or_default().to_owned();
    let rows = args.page.take(users, name).into_iter().map(|user| -> Row {
        let seat = directory.seat_of(user);
        let status = directory.status_of(user).map(|status| status.as_str());
        vec![name(&user).into(), seat.and_then(|seat| seat.holds).into(), status.into()]
    });
    print_rows(args.form.form(), &["user", "profile", "status"], rows)?;
    Ok(source.exit())
}

/// List the resources of a kind that a principal may do something on
#[derive(Debug, clap::Args)]
pub(super) struct WhatArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The principal, such as user:ada or key:ci
    #[arg(long, value_name = "PRINCIPAL")]
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
    let name = |resource: &_| name_of(&directory, *resource);
    let rows = args.page.take(resources, name).into_iter().map(|resource| -> Row {
        let owner = directory.owner_of(resource).and_then(|owner| directory.user_name(owner));
        vec![Cell::from(name(&resource)), owner.into()]
    });
    print_rows(args.form.form(), &["resource", "owner"], rows)?;
    Ok(source.exit())
}

fn name_of(directory: &Directory, resource: entitle::ResourceId) -> String {
    directory.resource_name(resource).map(|name| name.to_string()).unwrap_or_default()
}
