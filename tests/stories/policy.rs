//! Layers of policy: the user's, the project's with and without trust, the command line's, and the managed ceiling.

use crate::desk::{Desk, cannot_prepare_hosts};

/// A desk with another project beside the one worked in.
fn with_neighbour() -> Desk {
    let desk = Desk::new();
    desk.write("home/other/notes", "notes\n");
    desk
}

#[test]
fn the_users_policy_applies_everywhere() {
    let desk = with_neighbour();
    desk.inside("cat ../other/notes").ends_with(1);
    desk.write("home/.config/pinfold/policy.toml", "[files]\nread = [\"~/other\"]\n[env.set]\nGREETING = \"hello\"\n");
    assert_eq!(desk.inside("cat ../other/notes; echo $GREETING").ok(), "notes\nhello");
    desk.inside("echo x >> ../other/notes").ends_with(1);
}

#[test]
fn a_project_may_narrow_without_trust() {
    let desk = Desk::new();
    desk.write("home/project/plans", "secret\n");
    desk.write("home/project/pinfold.toml", "[files]\ndeny = [\"plans\"]\n[limits]\nwall-time = \"3s\"\n");
    desk.inside("cat README && cat plans").ends_with(1);
    desk.inside("sleep 60").ends_with(124).says("pinfold.toml");
}

#[test]
fn a_project_widens_only_as_it_was_when_trusted() {
    let desk = with_neighbour();
    desk.write("home/project/pinfold.toml", "[files]\nread = [\"~/other\"]\n");
    desk.inside("cat ../other/notes").ends_with(1).says("not applied").says("pinfold trust");
    desk.pinfold(["trust"]).run().ok();
    assert_eq!(desk.inside("cat ../other/notes").says_nothing().ok(), "notes");
    desk.write("home/project/pinfold.toml", "[files]\nread = [\"~/other\"] # changed\n");
    desk.inside("cat ../other/notes").ends_with(1).says("not applied");
    desk.pinfold(["trust"]).run().ok();
    desk.inside("cat ../other/notes").ok();
    desk.pinfold(["trust", "--revoke"]).run().ok();
    desk.inside("cat ../other/notes").ends_with(1);
}

#[test]
fn nobody_inside_can_change_or_trust_the_projects_policy() {
    let desk = with_neighbour();
    desk.write("home/project/pinfold.toml", "[files]\nread = [\"~/other\"]\n");
    desk.inside("echo >> pinfold.toml || rm pinfold.toml || mv pinfold.toml x").ends_with(1);
    desk.inside("pinfold trust; true").ok();
    desk.inside("cat ../other/notes").ends_with(1);
}

#[test]
fn flags_come_last() {
    let desk = with_neighbour();
    desk.write("home/.config/pinfold/policy.toml", "[env.set]\nGREETING = \"file\"\n[limits]\nwall-time = \"20s\"\n");
    desk.write("home/extra.toml", "[env.set]\nGREETING = \"extra\"\n");
    assert_eq!(desk.inside_with(&["--policy", "../extra.toml"], "echo $GREETING").ok(), "extra");
    let flags =
        ["--policy", "../extra.toml", "--env", "GREETING=flag", "--read", "../other", "--limit", "wall-time=10s"];
    assert_eq!(desk.inside_with(&flags, "echo $GREETING; cat ../other/notes").ok(), "flag\nnotes");
    desk.inside_with(&["--write", "../other"], "echo more >> ../other/notes").ok();
    assert_eq!(desk.read("home/other/notes"), "notes\nmore\n");
    desk.inside_with(&["--deny", "READ*"], "cat README").ends_with(1);
}

#[test]
fn profiles_do_what_their_names_say() {
    let desk = Desk::new();
    desk.inside_with(&["--profile", "read-only"], "cat README && touch /tmp/x && ! touch x").ok();
    for profile in ["workspace", "offline-build", "open"] {
        desk.inside_with(&["--profile", profile], "touch x && rm x").ok();
    }
    let interfaces = "tail -n +3 /proc/net/dev | wc -l";
    assert_eq!(desk.inside(interfaces).ok(), "1");
    assert_eq!(desk.inside_with(&["--network", "full"], interfaces).ok(), desk.outside(interfaces).ok());
}

