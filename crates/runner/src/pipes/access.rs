//! Who may open the pipes.

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Label, Level, Sid};

/// What the runner's end for reading is opened with.
pub const READ_END: Access = Access(Access::FILE_READ_DATA.0 | Access::FILE_READ_ATTRIBUTES.0 | Access::SYNCHRONIZE.0);

/// What its end for writing is opened with. To append is not in it: of a pipe, that is the right to make another
/// instance (`FILE_CREATE_PIPE_INSTANCE`).
pub const WRITE_END: Access =
    Access(Access::FILE_WRITE_DATA.0 | Access::FILE_READ_ATTRIBUTES.0 | Access::SYNCHRONIZE.0);

/// What an end of a `windows::Door` is opened with: to read, to write, and to look who else may. Again
/// without the right to make another instance.
pub const VISITOR_END: Access = Access(
    Access::FILE_READ_DATA.0
        | Access::FILE_WRITE_DATA.0
        | Access::FILE_READ_ATTRIBUTES.0
        | Access::READ_CONTROL.0
        | Access::SYNCHRONIZE.0,
);

/// That of a pipe between programs of one user, who may do everything, and nobody else anything. Commands that run as the
/// user have low integrity: the label keeps them from writing and from reading.
pub fn of_user(user: &Sid) -> Descriptor {
    let dacl = Acl::canonical([Ace::allow(user.clone(), Access::FILE_ALL, Inherit::NOTHING)]);
    Descriptor { label: Some(medium()), protected: true, ..Descriptor::new(user.clone(), user.clone(), Some(dacl)) }
}

/// That of a pipe: `caller` may do everything, `account` has `end`, and nobody else anything. The commands of other
/// runs have the same account, but low integrity: the label keeps them from writing and from reading.
pub fn descriptor(caller: &Sid, account: &Sid, end: Access) -> Descriptor {
    let dacl = Acl::canonical([
        Ace::allow(caller.clone(), Access::FILE_ALL, Inherit::NOTHING),
        Ace::allow(account.clone(), end, Inherit::NOTHING),
    ]);
    Descriptor { label: Some(medium()), protected: true, ..Descriptor::new(caller.clone(), caller.clone(), Some(dacl)) }
}

/// Nobody below reads or writes.
fn medium() -> Label {
    Label { level: Level::MEDIUM, no_write_up: true, no_read_up: true, no_execute_up: false, inherit: Inherit::NOTHING }
}

#[cfg(test)]
mod tests {
    use pinfold_acl::{Group, Token, check};

    use super::*;

    fn sid(last: u32) -> Sid {
        Sid::new(5, &[21, 1, 2, 3, last]).unwrap()
    }

    #[test]
    fn the_account_opens_its_end_and_nothing_more() {
        let pipe = descriptor(&sid(1000), &sid(1001), WRITE_END);
        let runner =
            Token::new(sid(1001)).with_group(Group::enabled(Sid::EVERYONE)).with_group(Group::enabled(Sid::USERS));
        assert!(check(&runner, &pipe, WRITE_END).is_ok());
        for more in [Access::FILE_READ_DATA, Access::FILE_APPEND_DATA, Access::WRITE_DAC, Access::DELETE] {
            assert!(check(&runner, &pipe, more).is_err(), "{more:?}");
        }
        assert!(check(&Token::new(sid(1000)), &pipe, Access::FILE_ALL).is_ok());
    }

    #[test]
    fn others_and_confined_commands_of_the_account_open_nothing() {
        for end in [READ_END, WRITE_END] {
            let pipe = descriptor(&sid(1000), &sid(1001), end);
            let stranger = Token::new(sid(1002)).with_group(Group::enabled(Sid::EVERYONE));
            let low = Token { level: Level::LOW, ..Token::new(sid(1001)) };
            for token in [stranger, low] {
                for right in [Access::FILE_READ_DATA, Access::FILE_WRITE_DATA] {
                    assert!(check(&token, &pipe, right).is_err(), "{token:?} {right:?}");
                }
            }
        }
    }

    #[test]
    fn a_token_that_is_restricted_in_writing_does_not_speak_for_the_runner() {
        let pipe = descriptor(&sid(1000), &sid(1001), WRITE_END);
        let token = Token::new(sid(1001)).with_group(Group::enabled(Sid::EVERYONE));
        assert!(check(&token.write_restricted([sid(7), Sid::EVERYONE]), &pipe, Access::FILE_WRITE_DATA).is_err());
    }

    #[test]
    fn programs_of_the_user_visit_each_other_and_nothing_confined_visits_them() {
        let pipe = of_user(&sid(1000));
        assert!(check(&Token::new(sid(1000)), &pipe, VISITOR_END).is_ok());
        let low = Token { level: Level::LOW, ..Token::new(sid(1000)) };
        let strangers = [sid(1001), sid(1002)].map(|sid| Token::new(sid).with_group(Group::enabled(Sid::EVERYONE)));
        for token in strangers.into_iter().chain([low]) {
            for right in [Access::FILE_READ_DATA, Access::FILE_WRITE_DATA, Access::FILE_APPEND_DATA] {
                assert!(check(&token, &pipe, right).is_err(), "{token:?} {right:?}");
            }
        }
        let restricted = Token::new(sid(1000)).write_restricted([sid(7), Sid::EVERYONE]);
        assert!(check(&restricted, &pipe, Access::FILE_WRITE_DATA).is_err());
    }

    #[test]
    fn their_bytes_are_read_as_the_same() {
        for pipe in [descriptor(&sid(1000), &sid(1001), READ_END), of_user(&sid(1000))] {
            assert_eq!(Descriptor::parse(&pipe.to_bytes().unwrap()), Ok(pipe));
        }
    }
}
