//! What setup consists of, one thing after the other.

use std::fmt;

use pinfold_acl::Sid;
use pinfold_plan::windows::accounts::{self, RIGHTS, Use};

/// Something that is there or not, and right or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    /// The directory of the marker.
    Directory,
    /// The group of both accounts.
    Group,
    /// An account, disabled or not.
    Account(Use),
    /// An account's membership in our group.
    Member(Use),
    /// An account's membership in that of all users.
    User(Use),
    /// A right of the group, or a denial.
    Right(&'static str),
    /// That the logon screen does not show an account.
    Hidden(Use),
    /// What is left of somebody who is gone.
    Former(Sid),
    /// A rule of the firewall, by its place among the planned ones.
    Rule(usize),
    /// Rules of ours that are not planned any more, or there twice.
    OtherRules,
    /// Provider, sublayer and filters.
    Filters,
    /// That one can log on to an account.
    Enabled(Use),
    /// That everything is done.
    Marker,
}

/// How many rules are planned, with a gate and without.
pub(crate) const RULES: usize = 4;

impl Thing {
    /// What there is before one can log on to an account, in the order in which it is made.
    pub(crate) fn before_enabling(former: impl IntoIterator<Item = Sid>) -> Vec<Self> {
        let of_each = |make: fn(Use) -> Self| Use::ALL.map(make);
        let mut things = vec![Self::Directory, Self::Group];
        things.extend(of_each(Self::Account));
        things.extend(of_each(Self::Hidden));
        things.extend(RIGHTS.map(Self::Right));
        things.extend(of_each(Self::Member));
        things.extend(of_each(Self::User));
        things.extend(former.into_iter().map(Self::Former));
        things.extend((0..RULES).map(Self::Rule));
        things.extend([Self::OtherRules, Self::Filters]);
        things
    }

    /// Everything.
    pub(crate) fn all(former: impl IntoIterator<Item = Sid>) -> Vec<Self> {
        let mut things = Self::before_enabling(former);
        things.extend(Use::ALL.map(Self::Enabled));
        things.push(Self::Marker);
        things
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => out.write_str("the directory of the setup"),
            Self::Group => write!(out, "the group {}", accounts::GROUP),
            Self::Account(used) => write!(out, "the account {}", used.name()),
            Self::Member(used) => write!(out, "the membership of {} in {}", used.name(), accounts::GROUP),
            Self::User(used) => write!(out, "the membership of {} in the group of all users", used.name()),
            Self::Right(right) => write!(out, "the right {right} of {}", accounts::GROUP),
            Self::Hidden(used) => write!(out, "the hiding of {} on the logon screen", used.name()),
            Self::Former(sid) => write!(out, "what is left of {sid}"),
            Self::Rule(place) => write!(out, "rule {} of the firewall", place + 1),
            Self::OtherRules => out.write_str("older rules of the firewall"),
            Self::Filters => out.write_str("the filters of the filtering platform"),
            Self::Enabled(used) => write!(out, "the use of {}", used.name()),
            Self::Marker => out.write_str("the marker of the setup"),
        }
    }
}

#[cfg(test)]
mod tests {
    use pinfold_plan::windows::firewall::rules;

    use super::*;

    #[test]
    fn every_rule_is_a_thing() {
        assert_eq!(rules(&Sid::USERS, None).len(), RULES);
        assert_eq!(rules(&Sid::USERS, Some(1)).len(), RULES);
    }
}
