//! What is written down of stages, how long they are kept, where they follow to, and what doctor says of them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use pinfold_tests::eventually;
use rustix::process::Signal;
use serde_json::Value;

use crate::desk::Desk;

impl Desk {
    /// What was done with stages, the earliest first.
    fn acts(&self) -> Vec<Value> {
        let log = self.pinfold(["log", "--kind", "stage", "--json"]).run().ok();
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The stages, the one that was used last first.
    fn stages(&self) -> Vec<Value> {
        let stages: Value = serde_json::from_str(&self.pinfold(["stages", "--json"]).run().ok()).expect("JSON");
        stages.as_array().expect("a list").clone()
    }

    /// As if nobody had touched any stage for so many days.
    fn days_pass(&self, days: u32) {
        self.outside(&format!(
            "touch -d '{days} days ago' ~/.local/state/pinfold/workspaces/*/stages/stages/*/stage.json"
        ))
        .ok();
    }

    /// The user's own policy.
    fn wants(&self, rules: &str) {
        self.write("home/.config/pinfold/policy.toml", rules);
    }
}

fn field<'a>(events: &'a [Value], name: &str) -> Vec<&'a str> {
    events.iter().map(|event| event[name].as_str().unwrap_or("")).collect()
}

#[test]
fn whatever_is_done_with_a_stage_is_in_the_record() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "s"], "echo 1 > one; echo 2 > two; echo x > .envrc").ok();
    let run = desk.events(&["--kind", "start"]);
    assert_eq!((&run[0]["stage"]["name"], &run[0]["stage"]["forked-from"]), (&"s".into(), &Value::Null));
    desk.pinfold(["snapshot", "s", "first"]).run().ok();
    desk.pinfold(["fork", "s", "other"]).run().ok();
    desk.pinfold(["restore", "s", "first"]).run().ok();
    let changes: Value = serde_json::from_str(&desk.pinfold(["changes", "s", "--json"]).run().ok()).expect("JSON");
    let digest = changes["digest"].as_str().expect("a digest");
    desk.pinfold(["apply", "s", "--traps", &format!("--reviewed={digest}")]).run().ok();
    desk.pinfold(["undo"]).run().ok();
    desk.pinfold(["discard", "s"]).run().ok();
    desk.inside_with(&["--session", "other"], "true").ok();
    assert_eq!(desk.events(&["--kind", "start"])[0]["stage"]["forked-from"], "s");

    let acts = desk.acts();
    assert_eq!(field(&acts, "act"), ["snapshot", "fork", "restore", "apply", "undo", "discard"]);
    assert_eq!(field(&acts, "stage"), ["s"; 6]);
    assert_eq!(field(&acts, "other")[..3], ["first", "other", "first"]);
    let apply = &acts[3];
    assert_eq!((apply["reviewed"].as_str(), apply["run"].as_str()), (Some(digest), run[0]["session"].as_str()));
    let envrc = desk.workspace().join(".envrc").to_string_lossy().into_owned();
    assert_eq!((&apply["paths"]["count"], &apply["traps"]["first"][0]), (&3.into(), &envrc.into()));
    // One digest for all paths, in their order, as anybody can make it.
    let digest = desk.outside(r#"printf "$PWD/%s\0" .envrc one two | sha256sum | cut -d ' ' -f 1"#).ok();
    assert_eq!(apply["paths"]["sha256"].as_str(), Some(&*digest));
    assert_eq!((&acts[4]["run"], &acts[4]["paths"]), (&apply["session"], &apply["paths"]));

    let told = desk.pinfold(["log", "--kind", "stage"]).run().ok();
    assert!(told.contains("apply       s: 3 paths, 1 of them would execute outside, with a yes"), "{told}");
    let query = "select reason from events where kind = 'stage' and path like '%/.envrc' order by time";
    let asked = desk.pinfold(["log", "query", query]).run().ok();
    assert!(asked.contains("apply") && asked.contains("undo"), "{asked}");
    assert!(desk.pinfold(["log", "verify"]).run().ok().starts_with("whole: 8 runs"));
}

