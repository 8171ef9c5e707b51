//! The clauses of D that a test may leave out, to prove that a property finds it.

/// A clause that is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// D5: that what is taken must be had.
    Taking,
    /// D7: that what is given by an exception goes to others.
    NotForOneself,
    /// D8: that nothing is given for longer than it is had.
    NotLonger,
    /// D9: that a group gives what the groups give that it is nested in.
    OuterGroups,
    /// D9: that a group gives what the groups give that it is a manager of.
    ManagedGroups,
    /// D10: that an owner gets what the groups give that include the owner.
    OwnersGroups,
    /// D10: that what passes must be had.
    Passing,
    /// D13: that a key makes no key with a scope beyond its own.
    ScopesOfKeys,
}
