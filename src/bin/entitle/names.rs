//! Names in the arguments, looked up in a directory; an error offers the nearest.

use entitle::authorize::PrincipalName;
use entitle::catalog::{Catalog, KindId, PermissionSet};
use entitle::change::Refusal;
use entitle::report::escape_hidden;
use entitle::{Directory, GroupId, Principal, ResourceId, UserId, nearest_names};

use super::output::CliError;

/// Reads a principal as arguments name it: `ada` or `user:ada` for a user, `key:ci` for a key.
///
/// A name with a colon is written with `user:` or `key:` before it.
pub(super) fn parse_principal(text: &str) -> Result<PrincipalName, String> {
    if text.is_empty() {
        return Err("expected a user such as `ada`, or a key such as `key:ci`".to_owned());
    }
    if !text.contains(':') {
        return Ok(PrincipalName::User(text.to_owned()));
    }
    let wrong = |_| {
        format!("expected `user:NAME` or `key:NAME`: for a user whose name has a colon, write `user:{text}`")
    };
    text.parse().map_err(wrong)
}

/// Finds a user.
pub(super) fn user(directory: &Directory, name: &str) -> Result<UserId, CliError> {
    let users = || directory.users().filter_map(|user| directory.user_name(user));
    directory.user_by_name(name).ok_or_else(|| unknown("user", name, nearest_names(name, users())))
}

/// Finds a group.
pub(super) fn group(directory: &Directory, name: &str) -> Result<GroupId, CliError> {
    let groups = || directory.groups().filter_map(|group| directory.group_name(group));
    directory.group_by_name(name).ok_or_else(|| unknown("group", name, nearest_names(name, groups())))
}

/// Finds a user or a key by a text such as `user:ada`.
pub(super) fn principal(directory: &Directory, name: &PrincipalName) -> Result<Principal, CliError> {
    match name {
        PrincipalName::User(name) => user(directory, name).map(Principal::from),
        PrincipalName::Key(name) => {
            let keys = || directory.keys().filter_map(|key| directory.key_name(key));
            let found = directory.key_by_name(name).map(Principal::from);
            found.ok_or_else(|| unknown("key", name, nearest_names(name, keys())))
        }
        _ => Err(unknown("principal", &name.to_string(), Vec::new())),
    }
}

/// Finds a resource by a text such as `project/churn`.
pub(super) fn resource(directory: &Directory, name: &str) -> Result<ResourceId, CliError> {
    if let Some(resource) = directory.resource_by_name(name) {
        return Ok(resource);
    }
    let Some((kind_name, key)) = name.split_once('/') else {
        let kinds = directory.catalog().kinds();
        return Err(unknown("resource", name, nearest_names(name, kinds)));
    };
    let kind = kind(directory.catalog(), kind_name)?;
    // The kind is right, and would hide how far the rest is off.
    let keys =
        directory.resources_of_kind(kind).filter_map(|resource| directory.resource_name(resource)?.key());
    let near = nearest_names(key, keys).into_iter().map(|key| format!("{kind_name}/{key}"));
    Err(unknown("resource", name, near.collect()))
}

/// Finds a resource, and permissions of its kind.
pub(super) fn resource_and(
    directory: &Directory,
    name: &str,
    permissions: &[String],
) -> Result<(ResourceId, PermissionSet), CliError> {
    let found = resource(directory, name)?;
    let kind = directory.resource_name(found).map(|name| name.kind().to_owned()).unwrap_or_default();
    Ok((found, self::permissions(directory.catalog(), &kind, permissions)?))
}

/// Finds a kind of the catalog.
pub(super) fn kind(catalog: &Catalog, name: &str) -> Result<KindId, CliError> {
    catalog.kind_by_name(name).ok_or_else(|| unknown("kind", name, nearest_names(name, catalog.kinds())))
}

/// Finds permissions of a kind.
pub(super) fn permissions(
    catalog: &Catalog,
    kind: &str,
    names: &[String],
) -> Result<PermissionSet, CliError> {
    if let Some(set) = catalog.permission_set(kind, names.iter().map(String::as_str)) {
        return Ok(set);
    }
    let known: Vec<&str> = catalog.permissions_of(kind).collect();
    let wrong = names.iter().find(|name| !known.contains(&name.as_str()));
    let wrong = wrong.map_or("", String::as_str);
    let (near, wrong) = (did_you_mean(&nearest_names(wrong, known)), escape_hidden(wrong));
    let kind = escape_hidden(kind);
    Err(CliError::InvalidInput(format!("unknown permission `{wrong}` of `{kind}`{near}")))
}

/// Returns the error of a refused batch, with the nearest of the names that it does not know.
pub(super) fn refused(directory: &Directory, refusal: &Refusal) -> String {
    let text = escape_hidden(&refusal.to_string()).into_owned();
    if text.contains("did you mean") {
        return text;
    }
    text + &did_you_mean(&refusal.nearest_names(directory))
}

fn unknown(what: &str, name: &str, nearest: Vec<String>) -> CliError {
    let name = escape_hidden(name);
    CliError::InvalidInput(format!("unknown {what} `{name}`{}", did_you_mean(&nearest)))
}

pub(super) fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let names: Vec<String> = nearest.iter().map(|name| format!("`{}`", escape_hidden(name))).collect();
    format!("; did you mean {}?", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::{PrincipalName, parse_principal};

    #[test]
    fn a_plain_name_is_that_of_a_user() {
        let user = |name: &str| Ok(PrincipalName::User(name.to_owned()));
        assert_eq!(parse_principal("ada"), user("ada"));
        assert_eq!(parse_principal("user:ada"), user("ada"));
        assert_eq!(parse_principal("user:a:b"), user("a:b"));
        assert_eq!(parse_principal("user"), user("user"));
        assert_eq!(parse_principal("-ada"), user("-ada"));
        assert_eq!(parse_principal("key:ci"), Ok(PrincipalName::Key("ci".to_owned())));
        for text in ["a:b", "group:data", ":ada", "User:ada"] {
            let error = parse_principal(text).unwrap_err();
            assert!(error.ends_with(&format!("write `user:{text}`")), "{error}");
        }
        assert!(parse_principal("").is_err());
    }
}
