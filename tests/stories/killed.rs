//! Whatever is done with stages, and whenever somebody is killed over it: nothing is half done when the next one looks.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use pinfold_tests::{eventually, marked};
use rustix::process::Signal;
use serde_json::Value;

use crate::desk::{Desk, Running};

/// How often somebody is killed, and how long all but the first may take at most.
const TIMES: u64 = 70;
const AT_LEAST: u64 = 15;
const AT_MOST: Duration = Duration::from_secs(18);
/// How long somebody lives at most before it is known how long he would, in milliseconds.
const LIFE_MS: u64 = 250;

/// What a run writes, which is the same where one before it was killed over it.
const WORK: &str = "for i in {1..150}; do printf '%s\\nx\\n' $i > d/$i; done; rm d/7; mkdir -p m; \
                    for i in {1..100}; do echo $i > m/$i; done; mv m n";

/// Whatever can be done with a stage.
const ACTS: [&[&str]; 11] = [
    &["run", "--session", "s", "--", "/bin/bash", "-c"],
    &["run", "--staged", "--", "/bin/bash", "-c"],
    &["apply", "s"],
    &["apply", "s"],
    &["apply", "s"],
    &["undo", "--lose"],
    &["undo", "--lose"],
    &["discard", "s"],
    &["fork", "s", "other"],
    &["restore", "s", "first"],
    &["stages", "--prune", "--older-than", "0s", "--unapplied"],
];

/// Anything below that.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}

#[test]
fn nothing_is_half_done_whoever_is_killed_over_whatever_is_done_with_stages() {
    let desk = Desk::new();
    desk.outside("mkdir d; for i in {1..150}; do echo $i > d/$i; done").ok();
    let root = desk.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let contents = || desk.outside("find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort").ok();
    let stages = || -> Vec<Value> {
        let listed = desk.pinfold(["stages", "--json"]).run().ok();
        serde_json::from_str::<Value>(&listed).expect("JSON").as_array().expect("a list").clone()
    };
    let script = format!("[ -e n ] || {{ {WORK}; }}; : {root}");
    let work = || desk.pinfold(["run", "--session", "s", "--", "/bin/bash", "-c", &script]).run().ok();
    let fresh = || {
        work();
        desk.pinfold(["snapshot", "s", "first"]).run().ok();
    };
    let before = contents();
    fresh();
    desk.pinfold(["apply", "s"]).run().ok();
    let after = contents();
    desk.pinfold(["undo"]).run().ok();
    assert!(before != after && contents() == before);

    let is_taken_over = || [("n", true), ("d/7", false)].map(|(name, is)| desk.workspace().join(name).exists() == is);
    let deadline = Instant::now() + AT_MOST;
    let (mut times, mut lives) = (0, [LIFE_MS; ACTS.len()]);
    let mut history = Vec::new();
    while times < AT_LEAST || times < TIMES && Instant::now() < deadline {
        times += 1;
        if !stages().iter().any(|stage| stage["name"] == "s") {
            fresh();
        }
        let here = contents();
        let number = random(ACTS.len() as u64) as usize;
        let act = ACTS[number];
        let call = desk.pinfold(act);
        let mut running = if act[0] == "run" { call.arguments([&script]).start() } else { call.start() };
        let life = random(lives[number]);
        if matches!(act[0], "apply" | "undo") && random(3) > 0 {
            // What takes moments only would nobody meet by chance: that the workspace is being changed.
            let was = is_taken_over();
            while is_taken_over() == was && !running.has_ended() {}
            std::thread::sleep(Duration::from_micros(random(2000)));
        } else {
            std::thread::sleep(Duration::from_millis(life));
        }
        if !running.has_ended() {
            running.signal(Signal::KILL);
        }
        // So that as many die early as late, however busy the machine is.
        let was_killed = running.wait().code() == 128 + Signal::KILL.as_raw();
        if act[0] == "run" && was_killed {
            // What it had done until then could be taken over as well, as it should.
            work();
        }
        lives[number] = if was_killed { lives[number] * 3 / 2 } else { (life + lives[number]) / 2 }.max(20);

        assert!(eventually(|| marked(&root).is_empty()), "{act:?}: a process is left: {:?}", marked(&root));
        let mounted = std::fs::read_to_string("/proc/self/mountinfo").expect("mounts");
        assert!(!mounted.contains(&root), "{act:?}: something is left mounted");
        // Whoever comes next finishes it or turns it back.
        let listed = stages();
        let now = contents();
        let of_s = listed.iter().find(|stage| stage["name"] == "s").map(|stage| stage["changes"].clone());
        history.push(format!("{act:?} killed: {was_killed}, taken over: {}, in s: {of_s:?}", now == after));
        assert!(now == before || now == after, "{act:?}: half of it is there:\n{now}\n{}", history.join("\n"));
        assert!(matches!(act[0], "apply" | "undo") || now == here, "{act:?} changed the workspace");
        for stage in listed {
            assert!(stage["changes"].is_u64(), "{act:?}: a stage cannot be looked at: {stage}");
        }
        assert_eq!(
            desk.outside("ls -A").ok().lines().filter(|name| name.starts_with(".pinfold")).count(),
            0,
            "{act:?}"
        );
    }
    desk.pinfold(["doctor", "--clean"]).run().ok();
    let doctor: Value = serde_json::from_str(&desk.pinfold(["doctor", "--json"]).run().ok()).expect("JSON");
    assert_eq!(doctor["stages"], Value::Array(Vec::new()));
    assert!(desk.pinfold(["log", "verify"]).run().ok().contains("whole: "));
    desk.outside("git status --short; git fsck --strict").ok();
}

