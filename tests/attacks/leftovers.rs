//! What is left when the supervisor is killed: no process, no mount, no file that was not there, and nothing that the
//! next run does not put right.

use std::path::PathBuf;

use pinfold_tests::{Attack, Runner, Running, Scene, eventually, marked};
use rustix::process::Signal;

use crate::processes::live_on;

/// Waits for a word of the attack, then kills the supervisor (in the control: the attack).
fn killed_when(said: &'static str) -> impl Fn(&Scene, &mut Running) {
    move |scene, running| {
        eventually(|| scene.has(said) || running.has_ended());
        running.signal(Signal::KILL);
        let mark = scene.mark().to_owned();
        eventually(|| marked(&mark).is_empty());
    }
}

/// Says its word and goes on.
const GOES_ON: &str = r#": > "$WORKSPACE/loot"; while :; do sleep 0.1; done"#;

#[test]
fn a_trap_that_was_laid_just_before_the_supervisor_died_is_there_after_the_next_run() {
    Attack::sh(format!(r#"mkdir -p .vscode; echo evil > .vscode/tasks.json; echo evil > .envrc; {GOES_ON}"#))
        .plants("home/project/.vscode")
        .plants("home/project/.envrc")
        .during(killed_when("home/project/loot"))
        .after(next_run)
        .is_contained();
}

#[test]
fn a_trap_that_was_laid_while_the_supervisor_was_stopped_is_there_after_the_next_run() {
    // A stopped supervisor sees nothing; then it is killed and never looks again. Programs wait for it when they are to
    // start, and so the attack needs none.
    Attack::python(
        r#"
while not os.path.exists("go"):
    time.sleep(0.02)
os.mkdir(".vscode")
for path in [".vscode/tasks.json", ".git/config.worktree", E["WORKSPACE"] + "/loot"]:
    with open(path, "w") as file:
        file.write("[core]\n\trepositoryformatversion = 0\n")
while True:
    time.sleep(0.1)
"#,
    )
    .plants("home/project/.vscode")
    .plants("home/project/.git/config.worktree")
    .during(|scene, running| {
        if scene.runner() == Runner::Sandbox {
            running.signal(Signal::STOP);
        }
        scene.write("home/project/go", "");
        eventually(|| scene.has("home/project/loot"));
        running.signal(Signal::KILL);
        let mark = scene.mark().to_owned();
        eventually(|| marked(&mark).is_empty());
    })
    .after(next_run)
    .is_contained();
}

#[test]
fn a_trap_in_a_package_is_there_after_the_supervisor_died_and_the_next_run() {
    Attack::sh(format!(r#"mkdir -p packages/a/.vscode; echo evil > packages/a/.vscode/tasks.json; {GOES_ON}"#))
        .plants("home/project/packages/a/.vscode")
        .during(killed_when("home/project/loot"))
        .after(next_run)
        .is_contained();
}

#[test]
fn a_submodule_with_settings_of_its_own_is_there_after_the_supervisor_died_and_the_next_run() {
    Attack::sh(format!(
        r#"git init --quiet sub; (cd sub; git commit --quiet --allow-empty --message x); mkdir -p .git/modules
        mv sub/.git .git/modules/sub; echo gitdir: ../.git/modules/sub > sub/.git; trap_config > .git/modules/sub/config; {GOES_ON}"#
    ))
    .during(killed_when("home/project/loot"))
    .after(next_run)
    .springs_in("home/project/sub")
    .is_contained();
}

fn next_run(scene: &Scene) {
    scene.run(&["/bin/true".to_owned()], &[]);
}

#[test]
fn something_of_the_sandbox_is_left_in_the_tree() {
    // The control makes a file, as the mount points of other sandboxes are: empty and untracked.
    Attack::sh(": > .bashrc; : > loot; while :; do sleep 0.1; done")
        .control_launcher(r#"exec "$@""#)
        .during(killed_when("home/project/loot"))
        .harm(|scene| {
            let _ = std::fs::remove_file(scene.path("home/project/loot"));
            let _ = std::fs::remove_file(scene.path("home/project/ran"));
            if scene.runner() == Runner::Sandbox {
                // What the attack itself made is no ghost.
                let _ = std::fs::remove_file(scene.path("home/project/.bashrc"));
            }
            let seen = scene.git("home/project", &["status", "--porcelain", "--ignored"]).stdout;
            (!seen.is_empty()).then(|| format!("git sees {seen:?}"))
        })
        .leaves_no_mark()
        .is_contained();
}

#[test]
fn something_of_the_sandbox_is_left_in_the_home() {
    Attack::sh(r#": > "$HOME/.bashrc"; : > "$HOME/.gitmodules"; mkdir -p "$HOME/.claude"; : > "$WORKSPACE/loot"; while :; do sleep 0.1; done"#)
        .during(killed_when("home/project/loot"))
        .harm(|scene| {
            let known = [".gitconfig", "project", "other", ".local"];
            let entries = std::fs::read_dir(scene.path("home")).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let new: Vec<String> = names.filter(|name| !known.contains(&name.as_str())).collect();
            (!new.is_empty()).then(|| format!("the home holds {new:?}"))
        })
        .is_contained();
}

#[test]
fn a_mount_is_left_behind() {
    // The control mounts in a namespace of its own and is seen there while it lives; inside, nothing may be seen.
    Attack::sh(r#": > "$WORKSPACE/loot"; sleep 4"#)
        .control_launcher(
            r#"exec unshare --user --map-root-user --mount bash -c 'mount --bind "$OUTSIDE" "$OTHER"; cat /proc/self/mountinfo > "$OUTSIDE/../mounts"; "$@"' inner "$@""#,
        )
        .during(killed_when("home/project/loot"))
        .after(|scene| {
            if scene.runner() == Runner::Sandbox {
                let mounts = std::fs::read("/proc/self/mountinfo").expect("the mounts");
                scene.write("mounts", mounts);
            }
        })
        .harm(|scene| {
            let place = scene.path("").to_string_lossy().into_owned();
            scene.read("mounts").contains(&place).then(|| "a mount is left in the scene".into())
        })
        .is_contained();
}

#[test]
fn a_process_is_left_behind() {
    Attack::sh(
        r#"for i in 1 2 3; do setsid sh -c 'trap : HUP TERM; while :; do sleep 0.1; done' "$MARK-left" & done; : > loot; wait"#,
    )
    .during(|scene, running| {
        let mark = format!("{}-left", scene.mark());
        eventually(|| marked(&mark).len() == 3);
        running.signal(Signal::KILL);
    })
    .harm(|scene| live_on(scene, &format!("{}-left", scene.mark())))
    .is_contained();
}

#[test]
fn the_next_run_cannot_start() {
    // What a run leaves in its own places must not keep the next from starting.
    Attack::sh(
        r#"cd "$HOME"; for d in .cargo .rustup .npm .cache .config .local; do
        rm -rf $d; mkdir $d; chmod 000 $d; done; ln -s /dev/null .pyenv; mkfifo .nvm; chmod 500 ."#,
    )
    .before(|scene| {
        scene.directory("home/.cargo/registry");
        scene.directory("home/.cargo/bin");
        scene.directory("home/.rustup");
        scene.directory("home/.npm");
        scene.directory("home/.pyenv");
        scene.directory("home/.nvm");
    })
    .after(|scene| {
        let script = r#"ls "$HOME/.cargo/registry" "$HOME/.rustup" "$HOME/.npm" > /dev/null && : > "$WORKSPACE/again""#;
        let ended = scene.run(&scene.sh(script), &[]);
        scene.write("said", ended.stderr);
    })
    .harm(|scene| {
        (!scene.has("home/project/again")).then(|| format!("the next run does not work: {}", scene.read("said")))
    })
    .is_contained();
}

#[test]
fn a_temporary_file_is_left_behind() {
    Attack::sh(r#"echo x > "/tmp/$MARK-left"; echo x > "/dev/shm/$MARK-left"; : > loot; while :; do sleep 0.1; done"#)
        .during(killed_when("home/project/loot"))
        .harm(|scene| {
            let paths = ["/tmp", "/dev/shm"].map(|place| PathBuf::from(format!("{place}/{}-left", scene.mark())));
            let left: Vec<_> = paths.iter().filter(|path| std::fs::remove_file(path).is_ok()).collect();
            (!left.is_empty()).then(|| format!("{left:?} stay"))
        })
        .is_contained();
}
