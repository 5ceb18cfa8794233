//! Every command but `run`.

use serde_json::Value;

use crate::room::Room;

#[test]
fn doctor_tells_which_promises_are_kept_and_ends_with_1_where_some_are_not() {
    let Some(room) = Room::new() else { return };
    for call in [room.released(["doctor"]), room.pinfold(["doctor"])] {
        call.go().ends_with(1).tells("Windows, build").tells("denied files are hidden").tells("--best-effort");
    }
    let answer: Value =
        serde_json::from_str(&room.pinfold(["doctor", "--json"]).go().ends_with(1).text()).expect("JSON");
    assert_eq!(answer["set_up"], false, "{answer}");
}

#[test]
fn doctor_clean_works_where_nothing_ever_ran() {
    let Some(room) = Room::new() else { return };
    room.pinfold(["doctor", "--clean"]).go().ends_with(0).tells("0 access lists");
}

#[test]
fn the_plan_is_one_screen_and_all_of_it_in_json() {
    let Some(room) = Room::new() else { return };
    let project = room.native("home/project");
    room.pinfold(["plan"]).go().ends_with(0).tells(&project).tells("writable").tells("promises");
    let plan: Value = serde_json::from_str(&room.pinfold(["plan", "--json"]).go().ok()).expect("JSON");
    assert_eq!(plan["workspace"].as_str(), Some(project.as_str()), "{plan}");
    assert!(plan["token"].is_object(), "{plan}");
}

#[test]
fn why_explains_a_path_by_the_rule_that_decides() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/main.rs", "");
    room.pinfold(["why", "write", "main.rs"]).go().ends_with(0);
    room.pinfold(["why", "write", ".envrc"]).go().ends_with(1).tells("protect");
    room.pinfold(["why", "write", r"C:\windows\system32\x"]).go().ends_with(1);
    room.pinfold(["why", "read", r"..\.ssh\id_rsa"]).go().ends_with(1);
    let verdict = room.pinfold(["why", "read", "main.rs", "--json"]).go().ok();
    serde_json::from_str::<Value>(&verdict).expect("JSON");
}

#[test]
fn policies_are_checked_shown_and_found() {
    let Some(room) = Room::new() else { return };
    room.pinfold(["policy", "check"]).go().ok();
    room.write("home/project/pinfold.toml", "[files]\nwirte = [\"x\"]\n");
    room.pinfold(["policy", "check"]).go().ends_with(1).says("wirte");
    room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "exit"]).go().ends_with(125).says("wirte");
    room.write("home/project/pinfold.toml", "");
    room.write("roaming/pinfold/policy.toml", "[env]\nset = { FROM = \"the user\" }\n");
    room.pinfold(["policy", "show"]).go().ends_with(0).tells("the user");
    assert!(room.run(&["environment"]).go().ok().contains("FROM=the user"));
}

#[test]
fn a_projects_policy_widens_nothing_before_it_is_trusted() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/pinfold.toml", "[files]\nwrite = [\"~/more\"]\n");
    room.write("home/more/x", "");
    let more = room.native("home/more");
    let plan = room.pinfold(["plan"]).go().ends_with(0);
    assert!(!plan.text().contains(&more), "{plan}");
    room.pinfold(["trust"]).go().ends_with(0).tells("is trusted");
    room.pinfold(["plan"]).go().ends_with(0).tells(&more);
    room.pinfold(["trust", "--revoke"]).go().ends_with(0).tells("not trusted any more");
    let plan = room.pinfold(["plan"]).go().ends_with(0);
    assert!(!plan.text().contains(&more), "{plan}");
}

#[test]
fn what_is_not_there_on_windows_says_so() {
    let Some(room) = Room::new() else { return };
    room.pinfold(["trace", "--", "cmd"]).go().ends_with(125).says("does not exist on Windows");
}

#[test]
fn setup_fails_clearly_where_there_are_no_accounts_to_be_had() {
    let Some(room) = Room::new() else { return };
    // Wine has no lists of accounts and no firewall.
    let ended = room.pinfold(["setup", "--check"]).go();
    let told = ended.text().contains("set up") || ended.stderr.contains(" hint: ");
    assert!(told, "{ended}");
}

#[test]
fn help_and_completions_are_printed() {
    let Some(room) = Room::new() else { return };
    room.released(["--help"]).go().ends_with(0).tells("Usage: pinfold");
    room.released(["--version"]).go().ends_with(0).tells("pinfold ");
    room.pinfold(["completions", "powershell"]).go().ends_with(0).tells("Register-ArgumentCompleter");
}
