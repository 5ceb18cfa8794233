//! Decisions that follow from what Microsoft says, one by one: what Samba does not know, and what sandboxes have failed at.

use pinfold_acl::{
    Access, Ace, Acl, Child, Denied, Descriptor, Group, Inherit, Label, Layer, Level, Privileges, Restriction, Sid,
    Token, check, inherited, most,
};

const NOTHING: Inherit = Inherit::NOTHING;

fn user() -> Sid {
    Sid::new(5, &[21, 1, 2, 3, 1001]).expect("an identifier")
}

fn sandbox() -> Sid {
    Sid::new(5, &[21, 9, 9, 9, 9]).expect("an identifier")
}

fn owned_by_user(entries: impl IntoIterator<Item = Ace>) -> Descriptor {
    Descriptor::new(user(), Sid::USERS, Some(Acl::canonical(entries)))
}

fn users_own() -> Descriptor {
    owned_by_user([Ace::allow(user(), Access::FILE_ALL, NOTHING)])
}

fn by(result: Result<Access, Denied>) -> Option<Layer> {
    result.err().map(|denied| denied.by)
}

#[test]
fn who_is_for_denials_only_is_given_nothing() {
    let file = owned_by_user([
        Ace::allow(Sid::ADMINISTRATORS, Access::FILE_ALL, NOTHING),
        Ace::deny(Sid::USERS, Access::FILE_READ_DATA, NOTHING),
        Ace::allow(Sid::EVERYONE, Access::FILE_GENERIC_READ, NOTHING),
    ]);
    let other = Sid::new(5, &[21, 1, 2, 3, 1002]).expect("an identifier");
    let token = |administrators, users| {
        let groups = [administrators, users, Group::enabled(Sid::EVERYONE)];
        groups.into_iter().fold(Token::new(other.clone()), Token::with_group)
    };
    let member = token(Group::enabled(Sid::ADMINISTRATORS), Group::enabled(Sid::SYSTEM));
    assert!(check(&member, &file, Access::DELETE).is_ok());
    let filtered = token(Group::deny_only(Sid::ADMINISTRATORS), Group::deny_only(Sid::USERS));
    assert_eq!(by(check(&filtered, &file, Access::DELETE)), Some(Layer::Groups));
    assert!(check(&filtered, &file, Access::FILE_READ_ATTRIBUTES).is_ok());
    assert_eq!(by(check(&filtered, &file, Access::FILE_READ_DATA)), Some(Layer::Groups), "denials count");
}

#[test]
fn an_owner_for_denials_only_is_none() {
    let token = Token { user: Group::deny_only(user()), ..Token::new(user()) };
    assert_eq!(most(&token, &users_own()), Access::NONE);
    assert!(most(&Token::new(user()), &owned_by_user([])).holds(Access::WRITE_DAC), "an owner can always help himself");
}

#[test]
fn an_entry_about_owners_takes_their_rights() {
    let file = owned_by_user([Ace::allow(Sid::OWNER_RIGHTS, Access::FILE_GENERIC_READ, NOTHING)]);
    assert_eq!(most(&Token::new(user()), &file), Access::FILE_GENERIC_READ);
}

#[test]
fn a_restricted_token_needs_both_lists() {
    let token = Token::new(user()).restricted([sandbox()]);
    assert_eq!(most(&token, &users_own()), Access::NONE);
    let shared = owned_by_user([
        Ace::allow(user(), Access::FILE_ALL, NOTHING),
        Ace::allow(sandbox(), Access::FILE_GENERIC_READ, NOTHING),
    ]);
    assert_eq!(most(&token, &shared), Access::FILE_GENERIC_READ);
}

/// Removing is not writing in the narrow meaning, so that such a token removes what it cannot write.
#[test]
fn a_token_restricted_in_writing_may_still_remove() {
    let narrow = Token::new(user()).write_restricted([sandbox()]);
    assert!(check(&narrow, &users_own(), Access::GENERIC_READ | Access::GENERIC_EXECUTE).is_ok());
    assert_eq!(by(check(&narrow, &users_own(), Access::FILE_APPEND_DATA)), Some(Layer::Restriction));
    let removing = Access::DELETE | Access::FILE_DELETE_CHILD;
    assert!(check(&narrow, &users_own(), removing).is_ok());
    let wide = Token::new(user()).restricted_about([sandbox()], Restriction::WRITES_AT_MOST);
    assert_eq!(by(check(&wide, &users_own(), removing)), Some(Layer::Restriction));
    assert!(check(&wide, &users_own(), Access::GENERIC_READ | Access::GENERIC_EXECUTE).is_ok());
}

#[test]
fn a_denial_to_the_restricting_identifier_counts_for_it_alone() {
    let directory = owned_by_user([
        Ace::allow(user(), Access::FILE_ALL, Inherit::ALL),
        Ace::allow(sandbox(), Access::FILE_ALL, Inherit::ALL),
        Ace::deny(sandbox(), Access::FILE_GENERIC_WRITE | Access::DELETE, Inherit::ALL),
    ]);
    let token = Token::new(user()).restricted_about([sandbox()], Restriction::WRITES_AT_MOST);
    assert_eq!(by(check(&token, &directory, Access::FILE_WRITE_DATA)), Some(Layer::Restriction));
    assert!(check(&token, &directory, Access::FILE_GENERIC_READ).is_ok());
    assert!(check(&Token::new(user()), &directory, Access::FILE_ALL).is_ok());
}

