//! What the command finds in its environment.

use std::collections::BTreeMap;

use crate::room::Room;

/// Names in capitals, as their case does not count; each is there once.
fn environment(room: &Room, flags: &[&str]) -> BTreeMap<String, String> {
    let call = room.run_with(flags, &["environment"]);
    let call = call.variable("SECRET_TOKEN", "sesame").variable("Wanted_One", "yes").variable("LANG", "de_DE.UTF-8");
    let text = call.go().ok();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('=')) {
        let (name, value) = line.split_once('=').expect("a variable");
        let before = found.insert(name.to_uppercase(), value.to_owned());
        assert_eq!(before, None, "{name} is there twice");
    }
    found
}

#[test]
fn only_what_the_policy_lets_in_arrives() {
    let Some(room) = Room::new() else { return };
    let found = environment(&room, &[]);
    assert_eq!(found.get("LANG").map(String::as_str), Some("de_DE.UTF-8"), "{found:?}");
    for name in ["SECRET_TOKEN", "WANTED_ONE", "USERDOMAIN"] {
        assert!(!found.contains_key(name), "{name} arrived");
    }
    for name in ["SYSTEMROOT", "COMSPEC", "PATH", "PATHEXT"] {
        assert!(found.contains_key(name), "{name} is missing, and few programs start without: {found:?}");
    }
}

#[test]
fn a_variable_that_is_asked_for_arrives_whatever_its_case() {
    let Some(room) = Room::new() else { return };
    let found = environment(&room, &["--env", "WANTED_ONE", "--env", "lang=of the flag"]);
    assert_eq!(found.get("WANTED_ONE").map(String::as_str), Some("yes"));
    assert_eq!(found.get("LANG").map(String::as_str), Some("of the flag"));
}

#[test]
fn of_names_that_differ_only_in_case_one_arrives() {
    let Some(room) = Room::new() else { return };
    let twice = |call: crate::room::Call<'_>| {
        let text = call.variable("Twice", "a").variable("TWICE", "b").go().ok();
        text.lines().filter(|line| line.to_uppercase().starts_with("TWICE=")).count()
    };
    // The control: under Wine they are two for whoever calls.
    assert_eq!(twice(room.bare(&["environment"])), 2);
    assert_eq!(twice(room.run_with(&["--env", "twice"], &["environment"])), 1);
}

#[test]
fn home_and_temporary_directory_are_the_runs_own() {
    let Some(room) = Room::new() else { return };
    let found = environment(&room, &[]);
    let below = room.native("local/pinfold/workspaces");
    for name in ["USERPROFILE", "HOME", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP"] {
        let place = found.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(place.starts_with(&below), "{name} is {place}");
    }
    assert_eq!(found["USERPROFILE"], format!("{}{}", found["HOMEDRIVE"], found["HOMEPATH"]));
    // It is there, and it is not the caller's.
    room.pinfold(["run", "--best-effort", "--", "cmd", "/c", r"echo x> %TEMP%\x"]).go().ok();
    assert!(!room.has("home/AppData"));
}
