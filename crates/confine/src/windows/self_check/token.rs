//! The token as it was made, beside the one that was planned.

use std::collections::BTreeSet;
use std::fmt::Debug;

use pinfold_acl::{Acl, Level, Sid};
use pinfold_plan::windows::Token;

use super::{Breach, Mechanism};

/// What the system says of a token. What it does not say is an error, in its words.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether it has restricting identifiers at all (`IsTokenRestricted`).
    pub restricted: bool,
    /// The restricting identifiers.
    pub restricting: Result<Vec<Sid>, String>,
    /// The user and the groups that count for what allows.
    pub allowing: Result<Vec<Sid>, String>,
    /// The names of all its privileges, whether they count or not.
    pub privileges: Result<Vec<String>, String>,
    /// Its integrity.
    pub integrity: Result<Level, String>,
    /// The list of what is made with it.
    pub default_list: Result<Acl, String>,
}

/// Where they differ.
pub fn differences(planned: &Token, found: &Facts) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut say = |mechanism, wrong: Option<String>| {
        breaches.extend(wrong.map(|wrong| Breach::new(mechanism, wrong)));
    };
    say(Mechanism::RestrictedToken, (!found.restricted).then(|| "the token is not restricted".to_owned()));
    say(Mechanism::RestrictedToken, unequal("identifiers", &planned.restricting, &found.restricting));
    say(Mechanism::Groups, mighty(planned, found));
    say(Mechanism::Privileges, unequal("privileges", &planned.privileges, &found.privileges));
    let integrity = found.integrity.as_ref().map(|level| vec![*level]).map_err(Clone::clone);
    say(Mechanism::Integrity, unequal("integrity", &[planned.integrity], &integrity));
    say(Mechanism::DefaultList, strangers(planned, found));
    breaches
}

fn unequal<T: Ord + Debug>(what: &str, planned: &[T], found: &Result<Vec<T>, String>) -> Option<String> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return Some(format!("its {what} cannot be read back: {error}")),
    };
    let sorted = |items| BTreeSet::<&T>::from_iter(items);
    let (planned, found) = (sorted(planned.iter()), sorted(found.iter()));
    (planned != found).then(|| format!("as {what} it has {found:?}, not {planned:?}"))
}

/// A group that should no longer give anything.
fn mighty(planned: &Token, found: &Facts) -> Option<String> {
    match &found.allowing {
        Err(error) => Some(format!("its groups cannot be read back: {error}")),
        Ok(allowing) => {
            let sid = allowing.iter().find(|sid| planned.deny_only.contains(sid))?;
            Some(format!("{sid} still allows"))
        }
    }
}

/// Somebody to whom what the command makes is open and should not be.
fn strangers(planned: &Token, found: &Facts) -> Option<String> {
    match &found.default_list {
        Err(error) => Some(format!("it cannot be read back: {error}")),
        Ok(list) => {
            let known = |sid: &Sid| planned.default_list.iter().any(|ace| ace.sid == *sid);
            let stranger = list.0.iter().find(|ace| !known(&ace.sid))?;
            Some(format!("it has an entry for {}", stranger.sid))
        }
    }
}

#[cfg(test)]
mod tests {
    use pinfold_acl::{Access, Ace, Inherit};

    use super::*;

    fn planned() -> Token {
        let sid = |number| Sid::new(5, &[21, 7, 7, 7, number]).unwrap();
        Token {
            write_restricted: true,
            least_privilege: true,
            deny_only: vec![Sid::ADMINISTRATORS],
            restricting: vec![sid(1), Sid::EVERYONE],
            privileges: vec!["SeChangeNotifyPrivilege".into()],
            integrity: Level::LOW,
            default_list: vec![Ace::allow(sid(1), Access::GENERIC_ALL, Inherit::NOTHING)],
        }
    }

    fn found() -> Facts {
        let planned = planned();
        Facts {
            restricted: true,
            restricting: Ok(planned.restricting.into_iter().rev().collect()),
            allowing: Ok(vec![Sid::USERS]),
            privileges: Ok(planned.privileges),
            integrity: Ok(Level::LOW),
            default_list: Ok(Acl(planned.default_list)),
        }
    }

    #[test]
    fn what_was_planned_is_accepted() {
        assert_eq!(differences(&planned(), &found()), []);
    }

    #[test]
    fn each_difference_names_what_does_not_hold() {
        let unread = || "it says nothing".to_owned();
        let stranger = Ace::allow(Sid::USERS, Access::GENERIC_ALL, Inherit::NOTHING);
        let cases: Vec<(Mechanism, Facts)> = vec![
            (Mechanism::RestrictedToken, Facts { restricted: false, ..found() }),
            (Mechanism::RestrictedToken, Facts { restricting: Ok(vec![Sid::EVERYONE]), ..found() }),
            (Mechanism::RestrictedToken, Facts { restricting: Err(unread()), ..found() }),
            (Mechanism::Groups, Facts { allowing: Ok(vec![Sid::ADMINISTRATORS]), ..found() }),
            (Mechanism::Groups, Facts { allowing: Err(unread()), ..found() }),
            (Mechanism::Privileges, Facts { privileges: Ok(vec![]), ..found() }),
            (Mechanism::Integrity, Facts { integrity: Ok(Level::MEDIUM), ..found() }),
            (Mechanism::Integrity, Facts { integrity: Err(unread()), ..found() }),
            (Mechanism::DefaultList, Facts { default_list: Ok(Acl(vec![stranger])), ..found() }),
            (Mechanism::DefaultList, Facts { default_list: Err(unread()), ..found() }),
        ];
        for (mechanism, facts) in cases {
            let breaches = differences(&planned(), &facts);
            assert_eq!(breaches.iter().map(|breach| breach.mechanism).collect::<Vec<_>>(), [mechanism], "{facts:?}");
        }
    }
}