#[test]
fn variables_come_in_by_name() {
    let desk = Desk::new();
    let call = |flags: &[&str]| {
        let call = desk.pinfold(["run"]).arguments(flags).arguments(["--", "sh", "-c", "echo ${API_TOKEN-none}"]);
        call.variable("API_TOKEN", "secret").run().ok()
    };
    assert_eq!(call(&[]), "none");
    assert_eq!(call(&["--env", "API_TOKEN"]), "secret");
    assert_eq!(call(&["--env", "API_TOKEN=other"]), "other");
}

#[test]
fn the_managed_policy_is_a_ceiling() {
    if cannot_prepare_hosts() {
        return;
    }
    let desk = with_neighbour();
    desk.write(
        "managed/policy.toml",
        "[network]\nmode = \"off\"\n[limits]\nwall-time = \"2s\"\n[files]\ndeny = [\"**/README\"]\n",
    );
    // Over all of /etc, so that nothing has to be made there.
    let prepare = "set -e; mkdir $DESK/upper $DESK/work
        mount -t tmpfs none $DESK/upper; mkdir $DESK/upper/u $DESK/upper/w
        mount -t overlay none -o lowerdir=/etc,upperdir=$DESK/upper/u,workdir=$DESK/upper/w /etc
        mkdir -p /etc/pinfold; cp $DESK/managed/policy.toml /etc/pinfold/; $AS_USER pinfold";
    desk.on_host(&format!("{prepare} run --network full -- sh -c 'test $(tail -n +3 /proc/net/dev | wc -l) = 1'"))
        .says("the managed policy")
        .ok();
    let desk = again(&desk);
    desk.on_host(&format!("{prepare} run --deny '!**/README' -- cat README")).ends_with(1);
    let desk = again(&desk);
    desk.on_host(&format!("{prepare} run --limit wall-time=60s -- sleep 30")).ends_with(124);
}

/// A fresh desk with the same managed policy.
fn again(before: &Desk) -> Desk {
    let desk = with_neighbour();
    desk.write("managed/policy.toml", before.read("managed/policy.toml"));
    desk
}

#[test]
fn check_finds_mistakes_with_line_and_column() {
    let desk = Desk::new();
    for (text, place) in [
        ("[files]\nwirte = []\n", ":2:1: unknown key `wirte`"),
        ("[files\n", ":1:7: "),
        ("\n[limits]\nmemory = \"lots\"\n", ":3:10: "),
        ("[network]\nmode = \"some\"\n", ":2:8: "),
        ("[files]\nwrite = 3\n", ":2:9: "),
    ] {
        desk.write("home/checked.toml", text);
        let ended = desk.pinfold(["policy", "check", "../checked.toml"]).run();
        assert_ne!(ended.code(), 0, "{ended}");
        assert!(format!("{}{}", ended.text(), ended.stderr).contains(place), "{place}: {ended}");
    }
    desk.write("home/checked.toml", "version = 1\n[files]\nread = [\"/srv\"]\n");
    assert!(desk.pinfold(["policy", "check", "../checked.toml"]).run().ok().contains("ok"));
}

#[test]
fn what_show_prints_is_a_policy_and_names_the_rules() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "[limits]\nmemory = \"3GiB\"\n");
    let shown = desk.pinfold(["policy", "show"]).run().ok();
    let memory = shown.lines().find(|line| line.starts_with("memory")).expect("the limit");
    assert!(memory.contains("3GiB") && memory.contains(".config/pinfold/policy.toml:2 (user)"), "{memory}");
    desk.write("home/shown.toml", shown);
    desk.pinfold(["policy", "check", "../shown.toml"]).run().ok();
}

#[test]
fn show_fits_on_a_screen_until_all_is_asked_for() {
    let desk = Desk::new();
    let shown = desk.pinfold(["policy", "show"]).run().ok();
    assert!(shown.contains("\"@secrets\",") && shown.lines().count() < 60, "{shown}");
    let full = desk.pinfold(["policy", "show", "--full"]).run().ok();
    assert!(full.contains("\"**/.env\",") && full.lines().count() > 300, "{full}");
    for text in [shown, full] {
        desk.write("home/shown.toml", text);
        desk.pinfold(["policy", "check", "../shown.toml"]).run().ok();
    }
}