/// Kills somebody within moments after the workspace has changed, if he still lives. Whether he did not end by himself.
fn is_killed(mut running: Running, has_changed: impl Fn() -> bool) -> bool {
    while !has_changed() && !running.has_ended() {}
    is_killed_after(running, Duration::from_micros(random(5000)))
}

/// Kills somebody if he still lives by then; likewise.
fn is_killed_after(mut running: Running, life: Duration) -> bool {
    std::thread::sleep(life);
    if !running.has_ended() {
        running.signal(Signal::KILL);
    }
    running.wait().code() == 128 + Signal::KILL.as_raw()
}

#[test]
fn what_was_taken_back_waits_again_whoever_is_killed_over_it() {
    let desk = Desk::new();
    desk.outside("mkdir d; for i in {1..150}; do echo $i > d/$i; done").ok();
    desk.pinfold(["run", "--session", "s", "--", "/bin/bash", "-c", WORK]).run().ok();
    desk.pinfold(["snapshot", "s", "first"]).run().ok();
    let all = desk.pinfold(["changes", "s"]).run().ok();
    let is_there = || desk.workspace().join("n").exists();
    let mut killed = 0;
    for round in 0..60 {
        if round >= 10 && killed > 0 {
            break;
        }
        desk.pinfold(["apply", "s"]).run().ok();
        // From now on the stage does not know what was there before it was taken over.
        desk.pinfold(["restore", "s", "first"]).run().ok();
        killed += u32::from(is_killed(desk.pinfold(["undo"]).start(), || !is_there()));
        let waits = desk.pinfold(["changes", "s"]).run().ok();
        assert!(is_there() || waits == all, "after {killed} were killed there is only\n{waits}");
    }
    assert!(killed > 0, "nobody was killed");
}

#[test]
fn what_was_merged_is_merged_again_whoever_is_killed_over_it() {
    let desk = Desk::new();
    let has = |line: &str| std::fs::read_to_string(desk.workspace().join("f")).unwrap_or_default().contains(line);
    let mut killed = 0;
    for round in 0..60 {
        if round >= 10 && killed > 0 {
            break;
        }
        let stage = format!("s{round}");
        // A tick of the clock before the run, of which else nobody knows whether it has seen this.
        desk.outside("printf '%s\\n' 1 2 3 4 5 > f; sleep 0.02").ok();
        desk.pinfold(["run", "--session", &stage, "--", "sed", "-i", "5s/5/theirs/", "f"]).run().ok();
        desk.outside("sed -i 1s/1/mine/ f").ok();
        killed += u32::from(is_killed(desk.pinfold(["apply", &stage]).start(), || has("theirs")));
        desk.pinfold(["stages"]).run().ok();
        if has("theirs") {
            desk.pinfold(["undo"]).run().ok();
        }
        assert!(has("mine") && !has("theirs"));
        desk.pinfold(["apply", &stage]).run().ok();
        assert!(has("mine") && has("theirs"), "after {killed} were killed only one of both is there");
    }
    assert!(killed > 0, "nobody was killed");
}

#[test]
fn what_was_taken_over_stays_whoever_is_killed_over_going_back() {
    let desk = Desk::new();
    let (mut killed, mut life_us) = (0, 60_000);
    for round in 0..60 {
        if round >= 12 && killed > 0 {
            break;
        }
        let stage = format!("s{round}");
        let write = |text: &str| {
            let script = format!("mkdir -p d; for i in {{1..150}}; do echo {text} {round} > d/$i; done; sleep 0.02");
            desk.pinfold(["run", "--session", &stage, "--", "/bin/bash", "-c", &script]).run().ok();
            desk.pinfold(["apply", &stage]).run().ok();
        };
        write("old");
        desk.pinfold(["snapshot", &stage, "first"]).run().ok();
        write("new");
        let restore = desk.pinfold(["restore", &stage, "first"]).start();
        let was_killed = is_killed_after(restore, Duration::from_micros(random(life_us)));
        killed += u32::from(was_killed);
        life_us = if was_killed { life_us * 5 / 4 } else { life_us * 3 / 4 };
        let waits = desk.pinfold(["changes", &stage]).run().ok();
        assert_eq!(waits, "", "round {round}, killed: {was_killed}");
    }
    assert!(killed > 0, "nobody was killed");
}
