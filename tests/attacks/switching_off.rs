//! Making the sandbox weaker from inside, or from a file that a previous run left.

use pinfold_tests::{Attack, Scene};

use crate::secrets::is_read;

#[test]
fn the_project_allows_itself_more() {
    // A file of the project is only obeyed once its user has trusted it.
    Attack::sh(r#"echo stolen > "$OTHER/README""#)
        .before(|scene| {
            let other = scene.path("home/other");
            let text = format!("version = 1\n[files]\nwrite = [\"@workspace\", \"{}\"]\n", other.display());
            scene.write("home/project/pinfold.toml", text);
        })
        .harms("home/other")
        .is_contained();
}

#[test]
fn the_project_gives_itself_the_network() {
    Attack::python("socket.create_connection(('127.0.0.1', int(E['PORT'])), timeout=2)")
        .before(|scene| {
            scene.serve(pinfold_tests::Listener::tcp([127, 0, 0, 1].into(), "").expect("a port"));
            scene.write("home/project/pinfold.toml", "version = 1\n[network]\nmode = \"full\"\n");
        })
        .calls_a_service()
        .is_contained();
}

#[test]
fn the_project_lets_a_variable_in() {
    Attack::sh(r#"env > "$LOOT""#)
        .before(|scene| {
            scene.set_for_caller("PAYMENT_API_KEY", scene.secret());
            scene.write("home/project/pinfold.toml", "version = 1\n[env]\nallow = [\"PAYMENT_API_KEY\"]\n");
        })
        .robs()
        .is_contained();
}

#[test]
fn the_project_takes_a_protection_away() {
    Attack::sh(r#"echo evil > .envrc; cat .env > "$LOOT"; sleep 0.2"#)
        .before(|scene| {
            scene.write("home/project/pinfold.toml", "version = 1\n[files]\nprotect = []\ndeny = []\n");
        })
        .steals("home/project/.env")
        .plants("home/project/.envrc")
        .is_contained();
}

#[test]
fn the_project_opens_namespaces() {
    Attack::python("do(libc.unshare, 0x10000000)\nloot('made')")
        .before(|scene| {
            scene.write("home/project/pinfold.toml", "version = 1\n[process]\nnested-namespaces = true\n");
        })
        .boasts()
        .is_contained();
}

#[test]
fn a_project_is_trusted_from_inside() {
    // Inside `pinfold trust` writes to the private home: the next run must not go by that.
    Attack::sh(r#"printf 'version = 1\n[files]\nwrite = ["@workspace", "%s"]\n' "$OTHER" > "$WORKSPACE/policy.txt"; "$PROGRAM" trust; echo stolen > "$OTHER/README""#)
        .before(|scene| {
            scene.set("PROGRAM", pinfold_tests::pinfold());
            let other = scene.path("home/other");
            let text = format!("version = 1\n[files]\nwrite = [\"@workspace\", \"{}\"]\n", other.display());
            scene.write("home/project/pinfold.toml", text);
        })
        .after(|scene| drop(scene.run(&scene.sh(r#"echo stolen > "$OTHER/README""#), &[])))
        .harms("home/other")
        .is_contained();
}

#[test]
fn the_users_own_policy_is_written() {
    Attack::sh(r#"d="$HOME/.config/pinfold"; mkdir -p "$d"; printf 'version = 1\n[files]\nread = ["~/"]\n' > "$d/policy.toml""#)
        .plants("home/.config/pinfold/policy.toml")
        .is_contained();
}

#[test]
fn the_trust_and_the_records_of_pinfold_are_written() {
    Attack::sh(r#"d="$HOME/.local/state/pinfold"; mkdir -p "$d/sessions"; echo evil > "$d/sessions/planted.json"; echo evil > "$d/trusted""#)
        .before(|scene| scene.directory("home/.local/state/pinfold/sessions"))
        .plants("home/.local/state/pinfold/sessions/planted.json")
        .plants("home/.local/state/pinfold/trusted")
        .is_contained();
}

#[test]
fn what_pinfold_keeps_is_read_where_the_whole_home_may_be() {
    is_read("home/.local/state/pinfold/workspaces/other/home/.token")
        .before(|scene| scene.set("ALL", scene.path("home")))
        .flags("--read $ALL")
        .is_contained();
}

#[test]
fn what_pinfold_keeps_is_read_where_a_link_to_it_leads() {
    Attack::sh(r#"cat "$OUTSIDE/state/pinfold/workspaces/other/home/.token" > "$LOOT""#)
        .steals("elsewhere/state/pinfold/workspaces/other/home/.token")
        .before(|scene| {
            scene.link(scene.path("elsewhere/state"), "home/state");
            scene.set_for_caller("XDG_STATE_HOME", scene.path("home/state"));
        })
        .flags("--read $OUTSIDE")
        .is_contained();
}

#[test]
fn what_pinfold_keeps_is_read_where_every_run_may_read() {
    // A place of the toolchains, which every run sees.
    is_read("home/.local/lib/pinfold/workspaces/other/home/.token")
        .before(|scene| scene.set_for_caller("XDG_STATE_HOME", scene.path("home/.local/lib")))
        .is_contained();
}

#[test]
fn what_pinfold_kept_in_the_usual_place_is_read() {
    is_read("home/.local/state/pinfold/workspaces/other/home/.token")
        .before(|scene| {
            scene.set("ALL", scene.path("home"));
            scene.set_for_caller("XDG_STATE_HOME", scene.path("home/elsewhere"));
        })
        .flags("--read $ALL")
        .is_contained();
}

#[test]
fn what_pinfold_keeps_is_opened_to_be_read() {
    is_read("home/.local/state/pinfold/ledger/kept-elsewhere")
        .before(records)
        .flags("--read $RECORDS")
        .may_be_refused()
        .is_contained();
}

/// Where the records of pinfold are, in a scene.
const RECORDS: &str = "home/.local/state/pinfold/ledger";

fn records(scene: &Scene) {
    scene.directory(RECORDS);
    scene.set("RECORDS", scene.path(RECORDS));
}

#[test]
fn a_place_among_pinfolds_records_is_opened() {
    Attack::sh(r#"echo evil > "$RECORDS/planted""#)
        .before(records)
        .flags("--write $RECORDS")
        .plants("home/.local/state/pinfold/ledger/planted")
        .may_be_refused()
        .is_contained();
}

#[test]
fn the_workspace_is_among_pinfolds_records() {
    Attack::sh(r#"echo evil > "$RECORDS/planted""#)
        .before(records)
        .flags("--workspace $RECORDS")
        .launcher(r#"cd "$RECORDS" && "$@""#)
        .plants("home/.local/state/pinfold/ledger/planted")
        .may_be_refused()
        .is_contained();
}

#[test]
fn the_place_is_opened_that_a_link_for_pinfolds_records_leads_to() {
    Attack::sh(r#"echo evil > "$OUTSIDE/state/pinfold/trusted""#)
        .before(|scene| {
            scene.directory("elsewhere/state/pinfold");
            scene.link(scene.path("elsewhere/state"), "home/state");
            scene.set_for_caller("XDG_STATE_HOME", scene.path("home/state"));
        })
        .flags("--write $OUTSIDE")
        .plants("elsewhere/state/pinfold/trusted")
        .may_be_refused()
        .is_contained();
}

#[test]
fn a_link_that_leads_to_pinfolds_records_is_made_to_lead_elsewhere() {
    Attack::sh(r#"rm "$OTHER/state" && ln -s "$WORKSPACE" "$OTHER/state""#)
        .before(|scene| {
            scene.directory("elsewhere/state/pinfold");
            scene.link(scene.path("elsewhere/state"), "home/other/state");
            scene.link("other/state", "home/state");
            scene.set_for_caller("XDG_STATE_HOME", scene.path("home/state"));
        })
        .flags("--write $OTHER")
        .harms("home/other/state")
        .may_be_refused()
        .is_contained();
}

#[test]
fn a_sandbox_inside_the_sandbox_gives_more() {
    Attack::sh(r#"run() { "$PROGRAM" run --write "$OTHER" --network full -- "$@"; }; run sh -c 'echo stolen > "$OTHER/README"' || sh -c 'echo stolen > "$OTHER/README"'"#)
        .before(|scene| scene.set("PROGRAM", pinfold_tests::pinfold()))
        .harms("home/other")
        .is_contained();
}

#[test]
fn another_bubble_inside_the_sandbox_gives_more() {
    if !std::path::Path::new("/usr/bin/bwrap").exists() {
        return pinfold_tests::skip("bubblewrap is not installed");
    }
    Attack::sh(r#"bwrap --bind / / --dev /dev --proc /proc sh -c 'echo stolen > "$OTHER/README"'"#)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_variable_of_the_caller_loads_code_inside() {
    // Not an escape by itself: it is the caller's shell that decides what runs inside, not what the policy lets in.
    Attack::python("pass")
        .before(|scene| {
            scene.write("elsewhere/site/sitecustomize.py", "open('loot', 'w').write('loaded')\n");
            scene.set_for_caller("PYTHONPATH", scene.path("elsewhere/site"));
        })
        .flags("--read $OUTSIDE")
        .boasts()
        .is_contained();
}

#[test]
fn the_program_itself_is_changed() {
    // Executed again by the next run: it must not be writable, not even through /proc/PID/exe.
    Attack::python(
        r#"
for path in (E["PROGRAM"], "/proc/1/exe", f"/proc/{os.getppid()}/exe", "/proc/self/exe"):
    def change():
        with open(path, "r+b") as program:
            program.write(b"evil")
    attempt(change)
attempt(os.unlink, E["PROGRAM"])
"#,
    )
    .before(own_program)
    .harms("home/bin/pinfold")
    .is_contained();
}

fn own_program(scene: &Scene) {
    scene.directory("home/bin");
    let copy = scene.path("home/bin/pinfold");
    std::fs::copy(pinfold_tests::pinfold(), &copy).expect("a copy of the program");
    scene.user.own(&copy);
    scene.set("PROGRAM", copy);
}
