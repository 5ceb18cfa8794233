//! Runs under an account of their own, as a whole: only the logon is left out, as nobody can log on under Wine. The runner is
//! the caller's, and everything else is what is released.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use pinfold_tests::{Listener, eventually};
use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::room::{Ended, Room};

/// Ten minutes: no test lasts as long.
const LATE_MS: &str = "600000";

/// Waits until a command of the room has left this file.
fn until_there(room: &Room, file: &str) {
    assert!(eventually_slowly(|| room.has(file)), "{file} does not appear");
}

/// A process of Wine may take seconds to begin.
fn eventually_slowly(mut is_so: impl FnMut() -> bool) -> bool {
    (0..12).any(|_| eventually(&mut is_so))
}

#[test]
fn the_command_is_started_by_a_runner() {
    let Some(room) = Room::with_accounts() else { return };
    let plan: Value = serde_json::from_str(&room.pinfold(["plan", "--json"]).go().ok()).expect("JSON");
    assert_eq!(plan["identity"], "offline", "{plan}");
    let run = room.run(&["late", "5000", &room.native("late")]).start();
    assert!(eventually_slowly(|| room.runner().is_some()), "there is no runner");
    run.wait().ends_with(0);
    assert!(room.has("late"));
    assert_eq!(room.runner(), None, "it has ended with its run");
}

#[test]
fn words_arrive_as_they_were_written_and_exit_codes_come_back_whole() {
    let Some(room) = Room::with_accounts() else { return };
    let hard = ["", "a b", r#"c"d"#, r"ends with \", r#"\\"\"#, "%PATH%", "^&|<>()!", "grüße 日本 🦆"];
    let text = room.run(&[&["words"], &hard[..]].concat()).go().ok();
    assert_eq!(text.lines().collect::<Vec<_>>(), hard);
    for code in [7, 125, 4711, 0xc000_0005] {
        room.run(&["exit", &code.to_string()]).go().ends_with(code);
    }
}

#[test]
fn a_large_input_goes_in_and_comes_out_byte_by_byte() {
    let Some(room) = Room::with_accounts() else { return };
    let input: Vec<u8> = (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for flags in [&[][..], &["--limit", "output=1GiB"]] {
        let ended = room.run_with(flags, &["pass"]).input(input.clone()).go().ends_with(0);
        assert!(ended.stdout == input, "{} bytes of {} came out", ended.stdout.len(), input.len());
    }
    assert_eq!(room.run(&["pass"]).go().ok(), "", "no input is its end");
}

#[test]
fn output_and_errors_stay_apart() {
    let Some(room) = Room::with_accounts() else { return };
    let ended = room.run(&["both"]).go().ends_with(0).says("to err\n");
    assert_eq!(ended.text(), "to out");
    assert!(!ended.stderr.contains("to out"), "{ended}");
}

#[test]
fn a_program_that_is_nowhere_is_127_and_the_message_names_it() {
    let Some(room) = Room::with_accounts() else { return };
    room.pinfold(["run", "--best-effort", "--", "no-such-program"]).go().ends_with(127).says("no-such-program");
}

#[test]
fn the_environment_is_the_one_of_a_run_without_an_account_and_nothing_of_the_runners() {
    let (Some(with), Some(without)) = (Room::with_accounts(), Room::new()) else { return };
    let of = |room: &Room| -> BTreeMap<String, String> {
        let call = room.run(&["environment"]).variable("SECRET_TOKEN", "sesame").variable("LANG", "de_DE.UTF-8");
        let root = room.native("");
        let text = call.go().ok().replace(root.trim_end_matches('\\'), "ROOT");
        let variables = text.lines().filter(|line| !line.starts_with('=')).filter_map(|line| line.split_once('='));
        variables.map(|(name, value)| (name.to_uppercase(), value.to_owned())).collect()
    };
    let (mut found, bare) = (of(&with), of(&without));
    assert_eq!(found.get("LANG").map(String::as_str), Some("de_DE.UTF-8"));
    // That there is no network can be promised here only.
    for name in ["CARGO_NET_OFFLINE", "UV_OFFLINE", "NPM_CONFIG_OFFLINE"] {
        assert_eq!(found.remove(name).as_deref(), Some("true"), "{name}");
    }
    let workspace = |values: BTreeMap<String, String>| format!("{values:#?}").split("workspaces").count();
    assert_eq!(found.keys().collect::<Vec<_>>(), bare.keys().collect::<Vec<_>>());
    assert_eq!(workspace(found), workspace(bare));
}

#[test]
fn limits_end_the_command_and_its_children() {
    let Some(room) = Room::with_accounts() else { return };
    let late = room.native("late");
    let run = room.run_with(&["--limit", "wall-time=6s"], &["with-late", LATE_MS, &late, "wait"]);
    run.go().ends_with(124).says("limits.wall-time");
    assert!(room.has("late.began"), "it had no time to begin");
    assert!(eventually(|| room.processes("late").is_empty()), "a child lives on");
    let ended = room.run_with(&["--limit", "output=1MiB"], &["flood"]).go().ends_with(124).says("limits.output");
    assert!(ended.stdout.len() <= 1 << 20, "{} bytes came out", ended.stdout.len());
    let refused: Vec<_> = room.events().into_iter().filter(|event| event["kind"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["name"], "limits.output");
}

#[test]
fn a_child_that_is_left_behind_does_not_survive_the_run() {
    let Some(room) = Room::with_accounts() else { return };
    room.run(&["with-late", LATE_MS, &room.native("inside")]).go().ok();
    assert!(room.has("inside.began"));
    assert_eq!(room.processes(&room.native("inside")), [0_u32; 0]);
}

#[test]
fn a_killed_supervisor_takes_runner_command_and_children_along() {
    let Some(room) = Room::with_accounts() else { return };
    let run = room.run(&["with-late", LATE_MS, &room.native("late"), "wait"]).start();
    until_there(&room, "late.began");
    assert!(room.runner().is_some());
    kill_process(room.supervisor().expect("pinfold runs"), Signal::KILL).expect("it can be killed");
    drop(run.wait());
    let gone = || room.processes(&room.native("late")).is_empty() && room.runner().is_none();
    assert!(eventually(gone), "still there: {:?} {:?}", room.processes(&room.native("late")), room.runner());
    room.run(&["exit", "0"]).go().ok();
}

#[test]
fn a_killed_runner_takes_the_command_along_and_is_an_error_that_is_told() {
    let Some(room) = Room::with_accounts() else { return };
    let run = room.run(&["with-late", LATE_MS, &room.native("late"), "wait"]).start();
    until_there(&room, "late.began");
    kill_process(room.runner().expect("a runner"), Signal::KILL).expect("it can be killed");
    run.wait().ends_with(125).says("how the command ended is not known");
    assert_eq!(room.processes(&room.native("late")), [0_u32; 0]);
    let last = room.events().pop().expect("an end");
    assert_eq!((last["kind"].as_str(), last["code"].as_i64()), (Some("end"), Some(125)), "{last}");
}

#[test]
fn the_record_is_whole_and_what_appeared_is_moved_away() {
    let Some(room) = Room::with_accounts() else { return };
    room.write("home/project/do.cmd", "@echo x> .envrc\r\n@exit 7\r\n");
    let ended = room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "do.cmd"]).go();
    ended.ends_with(7).says(".envrc").says("quarantine");
    assert!(!room.has("home/project/.envrc"));
    let events = room.events();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["kind"].as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"start"), Some(&"end")), "{events:?}");
    assert_eq!(events.last().map(|end| end["code"].clone()), Some(7.into()), "{events:?}");
    assert!(kinds.contains(&"quarantined"), "{events:?}");
    let notes = events.iter().filter(|event| event["kind"] == "note").map(ToString::to_string);
    assert!(notes.collect::<String>().contains("not confined"), "that nothing confines it is on record: {events:?}");
    room.pinfold(["log", "verify"]).go().ok();
}

