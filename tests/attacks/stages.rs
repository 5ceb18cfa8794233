//! What a run does in a stage, and what becomes of it when its user takes it over without looking.

use pinfold_tests::{Attack, Runner, Scene, pinfold};

/// An attack in a stage. Nothing in the workspace shows that it began.
fn staged(attack: Attack) -> Attack {
    attack.flags("--staged").leaves_no_mark()
}

/// The user takes over all that he is not asked about.
fn take_over(scene: &Scene) {
    if scene.runner() == Runner::Sandbox {
        let mut apply = scene.command(pinfold());
        let applied = apply.arg("apply").current_dir(scene.path("home/project")).output().expect("pinfold apply");
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success() && said.contains("taken over"), "{said}");
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
