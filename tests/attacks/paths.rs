//! Path confusion: reaching outside by links, `..`, `/proc`, descriptors and races.

use pinfold_tests::Attack;

#[test]
fn dots_lead_out_of_the_workspace() {
    Attack::sh(r#"cd "$WORKSPACE"; echo stolen > ../other/README; echo x > ../../elsewhere/planted"#)
        .harms("home/other")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn dots_behind_a_link_lead_out() {
    Attack::sh(r#"mkdir -p a; ln -s "$OTHER" a/link; echo stolen > a/link/../other/README"#)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_link_that_was_there_before_leads_out() {
    Attack::sh(r#"echo stolen > way-out/README; echo x > way-out/planted"#)
        .before(|scene| scene.link(scene.path("home/other"), "home/project/way-out"))
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_link_made_during_the_run_leads_out() {
    Attack::sh(r#"ln -s "$OTHER/README" link; echo stolen > link; ln -s "$OTHER" dir; echo x > dir/planted"#)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_link_to_a_file_that_does_not_exist_yet_makes_it() {
    Attack::sh(r#"ln -s "$OTHER/planted" dangling; echo x > dangling"#).plants("home/other/planted").is_contained();
}

#[test]
fn a_link_that_was_there_before_lets_out_a_secret() {
    Attack::sh(r#"cat way-out > "$LOOT""#)
        .steals("elsewhere/secret")
        .before(|scene| scene.link(scene.path("elsewhere/secret"), "home/project/way-out"))
        .is_contained();
}

#[test]
fn a_link_that_a_policy_names_is_swapped_for_another() {
    // `--read` names a link in the workspace: what it led to when the run started counts, not what it says later.
    Attack::sh(r#"ln -sfn "$OUTSIDE/private" "$WORKSPACE/docs"; cat "$WORKSPACE/docs/secret" > "$LOOT""#)
        .steals("elsewhere/private/secret")
        .before(|scene| {
            scene.write("elsewhere/docs/page", "for everybody\n");
            scene.link(scene.path("elsewhere/docs"), "home/project/docs");
        })
        .flags("--read $WORKSPACE/docs")
        .is_contained();
}

#[test]
fn a_directory_and_a_link_take_turns() {
    Attack::python(
        r#"
os.makedirs("real", exist_ok=True)
os.symlink(E["OTHER"], "link")
stop = time.time() + 1.0
def swap():
    while time.time() < stop:
        attempt(do, libc.renameat2, -100, b"real", -100, b"link", 2)
threading.Thread(target=swap).start()
while time.time() < stop:
    for name in ("real", "link"):
        try:
            with open(name + "/README", "a") as file:
                file.write("stolen\n")
        except OSError:
            pass
"#,
    )
    .harms("home/other/README")
    .is_contained();
}

#[test]
fn a_file_is_written_through_while_its_directory_is_swapped_for_a_secret_one() {
    Attack::python(
        r#"
os.makedirs("real", exist_ok=True)
open("real/secret", "w").close()
os.symlink(E["OUTSIDE"], "link")
stop = time.time() + 1.0
def swap():
    while time.time() < stop:
        attempt(do, libc.renameat2, -100, b"real", -100, b"link", 2)
threading.Thread(target=swap).start()
while time.time() < stop:
    attempt(steal, "real/secret")
"#,
    )
    .steals("elsewhere/secret")
    .is_contained();
}

#[test]
fn a_hard_link_brings_a_file_of_the_home_in() {
    Attack::sh(r#"ln "$HOME/notes.txt" mine && echo stolen > mine"#).harms("home/notes.txt").is_contained();
}

#[test]
fn a_hard_link_brings_a_readable_file_in() {
    Attack::sh(r#"ln "$OUTSIDE/README" mine && echo stolen > mine"#)
        .flags("--read $OUTSIDE")
        .harms("elsewhere/README")
        .is_contained();
}

#[test]
fn a_hard_link_puts_a_program_of_the_workspace_outside() {
    Attack::sh(r#"echo evil > mine; ln mine "$HOME/planted"; ln mine "$OTHER/planted"; ln mine "$OUTSIDE/planted""#)
        .flags("--read $OUTSIDE")
        .plants("home/planted")
        .plants("home/other/planted")
        .plants("elsewhere/planted")
        .is_contained();
}

#[test]
fn a_rename_moves_a_file_out() {
    Attack::python(
        r#"
open("mine", "w").write("evil")
for place in (E["OTHER"], E["OUTSIDE"], E["HOME"]):
    attempt(os.rename, "mine", place + "/planted")
"#,
    )
    .flags("--read $OUTSIDE")
    .plants("home/planted")
    .plants("home/other/planted")
    .plants("elsewhere/planted")
    .is_contained();
}

#[test]
fn an_exchange_swaps_a_readable_file_for_another() {
    Attack::python(
        r#"
open("mine", "w").write("evil")
do(libc.renameat2, -100, b"mine", -100, (E["OUTSIDE"] + "/README").encode(), 2)
"#,
    )
    .flags("--read $OUTSIDE")
    .harms("elsewhere/README")
    .is_contained();
}

#[test]
fn a_path_only_descriptor_is_reopened_for_writing() {
    Attack::python(
        r#"
fd = os.open(E["OUTSIDE"] + "/README", os.O_PATH)
with open(f"/proc/self/fd/{fd}", "w") as file:
    file.write("stolen")
"#,
    )
    .flags("--read $OUTSIDE")
    .harms("elsewhere/README")
    .is_contained();
}

#[test]
fn a_read_only_descriptor_is_reopened_for_writing() {
    Attack::python(
        r#"
fd = os.open(E["OUTSIDE"] + "/README", os.O_RDONLY)
with open(f"/dev/fd/{fd}", "w") as file:
    file.write("stolen")
"#,
    )
    .flags("--read $OUTSIDE")
    .harms("elsewhere/README")
    .is_contained();
}

#[test]
fn a_path_only_descriptor_becomes_a_hard_link() {
    Attack::python(
        r#"
fd = os.open(E["OUTSIDE"] + "/README", os.O_PATH)
do(libc.linkat, -100, f"/proc/self/fd/{fd}".encode(), -100, b"mine", 0x400)
open("mine", "w").write("stolen")
"#,
    )
    .flags("--read $OUTSIDE")
    .harms("elsewhere/README")
    .is_contained();
}

#[test]
fn the_root_of_a_process_leads_out() {
    // `/proc/self/root` is the same root again, `/proc/1/root` that of the first process: the host's, in a bad sandbox.
    Attack::python(
        r#"
for process in ("self", "1", "thread-self", str(os.getppid())):
    for way in ("root", "cwd", "cwd/../../..", "task/1/root"):
        attempt(steal, f"/proc/{process}/{way}{E['OUTSIDE']}/secret")
"#,
    )
    .steals("elsewhere/secret")
    .is_contained();
}

#[test]
fn the_working_directory_of_a_process_leads_out() {
    Attack::python(
        r#"
for process in ("1", E["VICTIM"], str(os.getppid())):
    attempt(steal, f"/proc/{process}/cwd/secret")
"#,
    )
    .steals("elsewhere/secret")
    .before(pinfold_tests::Scene::victim)
    .is_contained();
}

#[test]
fn a_working_directory_that_was_inherited_leads_out() {
    // The command starts where the caller stands. A caller who stands elsewhere must not take the command there.
    Attack::sh(r#"cat ./secret ../elsewhere/secret > "$LOOT""#)
        .steals("elsewhere/secret")
        .launcher(r#"cd "$OUTSIDE"; exec "$@""#)
        .flags("--workspace $WORKSPACE")
        .may_be_refused()
        .is_contained();
}

#[test]
fn a_link_in_the_private_home_leads_the_next_run_astray() {
    // The home inside lasts from run to run. What one run leaves there must not become the mount point of the next.
    Attack::sh(r#"rm -rf "$HOME/.cargo"; ln -s "$OUTSIDE" "$HOME/.cargo"; echo x > "$HOME/.cargo/planted""#)
        .before(|scene| scene.directory("home/.cargo/bin"))
        .after(|scene| {
            let line = scene.sh(r#"mkdir -p "$HOME/.cargo/bin"; echo x > "$HOME/.cargo/planted""#);
            scene.run(&line, &[]);
        })
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn a_file_in_the_private_home_stands_where_the_next_run_mounts() {
    // The control plants it in the real home, where it is found; inside, the next run must start and not find it.
    Attack::sh(r#"rm -rf "$HOME/.rustup"; printf evil > "$HOME/.rustup""#)
        .before(|scene| scene.write("home/.rustup/settings.toml", "as it was\n"))
        .harms("home/.rustup/settings.toml")
        .after(|scene| {
            let ended = scene.run(&scene.sh("cat \"$HOME/.rustup/settings.toml\" > \"$WORKSPACE/seen\""), &[]);
            assert_ne!(ended.code(), Some(125), "the next run does not start: {}", ended.stderr);
        })
        .is_contained();
}

#[test]
fn an_unusual_name_of_a_path_slips_past_the_rules() {
    Attack::python(
        r#"
o = E["OUTSIDE"]
for path in (o + "//secret", o + "/./secret", "/./" + o + "/secret", o + "/x/../secret", "//" + o + "/secret",
             "/proc/self/cwd" + "/.." * 8 + o + "/secret", o + "/secret/.", E["WORKSPACE"] + "/../../elsewhere/secret"):
    attempt(steal, path)
"#,
    )
    .steals("elsewhere/secret")
    .is_contained();
}

#[test]
fn a_directory_beside_the_workspace_with_the_same_beginning_is_written() {
    Attack::sh(r#"echo stolen > "$WORKSPACE-secret/README""#)
        .before(|scene| scene.write("home/project-secret/README", "as it was\n"))
        .harms("home/project-secret")
        .is_contained();
}