#[test]
fn what_cannot_be_taken_over_is_in_the_record_with_what_was_in_the_way() {
    let desk = Desk::new();
    desk.staged("echo agent > README; echo 1 > one").ok();
    desk.outside("echo mine > README").ok();
    desk.pinfold(["apply"]).run().ends_with(125).says("changed since");
    let events = desk.events(&[]);
    assert_eq!(events[1]["conflicts"]["first"][0].as_str(), desk.workspace().join("README").to_str());
    assert_eq!((&events[3]["kind"], &events[3]["code"]), (&"end".into(), &125.into()), "{events:?}");
}

#[test]
fn nothing_is_taken_over_or_back_that_cannot_be_recorded() {
    let desk = Desk::new();
    desk.staged("echo 1 > one").ok();
    // The key of the ledger can be read by others, and so is no key any more.
    let mode = |mode| {
        let key = desk.path("home/.local/state/pinfold/ledger/key");
        std::fs::set_permissions(key, Permissions::from_mode(mode)).expect("a mode");
    };
    mode(0o644);
    desk.pinfold(["apply"]).run().ends_with(125).says("cannot be recorded");
    assert!(!desk.workspace().join("one").exists());
    mode(0o600);
    desk.pinfold(["apply"]).run().ok();
    mode(0o644);
    desk.pinfold(["undo"]).run().ends_with(125).says("cannot be recorded");
    assert!(desk.workspace().join("one").exists());
    // What is not the workspace's is done all the same, unless the policy says otherwise.
    desk.wants("[ledger]\nrequired = true\n");
    desk.pinfold(["discard"]).run().ends_with(125).says("ledger.required");
    desk.wants("");
    assert!(desk.pinfold(["discard"]).run().ends_with(0).stderr.contains("not recorded"));
}

#[test]
fn after_a_crash_the_record_says_how_taking_over_came_out() {
    let desk = Desk::new();
    desk.staged("for i in {1..300}; do echo $i > file$i; done").ok();
    let applied = std::fs::read_dir(desk.path("home/.local/state/pinfold/workspaces")).expect("workspaces");
    let applied = applied.flatten().next().expect("a workspace").path().join("stages/applied");
    let has_begun = || {
        let all = std::fs::read_dir(&applied).into_iter().flatten().flatten().map(|entry| entry.path());
        all.into_iter().any(|one| one.join("0/begun").exists() && !one.join("settled").exists())
    };
    for _ in 0..60 {
        let words = if desk.workspace().join("file1").exists() { ["undo"] } else { ["apply"] };
        let running = desk.pinfold(words).start();
        let enough = Instant::now() + Duration::from_secs(1);
        while !has_begun() && Instant::now() < enough {}
        running.signal(Signal::KILL);
        running.wait();
        desk.stages();
        if let Some(recovered) = desk.acts().into_iter().find(|act| act["act"] == "recover") {
            let begun = recovered["run"].as_str().expect("a session");
            let log = desk.pinfold(["log"]).run().ok();
            assert!(log.lines().any(|line| line.starts_with(begun) && line.contains("broken off")), "{log}");
            let why = recovered["why"].as_str().expect("how it came out");
            let there = (1..=300).filter(|i| desk.workspace().join(format!("file{i}")).exists()).count();
            let is_there = why.ends_with("what was taken over is there");
            assert_eq!(there, if is_there { 300 } else { 0 }, "{why}");
            return;
        }
    }
    panic!("nobody was killed while he took something over");
}

