//! What a run does that its user undoes without looking. That a program can keep its changes from being undone is no secret;
//! but undoing must harm nothing else, and what is kept is out of reach.

use pinfold_tests::{Attack, Runner, Scene, pinfold};

/// An attack whose changes are kept.
fn kept(attack: Attack) -> Attack {
    attack.flags("--undo")
}

/// The user undoes it.
fn undo(scene: &Scene) {
    if scene.runner() == Runner::Sandbox {
        let mut undo = scene.command(pinfold());
        undo.args(["undo", "--lose"]).current_dir(scene.path("home/project"));
        // What is in the way is in the way.
        assert!(undo.output().expect("pinfold undo").status.code().is_some());
    }
}

fn with_a_directory(scene: &Scene) {
    scene.write("home/project/d/README", "kept");
    scene.write("home/project/d/deep/file", "kept");
}

#[test]
fn a_link_that_the_run_leaves_leads_the_undoing_out() {
    let script = r#"echo x > d/README; rm -rf d; ln -s "$OTHER" d; echo stolen > d/README 2>/dev/null; echo x > x"#;
    kept(Attack::sh(script)).before(with_a_directory).after(undo).harms("home/other").is_contained();
}

#[test]
fn a_link_in_place_of_a_file_is_written_through_by_the_undoing() {
    let script =
        r#"echo x > d/README; rm d/README; ln -s "$OTHER/README" d/README; echo stolen > d/README; echo x > x"#;
    kept(Attack::sh(script)).before(with_a_directory).after(undo).harms("home/other").is_contained();
}

#[test]
fn a_link_that_was_there_leads_the_undoing_out() {
    let script = "echo stolen > out/README 2>/dev/null || { rm out; mkdir out; echo stolen > out/README; }";
    kept(Attack::sh(script))
        .before(|scene| scene.link("../other", "home/project/out"))
        .after(undo)
        .harms("home/other")
        .is_contained();
}

#[test]
fn a_link_comes_between_the_run_and_the_undoing() {
    let exchange = |scene: &Scene| {
        let project = scene.path("home/project");
        std::fs::rename(project.join("d"), project.join("moved")).expect("a directory");
        scene.link("../other", "home/project/d");
        undo(scene);
    };
    let script = r#"echo stolen > d/README; [ -w "$OTHER" ] && echo stolen > "$OTHER/README"; true"#;
    kept(Attack::sh(script)).before(with_a_directory).after(exchange).harms("home/other").is_contained();
}

#[test]
fn what_is_kept_is_read_or_written() {
    // In this scene alone: the control would write into what is kept of others' runs.
    let script = r#"echo x > d/README; find "$HOME/.local/state/pinfold" "$OTHER/.." -name kept -type d 2>/dev/null |
        while read -r place; do cat "$place"/* > loot.txt; echo stolen > "$place/0"; done
        [ -s loot.txt ] && cp loot.txt "$LOOT"; true"#;
    kept(Attack::sh(script))
        .before(|scene| {
            with_a_directory(scene);
            scene.write("home/project/d/README", scene.secret());
            let before = "home/.local/state/pinfold/workspaces/project-0/before/run/kept";
            scene.write(format!("{before}/0"), scene.secret());
        })
        .harms("home/.local/state/pinfold/workspaces/project-0")
        .is_contained();
}

#[test]
fn a_hidden_file_is_brought_out_by_what_is_kept_of_it() {
    let script = r#"chmod 644 secrets/key; ln secrets/key d/key; mv secrets d/
        cat secrets/key d/secrets/key d/key > "$LOOT"; echo x > x"#;
    kept(Attack::sh(script))
        .flags("--deny secrets/key")
        .before(|scene| {
            with_a_directory(scene);
            scene.write("home/project/secrets/key", scene.secret());
        })
        .after(undo)
        .robs()
        .is_contained();
}

#[test]
fn a_hook_comes_back_that_the_run_has_put_there_for_the_undoing() {
    let script =
        "trap_at .git/hooks/pre-commit; rm .git/hooks/pre-commit; trap_at d/README; mv d/README .git/hooks/pre-commit";
    kept(Attack::sh(script)).before(with_a_directory).after(undo).springs_in("home/project").is_contained();
}