#[test]
fn lower_integrity_neither_writes_nor_removes() {
    let low = Token { level: Level::LOW, ..Token::new(user()) };
    for wanted in [Access::FILE_WRITE_DATA, Access::DELETE, Access::WRITE_DAC, Access::FILE_DELETE_CHILD] {
        assert_eq!(by(check(&low, &users_own(), wanted)), Some(Layer::Integrity), "{wanted:?}");
    }
    assert!(check(&low, &users_own(), Access::GENERIC_READ | Access::GENERIC_EXECUTE).is_ok());
    let secret = Label { no_read_up: true, ..Label::DEFAULT };
    let secret = Descriptor { label: Some(secret), ..users_own() };
    assert_eq!(by(check(&low, &secret, Access::FILE_READ_DATA)), Some(Layer::Integrity));
    let own = Descriptor { label: Some(Label { level: Level::LOW, ..Label::DEFAULT }), ..users_own() };
    assert!(check(&low, &own, Access::FILE_ALL).is_ok());
}

#[test]
fn privileges_are_beyond_lists() {
    let closed = Descriptor::new(Sid::SYSTEM, Sid::SYSTEM, Some(Acl::default()));
    let with = |privileges| Token { privileges, ..Token::new(user()).restricted([sandbox()]) };
    let owner = Privileges { take_ownership: true, ..Privileges::default() };
    assert!(check(&with(owner), &closed, Access::WRITE_OWNER).is_ok());
    assert_eq!(by(check(&with(owner), &closed, Access::SYSTEM_SECURITY)), Some(Layer::Privilege));
    let low = Token { level: Level::LOW, ..with(owner) };
    assert_eq!(by(check(&low, &closed, Access::WRITE_OWNER)), Some(Layer::Integrity));
    let security = Privileges { security: true, ..Privileges::default() };
    assert!(check(&with(security), &closed, Access::SYSTEM_SECURITY).is_ok());
}

#[test]
fn without_a_list_everything_is_given_and_with_an_empty_one_nothing() {
    let nobody = Token::new(sandbox());
    let open = Descriptor { dacl: None, ..users_own() };
    assert!(check(&nobody, &open, Access::GENERIC_ALL).is_ok());
    assert!(check(&nobody, &owned_by_user([]), Access::MAXIMUM_ALLOWED).is_err());
}

#[test]
fn lists_are_in_canonical_order_and_what_is_inherited_stays_as_it_came() {
    let from_above = Inherit { inherited: true, ..NOTHING };
    let entries = [
        Ace::allow(user(), Access::FILE_ALL, from_above),
        Ace::allow(user(), Access::FILE_ALL, NOTHING),
        Ace::deny(sandbox(), Access::DELETE, from_above),
        Ace::deny(sandbox(), Access::DELETE, NOTHING),
    ];
    assert!(!Acl(entries.to_vec()).is_canonical());
    let [allow_above, allow, deny_above, deny] = entries.clone();
    let ordered = Acl::canonical(entries);
    assert_eq!(ordered.0, [deny, allow, allow_above, deny_above]);
    assert!(ordered.is_canonical());
}

#[test]
fn children_inherit_as_their_kind_does() {
    let files = Inherit { files: true, only: true, ..NOTHING };
    let once = Inherit { not_further: true, ..Inherit::ALL };
    let parent = Acl::canonical([
        Ace::allow(user(), Access::GENERIC_READ, NOTHING),
        Ace::allow(Sid::EVERYONE, Access::FILE_READ_DATA, files),
        Ace::allow(Sid::USERS, Access::FILE_EXECUTE, once),
        Ace::allow(Sid::CREATOR_OWNER, Access::GENERIC_ALL, Inherit::ALL),
    ]);
    let from_above = Inherit { inherited: true, ..NOTHING };
    let file = inherited(&parent, Child::File, &user(), &Sid::USERS);
    let expected = [
        Ace::allow(Sid::EVERYONE, Access::FILE_READ_DATA, from_above),
        Ace::allow(Sid::USERS, Access::FILE_EXECUTE, from_above),
        Ace::allow(user(), Access::FILE_ALL, from_above),
    ];
    assert_eq!(file.0, expected);
    let directory = inherited(&parent, Child::Directory, &user(), &Sid::USERS);
    let passed_on = |inherit| Inherit { inherited: true, only: true, ..inherit };
    let expected = [
        Ace::allow(Sid::EVERYONE, Access::FILE_READ_DATA, passed_on(files)),
        Ace::allow(Sid::USERS, Access::FILE_EXECUTE, from_above),
        Ace::allow(user(), Access::FILE_ALL, from_above),
        Ace::allow(Sid::CREATOR_OWNER, Access::GENERIC_ALL, passed_on(Inherit::ALL)),
    ];
    assert_eq!(directory.0, expected);
    // One more level down the same holds: nothing gets lost on the way.
    let deeper = inherited(&directory, Child::File, &sandbox(), &Sid::USERS);
    let expected = [
        Ace::allow(Sid::EVERYONE, Access::FILE_READ_DATA, from_above),
        Ace::allow(sandbox(), Access::FILE_ALL, from_above),
    ];
    assert_eq!(deeper.0, expected);
}

#[test]
fn an_entry_for_everything_below_stays_one_entry() {
    let parent = Acl::canonical([Ace::allow(sandbox(), Access::FILE_ALL, Inherit::ALL)]);
    let directory = inherited(&parent, Child::Directory, &user(), &Sid::USERS);
    assert_eq!(directory.0, [Ace::allow(sandbox(), Access::FILE_ALL, Inherit { inherited: true, ..Inherit::ALL })]);
}