/// A run that waits, and then whether another one may begin beside it.
fn beside(room: &Room, first: &[&str], second: &[&str]) -> Ended {
    let run = room.run_with(first, &["with-late", LATE_MS, &room.native("first"), "wait"]).start();
    until_there(room, "first.began");
    let ended = room.run_with(second, &["exit", "0"]).go();
    kill_process(room.supervisor().expect("pinfold runs"), Signal::KILL).expect("it can be killed");
    drop(run.wait());
    ended
}

#[test]
fn runs_without_a_network_share_their_way_out_and_one_with_rules_has_it_alone() {
    const RULES: [&str; 2] = ["--allow-host", "allowed.example"];
    for (first, second, together) in [(&[][..], &[][..], true), (&[], &RULES, false), (&RULES, &[], false)] {
        let Some(room) = Room::with_accounts() else { return };
        let ended = beside(&room, first, second);
        match together {
            true => drop(ended.ends_with(0)),
            false => drop(ended.ends_with(125).says("another run is in the way")),
        }
        // Whoever was killed holds nothing.
        room.run_with(second, &["exit", "0"]).go().ends_with(0);
    }
}

#[test]
fn by_the_gate_an_allowed_host_is_reached_and_another_is_not() {
    let Some(room) = Room::with_accounts() else { return };
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let [allowed, other] = ["allowed\n", "other\n"].map(|says| Listener::tcp(loopback, says).expect("a port"));
    let [to, elsewhere] = [&allowed, &other].map(|listener| format!("127.0.0.1:{}", listener.port));
    // The control: under Wine nothing keeps anybody from either.
    for (address, says) in [(&to, "allowed"), (&elsewhere, "other")] {
        assert_eq!(room.bare(&["directly", address]).go().ok(), says);
    }
    let host = format!("host.pinfold.internal:{}", allowed.port);
    let (flags, port) = (["--allow-host", &to, "--host-port"], allowed.port.to_string());
    let flags = [&flags[..], &[&port]].concat();
    for address in [&to, &host] {
        let text = room.run_with(&flags, &["by-proxy", address]).go().ok();
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("allowed"), "{address}: {text}");
    }
    for address in [&elsewhere, "elsewhere.example:443"] {
        let text = room.run_with(&flags, &["by-proxy", address]).go().ok();
        assert!(text.starts_with("HTTP/1.1 403") && !text.contains("other"), "{address}: {text}");
    }
    let connects: Vec<_> = room.events().into_iter().filter(|event| event["kind"] == "connect").collect();
    assert_eq!(connects.len(), 1, "{connects:?}");
    assert_eq!((&connects[0]["host"], &connects[0]["verdict"]["allow"]), (&"elsewhere.example".into(), &false.into()));
    assert_eq!((allowed.calls(), other.calls()), (3, 1));
}