#[test]
fn a_slip_of_the_pen_is_answered_with_what_was_meant() {
    let desk = Desk::new();
    for (text, words) in [
        ("[files]\nwirte = []\n", "did you mean `write`?"),
        ("[limits]\nwalltime = \"1s\"\n", "did you mean `wall-time`?"),
        ("[netwrok]\n", "did you mean `network`?"),
        ("profile = \"workspcae\"\n", "did you mean `workspace`?"),
        ("[files]\nread = [\"@toolchain\"]\n", "did you mean `@toolchains`?"),
    ] {
        desk.write("home/checked.toml", text);
        desk.pinfold(["policy", "check", "../checked.toml"]).run().ends_with(1).says(words);
    }
    for (flags, words) in [
        (["--limit", "memry=1GiB"], "did you mean `memory`?"),
        (["--profile", "readonly"], "did you mean `read-only`?"),
        (["--read", "@sytem"], "did you mean `@system`?"),
        (["--network", "ful"], "'full'"),
    ] {
        desk.inside_with(&flags, "true").ends_with(125).says(words);
    }
}

#[test]
fn the_schema_is_json() {
    let desk = Desk::new();
    let schema = desk.pinfold(["policy", "schema"]).run().ok();
    for word in ["\"$schema\"", "\"files\"", "\"network\"", "\"limits\""] {
        assert!(schema.contains(word), "{word} is not in the schema");
    }
}

#[test]
fn a_flag_that_lets_a_host_in_means_rules_unless_another_says_off() {
    let desk = Desk::new();
    let names = "cut -d ' ' -f 2 /etc/resolv.conf | head -1";
    for flags in [&["--allow-host", "github.com"][..], &["--host-port", "5432"], &["--network", "rules"]] {
        assert_eq!(desk.inside_with(flags, names).ok(), "198.18.0.1", "{flags:?}");
    }
    let off = desk.inside_with(&["--network", "off", "--allow-host", "github.com"], names).ok();
    assert_ne!(off, "198.18.0.1");
}

#[test]
fn whoever_may_read_the_whole_home_sees_nothing_of_pinfolds_own() {
    let desk = Desk::new();
    desk.inside("true").ok();
    desk.write("home/notes", "seen");
    let (home, key) = (desk.path("home").display().to_string(), desk.path("home/.local/state/pinfold/ledger/key"));
    assert!(key.exists());
    let look = format!(
        "cat ~/notes; find ~/.local/state/pinfold -mindepth 1 2>/dev/null; cat {} 2>/dev/null; true",
        key.display()
    );
    assert_eq!(desk.inside_with(&["--read", &home], &look).ok(), "seen");
    let why = desk.pinfold(["why", "--read", &home, "read", &key.display().to_string()]).run().ends_with(1);
    assert!(why.text().contains("it is pinfold's own, and hidden from every run"), "{why}");
}

#[test]
fn places_among_pinfolds_own_files_are_opened_to_nobody() {
    let desk = Desk::new();
    let state = desk.path("home/.local/state/pinfold");
    desk.make(&state.join("ledger"));
    let (ledger, all) = (state.join("ledger").display().to_string(), state.display().to_string());
    desk.write(
        "home/.config/pinfold/policy.toml",
        format!("files.write = [\"@workspace\", \"@temp\", \"{ledger}\"]\n"),
    );
    desk.inside("touch proof")
        .ends_with(125)
        .says(&format!("error: {ledger} is pinfold's own"))
        .says(&format!("why: it is opened for writing, and what is in {all} decides about other runs"))
        .says("rule: ")
        .says("policy.toml:1")
        .says("hint: work in another directory, or set XDG_STATE_HOME to another place");
    assert!(!desk.workspace().join("proof").exists());
    desk.pinfold(["plan"]).run().ends_with(125).says("is pinfold's own");
    desk.write("home/.config/pinfold/policy.toml", "");
    for (flag, path) in [("--write", &all), ("--write", &ledger), ("--workspace", &ledger)] {
        desk.inside_with(&[flag, path], "touch proof").ends_with(125).says("pinfold's own");
    }
    desk.inside_with(&["--read", &ledger], "true").ends_with(125).says("the key that signs them");
    // The controls: nothing else is in the way, and what lies beside it may be opened.
    desk.inside("touch proof").ok();
    let beside = desk.path("home/.local/state/pinfold-notes");
    desk.make(&beside);
    desk.inside_with(&["--write", &beside.display().to_string()], "touch ~/.local/state/pinfold-notes/proof").ok();
    assert!(beside.join("proof").exists());
}
