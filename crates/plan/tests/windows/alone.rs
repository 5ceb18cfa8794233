//! The places that one mechanism keeps alone, against the model: take that one away, and they are open; take the other one
//! away, and they are shut.

use pinfold_acl::{Access, Descriptor, Group, Layer, Level, Restriction, Sid, Token, check};
use pinfold_plan::windows::alone::{Alone, Deed, Dress, Place, places};
use pinfold_plan::windows::{Identity, Plan};
use pinfold_plan::{Host, Kind};

use crate::machines::{PRIVATE, accounts, machine, plan, policy};
use crate::world::user;

/// What Microsoft may mean by write access.
const READINGS: [Access; 3] = [Restriction::WRITES_AT_LEAST, Restriction::WRITES_AT_MOST, Restriction::EVERYTHING];

fn plans() -> [Plan; 2] {
    let policy = policy("files.write = ['@home', '@temp']\n");
    let paths = policy.layout().map(|area| (area.path.clone(), Kind::Directory)).collect();
    let host = Host { paths, private_home: PRIVATE[0].into(), private_temp: PRIVATE[1].into(), ..Host::default() };
    [None, Some(accounts())].map(|accounts| plan(&policy, &host, machine(accounts)).expect("a plan"))
}

/// Whoever the command is taken from, who makes the places as well.
fn maker(plan: &Plan) -> Token {
    match plan.identity {
        Identity::Caller => Token::new(user()).with_group(Group::enabled(Sid::USERS)),
        Identity::Offline | Identity::Online => {
            let groups = [Sid::USERS, accounts().group].map(Group::enabled);
            groups.into_iter().fold(Token::new(accounts().offline), Token::with_group)
        }
    }
    .with_group(Group::enabled(Sid::EVERYONE))
}

fn descriptor(dress: &Dress, maker: &Token) -> Descriptor {
    let owner = maker.user.sid.clone();
    let label = Some(dress.label);
    Descriptor { label, protected: true, ..Descriptor::new(owner.clone(), owner, Some(dress.dacl.clone())) }
}

/// Who says no to a deed, if anybody does. A file is removed by the right to it or by that of its directory (MS-FSA
/// 2.1.5.1.2.1).
fn refused(place: &Place, deed: Deed, token: &Token, maker: &Token) -> Option<Layer> {
    let by = |dress, access| check(token, &descriptor(dress, maker), access).err().map(|denied| denied.by);
    let directory = |access| by(&place.directory, access);
    let removed = |file| by(file, Access::DELETE).filter(|_| directory(Access::FILE_DELETE_CHILD).is_some());
    match deed {
        Deed::Write => by(&place.file, Access::FILE_APPEND_DATA),
        Deed::Create => directory(Access::FILE_WRITE_DATA),
        Deed::MakeDirectory => directory(Access::FILE_APPEND_DATA),
        Deed::Rename => removed(&place.file).or(directory(Access::FILE_WRITE_DATA)),
        Deed::Remove => removed(&place.file),
        Deed::RemoveByDirectory => {
            directory(Access::FILE_DELETE_CHILD).filter(|_| by(&place.guarded, Access::DELETE).is_some())
        }
    }
}

/// Calls with the maker, the token of the command and each place with each of its deeds.
fn each(of: impl Fn(&Token, &Token, &Place, Deed)) {
    for plan in plans() {
        let places = places(&plan);
        assert_eq!(places.iter().map(|place| place.kept_by).collect::<Vec<_>>(), KINDS);
        let maker = maker(&plan);
        for token in READINGS.map(|reading| plan.token.taken_from(&maker, reading)) {
            for place in &places {
                place.deeds.iter().for_each(|deed| of(&maker, &token, place, *deed));
            }
        }
    }
}

const KINDS: [Alone; 3] = [Alone::Nothing, Alone::Restriction, Alone::Integrity];

#[test]
fn each_place_is_shut_by_its_own_mechanism_and_the_control_is_open() {
    each(|maker, token, place, deed| {
        let by = match place.kept_by {
            Alone::Nothing => None,
            Alone::Restriction => Some(Layer::Restriction),
            Alone::Integrity => Some(Layer::Integrity),
        };
        assert_eq!(refused(place, deed, token, maker), by, "{:?} {deed:?}", place.kept_by);
    });
}

#[test]
fn without_its_restriction_a_token_is_kept_from_what_integrity_keeps_alone_and_from_nothing_else() {
    each(|maker, token, place, deed| {
        let token = Token { restriction: None, ..token.clone() };
        let shut = (place.kept_by == Alone::Integrity).then_some(Layer::Integrity);
        assert_eq!(refused(place, deed, &token, maker), shut, "{:?} {deed:?}", place.kept_by);
    });
}

#[test]
fn without_its_integrity_a_token_is_kept_from_what_restriction_keeps_alone_and_from_nothing_else() {
    each(|maker, token, place, deed| {
        let token = Token { level: Level::MEDIUM, ..token.clone() };
        let shut = (place.kept_by == Alone::Restriction).then_some(Layer::Restriction);
        assert_eq!(refused(place, deed, &token, maker), shut, "{:?} {deed:?}", place.kept_by);
    });
}

/// What is not demanded: in the narrow meaning of writing a file of low integrity outside is removed, by either right.
#[test]
fn removing_what_restriction_keeps_alone_depends_on_what_writing_means() {
    let [caller, account] = plans();
    let place = |plan: &Plan| places(plan).into_iter().find(|place| place.kept_by == Alone::Restriction);
    let (of_caller, of_account) = (place(&caller).expect("a place"), place(&account).expect("a place"));
    for deed in [Deed::Remove, Deed::RemoveByDirectory] {
        assert!(!of_caller.deeds.contains(&deed) && of_account.deeds.contains(&deed));
        let refused =
            |reading| refused(&of_caller, deed, &caller.token.taken_from(&maker(&caller), reading), &maker(&caller));
        assert_eq!(READINGS.map(refused), [None, Some(Layer::Restriction), Some(Layer::Restriction)]);
    }
}

#[test]
fn whoever_makes_the_places_can_remove_them() {
    each(|maker, _, place, deed| {
        assert_eq!(refused(place, deed, maker, maker), None, "{:?} {deed:?}", place.kept_by);
        assert!(check(maker, &descriptor(&place.directory, maker), Access::DELETE).is_ok());
    });
}
