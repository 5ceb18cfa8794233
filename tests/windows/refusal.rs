//! Where nothing confines, the program as it is released runs nothing.

use serde_json::Value;

use crate::room::{Call, Room};

/// A command whose success is a file.
const PROOF: [&str; 4] = ["--", "cmd", "/c", "echo hi> proof"];

#[test]
fn the_released_program_refuses_to_run_what_nothing_confines() {
    let Some(room) = Room::new() else { return };
    let ended = room.released(["run", "--best-effort"]).words(PROOF).go().ends_with(125);
    assert!(!room.has("home/project/proof"), "the command ran: {ended}");
    for mechanism in ["restricted token", "restricting identifiers by themselves", "integrity by itself", "trial"] {
        assert!(ended.stderr.contains(mechanism), "does not name {mechanism}: {ended}");
    }
    // The control: what refuses is the check, as without it the very same command does its work.
    room.pinfold(["run", "--best-effort"]).words(PROOF).go().ends_with(0).says("NOT CONFINED");
    assert!(room.has("home/project/proof"));
}

#[test]
fn what_starts_commands_unconfined_is_no_part_of_the_released_program() {
    let Some(room) = Room::new() else { return };
    let [released, plumbing] = room.programs();
    // What the other one would say, and where it would look for accounts that nobody has set up.
    for words in ["NOT CONFINED, in a build for tests", "PINFOLD_PLUMBING_SETUP"] {
        let has_words = |program: &[u8]| program.windows(words.len()).any(|window| window == words.as_bytes());
        assert!(!has_words(&released), "{words}");
        assert!(has_words(&plumbing), "the control: {words}");
    }
}

#[test]
fn the_released_program_knows_of_no_accounts_that_a_test_has_made_up() {
    let Some(room) = Room::with_accounts() else { return };
    let identity = |call: Call<'_>| {
        let plan: Value = serde_json::from_str(&call.words(["plan", "--json"]).go().ok()).expect("JSON");
        plan["identity"].as_str().map(str::to_owned)
    };
    assert_eq!(identity(room.released::<&str>([])).as_deref(), Some("caller"));
    assert_eq!(identity(room.pinfold::<&str>([])).as_deref(), Some("offline"), "the control");
    room.released(["run", "--best-effort"]).words(PROOF).go().ends_with(125).says("restricted token");
    assert!(!room.has("home/project/proof"));
}

#[test]
fn promises_that_nothing_keeps_are_refused_before_anything_is_tried() {
    let Some(room) = Room::new() else { return };
    for call in [room.released(["run"]), room.pinfold(["run"])] {
        call.words(PROOF).go().ends_with(125).says("denied files are hidden").says("--best-effort");
        assert!(!room.has("home/project/proof"));
    }
}

#[test]
fn a_refused_run_is_on_record_and_leaves_nothing_behind() {
    let Some(room) = Room::new() else { return };
    room.released(["run", "--best-effort"]).words(PROOF).go().ends_with(125);
    let last = room.events().pop().expect("an end");
    assert_eq!((last["kind"].as_str(), last["code"].as_i64()), (Some("end"), Some(125)), "{last}");
    let checks = std::fs::read_dir(room.path("local/pinfold/windows/checks")).expect("the place of trials");
    assert_eq!(checks.count(), 0);
}

#[test]
fn places_among_pinfolds_own_files_are_opened_to_nobody() {
    let Some(room) = Room::new() else { return };
    room.write(r"local/pinfold/ledger/mine", "");
    room.write(r"local/beside/mine", "");
    let [state, ledger, beside] =
        ["local/pinfold", "local/pinfold/ledger", "local/beside"].map(|path| room.native(path));
    let run = |flag: &str, path: &str| room.pinfold(["run", "--best-effort", flag, path]).words(PROOF).go();
    run("--write", &state).ends_with(125).says("would be writable inside");
    run("--write", &ledger).ends_with(125).says("is pinfold's own").says("decides about other runs");
    run("--write", &ledger.to_uppercase()).ends_with(125).says("is pinfold's own");
    run("--workspace", &ledger).ends_with(125).says("is pinfold's own");
    assert!(!room.has("home/project/proof"));
    // The control: what lies beside it may be opened.
    run("--write", &beside).ends_with(0);
    assert!(room.has("home/project/proof"));
}

#[test]
fn no_use_of_an_identifier_is_left_when_a_run_ends() {
    let Some(room) = Room::new() else { return };
    room.pinfold(["run", "--best-effort"]).words(PROOF).go().ends_with(0);
    let uses = std::fs::read_dir(room.path("local/pinfold/windows/uses")).expect("the place of uses");
    assert_eq!(uses.count(), 0);
}