#[test]
fn stages_in_which_nothing_waits_go_after_a_time_and_work_stays() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "done"], "echo 1 > one").ok();
    desk.pinfold(["apply"]).run().ok();
    desk.inside_with(&["--session", "work"], "echo 2 > two").ok();
    let names =
        || desk.stages().iter().map(|stage| stage["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>();
    desk.pinfold(["stages", "--prune"]).run().ok();
    desk.days_pass(13);
    assert_eq!(desk.pinfold(["stages", "--prune", "--dry-run"]).run().ok(), "");
    desk.days_pass(15);
    let stages = desk.stages();
    let of = |name: &str| stages.iter().find(|stage| stage["name"] == name).expect("a stage").clone();
    assert_eq!(
        (&of("done")["changes"], &of("done")["applied"], &of("done")["old"]),
        (&0.into(), &true.into(), &false.into())
    );
    assert_eq!(
        (&of("work")["changes"], &of("work")["applied"], &of("work")["old"]),
        (&1.into(), &false.into(), &true.into())
    );
    let told = desk.pinfold(["stages", "--prune", "--dry-run"]).run().ok();
    assert!(told.contains("done") && told.contains("nothing waits") && !told.contains("work"), "{told}");
    assert_eq!(names().len(), 2);
    assert!(desk.pinfold(["stages", "--prune"]).run().ok().contains("done"));
    assert_eq!(names(), ["work"]);
    let last = desk.acts().pop().expect("an act");
    assert_eq!((&last["act"], &last["stage"]), (&"prune".into(), &"done".into()));
    let told = desk.pinfold(["stages", "--prune", "--older-than", "1d", "--unapplied"]).run().ok();
    assert!(told.contains("1 change not taken over"), "{told}");
    assert!(names().is_empty());
}

#[test]
fn a_run_lets_old_stages_go_and_tells_of_work_that_nobody_took_over() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "done"], "echo 1 > one").ok();
    desk.pinfold(["apply"]).run().ok();
    desk.inside_with(&["--session", "work"], "echo 2 > two").ok();
    let house_is_kept = || desk.outside("rm -f ~/.local/state/pinfold/workspaces/*/stages/kept").ok();
    let run = || desk.inside("true").ends_with(0).stderr;
    desk.days_pass(15);
    assert_eq!(run(), "", "it was looked after today");
    house_is_kept();
    // A project says nothing about it, not even one that is trusted.
    desk.write("home/project/pinfold.toml", "[stages]\nkeep = \"none\"\nkeep-unapplied = \"1s\"\n");
    desk.pinfold(["trust"]).run().ok();
    let said = run();
    assert!(said.contains("only the user's own policy says how long stages are kept"), "{said}");
    assert!(said.contains("the stage done is gone: nothing waits in it"), "{said}");
    assert!(said.contains("1 stage of ") && said.contains("nobody has taken over"), "{said}");
    desk.outside("rm pinfold.toml").ok();
    assert_eq!(run(), "", "once a day");
    desk.wants("[stages]\nkeep-unapplied = \"14d\"\n");
    house_is_kept();
    assert!(run().contains("the stage work is gone: 1 change not taken over"));
    assert!(desk.stages().is_empty());
}

#[test]
fn the_oldest_go_when_all_are_too_large_but_none_that_is_used_and_no_work() {
    let desk = Desk::new();
    for name in ["one", "two", "used"] {
        desk.inside_with(&["--session", name], &format!("head -c 200000 /dev/urandom > {name}")).ok();
        desk.pinfold(["apply", name]).run().ok();
    }
    desk.inside_with(&["--session", "work"], "head -c 200000 /dev/urandom > work").ok();
    let running = desk.pinfold(["run", "--session", "used", "--", "sleep", "30"]).start();
    assert!(eventually(|| desk.pinfold(["stages"]).run().ok().contains("in use")));
    desk.days_pass(1);
    desk.wants("[stages]\nkeep-size = \"700KiB\"\n");
    let first = desk.pinfold(["stages", "--prune"]).run().ok();
    assert_eq!(first.lines().count(), 1, "{first}");
    desk.wants("[stages]\nkeep-size = \"1KiB\"\n");
    desk.pinfold(["stages", "--prune"]).run().ok();
    let left: Vec<Value> = desk.stages().iter().map(|stage| stage["name"].clone()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&"used".into()) && left.contains(&"work".into()), "{left:?}");
    running.signal(Signal::KILL);
    running.wait();
}

