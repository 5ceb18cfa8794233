//! What a run does in a stage, and what becomes of it when its user takes it over without looking.

use pinfold_tests::{Attack, Runner, Scene, pinfold};

/// What the control does at once, a direct run does after the taking over.
fn next_run(scene: &Scene, script: &str) {
    if scene.runner() == Runner::Sandbox {
        let mut run = scene.command(pinfold());
        run.args(["run", "--", "sh", "-c", script]).current_dir(scene.path("home/project"));
        assert!(run.output().expect("the next run").status.code().is_some_and(|code| code != 125));
    }
}

/// An attack in a stage. Nothing in the workspace shows that it began. It begins a moment after the scene was made: of what
/// was changed in the same tick of the clock nobody knows whether the run has seen it, and taking it over is a conflict.
fn staged(attack: Attack) -> Attack {
    attack.flags("--staged").leaves_no_mark().launcher("sleep 0.02; exec \"$@\"")
}

/// The user takes over all that he is not asked about.
fn take_over(scene: &Scene) {
    apply(scene, &[]);
}

/// He takes over these paths.
fn apply(scene: &Scene, paths: &[&str]) {
    if scene.runner() == Runner::Sandbox {
        let mut apply = scene.command(pinfold());
        apply.arg("apply").args(paths).current_dir(scene.path("home/project"));
        let applied = apply.output().expect("pinfold apply");
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success() && said.contains("taken over"), "{}: {said}", applied.status);
    }
}

#[test]
fn files_of_the_workspace_are_changed_and_removed() {
    staged(Attack::sh("echo stolen > kept/file; chmod 700 kept; rm kept/other; echo x > kept/new; touch kept"))
        .before(|scene| {
            scene.write("home/project/kept/file", "kept");
            scene.write("home/project/kept/other", "kept");
        })
        .harms("home/project/kept")
        .is_contained();
}

#[test]
fn the_repository_is_deleted() {
    staged(Attack::sh("rm -rf .git")).harms("home/project/.git").is_contained();
}

#[test]
fn a_hook_comes_over() {
    staged(Attack::sh("trap_at .git/hooks/pre-commit; echo x > x"))
        .after(take_over)
        .springs_in("home/project")
        .is_contained();
}

#[test]
fn settings_of_git_come_over() {
    staged(Attack::sh("trap_config > config; cp config .git/config; echo x > x"))
        .after(take_over)
        .springs_in("home/project")
        .is_contained();
}

#[test]
fn a_hook_that_was_moved_into_place_with_its_directory_comes_over() {
    let script = "trap_at hooks/pre-commit; rm -rf .git/hooks; mv hooks .git/hooks; echo x > x";
    staged(Attack::sh(script)).after(take_over).springs_in("home/project").is_contained();
}

#[test]
fn the_git_directory_is_exchanged_for_one_that_was_prepared() {
    let script = "cp -r .git new; trap_at new/hooks/pre-commit; rm -rf .git; mv new .git; echo x > x";
    staged(Attack::sh(script)).after(take_over).springs_in("home/project").is_contained();
}

