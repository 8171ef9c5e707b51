//! The meanings of PostgreSQL's error codes for a journal.

/// The meaning of an SQLSTATE, the five characters that PostgreSQL gives each error.
///
/// ```
/// use entitle::journal::sql::SqlState;
///
/// assert_eq!(SqlState::of("40001"), SqlState::Repeat);
/// assert_eq!(SqlState::of("57P01"), SqlState::OutcomeUnknown);
/// assert_eq!(SqlState::of("22012"), SqlState::Other);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlState {
    /// Nothing was stored, because of another transaction: repeat the whole transaction.
    Repeat,
    /// The connection is gone. A statement that was sent may or may not be applied: connect again and compare the
    /// [append id](super::Append::outcome).
    OutcomeUnknown,
    /// A table or the schema is missing: run the [migrations](super::MIGRATIONS), or set the `search_path`.
    TableMissing,
    /// A column is missing: the tables are of another version.
    ColumnMissing,
    /// The role lacks a permission on a table, a schema or a function.
    NotPermitted,
    /// The server or the transaction takes no writes, as a standby.
    ReadOnly,
    /// The database does not exist.
    DatabaseMissing,
    /// The role does not exist, must not log in, or the password is wrong.
    LoginRefused,
    /// The server takes no more connections.
    TooManyConnections,
    /// A time limit or an administrator ended the statement; nothing was stored.
    Canceled,
    /// The server has no room: its disk or memory is full.
    Full,
    /// The revision has a commit already, although the head is before it: the tables were changed by other means.
    CommitExists,
    /// Any other; nothing was stored.
    Other,
}

impl SqlState {
    /// Returns the meaning of a code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "40001" | "40P01" => Self::Repeat,
            "40003" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => Self::OutcomeUnknown,
            "42P01" | "3F000" => Self::TableMissing,
            "42703" => Self::ColumnMissing,
            "42501" => Self::NotPermitted,
            "25006" => Self::ReadOnly,
            "3D000" => Self::DatabaseMissing,
            "53300" => Self::TooManyConnections,
            "57014" | "55P03" => Self::Canceled,
            "23505" => Self::CommitExists,
            _ => Self::of_class(code.get(..2).unwrap_or_default()),
        }
    }

    fn of_class(class: &str) -> Self {
        match class {
            "08" => Self::OutcomeUnknown,
            "28" => Self::LoginRefused,
            "53" => Self::Full,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what is known to be without effect may be repeated blindly.
    #[test]
    fn a_lost_connection_is_never_a_plain_error() {
        for code in ["08000", "08003", "08006", "08P01", "40003", "57P01", "57P02", "57P03", "57P05", "25P03"]
        {
            assert_eq!(SqlState::of(code), SqlState::OutcomeUnknown, "{code}");
        }
        for code in ["40001", "40P01"] {
            assert_eq!(SqlState::of(code), SqlState::Repeat, "{code}");
        }
        for code in ["", "0", "é1", "40002", "25P02", "XX000", "23502"] {
            assert_eq!(SqlState::of(code), SqlState::Other, "{code}");
        }
    }
}