#[test]
fn stages_follow_a_workspace_that_was_moved() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "s"], "echo more >> README; mkdir d; echo 1 > d/one; echo 2 > two").ok();
    desk.pinfold(["snapshot", "s", "first"]).run().ok();
    desk.pinfold(["fork", "s", "other"]).run().ok();
    desk.pinfold(["apply", "s", "two"]).run().ok();
    let from = desk.workspace().to_string_lossy().into_owned();
    desk.pinfold(["stages", "--from", &from]).run().ends_with(125).says("is still there");
    desk.outside("cd ..; mv project elsewhere; mkdir project").ok();
    let there = |words: &[&str]| desk.pinfold(words).directory("home/elsewhere").run();
    there(&["stages", "--from", &from]).ends_with(125).says("is still there");
    desk.outside("rmdir ~/project").ok();
    let clean = there(&["doctor", "--clean"]).ok();
    assert!(clean.contains("pinfold stages --from") && !clean.contains("removed"), "{clean}");
    assert!(there(&["doctor"]).ok().contains("pinfold stages --from"));
    there(&["stages"]).ends_with(0).says("pinfold stages --from");
    there(&["stages", "--from", &from]).ok();
    let listed = there(&["stages"]).ok();
    assert!(
        listed.contains("taken over in part, waiting: 3 changes  snapshots: first") && listed.contains("forked from s"),
        "{listed}"
    );
    there(&["undo"]).ok();
    assert!(!desk.path("home/elsewhere/two").exists());
    there(&["apply", "s"]).ok();
    assert_eq!(desk.read("home/elsewhere/README"), "a project\nmore\n");
    assert_eq!(there(&["run", "--session", "other", "--", "cat", "d/one"]).ok(), "1");
    there(&["discard", "s"]).ok();
    assert_eq!(there(&["run", "--session", "other", "--", "cat", "two"]).ok(), "2");
    there(&["stages", "--from", &from]).ends_with(125).says("there are no stages of");
}

#[test]
fn doctor_tells_what_is_wrong_with_stages_and_puts_it_right() {
    let desk = Desk::new();
    desk.inside_with(&["--session", "s"], "echo 1 > one; git add one; git commit --quiet -m agent").ok();
    desk.outside("echo mine > mine; git add mine; git commit --quiet -m mine").ok();
    desk.pinfold(["apply"]).run().says("git merge").ok();
    let branch = "refs/pinfold/s/heads/main";
    let discarded = desk.pinfold(["discard", "s"]).run().ends_with(0);
    assert!(discarded.stderr.contains(&format!("git update-ref -d {branch}")), "{discarded}");
    desk.inside_with(&["--session", "t"], "echo 2 > two").ok();
    let layer =
        "cd ~/.local/state/pinfold/workspaces/*/stages/layers && mkdir feed && head -c 2000000 /dev/zero > feed/x";
    desk.outside(layer).ok();
    let told = |word: &str| desk.pinfold(["doctor"]).run().ok().contains(word);
    assert!(told(branch) && told("1.9 MiB of layers"));
    let clean = desk.pinfold(["doctor", "--clean"]).run().ok();
    assert!(clean.contains("layers that no stage stands on") && !clean.contains("branch"), "{clean}");
    assert!(!told(" of layers") && told(branch), "it is not merged, and so stays");
    desk.outside(&format!("git clean -f --quiet one; git merge --quiet -m merged {branch}")).ok();
    assert!(desk.pinfold(["doctor", "--clean"]).run().ok().contains("a merged branch of a stage"));
    assert!(!told(branch));
    desk.outside("echo broken > $(echo ~/.local/state/pinfold/workspaces/*/stages/stages/t/stage.json)").ok();
    assert!(told("pinfold discard NAME --workspace"));
    assert!(desk.pinfold(["doctor", "--clean"]).run().ok().contains("is damaged"));
    desk.pinfold(["discard", "t"]).run().ok();
    assert!(!told("pinfold discard"));
    assert_eq!(desk.pinfold(["doctor", "--clean"]).run().ok(), "0 interrupted runs, nothing to clean");
}