#[test]
fn a_link_that_was_there_leads_the_taking_over_out() {
    let script = "echo stolen > out/README 2>/dev/null || { rm out; mkdir out; echo stolen > out/README; }";
    staged(Attack::sh(script))
        .before(|scene| scene.link("../other", "home/project/out"))
        .after(take_over)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_link_made_in_the_stage_leads_the_taking_over_out() {
    let script = r#"rm -rf d; ln -s "$OTHER" d; echo stolen > d/README 2>/dev/null; echo x > x"#;
    staged(Attack::sh(script))
        .before(|scene| scene.write("home/project/d/README", "kept"))
        .after(take_over)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_file_with_a_name_outside_is_changed_by_the_taking_over() {
    staged(Attack::sh("echo stolen >> twin"))
        .before(|scene| {
            scene.write("home/notes.txt", "mine");
            std::fs::hard_link(scene.path("home/notes.txt"), scene.path("home/project/twin")).expect("another name");
        })
        .after(take_over)
        .harms("home/notes.txt")
        .is_contained();
}

#[test]
fn a_hook_comes_over_as_another_name_of_what_was_asked_for() {
    let script = "trap_at .git/hooks/pre-commit; ln .git/hooks/pre-commit new.txt; echo x > x";
    staged(Attack::sh(script)).after(|scene| apply(scene, &["new.txt", "x"])).springs_in("home/project").is_contained();
}

#[test]
fn a_hook_comes_over_as_what_a_file_was_renamed_to() {
    staged(Attack::sh("cp d/plain .git/hooks/pre-commit; rm d/plain; echo x > d/x"))
        .before(|scene| {
            let trap = scene.path("elsewhere/trap-went-off");
            scene.write_program("home/project/d/plain", &format!("#!/bin/sh\n: > '{}'\n", trap.display()));
        })
        .after(|scene| apply(scene, &["d"]))
        .springs_in("home/project")
        .is_contained();
}

#[test]
fn settings_of_git_get_a_name_that_the_next_run_writes_to() {
    let script = r#"ln .git/config cfg; trap_config > evil; [ -n "$PINFOLD_PROFILE" ] || cat evil >> cfg"#;
    staged(Attack::sh(script))
        .after(|scene| {
            apply(scene, &["cfg", "evil"]);
            next_run(scene, "cat evil >> cfg");
        })
        .harms("home/project/.git/config")
        .is_contained();
}

#[test]
fn a_hook_that_was_agreed_to_gets_a_name_that_the_next_run_writes_to() {
    let script = r#"echo '#!/bin/sh' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; trap_at evil;
        ln .git/hooks/pre-commit other; [ -n "$PINFOLD_PROFILE" ] || cat evil > other"#;
    staged(Attack::sh(script))
        .after(|scene| {
            apply(scene, &["--traps"]);
            next_run(scene, "cat evil > other");
        })
        .springs_in("home/project")
        .is_contained();
}

#[test]
fn a_file_outside_is_changed_by_a_rename_over_its_other_name() {
    staged(Attack::sh("echo stolen >> twin; echo stolen >> here; mv here twin"))
        .before(|scene| {
            scene.write("home/notes.txt", "mine");
            scene.write("home/project/here", "here");
            std::fs::hard_link(scene.path("home/notes.txt"), scene.path("home/project/twin")).expect("another name");
        })
        .after(take_over)
        .harms("home/notes.txt")
        .is_contained();
}

#[test]
fn the_pointer_of_a_worktree_is_exchanged_for_a_directory_that_was_refused() {
    let script = "mv .git g; mkdir -p .git/objects .git/refs; echo 'ref: refs/heads/main' > .git/HEAD; echo x > x";
    staged(Attack::sh(script))
        .before(|scene| {
            std::fs::remove_dir_all(scene.path("home/project/.git")).expect("the repository goes");
            scene.write("home/project/.git", "gitdir: ../repository\n");
        })
        .after(take_over)
        .harms("home/project/.git")
        .is_contained();
}

#[test]
fn most_of_the_repository_is_deleted_though_that_was_refused() {
    staged(Attack::sh("rm -rf .git; echo x > x")).after(take_over).harms("home/project/.git").is_contained();
}

#[test]
fn what_git_writes_by_itself_leads_out() {
    let script = r#"rm -f .git/logs/HEAD; mkdir -p .git/logs; ln -s "$OTHER/README" .git/logs/HEAD; echo x > x"#;
    staged(Attack::sh(script))
        .after(|scene| {
            take_over(scene);
            scene.git("home/project", &["commit", "--quiet", "--allow-empty", "-m", "mine"]);
        })
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_program_that_gives_its_owners_rights_comes_over() {
    staged(Attack::sh("cp /bin/sh shell; chmod 4755 shell || chmod 755 shell"))
        .after(take_over)
        .harm(|scene| {
            use std::os::unix::fs::PermissionsExt;
            let mode = scene.path("home/project/shell").metadata().ok()?.permissions().mode();
            (mode & 0o6000 != 0).then(|| format!("the mode is {mode:o}"))
        })
        .is_contained();
}

#[test]
fn a_file_that_git_ignores_is_changed_by_the_taking_over() {
    staged(Attack::sh("echo stolen > .env; mkdir -p build; echo stolen > build/tool; echo x > x"))
        .before(|scene| {
            scene.write("home/project/.gitignore", ".env\nbuild/\n");
            scene.write("home/project/.env", "mine");
            scene.write("home/project/build/tool", "mine");
        })
        .after(take_over)
        .harms("home/project/.env")
        .harms("home/project/build")
        .is_contained();
}

#[test]
fn a_hook_comes_over_behind_a_list_of_what_git_ignores() {
    let script = "trap_at .git/hooks/pre-commit; echo '*' > .gitignore; echo '*' > .git/info/exclude; echo x > x";
    staged(Attack::sh(script)).after(take_over).springs_in("home/project").is_contained();
}

#[test]
fn what_was_changed_after_the_looking_comes_over() {
    let script = "echo stolen > kept/file; echo x > x";
    staged(Attack::sh(script))
        .before(|scene| scene.write("home/project/kept/file", "kept"))
        .after(|scene| {
            if scene.runner() == Runner::Sandbox {
                let stages = pinfold_in(scene, &["stages"]);
                let stage = stages.split_whitespace().next().expect("a stage").to_owned();
                pinfold_in(scene, &["diff", "x"]);
                pinfold_in(scene, &["run", "--session", &stage, "--", "sh", "-c", "echo evil > x"]);
                pinfold_in(scene, &["apply", "--reviewed", "x"]);
                assert!(!scene.path("home/project/x").exists(), "what nobody has seen came over");
            }
        })
        .harms("home/project/kept")
        .is_contained();
}

#[test]
fn a_name_is_executed_by_the_program_that_shows_the_file() {
    let script = r#"for name in '$(touch sprung)' '`touch sprung`' 'a;touch sprung;' '-x' '" touch sprung "'; do
        echo x > "./$name"; done; touch sprung"#;
    staged(Attack::sh(script))
        .after(|scene| {
            if scene.runner() == Runner::Sandbox {
                let shown = pinfold_in(scene, &["diff", "--tool", "printf '%s\\n'"]);
                assert!(shown.contains("a;touch sprung;") && shown.contains("./-x"), "{shown}");
            }
        })
        .harm(|scene| scene.path("home/project/sprung").exists().then(|| "a name was executed".into()))
        .is_contained();
}

/// What the user does in the project.
fn pinfold_in(scene: &Scene, words: &[&str]) -> String {
    let mut command = scene.command(pinfold());
    command.args(words).current_dir(scene.path("home/project"));
    String::from_utf8_lossy(&command.output().expect("pinfold").stdout).into_owned()
}
