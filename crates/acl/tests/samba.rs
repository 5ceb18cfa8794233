//! The decision beside that of Samba, an independent implementation, over random descriptors, tokens and wishes.
//!
//! Samba knows no restricting identifiers, deny-only groups or write restriction, so each case is put to it as often and in
//! such words that it need not: with the restricting identifiers as those of the token, about the restricted rights; and
//! without the entries that allow something to a deny-only group. Left out is what Samba does for itself: rights of backup
//! and restore privileges, entries or a missing list that give [`Access::SYSTEM_SECURITY`], and
//! [`Access::MAXIMUM_ALLOWED`] beside privileges or without a list; and what it cannot be told: an owner who is for denials
//! only, and integrity.
#![cfg(unix)] // Where Samba is.

use std::error::Error;
use std::io::Write;
use std::process::{Command, Stdio};

use pinfold_acl::{
    Access, Ace, AceKind, Acl, Descriptor, GenericMapping, Group, GroupUse, Inherit, Privileges, Restriction, Sid,
    Token, check,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const CASES: usize = 100_000;
const PYTHON: &str = "/usr/bin/python3";

#[derive(Debug, Clone)]
struct Case {
    token: Token,
    file: Descriptor,
    wanted: Access,
}

/// Who may be in a token, or own something.
fn who() -> impl Strategy<Value = Sid> {
    let some = (1..7_u32).prop_map(|number| Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier"));
    prop_oneof![8 => some, 1 => Just(Sid::EVERYONE), 1 => Just(Sid::ADMINISTRATORS)]
}

fn sid() -> impl Strategy<Value = Sid> {
    prop_oneof![9 => who(), 1 => Just(Sid::OWNER_RIGHTS)]
}

/// Few rights meet, and all of them are met.
fn rights() -> impl Strategy<Value = Access> {
    let some = proptest::sample::subsequence((0..21_u32).collect::<Vec<_>>(), 0..6);
    let some = some.prop_map(|bits| Access(bits.into_iter().fold(0, |sum, bit| sum | 1 << bit)));
    let usual = [Access::FILE_GENERIC_READ, Access::FILE_GENERIC_WRITE, Access::FILE_GENERIC_EXECUTE, Access::FILE_ALL];
    prop_oneof![3 => some, 2 => proptest::sample::select(usual.to_vec())]
}

fn acl() -> impl Strategy<Value = Acl> {
    let ace = (any::<bool>(), sid(), rights(), any::<[bool; 5]>()).prop_map(|(allow, sid, access, flags)| {
        let [files, directories, not_further, only, inherited] = flags;
        let inherit = Inherit { files, directories, not_further, only: only && files, inherited };
        Ace { kind: if allow { AceKind::Allow } else { AceKind::Deny }, sid, access, inherit }
    });
    proptest::collection::vec(ace, 0..9).prop_map(Acl)
}

fn token() -> impl Strategy<Value = Token> {
    let group = (who(), any::<bool>()).prop_map(|(sid, deny_only)| match deny_only {
        true => Group::deny_only(sid),
        false => Group::enabled(sid),
    });
    let about = [Restriction::EVERYTHING, Restriction::WRITES_AT_LEAST, Restriction::WRITES_AT_MOST];
    let restriction = (proptest::collection::vec(who(), 1..4), proptest::sample::select(about.to_vec()))
        .prop_map(|(sids, about)| Restriction { sids, about });
    let privileges = any::<[bool; 2]>().prop_map(|[security, take_ownership]| Privileges {
        security,
        take_ownership,
        ..Privileges::default()
    });
    let restriction = proptest::option::of(restriction);
    (who(), proptest::collection::vec(group, 0..5), restriction, privileges).prop_map(
        |(user, groups, restriction, privileges)| Token { groups, restriction, privileges, ..Token::new(user) },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let extra =
        prop_oneof![6 => Just(Access::NONE), 1 => Just(Access::SYSTEM_SECURITY), 1 => Just(Access::GENERIC_READ)];
    let wanted = (rights(), extra).prop_map(|(rights, extra)| rights | extra);
    let wanted = prop_oneof![9 => wanted, 1 => Just(Access::MAXIMUM_ALLOWED)];
    (token(), who(), proptest::option::weighted(0.95, acl()), wanted).prop_map(|(mut token, owner, dacl, wanted)| {
        if wanted == Access::MAXIMUM_ALLOWED {
            token.privileges = Privileges::default();
        }
        let beyond_lists = Access::MAXIMUM_ALLOWED | Access::SYSTEM_SECURITY;
        let dacl = dacl.or_else(|| wanted.meets(beyond_lists).then(Acl::default));
        Case { token, file: Descriptor::new(owner.clone(), owner, dacl), wanted }
    })
}

/// A question to Samba.
fn question(file: &Descriptor, sids: &[Sid], privileges: Privileges, wanted: Access) -> String {
    let bytes = file.to_bytes().expect("a small list");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let sids: Vec<String> = sids.iter().map(Sid::to_string).collect();
    let held = [(privileges.security, "security"), (privileges.take_ownership, "take-ownership"), (true, "-")];
    let held: Vec<&str> = held.iter().filter(|(held, _)| *held).map(|(_, name)| *name).collect();
    format!("{hex} {} {} {}\n", sids.join(","), held.join(","), wanted.0)
}

/// Everybody in a token but the restricting identifiers.
fn everybody(token: &Token) -> impl Iterator<Item = &Group> {
    std::iter::once(&token.user).chain(&token.groups)
}

/// Whether an identifier is in the token, for denials only.
fn is_deny_only(token: &Token, sid: &Sid) -> bool {
    let mut uses = everybody(token).filter(|group| group.sid == *sid).map(|group| group.counts).peekable();
    uses.peek().is_some() && uses.all(|counts| counts == GroupUse::Denials)
}

/// For the groups, and for the restricting identifiers if there are some.
fn questions(Case { token, file, wanted }: &Case) -> impl Iterator<Item = String> {
    let mut told = file.clone();
    if let Some(Acl(entries)) = &mut told.dacl {
        entries.retain(|ace| ace.kind == AceKind::Deny || !is_deny_only(token, &ace.sid));
    }
    let sids: Vec<Sid> = everybody(token).map(|group| group.sid.clone()).collect();
    let wanted = GenericMapping::FILE.map(*wanted);
    let restricted = token.restriction.as_ref().map(|restriction| {
        let about = if wanted == Access::MAXIMUM_ALLOWED { wanted } else { wanted & restriction.about };
        question(file, &restriction.sids, token.privileges, about)
    });
    std::iter::once(question(&told, &sids, token.privileges, wanted)).chain(restricted)
}

/// Samba's answers; nothing where it is not there.
fn ask(questions: &str) -> Result<Option<Vec<Option<Access>>>, Box<dyn Error>> {
    let is_there = Command::new(PYTHON).args(["-c", "import samba"]).stderr(Stdio::null()).status();
    if !is_there.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut samba = Command::new(PYTHON).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = samba.stdin.take().ok_or("no standard input")?;
    let text = questions.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = samba.wait_with_output()?;
    writer.join().map_err(|_| "the writer panicked")??;
    let answers = String::from_utf8(output.stdout)?;
    Ok(Some(answers.lines().map(|line| line.parse().ok().map(Access)).collect()))
}

#[test]
fn samba_decides_the_same() -> Result<(), Box<dyn Error>> {
    let mut runner = TestRunner::deterministic();
    let strategy = case();
    let mut cases = Vec::with_capacity(CASES);
    while cases.len() < CASES {
        let case = strategy.new_tree(&mut runner).map_err(|reason| reason.to_string())?.current();
        if !is_deny_only(&case.token, &case.file.owner) {
            cases.push(case);
        }
    }
    let asked: String = cases.iter().flat_map(questions).collect();
    let Some(answers) = ask(&asked)? else {
        assert!(std::env::var_os("PINFOLD_NO_SKIP").is_none(), "Debian's python3-samba is missing");
        eprintln!("skipped: Debian's python3-samba is missing");
        return Ok(());
    };
    let mut answers = answers.into_iter();
    let (mut granted, mut refused) = (0, 0);
    for case in &cases {
        let expected = expected(case, &mut answers);
        let decided = check(&case.token, &case.file, case.wanted).ok();
        assert_eq!(decided, expected, "{:?}\n{case:#?}", questions(case).collect::<Vec<_>>());
        *(if decided.is_some() { &mut granted } else { &mut refused }) += 1;
    }
    assert!(granted > CASES / 10 && refused > CASES / 10, "the cases are one-sided: {granted} to {refused}");
    Ok(())
}

/// Both answers together: what both grant, or nothing.
fn expected(case: &Case, answers: &mut impl Iterator<Item = Option<Access>>) -> Option<Access> {
    let mut next = || answers.next().expect("an answer to each question");
    let normal = next();
    let Some(restriction) = &case.token.restriction else { return some(case.wanted, normal?) };
    let restricted = next();
    if case.wanted == Access::MAXIMUM_ALLOWED {
        let (normal, restricted) = (normal?, restricted?);
        return some(case.wanted, normal & (restricted | !restriction.about));
    }
    restricted?;
    normal
}

/// Who asks for whatever there is and gets nothing is refused.
fn some(wanted: Access, granted: Access) -> Option<Access> {
    (wanted != Access::MAXIMUM_ALLOWED || !granted.is_empty()).then_some(granted)
}
